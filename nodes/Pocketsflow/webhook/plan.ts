import {
	NodeApiError,
	NodeOperationError,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import type { PocketsflowCredential } from '../transport/credential';
import { composeMessage, hasStatus, setMessage, toSentence } from '../transport/errors';
import type { SendOptions } from '../transport/send';
import { isSameUrl } from './addresses';
import {
	createEndpoint,
	findOwnEndpoints,
	listEndpoints,
	listEvents,
	openEndpointSecret,
	readShownSecret,
	removeEndpoint,
	updateEndpoint,
	type Endpoint,
	type EndpointChanges,
	type TriggerStaticData,
} from './endpoints';
import type { NodeMemory } from './memory';
import { describeEndpoint, readDescription, seal, unseal } from './sealing';

type KnownSecret = Pick<Endpoint, 'id'> & { secret: string };

/** What a node needs in Pocketsflow: exactly one active endpoint with these properties. */
export interface Wanted {
	url: string;
	/** Canonical names, sorted. */
	events: string[];
	/** Undefined for a workflow that is not saved yet. */
	workflowId: string | undefined;
	/** Encrypts the secret. */
	apiKey: string;
}

/** The steps from the existing endpoints to the one that is wanted. */
export interface Plan {
	/** The endpoint to keep, and its secret; undefined if one must be created. */
	keep?: Endpoint & KnownSecret;
	/** What differs on it; undefined if nothing does. */
	change?: EndpointChanges;
	remove: Endpoint[];
}

type FindSecret = (endpoint: Endpoint) => string | undefined;

/**
 * Plans how to get from our endpoints to the one that is wanted: the newest at its URL with a known secret
 * stays. Processes that plan at the same time agree, because they choose by ID only.
 * @param own the endpoints of this node
 * @param findSecret returns the secret of an endpoint; undefined if it is unknown
 */
export function plan(own: Endpoint[], wanted: Wanted, findSecret: FindSecret): Plan {
	const there = own.filter(({ url }) => isSameUrl(url, wanted.url));
	const [keep] = findUsable(there, findSecret);
	const remove = own.filter(({ id }) => id !== keep?.id);
	return keep ? { keep, change: findDifference(keep, wanted), remove } : { remove };
}

/** The endpoints with a known secret, newest first. */
const findUsable = (endpoints: Endpoint[], findSecret: FindSecret) =>
	endpoints
		.flatMap((endpoint) => {
			const secret = findSecret(endpoint);
			return secret === undefined ? [] : [{ ...endpoint, secret }];
		})
		.sort(compareAge);

/** IDs grow with time (docs/pocketsflow-api.md#ids). What matters is that all processes agree. */
const compareAge = ({ id: one }: { id: string }, { id: other }: { id: string }) =>
	other.length - one.length || (one > other ? -1 : 1);

function findDifference(
	{ secret, ...endpoint }: Endpoint & KnownSecret,
	{ url, events, workflowId, apiKey }: Wanted,
): EndpointChanges | undefined {
	const described = readDescription(endpoint.description);
	const isSealed =
		described.workflowId === workflowId && unseal(described.sealed, apiKey, url) === secret;
	const changes: EndpointChanges = {
		...(listEvents(endpoint).join() !== events.join() && { events }),
		...(!endpoint.active && { active: true }),
		...(!isSealed && { description: describeEndpoint(workflowId, seal(secret, apiKey, url)) }),
	};
	return Object.keys(changes).length > 0 ? changes : undefined;
}

/** Executes plans for one node. */
export interface Registrar {
	context: IHookFunctions | IWebhookFunctions;
	credential: PocketsflowCredential;
	node: NodeMemory;
	wanted: Wanted;
	options: SendOptions;
	/** Where a hook stores the secret. An upkeep does not store it (docs/n8n-engine.md#static-data). */
	stored?: TriggerStaticData;
	/** For an upkeep: when it read the endpoints. Other processes may do the same meanwhile. */
	upkeepSinceMs?: number;
	/**
	 * Whether the endpoints to remove may be in use. If so, they are removed only after another one exists.
	 */
	mayBeUsed?: boolean;
}

/** Whether a hook has deactivated the node since an upkeep read the endpoints. */
export const isClosed = ({ node: { closed }, wanted, upkeepSinceMs = Infinity }: Registrar) =>
	closed !== undefined && closed.atMs >= upkeepSinceMs && isSameUrl(closed.url, wanted.url);

/** Stores a secret where deliveries look for it. */
export function keepSecret(
	{ credential, node, stored, wanted: { url, apiKey } }: Registrar,
	{ id, secret }: KnownSecret,
): void {
	if (stored && unseal(stored.sealedSecret, apiKey, url) !== secret)
		stored.sealedSecret = seal(secret, apiKey, url);
	if (stored) Object.assign(stored, { endpointId: id, url });
	node.keyring.learn({ secret, mode: credential.mode, endpointId: id });
}

export function forgetSecrets({ node, stored }: Registrar, endpointIds: string[]): void {
	delete stored?.endpointId;
	delete stored?.sealedSecret;
	delete stored?.url;
	node.keyring.forget(endpointIds);
}

/**
 * Executes a plan. Creates before it removes: without any endpoint, a sale would be lost, and no delivery
 * would arrive to trigger another attempt.
 * @throws as `send` does; a new endpoint is then removed again
 */
export async function apply(registrar: Registrar, { keep, change, remove }: Plan): Promise<void> {
	const kept = keep ?? (await replace(registrar, remove));
	if (keep && change) await changeEndpoint(registrar, keep.id, change);
	if (isClosed(registrar) && !keep) {
		await discard(registrar, kept.id);
		return forgetSecrets(registrar, [kept.id]);
	}
	// Without an earlier endpoint, no delivery arrived, so no other process registered one.
	const isAlone = remove.length === 0 && (keep !== undefined || registrar.stored !== undefined);
	keepSecret(registrar, isAlone ? kept : await reduceToOne(registrar, kept, remove));
}

/**
 * Keeps only the newest endpoint with a known secret. Reads the endpoints again after ours was encrypted,
 * so that another process that does the same sees ours, or we see its endpoint.
 * @returns the endpoint that is kept
 */
async function reduceToOne(
	registrar: Registrar,
	ours: KnownSecret,
	useless: Endpoint[],
): Promise<KnownSecret> {
	const { context, credential, wanted, options, mayBeUsed } = registrar;
	const ids = new Set(useless.map(({ id }) => id));
	const present = findOwnEndpoints(await listEndpoints(context, options), wanted.url);
	const usable = findUsable(present, (endpoint) => {
		if (endpoint.id === ours.id) return ours.secret;
		const isWrong = mayBeUsed && ids.has(endpoint.id);
		return isWrong ? undefined : openEndpointSecret(endpoint, credential);
	});
	const [kept = ours] = usable;
	for (const { id } of usable) ids.add(id);
	ids.delete(kept.id);
	for (const id of ids) await removeEndpoint(context, id, options);
	return kept;
}

async function changeEndpoint(
	{ context, node, options }: Registrar,
	id: string,
	changes: EndpointChanges,
): Promise<void> {
	const { description, ...others } = changes;
	const isKept = await updateEndpoint(context, id, changes, options).catch(
		async (error: unknown) => {
			// The maximum length of a description is not documented. One that is too long must not stop the
			// trigger.
			if (description === undefined || !hasStatus(error, [400, 409, 413, 422])) throw error;
			if (Object.keys(others).length > 0) await updateEndpoint(context, id, others, options);
			return false;
		},
	);
	if (isKept || node.losesCopy) return;
	node.losesCopy = true;
	context.logger.warn(
		'Pocketsflow Trigger: Pocketsflow did not store the encrypted copy of the signing secret as sent. The only copy is in the static data of this workflow. If n8n loses this copy, the next delivery is lost, and the node re-registers the webhook.',
	);
}

/**
 * For a create request that Pocketsflow may reject with "too many requests" because the account is at its
 * limit.
 */
const nextToUselessMs = 3_000;

/**
 * Creates an endpoint next to useless ones. If Pocketsflow rejects that because of the URL or an account
 * limit, the useless ones are removed first.
 */
async function replace(registrar: Registrar, useless: Endpoint[]): Promise<KnownSecret> {
	const { context, options, mayBeUsed } = registrar;
	if (useless.length === 0 || mayBeUsed) return await create(registrar, useless);
	const limits = { ...options.limits, totalTimeoutMs: nextToUselessMs };
	const patient = { ...registrar, options: { ...options, limits } };
	return await create(patient, useless).catch(async (error: unknown) => {
		const isRefused = hasStatus(error, [400, 402, 403, 409, 413, 422, 429]);
		if (!isRefused || isUnknown(error)) throw error;
		for (const { id } of useless)
			await removeEndpoint(context, id, options).catch(() => {
				throw error;
			});
		return await create(registrar, useless);
	});
}

/** Whether a failed request may have been processed. */
const isUnknown = (error: unknown): error is NodeApiError =>
	error instanceof NodeApiError && error.context.outcome === 'unknown';

/** @param others endpoints at the same URL that must not be removed if this fails */
async function create(registrar: Registrar, others: Endpoint[]): Promise<KnownSecret> {
	const { context, options, wanted } = registrar;
	const { url, workflowId, apiKey } = wanted;
	const answer = await createEndpoint(context, wanted, options).catch(async (error: unknown) => {
		if (isUnknown(error)) setMessage(error, `${error.message} ${await undo(registrar, others)}`);
		throw error;
	});
	const id = answer.id ?? (await findNew(registrar, others)).at(0)?.id;
	if (id === undefined)
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow created a webhook endpoint but did not return its ID and does not list it. Remove it under Developers → Webhooks, then publish (activate) the workflow again.',
		);
	const secret = answer.secret ?? (await readShownSecret(context, id, options));
	if (secret === undefined)
		throw new NodeOperationError(
			context.getNode(),
			`Pocketsflow created a webhook endpoint without returning its signing secret, so its deliveries can't be verified. ${await discard(registrar, id)} Instead, create an endpoint under Developers → Webhooks for an n8n Webhook node, and verify its deliveries with the operation Webhook → Verify Delivery of the Pocketsflow node.`,
		);
	keepSecret(registrar, { id, secret });
	// Needed if n8n loses static data, as some versions do after a rename (docs/n8n-engine.md#static-data).
	const description = describeEndpoint(workflowId, seal(secret, apiKey, url));
	await changeEndpoint(registrar, id, { description }).catch(async (error: Error) => {
		const outcome = await discard(registrar, id);
		forgetSecrets(registrar, [id]);
		throw setMessage(error, `${toSentence(error.message)} ${outcome}`);
	});
	return { id, secret };
}

