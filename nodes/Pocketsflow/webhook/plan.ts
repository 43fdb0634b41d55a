import { NodeApiError, NodeOperationError } from 'n8n-workflow';

import type { PocketsflowContext, PocketsflowCredential } from '../transport/credential';
import { composeMessage, toSentence } from '../transport/errors';
import type { SendOptions } from '../transport/send';
import { isSameUrl } from './addresses';
import {
	createEndpoint,
	findOwnEndpoints,
	getEndpoint,
	hasEvents,
	listEndpoints,
	openEndpointSecret,
	removeEndpoint,
	updateEndpoint,
	type Endpoint,
	type EndpointChanges,
} from './endpoints';
import { describeEndpoint, readDescription, seal, unseal } from './sealing';

/** An endpoint whose secret is known. */
export interface UsableEndpoint {
	endpoint: Endpoint;
	secret: string;
}

/** What a node needs in Pocketsflow: exactly one active endpoint like this. */
export interface Wanted {
	url: string;
	/** Canonical names, sorted. */
	events: string[];
	/** Undefined for a workflow that is not stored yet. */
	workflowId: string | undefined;
	/** Seals the secret. */
	apiKey: string;
}

/** What leads from the endpoints that are there to the one that is wanted. */
export interface Plan {
	/** The endpoint that stays; undefined if one is to be created. */
	keep?: UsableEndpoint;
	/** What differs about it; undefined if nothing does. */
	change?: EndpointChanges;
	remove: Endpoint[];
}

/**
 * Plans how our endpoints become the one that is wanted: the newest whose secret is known stays.
 * Processes that plan at the same time agree, because they choose by the IDs alone.
 * @param own the endpoints of this node
 * @param findSecret the secret of an endpoint; undefined if it is not known
 */
export function plan(
	own: Endpoint[],
	wanted: Wanted,
	findSecret: (endpoint: Endpoint) => string | undefined,
): Plan {
	const keep = findUsable(own, findSecret)[0];
	const remove = own.filter(({ id }) => id !== keep?.endpoint.id);
	return keep ? { keep, change: findDifference(keep, wanted), remove } : { remove };
}

/** Whether nothing is to be done. */
export const isDone = ({ keep, change, remove }: Plan): boolean =>
	keep !== undefined && change === undefined && remove.length === 0;

/** The endpoints whose secret is known, the newest first. */
function findUsable(
	endpoints: Endpoint[],
	findSecret: (endpoint: Endpoint) => string | undefined,
): UsableEndpoint[] {
	return endpoints
		.flatMap((endpoint): UsableEndpoint[] => {
			const secret = findSecret(endpoint);
			return secret === undefined ? [] : [{ endpoint, secret }];
		})
		.sort((a, b) => compareIds(b.endpoint.id, a.endpoint.id));
}

/** IDs grow with time (docs/pocketsflow-api.md#ids); what matters is that all processes agree. */
const compareIds = (one: string, other: string) =>
	one.length - other.length || (one < other ? -1 : Number(one > other));

function findDifference(
	{ endpoint, secret }: UsableEndpoint,
	{ url, events, workflowId, apiKey }: Wanted,
): EndpointChanges | undefined {
	const described = readDescription(endpoint.description);
	const isSealed =
		described.workflowId === workflowId && unseal(described.sealed, apiKey, url) === secret;
	const changes: EndpointChanges = {
		...(!isSameUrl(endpoint.url, url) && { url }),
		...(!hasEvents(endpoint, events) && { events }),
		...(!endpoint.active && { active: true }),
		...(!isSealed && { description: describeEndpoint(workflowId, seal(secret, apiKey, url)) }),
	};
	return Object.keys(changes).length > 0 ? changes : undefined;
}

/** What carries out plans for one node. */
export interface Registrar {
	context: PocketsflowContext;
	credential: PocketsflowCredential;
	wanted: Wanted;
	options: SendOptions;
	/** Whether another process may be doing the same now. */
	isShared: boolean;
	/** Endpoints whose known secret may be wrong, and which must not go before there is another. */
	doubted: Endpoint[];
	/** Whether the node was deactivated meanwhile. */
	isClosed(): boolean;
	/** Keeps the secret of an endpoint where deliveries find it. */
	store(usable: UsableEndpoint): void;
	forget(endpointIds: string[]): void;
	/** Called when Pocketsflow does not keep a description with the sealed secret as it was sent. */
	loseCopy(): void;
}

