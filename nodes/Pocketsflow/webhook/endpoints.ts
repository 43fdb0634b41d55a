import { NodeOperationError, type IDataObject, type IHookFunctions } from 'n8n-workflow';

import { buildListRequest, lists } from '../api/lists';
import { path } from '../api/request';
import { findRecords, readId, unwrapRecord } from '../api/responses';
import { toCanonicalName } from '../events/catalogue';
import type { PocketsflowContext } from '../transport/credential';
import { isNotFound } from '../transport/errors';
import { send, type SendOptions } from '../transport/send';
import { describeEndpoint, readDescription } from './sealing';

/**
 * A webhook endpoint at Pocketsflow, as far as we rely on it
 * (docs/pocketsflow-api.md#webhook-endpoints).
 */
export interface Endpoint {
	id: string;
	url: string;
	events: string[];
	active: boolean;
	description: unknown;
}

const { webhooks } = lists;

type EndpointChanges = Partial<Pick<Endpoint, 'url' | 'events' | 'active'>> & {
	description: string;
};

/**
 * Lists the endpoints of the account.
 * @throws NodeOperationError when the response holds no list: "none" would make a second endpoint,
 * or leave one behind
 */
export async function listEndpoints(
	context: PocketsflowContext,
	options?: SendOptions,
): Promise<Endpoint[]> {
	const request = buildListRequest(webhooks);
	const response = await send(context, request, 'read', undefined, options);
	const records = findRecords(response, webhooks.keys);
	if (!records)
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow answered without a list of webhooks, so nothing was changed. Try again later.',
		);
	return records.flatMap((record) => readEndpoint(record) ?? []);
}

/**
 * Creates an active endpoint with our mark. Its parts are undefined where the response lacks them;
 * the secret is in this response only.
 */
export async function createEndpoint(
	context: IHookFunctions,
	url: string,
	events: string[],
): Promise<{ endpoint?: Endpoint; secret?: string }> {
	const body = { url, events, active: true, description: describeEndpoint() };
	const response = await send(context, { method: 'POST', path: webhooks.path, body }, 'create');
	const record = unwrapRecord(response, webhooks.recordKeys);
	const { secret } = record;
	return {
		endpoint: readEndpoint({ url, ...record }),
		secret: typeof secret === 'string' && secret !== '' ? secret : undefined,
	};
}

export async function updateEndpoint(
	context: IHookFunctions,
	id: string,
	changes: EndpointChanges,
): Promise<void> {
	const request = { method: 'PUT', path: path`/webhooks/${id}`, body: changes } as const;
	await send(context, request, 'change');
}

/** Removes an endpoint; one that is gone already is no failure. */
export async function removeEndpoint(context: IHookFunctions, id: string): Promise<void> {
	const request = { method: 'DELETE', path: path`/webhooks/${id}` } as const;
	await send(context, request, 'change').catch((error: unknown) => {
		if (!isNotFound(error)) throw error;
	});
}

/**
 * The endpoints that are ours: at this very URL, or with the stored id and our mark. Never any
 * other.
 */
export function findOwnEndpoints(
	endpoints: Endpoint[],
	url: string,
	storedId?: string,
): Endpoint[] {
	return endpoints.filter(
		(endpoint) =>
			endpoint.url === url ||
			(endpoint.id === storedId && readDescription(endpoint.description).ours),
	);
}

/**
 * Whether an endpoint is called for exactly these events, given by their sorted canonical names.
 */
export function hasEvents(endpoint: Endpoint, eventNames: string[]): boolean {
	return [...new Set(endpoint.events.map(toCanonicalName))].sort().join() === eventNames.join();
}

function readEndpoint(record: IDataObject): Endpoint | undefined {
	const id = readId(record);
	if (id === undefined || typeof record.url !== 'string') return undefined;
	const { url, events, active, description } = record;
	return {
		id,
		url,
		events: Array.isArray(events) ? events.filter((name) => typeof name === 'string') : [],
		active: active !== false,
		description,
	};
}
