import {
	NodeApiError,
	NodeOperationError,
	type IDataObject,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { idOf, listIn, recordIn } from '../api/responses';
import { lists } from '../api/lists';
import { path, type PocketsflowContext } from '../api/request';
import { accountOf, send, type Account, type SendOptions } from '../transport/send';
import { canonicalName } from '../events/catalogue';
import { namesIn } from '../events/productFilter';
import { describeEndpoint, readDescription, seal, unseal } from './sealing';
import { endpointKey, forgetEndpoint, remembered, type KnownSecret } from './secrets';

/** A webhook endpoint at Pocketsflow, as far as we rely on it (contract C1). */
interface Endpoint {
	id: string;
	url: string;
	events: string[];
	active: boolean;
	description: unknown;
}

/** What the trigger keeps in static data; written in hooks only, because n8n loses what `webhook()` writes. */
interface Registered {
	endpointId?: string;
	sealedSecret?: string;
	/** The address that is registered: after a restart with another WEBHOOK_URL no longer that of this n8n. */
	url?: string;
}

function endpointFrom(record: IDataObject): Endpoint | undefined {
	const id = idOf(record);
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

async function listEndpoints(
	context: PocketsflowContext,
	options?: SendOptions,
): Promise<Endpoint[]> {
	const request = { method: 'GET', path: '/webhooks' } as const;
	const answer = await send(context, request, 'read', undefined, options);
	const records = listIn(answer, lists.webhooks.keys);
	// "None" would mean that a second endpoint is made, or that one is left behind.
	if (!records)
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow answered without a list of webhooks, so nothing was changed. Try again later.',
		);
	return records.flatMap((record) => endpointFrom(record) ?? []);
}

/**
 * The error of a hook, its whole story in the message: n8n 2.x shows nothing else of a failed
 * activation, and older n8n shows the description in its place.
 * @param undone what could not be done to the webhook, as in "set up"
 */
export function hookError(
	context: IHookFunctions,
	error: unknown,
	undone: string,
): NodeOperationError {
	if (error instanceof NodeOperationError) return error;
	const { message, description } = error as NodeApiError;
	const story = [message, description].filter((text, at, all) => text && all.indexOf(text) === at);
	const sentences = story.map((text) => String(text).replace(/\.?$/, '.')).join(' ');
	const failure = new NodeOperationError(context.getNode(), `The webhook could not be ${undone}`);
	// Set afterwards: n8n replaces a message in which it sees the name of an error code (ECONNRESET).
	failure.message = `The webhook could not be ${undone} at Pocketsflow. ${sentences}`;
	return failure;
}

const staticData = (context: IHookFunctions | IWebhookFunctions): Registered =>
	context.getWorkflowStaticData('node') as Registered;

function webhookUrl(context: IHookFunctions | IWebhookFunctions): string {
	const url = context.getNodeWebhookUrl('default');
	if (!url)
		throw new NodeOperationError(context.getNode(), 'n8n gave this trigger no webhook address');
	return url;
}

/** The endpoints that are ours: at this very URL, or stored by id and marked by us. Never any other. */
function oursAmong(endpoints: Endpoint[], url: string, stored: Registered): Endpoint[] {
	return endpoints.filter(
		(endpoint) =>
			endpoint.url === url ||
			(endpoint.id === stored.endpointId && readDescription(endpoint.description).ours),
	);
}

function secretOf(endpoint: Endpoint, account: Account, stored: Registered): string | undefined {
	const { sealed } = readDescription(endpoint.description);
	const open = (text: unknown) => unseal(text, account.apiKey, endpoint.url);
	return (
		open(sealed) ?? (endpoint.id === stored.endpointId ? open(stored.sealedSecret) : undefined)
	);
}

/** The names to register: each once, in the spelling that Pocketsflow registers (contract C2). */
export function wantedEvents(context: IHookFunctions | IWebhookFunctions): string[] {
	const chosen = context.getNodeParameter('events', []) as string[];
	const options = context.getNodeParameter('options', {}) as IDataObject;
	const names = [...chosen, ...namesIn(options.customEvents)].map(canonicalName);
	return [...new Set(names)].sort();
}

const sameEvents = (endpoint: Endpoint, wanted: string[]) =>
	[...new Set(endpoint.events.map(canonicalName))].sort().join() === wanted.join();

/**
 * Whether exactly one endpoint with our URL and events is active at Pocketsflow and its secret is known.
 * Anything else is left to `register`.
 */
export async function isRegistered(context: IHookFunctions): Promise<boolean> {
	const url = webhookUrl(context);
	const account = await accountOf(context);
	const stored = staticData(context);
	const ours = oursAmong(await listEndpoints(context), url, stored);
	const [endpoint] = ours;
	if (ours.length !== 1 || endpoint.url !== url || !endpoint.active) return false;
	if (!sameEvents(endpoint, wantedEvents(context))) return false;
	const secret = secretOf(endpoint, account, stored);
	if (secret === undefined) return false;
	keep(context, account, endpoint, secret);
	return true;
}

/**
 * Brings Pocketsflow to exactly one active endpoint with our URL and events whose secret we hold. An
 * endpoint whose secret is known is updated in place, so that the secret stays; others of ours go.
 * @throws an n8n error whose message tells all; a new endpoint is then removed again
 */
export async function register(context: IHookFunctions): Promise<void> {
	const url = webhookUrl(context);
	const account = await accountOf(context);
	refuseUnreachable(context, url, account);
	const events = wantedEvents(context);
	if (events.length === 0)
		throw new NodeOperationError(
			context.getNode(),
			'Choose at least one event in "Trigger On" before activating the workflow',
		);

	const stored = staticData(context);
	let usable: { endpoint: Endpoint; secret: string } | undefined;
	for (const endpoint of oursAmong(await listEndpoints(context), url, stored)) {
		const secret = usable ? undefined : secretOf(endpoint, account, stored);
		if (secret !== undefined) usable = { endpoint, secret };
		else await remove(context, endpoint.id);
	}
	if (!usable) return await createEndpoint(context, account, url, events);

	const { endpoint, secret } = usable;
	const description = describeEndpoint(seal(secret, account.apiKey, url));
	const body = { url, events, active: true, description };
	await send(context, { method: 'PUT', path: path`/webhooks/${endpoint.id}`, body }, 'change');
	keep(context, account, { ...endpoint, url }, secret);
}

async function createEndpoint(
	context: IHookFunctions,
	account: Account,
	url: string,
	events: string[],
): Promise<void> {
	const body = { url, events, active: true, description: describeEndpoint() };
	const created = await send(context, { method: 'POST', path: '/webhooks', body }, 'create').then(
		(answer) => recordIn(answer, ['webhook']),
		async (error: NodeApiError) => {
			if (error.context.outcome === 'unknown') await removeUnknown(context, url, error);
			throw error;
		},
	);
	const endpoint = endpointFrom({ url, ...created });
	if (!endpoint)
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow created a webhook endpoint but did not say its ID. Remove it under Developers → Webhooks and activate the workflow again.',
		);
	const { secret } = created;
	if (typeof secret !== 'string' || secret === '') {
		await remove(context, endpoint.id);
		throw new NodeOperationError(
			context.getNode(),
			'Pocketsflow created a webhook endpoint without telling its signing secret, so its deliveries could not be verified. The endpoint was removed again. Make one by hand under Developers → Webhooks and choose "Use an Existing Endpoint" in this node.',
		);
	}
	keep(context, account, endpoint, secret);
	// The secret is shown only now (contract C1): a sealed copy at Pocketsflow lets it be found again
	// when n8n loses static data, which it does after a rename on some versions.
	const description = describeEndpoint(seal(secret, account.apiKey, url));
	const sealing = {
		method: 'PUT',
		path: path`/webhooks/${endpoint.id}`,
		body: { description },
	} as const;
	await send(context, sealing, 'change').catch(async (error: unknown) => {
		if (!isRefusedDescription(error)) {
			await remove(context, endpoint.id);
			forget(context, url);
			throw error;
		}
		context.logger.warn(
			'Pocketsflow Trigger: Pocketsflow refused to keep a sealed copy of the signing secret; the only copy is in the static data of this workflow',
		);
	});
}