/**
 * Carries out a plan. What is created comes before what is removed: without any endpoint a sale would be
 * lost, and no delivery would come that could try again.
 * @throws as `send` does; a new endpoint is then removed again
 */
export async function apply(registrar: Registrar, { keep, change, remove }: Plan): Promise<void> {
	const { context, options } = registrar;
	if (!keep) return await replace(registrar, remove);
	if (!registrar.isShared) {
		for (const { id } of remove) await removeEndpoint(context, id, options);
		if (change) await changeEndpoint(registrar, keep, change);
		return registrar.store(keep);
	}
	if (change) await changeEndpoint(registrar, keep, change);
	registrar.store(remove.length > 0 ? await reduceToOne(registrar, keep, remove) : keep);
}

/** Registers a new endpoint in place of ones whose secrets are lost. */
async function replace(registrar: Registrar, useless: Endpoint[]): Promise<void> {
	const created = await createNextTo(registrar, useless);
	if (registrar.isClosed()) {
		await discard(registrar, created.endpoint.id);
		return registrar.forget([created.endpoint.id]);
	}
	// Without an endpoint before it no delivery came, so no other process registered one.
	const isAlone = useless.length === 0 && !registrar.isShared;
	registrar.store(isAlone ? created : await reduceToOne(registrar, created, useless));
}

/**
 * Leaves the newest endpoint whose secret is known, read again after ours was sealed: another process
 * that does the same then sees ours, or we see its. Removes those that are useless still.
 */
async function reduceToOne(
	registrar: Registrar,
	ours: UsableEndpoint,
	useless: Endpoint[],
): Promise<UsableEndpoint> {
	const { context, credential, wanted, options, doubted } = registrar;
	const present = findOwnEndpoints(await listEndpoints(context, options), wanted.url);
	const isIn = (list: Endpoint[], { id }: Endpoint) => list.some((one) => one.id === id);
	const usable = findUsable(present, (endpoint) => {
		if (endpoint.id === ours.endpoint.id) return ours.secret;
		return isIn(doubted, endpoint) ? undefined : openEndpointSecret(endpoint, credential);
	});
	const [kept = ours, ...others] = usable;
	const isUseless = (endpoint: Endpoint) =>
		isIn(useless, endpoint) && !usable.some((one) => one.endpoint.id === endpoint.id);
	const removed = [
		...others.map(({ endpoint }) => endpoint),
		// Also at another spelling of the address.
		...useless.filter((endpoint) => isUseless(endpoint)),
	];
	for (const { id } of removed) await removeEndpoint(context, id, options);
	return kept;
}

async function changeEndpoint(
	{ context, options, loseCopy }: Registrar,
	{ endpoint: { id } }: UsableEndpoint,
	{ description, ...others }: EndpointChanges,
): Promise<void> {
	if (description === undefined) return void (await updateEndpoint(context, id, others, options));
	const changes = { ...others, description };
	const isKept = await updateEndpoint(context, id, changes, options).catch(
		async (error: unknown) => {
			if (!isRefusedText(error)) throw error;
			if (Object.keys(others).length > 0) await updateEndpoint(context, id, others, options);
			return false;
		},
	);
	if (!isKept) loseCopy();
}

/** For a creation that an account at its limit may refuse by "too many requests". */
const limitsNextToUseless = { totalTimeoutMs: 3_000 };

/**
 * Creates an endpoint while useless ones have the same URL. If Pocketsflow refuses that, because of the
 * URL or a limit of the account, they go first.
 */
async function createNextTo(registrar: Registrar, useless: Endpoint[]): Promise<UsableEndpoint> {
	const { context, options, doubted } = registrar;
	const removable = useless.filter((endpoint) => !doubted.includes(endpoint));
	if (removable.length === 0) return await create(registrar, useless);
	const limits = { ...options.limits, ...limitsNextToUseless };
	return await create({ ...registrar, options: { ...options, limits } }, useless).catch(
		async (error: unknown) => {
			if (!isRefusal(error)) throw error;
			for (const { id } of removable)
				await removeEndpoint(context, id, options).catch(() => {
					throw error;
				});
			return await create(registrar, useless);
		},
	);
}

