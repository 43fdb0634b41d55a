import { NodeApiError, NodeOperationError, type IHookFunctions } from 'n8n-workflow';

import { loadCredential, type PocketsflowCredential } from '../transport/credential';
import {
	createEndpoint,
	findOwnEndpoints,
	hasEvents,
	listEndpoints,
	removeEndpoint,
	updateEndpoint,
	type Endpoint,
} from './endpoints';
import { explainFailure } from './hookErrors';
import { processMemory, type TriggerMemory } from './memory';
import { describeEndpoint, seal } from './sealing';
import { forgetSecret, openEndpointSecret, readStaticData, storeSecret } from './secrets';
import { readEventNames } from './settings';
import { getWebhookUrl, requirePublicAddress } from './webhookUrl';

/** What the registration of one node's webhook works with. */
interface Registration {
	context: IHookFunctions;
	memory: TriggerMemory;
	credential: PocketsflowCredential;
	/** The address to register. */
	url: string;
}

/**
 * Whether exactly one endpoint of ours exists, it is active with this node's URL and events, and
 * its secret is known. Anything else is left to `register`.
 */
export async function isRegistered(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<boolean> {
	return await explainFailure(context, 'set up', async () =>
		findIntactEndpoint(await startRegistration(context, memory)),
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
		ensureEndpoint(await startRegistration(context, memory)),
	);
}

/** Removes our endpoints, and only ours, and forgets their secret. */
export async function unregister(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> {
	await explainFailure(context, 'removed', async () => {
		const url = getWebhookUrl(context);
		for (const { id } of await listOwnEndpoints(context, url)) await removeEndpoint(context, id);
		forgetSecret(context, memory, url);
	});
}

async function startRegistration(
	context: IHookFunctions,
	memory: TriggerMemory,
): Promise<Registration> {
	const url = getWebhookUrl(context);
	return { context, memory, credential: await loadCredential(context), url };
}

async function listOwnEndpoints(context: IHookFunctions, url: string): Promise<Endpoint[]> {
	const { endpointId } = readStaticData(context);
	return findOwnEndpoints(await listEndpoints(context), url, endpointId);
}

async function findIntactEndpoint(registration: Registration): Promise<boolean> {
	const { context, credential, url } = registration;
	const own = await listOwnEndpoints(context, url);
	const [endpoint] = own;
	if (own.length !== 1 || endpoint.url !== url || !endpoint.active) return false;
	if (!hasEvents(endpoint, readEventNames(context))) return false;
	const secret = openEndpointSecret(endpoint, credential, readStaticData(context));
	if (secret === undefined) return false;
	remember(registration, endpoint, secret);
	return true;
}

async function ensureEndpoint(registration: Registration): Promise<void> {
	const { context, credential, url } = registration;
	requirePublicAddress(context, url, credential);
	const events = readEventNames(context);
	if (events.length === 0)
		throw new NodeOperationError(
			context.getNode(),
			'Choose at least one event in "Trigger On" before activating the workflow',
		);
	const usable = await reduceToUsableEndpoint(registration);
	if (!usable) return await registerNewEndpoint(registration, events);
	const { endpoint, secret } = usable;
	const description = describeSealed(registration, secret);
	await updateEndpoint(context, endpoint.id, { url, events, active: true, description });
	remember(registration, { ...endpoint, url }, secret);
}

/**
 * Removes all of our endpoints but the first whose secret is known; undefined when none is left.
 */
async function reduceToUsableEndpoint({
	context,
	credential,
	url,
}: Registration): Promise<{ endpoint: Endpoint; secret: string } | undefined> {
	let usable: { endpoint: Endpoint; secret: string } | undefined;
	for (const endpoint of await listOwnEndpoints(context, url)) {
		const secret = usable
			? undefined
			: openEndpointSecret(endpoint, credential, readStaticData(context));
		if (secret !== undefined) usable = { endpoint, secret };
		else await removeEndpoint(context, endpoint.id);
	}
	return usable;
}

async function registerNewEndpoint(registration: Registration, events: string[]): Promise<void> {
	const { context, url } = registration;
	const { endpoint, secret } = await createEndpoint(context, url, events).catch(
		async (error: NodeApiError) => {
			if (error.context.outcome === 'unknown') await removeLostEndpoint(context, url, error);
			throw error;
		},
	);
	if (!endpoint)
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow created a webhook endpoint but did not say its ID. Remove it under Developers → Webhooks and activate the workflow again.',
		);
	if (secret === undefined) {
		await removeEndpoint(context, endpoint.id);
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow created a webhook endpoint without telling its signing secret, so its deliveries could not be verified. The endpoint was removed again. Make one by hand under Developers → Webhooks and choose "Use an Existing Endpoint" in this node.',
		);
	}
	remember(registration, endpoint, secret);
	await storeSealedCopy(registration, endpoint, secret);
}

/**
 * After a creation with unknown outcome: its response, and with it the only copy of the secret, is
 * lost, so an endpoint that was made is of no use. Adds to the error's message what is left of it.
 */
async function removeLostEndpoint(
	context: IHookFunctions,
	url: string,
	error: NodeApiError,
): Promise<void> {
	try {
		for (const { id } of findOwnEndpoints(await listEndpoints(context), url))
			await removeEndpoint(context, id);
		error.message = `${error.message} Nothing is left of it: activate the workflow again.`;
	} catch {
		error.message = `${error.message} Activate the workflow again: that removes what may be left of it.`;
	}
}

/**
 * Puts a sealed copy of the secret into the endpoint's description, where it can be found again
 * when n8n loses static data, as some versions do after a rename (docs/n8n-engine.md#static-data).
 */
async function storeSealedCopy(
	registration: Registration,
	endpoint: Endpoint,
	secret: string,
): Promise<void> {
	const { context, memory, url } = registration;
	const description = describeSealed(registration, secret);
	await updateEndpoint(context, endpoint.id, { description }).catch(async (error: unknown) => {
		if (!isRefusedDescription(error)) {
			await removeEndpoint(context, endpoint.id);
			forgetSecret(context, memory, url);
			throw error;
		}
		context.logger.warn(
			'Pocketsflow Trigger: Pocketsflow refused to keep a sealed copy of the signing secret; the only copy is in the static data of this workflow',
		);
	});
}

/**
 * A description's greatest length is not documented; one that is too long must not stop the
 * trigger.
 */
function isRefusedDescription(error: unknown): boolean {
	return error instanceof NodeApiError && ['400', '413', '422'].includes(String(error.httpCode));
}

const describeSealed = ({ credential, url }: Registration, secret: string) =>
	describeEndpoint(seal(secret, credential.apiKey, url));

const remember = (
	{ context, memory, credential }: Registration,
	endpoint: Endpoint,
	secret: string,
): void => storeSecret(context, memory, credential, endpoint, secret);
