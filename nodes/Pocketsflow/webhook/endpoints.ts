import {
	NodeOperationError,
	type IDataObject,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { lists } from '../api/lists';
import { path } from '../api/request';
import {
	findRecords,
	isRecord,
	listValues,
	readId,
	readPagination,
	unwrapRecord,
} from '../api/responses';
import { toCanonicalName } from '../events/catalogue';
import type { PocketsflowContext, PocketsflowCredential } from '../transport/credential';
import { isNotFound } from '../transport/errors';
import { send, type SendOptions } from '../transport/send';
import { hasSamePath, isSameLocation, isSameUrl } from './addresses';
import { describeEndpoint, readDescription, unseal } from './sealing';

/** The parts of an endpoint in Pocketsflow that we rely on (docs/pocketsflow-api.md#webhook-endpoints). */
export interface Endpoint {
	id: string;
	url: string;
	events: string[];
	active: boolean;
	description: unknown;
	/** The full secret, if the API shows it; most likely it does not. */
	shownSecret?: string;
}

/** What can be changed on an endpoint. */
export type EndpointChanges = Partial<Pick<Endpoint, 'events' | 'active'>> & {
	description?: string;
};

/** What the trigger stores in static data. Only hooks write it (docs/n8n-engine.md#static-data). */
export interface TriggerStaticData {
	/** Our endpoint in Pocketsflow. */
	endpointId?: string;
	/** Its signing secret, encrypted. */
	sealedSecret?: string;
	/**
	 * Its URL. After a restart with another N8N_WEBHOOK_URL (in older n8n WEBHOOK_URL), this is no longer the
	 * address of this n8n instance.
	 */
	url?: string;
	/** The user that its events belong to (`userId` of the API). */
	account?: string;
}

/** The static data of this node, as n8n holds it. Every change to it is a write. */
export const readStaticData = (context: IHookFunctions | IWebhookFunctions): TriggerStaticData =>
	context.getWorkflowStaticData('node') as TriggerStaticData;

const { webhooks } = lists;

/** A shorter list that does not mention pages counts as complete. */
const smallestPage = 20;

/**
 * Lists all endpoints of the account. Paging is not documented, so if a response may be one page of
 * several, the next one is read, too, until a page contains nothing new.
 * @throws NodeOperationError if a response has no list, or the list breaks off: treating it as "none" would
 * create a second endpoint or leave one behind
 */
export async function listEndpoints(
	context: PocketsflowContext,
	options?: SendOptions,
): Promise<Endpoint[]> {
	const all = new Map<string, Endpoint>();
	for (let page = 1, read = 0; ; page++) {
		const query = page > 1 ? { query: { page } } : {};
		const request = { method: 'GET', path: webhooks.path, ...query } as const;
		const response = await send(context, request, 'read', undefined, options);
		const records = findRecords(response, webhooks.keys);
		if (!records) throw refuseList(context, 'no list of webhooks');
		read += records.length;
		const known = all.size;
		for (const endpoint of records.flatMap((record) => readEndpoint(record) ?? []))
			all.set(endpoint.id, endpoint);
		const { hasMore, totalPages = 0, totalCount = 0 } = readPagination(response);
		const saysMore = hasMore ?? (totalPages > page || totalCount > read);
		const isNew = all.size > known;
		if (saysMore && !isNew) throw refuseList(context, 'an incomplete list of webhooks');
		if (!saysMore && (hasMore === false || records.length < smallestPage || !isNew))
			return [...all.values()];
	}
}

const refuseList = (context: PocketsflowContext, what: string) =>
	new NodeOperationError(
		context.getNode(),
		`Pocketsflow returned ${what}, so nothing was changed. Try again later.`,
	);

/**
 * Creates an active endpoint with our mark. Finds its ID and its secret in any wrapper; each is undefined
 * if the response does not contain it.
 */
export async function createEndpoint(
	context: PocketsflowContext,
	{ url, events, workflowId }: { url: string; events: string[]; workflowId: string | undefined },
	options?: SendOptions,
): Promise<{ id?: string; secret?: string }> {
	const body = { url, events, active: true, description: describeEndpoint(workflowId) };
	const request = { method: 'POST', path: webhooks.path, body } as const;
	const records = listRecords(await send(context, request, 'create', undefined, options));
	const record = records.find((one) => readSecret(one) ?? one.url) ?? records[0] ?? {};
	return { id: readId(record), secret: readSecret(record) };
}

/** All objects in a response, outer ones first. */
function listRecords(response: unknown): IDataObject[] {
	const found: IDataObject[] = [];
	let level = [response];
	for (let depth = 0; depth < 5; depth++) {
		found.push(...level.filter(isRecord));
		level = level.flatMap(listValues);
	}
	return found;
}

const readAnswered = (response: unknown) =>
	readEndpoint(unwrapRecord(response, webhooks.recordKeys));

/** The secret of an endpoint, if the API shows it on request; undefined if the request fails. */
export async function readShownSecret(
	context: PocketsflowContext,
	id: string,
	options?: SendOptions,
): Promise<string | undefined> {
	const request = { method: 'GET', path: path`/webhooks/${id}` } as const;
	const response = await send(context, request, 'read', undefined, options).catch(() => undefined);
	return readAnswered(response)?.shownSecret;
}

/**
 * Changes an endpoint.
 * @returns whether the description in the response, if there is one, is the one that was sent
 */
export async function updateEndpoint(
	context: PocketsflowContext,
	id: string,
	changes: EndpointChanges,
	options?: SendOptions,
): Promise<boolean> {
	const request = { method: 'PUT', path: path`/webhooks/${id}`, body: changes } as const;
	const answered = readAnswered(await send(context, request, 'change', undefined, options));
	const { sealed } = readDescription(answered?.description);
	const isShown = answered !== undefined && changes.description !== undefined;
	return !isShown || sealed === readDescription(changes.description).sealed;
}

/** Removes an endpoint. If it is already gone, that is not a failure. */
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
 * The endpoints that are ours: at exactly this URL, or with the stored ID and our mark if they were
 * registered for the same host and path. Never any other. Static data alone is not proof, because it is
 * copied along with a workflow or with a whole n8n instance.
 */
export const findOwnEndpoints = (
	endpoints: Endpoint[],
	url: string,
	stored: TriggerStaticData = {},
): Endpoint[] =>
	endpoints.filter(
		(endpoint) =>
			isSameUrl(endpoint.url, url) ||
			(isStored(endpoint, stored) && stored.url !== undefined && isSameLocation(stored.url, url)),
	);

/**
 * The endpoint that this node registered under another host. Either n8n was moved and left it behind, or
 * this n8n instance is a clone and it belongs to the original. We can't tell which.
 */
export const findEndpointOfOtherHost = (
	endpoints: Endpoint[],
	url: string,
	stored: TriggerStaticData = {},
): Endpoint | undefined =>
	endpoints.find(
		(endpoint) =>
			isStored(endpoint, stored) &&
			!isSameLocation(endpoint.url, url) &&
			hasSamePath(endpoint.url, url),
	);

const isStored = ({ id, description }: Endpoint, { endpointId }: TriggerStaticData) =>
	id === endpointId && readDescription(description).ours;

/** The canonical names of an endpoint's events, sorted. */
export const listEvents = ({ events }: Endpoint): string[] =>
	[...new Set(events.map(toCanonicalName))].sort();

/** Decrypts an endpoint's secret from the copy in its description, or else from static data. */
export function openEndpointSecret(
	{ id, url, description }: Endpoint,
	{ apiKey }: Pick<PocketsflowCredential, 'apiKey'>,
	stored: TriggerStaticData = {},
): string | undefined {
	const secret = unseal(readDescription(description).sealed, apiKey, url);
	if (secret !== undefined || id !== stored.endpointId) return secret;
	return unseal(stored.sealedSecret, apiKey, url);
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
		shownSecret: readSecret(record),
	};
}

/** The secret that a record shows in full. A masked one does not count, because it could be guessed. */
function readSecret({ secret }: IDataObject): string | undefined {
	const isShown = typeof secret === 'string' && secret.length >= 16;
	return isShown && !/[*•…]|\.\.\.|x{4}/i.test(secret) ? secret : undefined;
}