/** Endpoints at our URL that are new and have a secret that no one knows, newest first. */
async function findNew(registrar: Registrar, others: Endpoint[]): Promise<Endpoint[]> {
	const { context, options, wanted } = registrar;
	const ids = new Set(others.map(({ id }) => id));
	return findOwnEndpoints(await listEndpoints(context, options), wanted.url)
		.filter(({ id, description }) => !ids.has(id) && !readDescription(description).sealed)
		.sort(compareAge);
}

/**
 * For a creation with an unknown outcome. Its response, with the only copy of the secret, is lost, so a
 * created endpoint is useless. Reports what is left of it; never throws.
 */
async function undo(registrar: Registrar, others: Endpoint[]): Promise<string> {
	const { context, options } = registrar;
	try {
		for (const { id } of await findNew(registrar, others))
			await removeEndpoint(context, id, options);
		return 'No endpoint is left in Pocketsflow. Publish (activate) the workflow again.';
	} catch {
		return 'Publish (activate) the workflow again: this removes any endpoint that is left.';
	}
}

/** Removes a new endpoint that is useless. Returns what happened; never throws. */
const discard = async ({ context, options }: Registrar, id: string): Promise<string> =>
	await removeEndpoint(context, id, options).then(
		() => 'The endpoint was removed.',
		(error: unknown) =>
			`The endpoint could not be removed: ${composeMessage(error)} Remove it under Developers → Webhooks.`,
	);
