import {
	NodeApiError,
	NodeOperationError,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { loadCredential, type PocketsflowCredential } from '../transport/credential';
import { composeMessage, toSentence } from '../transport/errors';
import type { SendOptions } from '../transport/send';
import {
	createEndpoint,
	findEndpointOfOtherHost,
	findOwnEndpoints,
	hasEvents,
	isOfOtherWorkflow,
	listEndpoints,
	namesNoWorkflow,
	removeEndpoint,
	updateEndpoint,
	type Endpoint,
} from './endpoints';
import { explainFailure } from './hookErrors';
import { getNodeKey, processMemory, type TriggerMemory } from './memory';
import { readDescription } from './sealing';
import {
	describeSealed,
	forgetSecret,
	openEndpointSecret,
	rememberSecret,
	storeSecret,
} from './secrets';
import { existingEndpointName, readEventNames } from './settings';
import { readStaticData, type TriggerStaticData } from './staticData';
import { getWebhookUrl, isSameUrl, requirePublicAddress } from './webhookUrl';

/** What the registration of one node's webhook works with. */
interface Registration {
	context: IHookFunctions | IWebhookFunctions;
	credential: PocketsflowCredential;
	/** The address to register. */
	url: string;
	/** What static data says of an earlier registration. */
	stored: TriggerStaticData;
	options: SendOptions;
	/** Keeps the secret of an endpoint where deliveries find it. */
	store(endpoint: Endpoint, secret: string): void;
	forget(): unknown;
}

interface UsableEndpoint {
	endpoint: Endpoint;
	secret: string;
}

/**
 * Whether exactly one endpoint of ours exists, it is active with this node's URL and events, its
 * secret is known, and it names this workflow. Anything else is left to `register`.
 */
export async function isRegistered(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<boolean> {
	return await explainFailure(context, 'set up', async () =>
		findIntactEndpoint(await startRegistration(context, memory), readEventNames(context)),
	);
}

/**
 * Brings Pocketsflow to exactly one active endpoint with this node's URL and events whose secret we
 * know. An endpoint whose secret is known is updated, so that the secret stays; others of ours are
 * removed.
 * @throws NodeOperationError with everything in its message; a new endpoint is then removed again
 */
export async function register(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> {
	await explainFailure(context, 'set up', async () =>
		ensureEndpoint(await startRegistration(context, memory), readEventNames(context)),
	);
}

/**
 * Removes our endpoints, and only ours, and forgets their secret. That of another workflow stays: n8n
 * 1.123 also calls this for a workflow that it does not activate because another has its address
 * (docs/n8n-engine.md#versions).
 */
export async function unregister(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
	options: SendOptions = {},
): Promise<void> {
	await explainFailure(context, 'removed', async () => {
		const registration = { ...(await startRegistration(context, memory)), options };
		const endpoints = await takeOwnEndpoints(registration);
		const others = endpoints.filter((endpoint) => isOfOtherWorkflow(context, endpoint));
		for (const endpoint of others) warnOfOtherWorkflow(context, endpoint);
		for (const endpoint of endpoints)
			if (!others.includes(endpoint)) await removeEndpoint(context, endpoint.id, options);
		// What is remembered for the address is the other workflow's too.
		if (others.length === 0) registration.forget();
	});
}

/**
 * Registers a new endpoint while deliveries come in, where the secrets of the present ones are lost
 * or Pocketsflow has none. Writes no static data (docs/n8n-engine.md#static-data): after a restart the copy at Pocketsflow
 * tells the secret.
 * @throws as `send` does
 */
export async function registerAnew(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	{ url, events, options }: { url: string; events: string[]; options: SendOptions },
): Promise<void> {
	const credential = await loadCredential(context);
	const { mode } = credential;
	const registration: Registration = {
		context,
		credential,
		url,
		stored: {},
		options,
		store: (endpoint, secret) =>
			rememberSecret(context, memory, { secret, mode, url: endpoint.url }),
		forget: () => memory.secretByNode.delete(getNodeKey(context)),
	};
	requirePublicAddress(context, url, credential);
	await replaceEndpoints(registration, events, await takeOwnEndpoints(registration));
}

async function startRegistration(
	context: IHookFunctions,
	memory: TriggerMemory,
): Promise<Registration> {
	const url = getWebhookUrl(context);
	const credential = await loadCredential(context);
	return {
		context,
		credential,
		url,
		stored: readStaticData(context),
		options: {},
		store: (endpoint, secret) => storeSecret(context, memory, credential, endpoint, secret),
		forget: () => forgetSecret(context, memory, url),
	};
}

const selectOwn = ({ url, stored }: Registration, endpoints: Endpoint[]): Endpoint[] =>
	findOwnEndpoints(endpoints, url, stored);

/** Lists our endpoints, and says in the log what this node has registered under another host. */
async function takeOwnEndpoints(registration: Registration): Promise<Endpoint[]> {
	const endpoints = await listEndpoints(registration.context, registration.options);
	warnOfOtherHost(registration, endpoints);
	return selectOwn(registration, endpoints);
}

function warnOfOtherHost({ context, url, stored }: Registration, endpoints: Endpoint[]): void {
	const other = findEndpointOfOtherHost(endpoints, url, stored);
	if (!other) return;
	context.logger.warn(
		`Pocketsflow Trigger: this node was registered at Pocketsflow as ${other.url}, which is another address than ${url} and is left alone. If n8n has moved, remove that webhook under Developers → Webhooks at Pocketsflow; if this n8n is a copy, it belongs to the original.`,
	);
}

function warnOfOtherWorkflow({ logger }: IHookFunctions, { url, description }: Endpoint): void {
	logger.warn(
		`Pocketsflow Trigger: the webhook at ${url} is left at Pocketsflow, because it was registered for workflow ${readDescription(description).workflowId}, which has the same address as this one.`,
	);
}

async function findIntactEndpoint(registration: Registration, events: string[]): Promise<boolean> {
	const { context, credential, url, stored } = registration;
	const endpoints = await listEndpoints(context);
	const own = selectOwn(registration, endpoints);
	const [endpoint] = own;
	if (own.length !== 1 || !isSameUrl(endpoint.url, url) || !endpoint.active) return false;
	if (!hasEvents(endpoint, events)) return false;
	if (isOfOtherWorkflow(context, endpoint) || namesNoWorkflow(endpoint)) return false;
	const secret = openEndpointSecret(endpoint, credential, stored);
	if (secret === undefined) return false;
	warnOfOtherHost(registration, endpoints);
	registration.store(endpoint, secret);
	return true;
}

async function ensureEndpoint(registration: Registration, events: string[]): Promise<void> {
	const { context, credential, url } = registration;
	requirePublicAddress(context, url, credential);
	const own = await takeOwnEndpoints(registration);
	const usable = findUsableEndpoint(registration, own);
	if (!usable) return await replaceEndpoints(registration, events, own);
	for (const { id } of own) if (id !== usable.endpoint.id) await removeEndpoint(context, id);
	await refreshEndpoint(registration, usable, events);
}

/** The first endpoint whose secret is known. */
function findUsableEndpoint(
	{ credential, stored }: Registration,
	endpoints: Endpoint[],
): UsableEndpoint | undefined {
	for (const endpoint of endpoints) {
		const secret = openEndpointSecret(endpoint, credential, stored);
		if (secret !== undefined) return { endpoint, secret };
	}
	return undefined;
}

/**
 * Registers a new endpoint in place of ones whose secrets are lost. It is made before they are
 * removed: without any, a sale would be lost, and no delivery would come that could try again.
 */
async function replaceEndpoints(
	registration: Registration,
	events: string[],
	useless: Endpoint[],
): Promise<void> {
	const created = await createBesideUseless(registration, events, useless);
	const kept = await reduceToOne(registration, useless, created);
	registration.store(kept.endpoint, kept.secret);
}

async function refreshEndpoint(
	registration: Registration,
	{ endpoint, secret }: UsableEndpoint,
	events: string[],
): Promise<void> {
	const { context, credential, url } = registration;
	const changes = { url, events, active: true };
	const description = describeSealed(context, credential, url, secret);
	const isKept = await updateEndpoint(context, endpoint.id, { ...changes, description }).catch(
		async (error: unknown) => {
			if (!isRefusal(error)) throw error;
			await updateEndpoint(context, endpoint.id, changes);
			return false;
		},
	);
	if (!isKept) warnOfLostCopy(context);
	registration.store({ ...endpoint, url }, secret);
}

/**
 * Creates an endpoint while others have the same URL. Where Pocketsflow refuses that, they go first.
 */
async function createBesideUseless(
	registration: Registration,
	events: string[],
	useless: Endpoint[],
): Promise<UsableEndpoint> {
	const { context, options } = registration;
	return await registerNewEndpoint(registration, events, useless).catch(async (error: unknown) => {
		if (useless.length === 0 || !isRefusal(error)) throw error;
		for (const { id } of useless)
			await removeEndpoint(context, id, options).catch(() => {
				throw error;
			});
		return await registerNewEndpoint(registration, events);
	});
}

/**
 * Removes the endpoints whose secret is still not known, and all but the first whose secret is.
 * Another process may have registered at the same moment: then both keep the same one.
 */
async function reduceToOne(
	registration: Registration,
	useless: Endpoint[],
	created: UsableEndpoint,
): Promise<UsableEndpoint> {
	const { context, credential, url, options } = registration;
	const usable: UsableEndpoint[] = [];
	for (const endpoint of await listEndpoints(context, options)) {
		const isCreated = endpoint.id === created.endpoint.id;
		const isUseless = useless.some(({ id }) => id === endpoint.id);
		if (!isCreated && !isUseless && !isSameUrl(endpoint.url, url)) continue;
		const secret = isCreated ? created.secret : openEndpointSecret(endpoint, credential);
		if (secret !== undefined) usable.push({ endpoint, secret });
		else if (isUseless) await removeEndpoint(context, endpoint.id, options);
	}
	const [kept = created, ...others] = usable;
	for (const { endpoint } of others) await removeEndpoint(context, endpoint.id, options);
	return kept;
}

/** @param others endpoints at the same URL that are not to be removed when this fails */
async function registerNewEndpoint(
	registration: Registration,
	events: string[],
	others: Endpoint[] = [],
): Promise<UsableEndpoint> {
	const { context, url, options } = registration;
	const { endpoint, secret } = await createEndpoint(context, url, events, options).catch(
		async (error: NodeApiError) => {
			if (error.context.outcome === 'unknown')
				await removeLostEndpoint(registration, others, error);
			throw error;
		},
	);
	if (!endpoint)
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow created a webhook endpoint but did not say its ID. Remove it under Developers → Webhooks and publish (activate) the workflow again.',
		);
	if (secret === undefined)
		throw new NodeOperationError(
			context.getNode(),
			`Pocketsflow created a webhook endpoint without telling its signing secret, so its deliveries could not be verified. ${await discardEndpoint(registration, endpoint)} Make one by hand under Developers → Webhooks and choose "${existingEndpointName}" in this node.`,
		);
	registration.store(endpoint, secret);
	await storeSealedCopy(registration, endpoint, secret);
	return { endpoint, secret };
}

/**
 * After a creation with unknown outcome: its response, and with it the only copy of the secret, is
 * lost, so an endpoint that was made is of no use. Adds to the error's message what is left of it.
 */
async function removeLostEndpoint(
	{ context, url, options }: Registration,
	others: Endpoint[],
	error: NodeApiError,
): Promise<void> {
	try {
		for (const { id } of findOwnEndpoints(await listEndpoints(context, options), url))
			if (!others.some((other) => other.id === id)) await removeEndpoint(context, id, options);
		error.message = `${error.message} Nothing is left of it: publish (activate) the workflow again.`;
	} catch {
		error.message = `${error.message} Publish (activate) the workflow again: that removes what may be left of it.`;
	}
}

/**
 * Puts a sealed copy of the secret into the endpoint's description, where it can be found again
 * when n8n loses static data, as some versions do after a rename (docs/n8n-engine.md#static-data).
 */
async function storeSealedCopy(
	registration: Registration,
	{ id }: Endpoint,
	secret: string,
): Promise<void> {
	const { context, credential, url, options } = registration;
	const description = describeSealed(context, credential, url, secret);
	const isKept = await updateEndpoint(context, id, { description }, options).catch(
		async (error: Error) => {
			if (isRefusal(error)) return false;
			const outcome = await discardEndpoint(registration, { id });
			registration.forget();
			error.message = `${toSentence(error.message)} ${outcome}`;
			throw error;
		},
	);
	if (!isKept) warnOfLostCopy(context);
}

/** Removes a new endpoint that is of no use. Says what came of it and never throws: the error that is shown is the one before. */
async function discardEndpoint(
	{ context, options }: Registration,
	{ id }: Pick<Endpoint, 'id'>,
): Promise<string> {
	return await removeEndpoint(context, id, options).then(
		() => 'The endpoint was removed again.',
		(error: unknown) =>
			`The endpoint could not be removed again: ${composeMessage(error)} Remove it under Developers → Webhooks.`,
	);
}

/** Says in the log that the copy at Pocketsflow was refused, cut, changed or dropped. */
export function warnOfLostCopy({ logger }: IHookFunctions | IWebhookFunctions): void {
	logger.warn(
		'Pocketsflow Trigger: Pocketsflow does not keep the sealed copy of the signing secret as it was sent; the only copy is in the static data of this workflow. Where n8n loses that, the webhook is registered anew and the delivery at hand is lost.',
	);
}

/**
 * A description's greatest length is not documented; one that is too long must not stop the
 * trigger.
 */
function isRefusal(error: unknown): boolean {
	return (
		error instanceof NodeApiError && ['400', '409', '413', '422'].includes(String(error.httpCode))
	);
}
