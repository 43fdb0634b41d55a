import {
	NodeOperationError,
	type IDataObject,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { lists } from '../api/lists';
import { path, type Effect, type PocketsflowRequest } from '../api/request';
import {
	findRecords,
	isRecord,
	listValues,
	readFlag,
	readId,
	readPagination,
	unwrapRecord,
} from '../api/responses';
import { toCanonicalName } from '../events/catalogue';
import { isMasked } from '../events/signature';
import type { PocketsflowCredential } from '../transport/credential';
import { hasStatus, isNotFound } from '../transport/errors';
import { send, type SendOptions } from '../transport/send';
import { hasSamePath, isSameLocation, isSameUrl } from './addresses';
import { describeEndpoint, readDescription, unseal, type Mark } from './sealing';

/** The parts of an endpoint that we rely on (docs/pocketsflow-api.md#webhook-endpoints). */
export interface Endpoint extends Mark {
	id: string;
	url: string;
	/** Canonical names, each once, sorted. */
	events: string[];
	active: boolean;
	/** The full secret, if the API shows it. */
	shownSecret?: string;
}

/** What a node needs an endpoint for. */
export interface EndpointNeeds extends Pick<Endpoint, 'url' | 'events'> {
	/** Undefined for a workflow that is not saved yet. */
	workflowId: string | undefined;
}

export type EndpointChanges = Partial<{ events: string[]; active: boolean; description: string }>;

/** What the trigger stores in static data. Only hooks write it (docs/n8n-engine.md#static-data). */
export interface TriggerStaticData {
	endpointId?: string;
	sealedSecret?: string;
	/** The endpoint's URL, which after a move of n8n is no longer the node's address. */
	url?: string;
	/** The user that its events belong to (`userId` of the API). */
	account?: string;
}

/** The static data of this node. Every change to it is a write. */
export const readStaticData = (context: IHookFunctions | IWebhookFunctions): TriggerStaticData =>
	context.getWorkflowStaticData('node') as TriggerStaticData;

const { webhooks } = lists;

/** A shorter list that does not say whether it has pages is complete, if it has our endpoint. */
const smallestPage = 20;

/** The requests about the endpoints of an account. Each throws as `send` does. */
export class EndpointRequests {
	constructor(
		readonly context: IHookFunctions | IWebhookFunctions,
		private readonly options: SendOptions = {},
	) {}

	/** The same, for requests that may wait only so long. */
	within(totalTimeoutMs: number): EndpointRequests {
		const limits = { ...this.options.limits, totalTimeoutMs };
		return new EndpointRequests(this.context, { ...this.options, limits });
	}

	private send = (request: PocketsflowRequest, effect: Effect): Promise<unknown> =>
		send(this.context, request, effect, undefined, this.options);

	/**
	 * Lists all endpoints. Paging is not documented, so a response that may be one page of several is read
	 * further, until a page contains nothing new. One that says nothing of pages may be such a page if it
	 * has as many records as a page or lacks what `isOurs` looks for.
	 * @throws NodeOperationError if there is no list or it breaks off: as "none", it would create a second
	 * endpoint or leave one behind
	 */
	async list(isOurs: (endpoint: Endpoint) => boolean = () => true): Promise<Endpoint[]> {
		const all = new Map<string, Endpoint>();
		let isProbe = false;
		for (let page = 1, read = 0, firstLength = 0; ; page++) {
			const query = page > 1 ? { query: { page } } : {};
			const request = { method: 'GET', path: webhooks.path, ...query } as const;
			const response = await this.send(request, 'read').catch((error: unknown) => {
				// An API without pages may refuse the parameter.
				if (isProbe && hasStatus(error, [400, 404, 422])) return [];
				throw error;
			});
			const records = findRecords(response, webhooks.keys);
			if (!records) throw this.refuseList('no list of webhooks');
			const { length } = records;
			read += length;
			if (page === 1) firstLength = length;
			const known = all.size;
			for (const endpoint of records.flatMap((record) => readEndpoint(record) ?? []))
				all.set(endpoint.id, endpoint);
			const { hasMore, totalPages, totalCount } = readPagination(response, length);
			const isNew = all.size > known;
			const saysMore = hasMore || (totalPages ?? 0) > page || (totalCount ?? 0) > read;
			const isProvenEnd = length === 0 && hasMore === false;
			if (saysMore && !isNew && !isProvenEnd)
				throw this.refuseList('an incomplete list of webhooks');
			const isSilent =
				hasMore === undefined && totalPages === undefined && totalCount === undefined;
			const isFound = !isSilent || length === 0 || [...all.values()].some(isOurs);
			const isShort = page > 1 ? length < firstLength : length < smallestPage && isFound;
			const isWhole = hasMore === false || isShort || !isNew;
			if (isProvenEnd || (!saysMore && isWhole)) return [...all.values()];
			isProbe = !saysMore;
		}
	}

	private refuseList = (what: string) =>
		new NodeOperationError(
			this.context.getNode(),
			`Pocketsflow returned ${what}, so nothing was changed. Try again later.`,
		);

	/** Creates an active endpoint with our mark. Finds its ID and secret in any wrapper of the response. */
	async create(needs: EndpointNeeds): Promise<{ id?: string; secret?: string }> {
		const { url, events } = needs;
		const body = { url, events, active: true, description: describeEndpoint(needs.workflowId) };
		const response = await this.send({ method: 'POST', path: webhooks.path, body }, 'create');
		const records = listRecords(response);
		const record = records.find((one) => readSecret(one) ?? one.url) ?? records[0] ?? {};
		return { id: readId(record), secret: readSecret(record) };
	}

	/** Reads one endpoint; undefined if the response does not contain it. */
	get = async (id: string): Promise<Endpoint | undefined> =>
		readAnswered(await this.send({ method: 'GET', path: path`/webhooks/${id}` }, 'read'));

	/** Changes an endpoint. @returns false if the response shows another description than was sent */
	async change(id: string, changes: EndpointChanges): Promise<boolean> {
		const request = { method: 'PUT', path: path`/webhooks/${id}`, body: changes } as const;
		const answered = readAnswered(await this.send(request, 'change'));
		const isShown = answered !== undefined && changes.description !== undefined;
		return !isShown || answered.sealed === readDescription(changes.description).sealed;
	}

	/** Removes an endpoint, unless it is already gone. */
	async remove(id: string): Promise<void> {
		const request = { method: 'DELETE', path: path`/webhooks/${id}` } as const;
		await this.send(request, 'change').catch((error: unknown) => {
			if (!isNotFound(error)) throw error;
		});
	}
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

/**
 * The endpoints that are ours: at this URL, or with the stored ID and our mark if they were registered for
 * the same host and path. Static data alone is not proof: it is copied along with a workflow or n8n.
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
 * The endpoint that this node registered under another host: n8n was moved and left it behind, or this n8n
 * instance is a clone and it belongs to the original.
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

const isStored = ({ id, isMarked }: Endpoint, { endpointId }: TriggerStaticData) =>
	id === endpointId && isMarked;

/** The secret of an endpoint from the copy in its description, or else from static data. */
export function openEndpointSecret(
	{ id, url, sealed }: Endpoint,
	{ apiKey }: Pick<PocketsflowCredential, 'apiKey'>,
	stored: TriggerStaticData = {},
): string | undefined {
	const secret = unseal(sealed, apiKey, url);
	if (secret !== undefined || id !== stored.endpointId) return secret;
	return unseal(stored.sealedSecret, apiKey, url);
}

function readEndpoint(record: IDataObject): Endpoint | undefined {
	const id = readId(record);
	if (id === undefined || typeof record.url !== 'string') return undefined;
	const { url, events, active, description } = record;
	const names = Array.isArray(events) ? events.filter((name) => typeof name === 'string') : [];
	return {
		id,
		url,
		events: [...new Set(names.map(toCanonicalName))].sort(),
		active: readFlag(active) !== false,
		...readDescription(description),
		shownSecret: readSecret(record),
	};
}

/** The secret that a record shows in full. */
function readSecret({ secret }: IDataObject): string | undefined {
	const isShown = typeof secret === 'string' && secret.length >= 16;
	return isShown && !isMasked(secret) ? secret : undefined;
}