/** @param others endpoints at the same URL that are not to be removed if this fails */
async function create(registrar: Registrar, others: Endpoint[]): Promise<UsableEndpoint> {
	const { context, wanted, options } = registrar;
	const { url, events } = wanted;
	const answer = await createEndpoint(context, url, events, options).catch(
		async (error: unknown) => {
			if (error instanceof NodeApiError && error.context.outcome === 'unknown')
				await removeLost(registrar, others, error);
			throw error;
		},
	);
	const endpoint = await findCreated(registrar, others, answer.id);
	if (!endpoint)
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow created a webhook endpoint but neither returned its ID nor lists it. Remove it under Developers → Webhooks, then publish (activate) the workflow again.',
		);
	const secret =
		answer.secret ?? endpoint.shownSecret ?? (await readShownSecret(registrar, endpoint.id));
	if (secret === undefined)
		throw new NodeOperationError(
			context.getNode(),
			`Pocketsflow created a webhook endpoint without returning its signing secret, so its deliveries can't be verified. ${await discard(registrar, endpoint.id)} Instead, create an endpoint under Developers → Webhooks for an n8n Webhook node, and verify its deliveries with the operation Webhook → Verify Delivery of the Pocketsflow node.`,
		);
	const usable = { endpoint, secret };
	registrar.store(usable);
	await sealNew(registrar, usable);
	return usable;
}

/** The endpoint that was just created: with this ID, else one at our URL that was not there before. */
async function findCreated(
	{ context, wanted, options }: Registrar,
	others: Endpoint[],
	id: string | undefined,
): Promise<Endpoint | undefined> {
	const { url, events } = wanted;
	if (id !== undefined) return { id, url, events, active: true, description: undefined };
	const listed = findOwnEndpoints(await listEndpoints(context, options), url);
	return listed
		.filter((endpoint) => !others.some((other) => other.id === endpoint.id))
		.filter(({ description }) => readDescription(description).sealed === undefined)
		.sort((a, b) => compareIds(b.id, a.id))[0];
}

const readShownSecret = async ({ context, options }: Registrar, id: string) =>
	(await getEndpoint(context, id, options).catch(() => undefined))?.shownSecret;

/**
 * After a creation with unknown outcome: its response, and with it the only copy of the secret, is
 * lost, so an endpoint that was created is of no use. Adds to the error's message what is left of it.
 */
async function removeLost(
	{ context, wanted, options }: Registrar,
	others: Endpoint[],
	error: NodeApiError,
): Promise<void> {
	try {
		for (const { id } of findOwnEndpoints(await listEndpoints(context, options), wanted.url))
			if (!others.some((other) => other.id === id)) await removeEndpoint(context, id, options);
		error.message = `${error.message} No endpoint is left in Pocketsflow. Publish (activate) the workflow again.`;
	} catch {
		error.message = `${error.message} Publish (activate) the workflow again: this removes any endpoint that is left.`;
	}
}

/**
 * Puts a sealed copy of the secret into the endpoint's description, where it can be found again
 * when n8n loses static data, as some versions do after a rename (docs/n8n-engine.md#static-data).
 */
async function sealNew(
	registrar: Registrar,
	{ endpoint: { id }, secret }: UsableEndpoint,
): Promise<void> {
	const { context, wanted, options, loseCopy } = registrar;
	const sealed = seal(secret, wanted.apiKey, wanted.url);
	const description = describeEndpoint(wanted.workflowId, sealed);
	const isKept = await updateEndpoint(context, id, { description }, options).catch(
		async (error: Error) => {
			if (isRefusedText(error)) return false;
			const outcome = await discard(registrar, id);
			registrar.forget([id]);
			error.message = `${toSentence(error.message)} ${outcome}`;
			throw error;
		},
	);
	if (!isKept) loseCopy();
}

/**
 * Removes a new endpoint that is of no use. Says what came of it and never throws: the error that is
 * shown is the one before.
 */
async function discard({ context, options }: Registrar, id: string): Promise<string> {
	return await removeEndpoint(context, id, options).then(
		() => 'The endpoint was removed.',
		(error: unknown) =>
			`The endpoint could not be removed: ${composeMessage(error)} Remove it under Developers → Webhooks.`,
	);
}

const hasStatus = (error: unknown, statuses: string[]) =>
	error instanceof NodeApiError && statuses.includes(String(error.httpCode));

/** The greatest length of a description is not documented; one that is too long must not stop the trigger. */
const isRefusedText = (error: unknown) => hasStatus(error, ['400', '409', '413', '422']);

/** Whether a creation was refused for a reason that useless endpoints may be. */
const isRefusal = (error: unknown) =>
	hasStatus(error, ['400', '402', '403', '409', '413', '422', '429']) &&
	(error as NodeApiError).context.outcome !== 'unknown';