/** After a creation whose outcome is unknown: the secret, told only once, is lost, so the endpoint is of no use. */
async function removeUnknown(
	context: IHookFunctions,
	url: string,
	error: NodeApiError,
): Promise<void> {
	try {
		for (const { id } of oursAmong(await listEndpoints(context), url, {}))
			await remove(context, id);
		error.message = `${error.message} Nothing is left of it: activate the workflow again.`;
	} catch {
		error.message = `${error.message} Activate the workflow again: that removes what may be left of it.`;
	}
}

/** No limit of a description is documented: one that is too long must not keep the trigger from working. */
function isRefusedDescription(error: unknown): boolean {
	return error instanceof NodeApiError && ['400', '413', '422'].includes(String(error.httpCode));
}

/** Removes our endpoints, and only ours. An endpoint that is gone already is no failure. */
export async function unregister(context: IHookFunctions): Promise<void> {
	const url = webhookUrl(context);
	for (const { id } of oursAmong(await listEndpoints(context), url, staticData(context)))
		await remove(context, id);
	forget(context, url);
}

/**
 * Reads the secret of our endpoint back from Pocketsflow, where registration left it sealed; undefined
 * when no endpoint of ours has one that the credential's API key opens.
 */
export async function recoverSecret(
	context: IWebhookFunctions,
	withinMs: number,
): Promise<KnownSecret | undefined> {
	const account = await accountOf(context);
	const own = context.getMode() === 'manual' ? undefined : webhookUrl(context);
	const ours = (await listEndpoints(context, { limits: { patienceMs: withinMs } }))
		.filter(({ url }) => url === own || isRequested(context, url))
		.sort((a, b) => Number(b.url === own) - Number(a.url === own));
	for (const endpoint of ours) {
		const secret = secretOf(endpoint, account, {});
		if (secret !== undefined) return { secret, mode: account.mode, url: endpoint.url };
	}
	return undefined;
}

