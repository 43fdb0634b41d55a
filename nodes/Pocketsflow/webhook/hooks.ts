import {
	NodeOperationError,
	sleep,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { dependsOnAccount } from '../events/identity';
import { InvalidInputError } from '../fields/field';
import { readAccount } from '../transport/account';
import { loadCredential } from '../transport/credential';
import { composeMessage, isNotFound, setMessage } from '../transport/errors';
import type { SendOptions } from '../transport/send';
import { getWebhookUrl, isSameUrl, requirePublicAddress } from './addresses';
import {
	EndpointRequests,
	findEndpointOfOtherHost,
	findOwnEndpoints,
	readStaticData,
	type Endpoint,
	type EndpointChanges,
} from './endpoints';
import type { EndpointReading, Secret } from './keyring';
import { processMemory, type NodeMemory } from './memory';
import { Registrar } from './plan';
import { isListening, readEventNames, readSettings } from './settings';
import type { Verification } from './verify';

/** How long the list that `checkExists` read is recent enough for `create`. */
const maxListAgeMs = 5_000;

/**
 * Checks the parameters, and reads the account if the deliveries do not name it.
 * @throws InvalidInputError
 */
export async function prepare(context: IHookFunctions, memory = processMemory): Promise<void> {
	const node = memory.getNode(context);
	const settings = readSettings(context);
	if (settings.separateOutputs && context.getNode().alwaysOutputData)
		throw new InvalidInputError(
			"'Separate Outputs' cannot be used with 'Always Output Data'",
			'With this setting, n8n also runs the first output for events of other outputs. Disable it in the Settings of this node.',
		);
	node.settings = settings;
	if (!settings.events.some(dependsOnAccount)) return;
	const stored = readStaticData(context);
	const isKnown = context.getActivationMode() === 'init' && stored.account !== undefined;
	// Activation must not fail because of it.
	if (!isKnown) stored.account = (await readAccount(context)) ?? stored.account;
	node.account = stored.account ?? node.account;
}

/** Prepares the node, and returns whether Pocketsflow has what it needs. @throws as `runHook` does */
export const checkExists = (context: IHookFunctions, memory = processMemory): Promise<boolean> =>
	runHook(context, 'set up', async () => {
		await prepare(context, memory);
		const node = memory.getNode(context);
		const registrar = await startRegistrar(context, node);
		const endpoints = await registrar.list();
		node.listed = { endpoints, atMs: Date.now() };
		const { keep, change, remove } = registrar.plan(endpoints);
		if (!keep || change || remove.length > 0) return false;
		warnOfOtherHost(registrar, endpoints);
		registrar.keep(keep);
		return true;
	});

/** Leaves exactly the endpoint that the node needs. @throws as `runHook` and `Registrar.apply` do */
export const create = (context: IHookFunctions, memory = processMemory): Promise<void> =>
	runHook(context, 'set up', async () => {
		const node = memory.getNode(context);
		const registrar = await startRegistrar(context, node);
		requirePublicAddress(context, registrar.wanted);
		const { listed } = node;
		node.listed = undefined;
		const isFresh = listed && Date.now() - listed.atMs < maxListAgeMs;
		const endpoints = isFresh ? listed.endpoints : await registrar.list();
		warnOfOtherHost(registrar, endpoints);
		await registrar.apply(registrar.plan(endpoints));
	});

/** For a cleanup that a user waits for while Pocketsflow may be unreachable. */
const cleanUpLimits = { maxAttempts: 1, requestTimeoutMs: 5_000, totalTimeoutMs: 10_000 };

/** How long `delete` waits for an upkeep that may be creating an endpoint. */
const maxUpkeepWaitMs = 10_000;

/**
 * Implements `delete`. It does not fail if nothing was registered: n8n also calls it after a failed setup,
 * and shows its error instead of the reason (docs/n8n-engine.md#activation-and-webhook-hooks).
 * @throws as `runHook` does
 */
export async function takeDown(context: IHookFunctions, memory = processMemory): Promise<void> {
	const isCleanUp = readStaticData(context).endpointId === undefined;
	const options = isCleanUp ? { limits: cleanUpLimits } : {};
	await runHook(context, 'removed', async () => {
		const node = memory.getNode(context);
		const closed = { url: getWebhookUrl(context), untilMs: Infinity };
		node.closed = closed;
		try {
			if (node.upkeep) await Promise.race([node.upkeep, sleep(maxUpkeepWaitMs)]);
			await removeOwn(await startRegistrar(context, node, options));
		} finally {
			closed.untilMs = Date.now();
		}
	}).catch((error: unknown) => {
		if (!isCleanUp) throw error;
		context.logger.warn(
			`Pocketsflow Trigger: the webhook was not set up, and the cleanup in Pocketsflow failed. ${composeMessage(error)}`,
		);
	});
}

/**
 * Removes our endpoints and their secrets, but not an endpoint of another workflow: n8n 1.123 also calls
 * `delete` for a workflow that it refuses because another one has its address (docs/n8n-engine.md#versions).
 */
async function removeOwn(registrar: Registrar): Promise<void> {
	const { requests, stored, wanted } = registrar;
	const listed = await registrar.list();
	const endpoints = [...listed, ...(await findUnlisted(registrar, listed))];
	warnOfOtherHost(registrar, endpoints);
	const own = findOwnEndpoints(endpoints, wanted.url, stored);
	const ids: string[] = [];
	for (const { id, url, workflowId = wanted.workflowId } of own) {
		if (workflowId === wanted.workflowId) ids.push(id);
		else
			requests.context.logger.warn(
				`Pocketsflow Trigger: the webhook at ${url} was not removed because it belongs to workflow ${workflowId}, which uses the same address.`,
			);
	}
	for (const id of ids) await requests.remove(id);
	// The stored data for this address may belong to the other workflow, too.
	if (ids.length === own.length) registrar.forget(ids);
}

/** The stored endpoint if a list lacks it, because a list that lags behind would leave it for good. */
async function findUnlisted({ requests, stored }: Registrar, listed: Endpoint[]) {
	const id = stored?.endpointId;
	if (id === undefined || listed.some((one) => one.id === id)) return [];
	const found = await requests.get(id).catch((error: unknown) => {
		if (!isNotFound(error))
			requests.context.logger.warn(
				`Pocketsflow Trigger: Pocketsflow does not list webhook ${id}, and could not be asked for it. If it is still under Developers → Webhooks, remove it there. ${composeMessage(error)}`,
			);
		return undefined;
	});
	return found ? [found] : [];
}

/**
 * Does the work of a hook.
 * @throws NodeOperationError with everything in its message (docs/n8n-engine.md#errors-and-messages)
 */
async function runHook<T>(
	context: IHookFunctions,
	undone: 'set up' | 'removed',
	work: () => Promise<T>,
): Promise<T> {
	try {
		return await work();
	} catch (error) {
		const isOurs = error instanceof NodeOperationError || error instanceof InvalidInputError;
		const summary = isOurs ? '' : `The webhook could not be ${undone} in Pocketsflow. `;
		const message = `${summary}${composeMessage(error)}`;
		throw setMessage(new NodeOperationError(context.getNode(), message), message);
	}
}

async function startRegistrar(
	context: IHookFunctions,
	node: NodeMemory,
	options?: SendOptions,
): Promise<Registrar> {
	const credential = await loadCredential(context);
	node.unsaved.clear();
	const wanted = { ...readNeeds(context), credential };
	const requests = new EndpointRequests(context, options);
	return new Registrar(requests, node, wanted, readStaticData(context));
}

const readNeeds = (context: IHookFunctions | IWebhookFunctions) => ({
	url: getWebhookUrl(context),
	events: readEventNames(context),
	workflowId: context.getWorkflow().id,
});

function warnOfOtherHost({ requests, stored, wanted }: Registrar, endpoints: Endpoint[]): void {
	const { url } = wanted;
	const other = findEndpointOfOtherHost(endpoints, url, stored);
	if (other)
		requests.context.logger.warn(
			`Pocketsflow Trigger: a webhook of this node is registered at ${other.url}, but this n8n instance uses ${url}. The webhook at the other URL was not changed. If you moved n8n, remove that webhook under Developers → Webhooks in Pocketsflow. If this instance is a copy, keep it: it belongs to the original.`,
		);
}

/** The time between two upkeeps of a node, and how long a secret counts as confirmed. */
const upkeepIntervalMs = 60_000;

/** The same after one that finds no endpoint. That is not proof: n8n may be removing it at this moment. */
const missingCheckMs = 10_000;

/** How long another process may take between creating an endpoint and encrypting its secret. */
const maxSealingMs = 30_000;

/** The time between two replacements of an endpoint. It doubles each time, and starts over after a day. */
const replacementIntervalMs = 60_000;
const maxReplacementIntervalMs = 60 * 60_000;
const forgetReplacementsMs = 24 * 60 * 60_000;

/** Shorter IDs could be guessed. */
const minSecretIdLength = 16;

/** Whether a request names one of our endpoints. Only Pocketsflow and the account owner know their IDs. */
const namesOurEndpoint = (rawBody: Buffer, endpoints: Endpoint[] = []): boolean =>
	endpoints.some(({ id }) => id.length >= minSecretIdLength && rawBody.includes(id));

/**
 * After the response to a delivery, occasionally makes sure that Pocketsflow has what this node needs: n8n
 * calls no hook when a key, a secret, or an endpoint changes. Never throws.
 */
export function maintain(
	context: IWebhookFunctions,
	node: NodeMemory,
	verification: Verification,
	rawBody: Buffer,
): void {
	const nowMs = Date.now();
	if (node.upkeep || nowMs < node.upkeepNotBeforeMs || isListening(context)) return;
	const isDue = verification.valid
		? nowMs - verification.secret.confirmedAtMs >= upkeepIntervalMs
		: verification.reason === 'no secret' ||
			(verification.reason === 'wrong signature' &&
				namesOurEndpoint(rawBody, node.keyring.latest?.endpoints));
	if (!isDue) return;
	node.upkeepNotBeforeMs = nowMs + upkeepIntervalMs;
	node.upkeep = doUpkeep(context, node, verification, rawBody)
		.catch((error: unknown) =>
			context.logger.warn(
				`Pocketsflow Trigger could not check its webhook in Pocketsflow: ${composeMessage(error)}`,
			),
		)
		.finally(() => {
			node.upkeep = undefined;
		});
}

async function doUpkeep(...parameters: Parameters<typeof maintain>): Promise<void> {
	const [context, node, verification, rawBody] = parameters;
	const { keyring } = node;
	// Before anything is awaited: once `webhook` has returned, n8n no longer evaluates expressions.
	const needs = readNeeds(context);
	// Until a repair is complete, every delivery is refused.
	const isUrgent = !verification.valid;
	const options = { isUrgent, limits: { maxAttempts: 1 } };
	const reading = keyring.fresh ?? (await keyring.read(context, options));
	const { credential, endpoints, secrets, startedAtMs } = reading;
	const { closed } = node;
	if (closed && startedAtMs <= closed.untilMs && isSameUrl(closed.url, needs.url)) return;
	const wanted = { ...needs, credential, mayHaveMore: true };
	const requests = new EndpointRequests(context, { isUrgent });
	const registrar = new Registrar(requests, node, wanted);
	const replace = (why: string) => replaceEndpoint(registrar, reading, why);
	const wasMissing = node.isMissing;
	node.isMissing = endpoints.length === 0;
	if (node.isMissing && !wasMissing) node.upkeepNotBeforeMs = Date.now() + missingCheckMs;
	else if (node.isMissing) await replace('Pocketsflow had no webhook for this workflow');
	else if (verification.valid) await confirmEndpoint(registrar, endpoints, verification.secret);
	else if (secrets.length === 0 && keyring.secrets.length === 0)
		await replace('its signing secret was lost, for example because the API key changed');
	else if (secrets.length > 0 && namesOurEndpoint(rawBody, endpoints))
		await replace('its signing secret was changed in Pocketsflow');
}

/** Our endpoints, except one that another process may have just created and be about to encrypt. */
const findSettled = ({ node, wanted }: Registrar, endpoints: Endpoint[]): Endpoint[] =>
	findOwnEndpoints(endpoints, wanted.url).filter(
		({ id, isMarked, sealed }) =>
			!isMarked || sealed !== undefined || node.keyring.getAgeMs(id) >= maxSealingMs,
	);

/** Replaces endpoints with useless secrets, but not too often. */
async function replaceEndpoint(
	registrar: Registrar,
	{ endpoints, secrets }: EndpointReading,
	why: string,
): Promise<void> {
	const { node, wanted } = registrar;
	const { context } = registrar.requests;
	const { times, atMs } = node.replaced;
	const ageMs = Date.now() - atMs;
	const intervalMs = Math.min(replacementIntervalMs * 2 ** (times - 1), maxReplacementIntervalMs);
	if (ageMs < intervalMs) return;
	node.replaced = { times: ageMs > forgetReplacementsMs ? 1 : times + 1, atMs: Date.now() };
	requirePublicAddress(context, wanted);
	const remove = findSettled(registrar, endpoints);
	await registrar.apply({ remove, mayBeUsed: secrets.length > 0 });
	context.logger.warn(
		`Pocketsflow Trigger re-registered its webhook: ${why}. Deliveries that were refused before this did not start the workflow. Find them in Pocketsflow or with the Pocketsflow Polling Trigger.`,
	);
}

/** Makes the endpoints match what this node needs, and the key in the credential. */
async function confirmEndpoint(
	registrar: Registrar,
	endpoints: Endpoint[],
	fitting: Secret,
): Promise<void> {
	const { keep, ...planned } = registrar.plan(endpoints, fitting);
	if (!keep) return;
	const remove = findSettled(registrar, planned.remove);
	const change = limitChange(registrar, keep, planned.change);
	if (change ?? remove.length > 0) await registrar.apply({ keep, change, remove });
	const done = Object.keys(change ?? {}).map((name) => deeds[name]);
	if (done.length > 0)
		registrar.requests.context.logger.info(
			`Pocketsflow Trigger ${done.join(' and ')} its webhook in Pocketsflow`,
		);
}

/** What changing a part of an endpoint means, in the words of the log. */
const deeds: Record<string, string> = {
	active: 'enabled',
	events: 'restored the events of',
	description: 'encrypted the signing secret of',
};

/** A change without the parts that did not last when they were changed before. */
function limitChange(
	{ node, requests }: Registrar,
	{ url }: Endpoint,
	change: EndpointChanges = {},
): EndpointChanges | undefined {
	const parts = Object.entries(change);
	const { unsaved } = node;
	node.unsaved = new Map();
	for (const [name] of parts) {
		const isReported = unsaved.get(name);
		// A description may have to change again, for another key. The registrar notices if one is lost.
		if (name !== 'description' || isReported) node.unsaved.set(name, isReported !== undefined);
		if (isReported === false)
			requests.context.logger.warn(
				`Pocketsflow Trigger: Pocketsflow does not save the '${name}' setting that this workflow needs for the webhook at ${url}. Check the webhook under Developers → Webhooks in Pocketsflow, then publish (activate) the workflow again.`,
			);
	}
	const fresh = parts.filter(([name]) => !unsaved.has(name));
	return fresh.length > 0 ? Object.fromEntries(fresh) : undefined;
}
