import { NodeOperationError, type IDataObject } from 'n8n-workflow';

import { buildListRequest, lists } from '../api/lists';
import { path } from '../api/request';
import { findRecords, readId, readPagination, unwrapRecord } from '../api/responses';
import { toCanonicalName } from '../events/catalogue';
import type { PocketsflowContext } from '../transport/credential';
import { isNotFound } from '../transport/errors';
import { readList } from '../transport/pagination';
import { send, type SendOptions } from '../transport/send';
import { describeEndpoint, readDescription } from './sealing';
import type { TriggerStaticData } from './staticData';
import { hasSamePath, isSameLocation, isSameUrl } from './webhookUrl';

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
	/** The secret as the API shows it, perhaps masked; most likely it shows none. */
	shownSecret?: string;
}

const { webhooks } = lists;

type EndpointChanges = Partial<Pick<Endpoint, 'url' | 'events' | 'active'>> & {
	description?: string;
};

/**
 * Lists all endpoints of the account; no paging is documented, but a response that says that there is
 * more is read to its end.
 * @throws NodeOperationError when the response holds no list, or one that breaks off: "none" would
 * make a second endpoint, or leave one behind
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
	const { hasMore, totalPages = 1, totalCount = 0 } = readPagination(response);
	const isWhole = !(hasMore ?? (totalPages > 1 || totalCount > records.length));
	const all = isWhole ? records : await readList(context, { ...webhooks, paging: 'page' }, options);
	return all.flatMap((record) => readEndpoint(record) ?? []);
}

/**
 * Creates an active endpoint with our mark. Its parts are undefined where the response lacks them;
 * the secret is in this response only.
 */
export async function createEndpoint(
	context: PocketsflowContext,
	url: string,
	events: string[],
	options?: SendOptions,
): Promise<{ endpoint?: Endpoint; secret?: string }> {
	const description = describeEndpoint(context.getWorkflow().id);
	const body = { url, events, active: true, description };
	const request = { method: 'POST', path: webhooks.path, body } as const;
	const response = await send(context, request, 'create', undefined, options);
	const record = unwrapRecord(response, webhooks.recordKeys);
	const { secret } = record;
	return {
		endpoint: readEndpoint({ url, ...record }),
		secret: typeof secret === 'string' && secret !== '' ? secret : undefined,
	};
}

/**
 * Changes an endpoint.
 * @returns whether the response shows the description as it was sent, as far as it shows one
 */
export async function updateEndpoint(
	context: PocketsflowContext,
	id: string,
	changes: EndpointChanges,
	options?: SendOptions,
): Promise<boolean> {
	const request = { method: 'PUT', path: path`/webhooks/${id}`, body: changes } as const;
	const response = await send(context, request, 'change', undefined, options);
	const answered = readEndpoint(unwrapRecord(response, webhooks.recordKeys));
	if (!answered || changes.description === undefined) return true;
	const { sealed } = readDescription(answered.description);
	return sealed === readDescription(changes.description).sealed;
}

/** Removes an endpoint; one that is gone already is no failure. */
export async function removeEndpoint(
	context: PocketsflowContext,
	id: string,
	options?: SendOptions,
): Promise<void> {
	const request = { method: 'DELETE', path: path`/webhooks/${id}` } as const;
	await send(context, request, 'change', undefined, options).catch((error: unknown) => {
		if (!isNotFound(error)) throw error;
	});
}

/**
 * The endpoints that are ours: at this very URL, or with the stored ID and our mark where they were
 * registered for the same host and path. Static data alone proves nothing: it comes along when a
 * workflow is copied or a whole n8n is cloned. Never any other.
 */
export const findOwnEndpoints = (
	endpoints: Endpoint[],
	url: string,
	stored: TriggerStaticData = {},
): Endpoint[] =>
	endpoints.filter(
		(endpoint) =>
			isSameUrl(endpoint.url, url) ||
			(isStored(endpoint, stored) && isSameLocation(stored.url ?? '', url)),
	);

/**
 * The endpoint that this node registered under another host: what is left behind when n8n moves, or
 * that of the original where this n8n is a clone. We cannot tell which.
 */
export const findEndpointOfOtherHost = (
	endpoints: Endpoint[],
	url: string,
	stored: TriggerStaticData,
): Endpoint | undefined =>
	endpoints.find(
		(endpoint) =>
			isStored(endpoint, stored) &&
			!isSameLocation(endpoint.url, url) &&
			hasSamePath(endpoint.url, url),
	);

const isStored = ({ id, description }: Endpoint, { endpointId }: TriggerStaticData) =>
	id === endpointId && readDescription(description).ours;

/**
 * Whether an endpoint was registered for another workflow: an import can have the address of a
 * workflow that is active (docs/n8n-engine.md#versions).
 */
export function isOfOtherWorkflow(context: PocketsflowContext, { description }: Endpoint): boolean {
	const { workflowId } = readDescription(description);
	return workflowId !== undefined && workflowId !== context.getWorkflow().id;
}

/** Whether an endpoint has our mark but names no workflow, as earlier releases left it. */
export function namesNoWorkflow({ description }: Endpoint): boolean {
	const { ours, workflowId } = readDescription(description);
	return ours && workflowId === undefined;
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
	const { url, events, active, description, secret } = record;
	return {
		id,
		url,
		events: Array.isArray(events) ? events.filter((name) => typeof name === 'string') : [],
		active: active !== false,
		description,
		...(typeof secret === 'string' && secret !== '' && { shownSecret: secret }),
	};
}