/**
 * Whether a delivery to this address is the request at hand. By path, which holds the node's webhookId:
 * n8n-core's webhook context knows only the production URL, also while it serves a test URL, and knows it
 * only as WEBHOOK_URL is now.
 */
function isRequested(context: IWebhookFunctions, url: string): boolean {
	return URL.canParse(url) && new URL(url).pathname.endsWith(context.getRequestObject().path);
}

/** The sealed secret in static data, which may be lost or stale. */
export function storedSecret(context: IWebhookFunctions): string | undefined {
	return staticData(context).sealedSecret;
}

/** Opens a sealed secret of this node's production endpoint. */
export async function openSecret(
	context: IWebhookFunctions,
	sealed: string,
): Promise<KnownSecret | undefined> {
	const { apiKey, mode } = await accountOf(context);
	const stored = staticData(context).url;
	const url = stored !== undefined && isRequested(context, stored) ? stored : webhookUrl(context);
	const secret = unseal(sealed, apiKey, url);
	return secret === undefined ? undefined : { secret, mode, url };
}

function keep(context: IHookFunctions, account: Account, endpoint: Endpoint, secret: string): void {
	const { url } = endpoint;
	const stored = staticData(context);
	if (unseal(stored.sealedSecret, account.apiKey, url) !== secret)
		stored.sealedSecret = seal(secret, account.apiKey, url);
	stored.endpointId = endpoint.id;
	stored.url = url;
	const key = endpointKey(context.getNode(), context.getMode() === 'manual');
	remembered.set(key, { secret, mode: account.mode, url });
}

function forget(context: IHookFunctions, url: string): void {
	const stored = staticData(context);
	delete stored.endpointId;
	delete stored.sealedSecret;
	delete stored.url;
	forgetEndpoint(url);
}

async function remove(context: IHookFunctions, id: string): Promise<void> {
	const request = { method: 'DELETE', path: path`/webhooks/${id}` } as const;
	await send(context, request, 'change').catch((error: unknown) => {
		if (!(error instanceof NodeApiError && error.httpCode === '404')) throw error;
	});
}

const privateHost =
	/^(localhost|.*\.local(host)?|.*\.internal|0\.0\.0\.0|127(\.\d+){3}|10(\.\d+){3}|192\.168(\.\d+){2}|169\.254(\.\d+){2}|172\.(1[6-9]|2\d|3[01])(\.\d+){2}|\[(::1?|f[cd][0-9a-f:]*|fe80:[0-9a-f:]*)\])$/i;

const isLoopback = (url: string) =>
	/^(localhost|127(\.\d+){3}|\[::1\])$/i.test(URL.canParse(url) ? new URL(url).hostname : '');

/** Refuses an address that Pocketsflow cannot reach, unless the credential points at a local test server. */
function refuseUnreachable(context: IHookFunctions, url: string, account: Account): void {
	if (isLoopback(account.baseUrl)) return;
	const { protocol, hostname } = new URL(url);
	const fault =
		protocol !== 'https:'
			? 'does not begin with https://'
			: privateHost.test(hostname)
				? 'is not reachable from the internet'
				: undefined;
	if (fault)
		throw new NodeOperationError(
			context.getNode(),
			`Pocketsflow cannot deliver to ${url}: the address ${fault}. Set WEBHOOK_URL of n8n to its public https address, or use the Pocketsflow Polling Trigger, which needs none.`,
		);
}
