import {
	NodeOperationError,
	sleep,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { dependsOnAccount } from '../events/identity';
import { readAccount } from '../transport/account';
import { loadCredential } from '../transport/credential';
import { composeMessage, setMessage } from '../transport/errors';
import type { SendOptions } from '../transport/send';
import { getWebhookUrl, requirePublicAddress } from './addresses';
import {
	findEndpointOfOtherHost,
	findOwnEndpoints,
	listEndpoints,
	listEvents,
	openEndpointSecret,
	readStaticData,
	removeEndpoint,
	type Endpoint,
	type EndpointChanges,
} from './endpoints';
import { readEndpoints, type EndpointReading, type Secret } from './keyring';
import { processMemory, type NodeMemory, type TriggerMemory } from './memory';
import {
	apply,
	forgetSecrets,
	isClosed,
	keepSecret,
	plan,
	type Plan,
	type Registrar,
} from './plan';
import { readDescription } from './sealing';
import { isListening, readEventNames, requireSettings } from './settings';
import type { Verification } from './verify';

/** How long the list that `checkExists` read is recent enough for `create`. */
const maxListAgeMs = 5_000;

/**
 * Prepares a node for its deliveries: checks its parameters, and reads the account that sends them if the
 * deliveries do not name it.
 * @throws NodeOperationError if a parameter can't be read
 */
export async function prepare(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> {
	const node = memory.getNode(context);
	node.settings = requireSettings(context);
	if (!node.settings.events.some(dependsOnAccount)) return;
	const stored = readStaticData(context);
	const isKnown = context.getActivationMode() === 'init' && stored.account !== undefined;
	// If Pocketsflow does not say, the previous value stays: activation must not fail because of it.
	if (!isKnown) stored.account = (await readAccount(context)) ?? stored.account;
	node.account = stored.account ?? node.account;
}

/**
 * Implements `checkExists`: prepares the node, and returns whether Pocketsflow has exactly what it needs.
 * @throws NodeOperationError with everything in its message
 */
export const checkExists = (
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<boolean> =>
	setUp(context, memory, async (node) => {
		await prepare(context, memory);
		const registrar = await startRegistrar(context, node);
		const endpoints = await listEndpoints(context);
		node.listed = { endpoints, atMs: Date.now() };
		const { keep, change, remove } = planFor(registrar, endpoints);
		if (!keep || change || remove.length > 0) return false;
		warnOfOtherHost(registrar, endpoints);
		keepSecret(registrar, keep);
		return true;
	});

/**
 * Implements `create`: leaves exactly one active endpoint in Pocketsflow with this node's URL and events
 * and a secret that we know.
 * @throws NodeOperationError with everything in its message; a new endpoint is then removed again
 */
export const create = (
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> =>
	setUp(context, memory, async (node) => {
		const registrar = await startRegistrar(context, node);
		requirePublicAddress(context, registrar.wanted.url, registrar.credential);
		const { listed } = node;
		node.listed = undefined;
		const isFresh = listed && Date.now() - listed.atMs < maxListAgeMs;
		const endpoints = isFresh ? listed.endpoints : await listEndpoints(context);
		warnOfOtherHost(registrar, endpoints);
		await apply(registrar, planFor(registrar, endpoints));
	});

/** How soon n8n calls `delete` after a failed setup. */
const cleanUpWithinMs = 30_000;

/** For a cleanup that a user waits for while Pocketsflow may be unreachable. */
const cleanUpLimits = { maxAttempts: 1, requestTimeoutMs: 5_000, totalTimeoutMs: 10_000 };

/**
 * Implements `delete`. Right after a failed setup, it does not fail as well: while the user listens for a
 * test event, n8n would show its error instead of the reason.
 * @throws NodeOperationError if the endpoint can't be removed
 */
export async function takeDown(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> {
	const key = getAddressKey(context);
	const failedAtMs = memory.failedSetUps.get(key) ?? -Infinity;
	memory.failedSetUps.delete(key);
	const node = memory.getNode(context);
	if (Date.now() - failedAtMs > cleanUpWithinMs) return await removeOwn(context, node);
	await removeOwn(context, node, { limits: cleanUpLimits }).catch((error: unknown) =>
		context.logger.warn(
			`Pocketsflow Trigger: the webhook was not set up, and the cleanup in Pocketsflow failed. ${composeMessage(error)}`,
		),
	);
}

/** How long `delete` waits for an upkeep that may be creating an endpoint. */
const maxUpkeepWaitMs = 10_000;

/**
 * Removes our endpoints, and only ours, and forgets their secrets. The endpoint of another workflow stays:
 * n8n 1.123 also calls this for a workflow that it does not activate because another one has its address
 * (docs/n8n-engine.md#versions).
 */
const removeOwn = (context: IHookFunctions, node: NodeMemory, options: SendOptions = {}) =>
	explainFailure(context, 'removed', async () => {
		const registrar = await startRegistrar(context, node);
		const { stored, wanted } = registrar;
		// What an upkeep has read until now no longer counts. An upkeep that is creating an endpoint ends
		// first.
		node.closed = { url: wanted.url, atMs: Date.now() };
		if (node.upkeep) await Promise.race([node.upkeep, sleep(maxUpkeepWaitMs)]);
		const endpoints = await listEndpoints(context, options);
		warnOfOtherHost(registrar, endpoints);
		const own = findOwnEndpoints(endpoints, wanted.url, stored);
		const ids: string[] = [];
		for (const { id, url, description } of own) {
			const { workflowId = wanted.workflowId } = readDescription(description);
			if (workflowId === wanted.workflowId) ids.push(id);
			else
				context.logger.warn(
					`Pocketsflow Trigger: the webhook at ${url} was not removed because it belongs to workflow ${workflowId}, which uses the same address.`,
				);
		}
		for (const id of ids) await removeEndpoint(context, id, options);
		node.closed = { url: wanted.url, atMs: Date.now() };
		// The stored data for this address may belong to the other workflow, too.
		if (ids.length === own.length) forgetSecrets(registrar, ids);
	});

/**
 * Remembers when the work of a hook fails, because n8n then calls `delete`
 * (docs/n8n-engine.md#activation-and-webhook-hooks).
 */
async function setUp<T>(
	context: IHookFunctions,
	memory: TriggerMemory,
	work: (node: NodeMemory) => Promise<T>,
): Promise<T> {
	const key = getAddressKey(context);
	memory.failedSetUps.delete(key);
	const node = memory.getNode(context);
	return await explainFailure(context, 'set up', () => work(node)).catch((error: unknown) => {
		memory.failedSetUps.set(key, Date.now());
		throw error;
	});
}

/** Distinguishes a test from the active workflow, which `getMode` does not do in `delete`. */
const getAddressKey = (context: IHookFunctions) =>
	`${context.getWorkflow().id} ${context.getNodeWebhookUrl('default') ?? context.getNode().id}`;

/**
 * Puts everything that a user must know into the message of the error, because n8n 2.x shows nothing else
 * of a failed activation (docs/n8n-engine.md#errors-and-messages).
 * @throws NodeOperationError
 */
async function explainFailure<T>(
	context: IHookFunctions,
	undone: 'set up' | 'removed',
	work: () => Promise<T>,
): Promise<T> {
	try {
		return await work();
	} catch (error) {
		const isOurs = error instanceof NodeOperationError;
		const summary = isOurs ? '' : `The webhook could not be ${undone} in Pocketsflow. `;
		const message = `${summary}${composeMessage(error)}`;
		const isWhole = isOurs && !error.description;
		throw isWhole ? error : setMessage(new NodeOperationError(context.getNode(), message), message);
	}
}

async function startRegistrar(context: IHookFunctions, node: NodeMemory): Promise<Registrar> {
	const credential = await loadCredential(context);
	const wanted = { ...readWanted(context), apiKey: credential.apiKey };
	node.losesCopy = false;
	return { context, node, credential, wanted, options: {}, stored: readStaticData(context) };
}

const readWanted = (context: IHookFunctions | IWebhookFunctions) => ({
	url: getWebhookUrl(context),
	events: readEventNames(context),
	workflowId: context.getWorkflow().id,
});

/** @param fitting the secret that a delivery was signed with */
const planFor = (
	{ credential, stored, wanted }: Registrar,
	endpoints: Endpoint[],
	fitting?: Secret,
): Plan =>
	plan(findOwnEndpoints(endpoints, wanted.url, stored), wanted, (endpoint) =>
		fitting && fitting.endpointId === endpoint.id
			? fitting.secret
			: openEndpointSecret(endpoint, credential, stored),
	);

function warnOfOtherHost({ context, stored, wanted: { url } }: Registrar, endpoints: Endpoint[]) {
	const other = findEndpointOfOtherHost(endpoints, url, stored);
	if (other)
		context.logger.warn(
			`Pocketsflow Trigger: a webhook of this node is registered at ${other.url}, but this n8n instance uses ${url}. The webhook at the other URL was not changed. If you moved n8n, remove that webhook under Developers → Webhooks in Pocketsflow. If this instance is a copy, keep it: it belongs to the original.`,
		);
}

/** The time between two upkeeps of a node, and the age from which a secret counts as confirmed. */
const upkeepIntervalMs = 60_000;

/**
 * The time between an upkeep that finds no endpoint and the next one. One such upkeep is not proof: the
 * workflow may be in the middle of being unpublished, and then no further delivery arrives.
 */
const missingCheckMs = 10_000;

/** How long another process may take between creating an endpoint and encrypting its secret. */
const maxSealingMs = 30_000;

/**
 * The time between two replacements of a node's endpoint. It doubles each time, and starts over after a
 * day.
 */
const replacementIntervalMs = 60_000;
const maxReplacementIntervalMs = 60 * 60_000;
const forgetReplacementsMs = 24 * 60 * 60_000;

/** Shorter IDs could be guessed. */
const minSecretIdLength = 16;

/** Whether a request names one of our endpoints. Only Pocketsflow and the account owner know their IDs. */
const namesOurEndpoint = (rawBody: Buffer | undefined, endpoints: Endpoint[] = []): boolean =>
	endpoints.some(({ id }) => id.length >= minSecretIdLength && rawBody?.includes(id));

/**
 * After the response to a delivery, occasionally makes sure that Pocketsflow has what this node needs and
 * that every process can verify the next deliveries. n8n calls no hook when a key, a secret, or an endpoint
 * changes (docs/n8n-engine.md#activation-and-webhook-hooks). Never throws.
 */
export function maintain(
	context: IWebhookFunctions,
	node: NodeMemory,
	verification: Verification,
	rawBody: Buffer | undefined,
): void {
	const nowMs = Date.now();
	const { latest, confirmedAtMs } = node.keyring;
	if (node.upkeep || nowMs < node.upkeepNotBeforeMs || isListening(context)) return;
	const isDue = verification.valid
		? nowMs - confirmedAtMs >= upkeepIntervalMs
		: verification.reason === 'no secret' ||
			(verification.reason === 'wrong signature' && namesOurEndpoint(rawBody, latest?.endpoints));
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

async function doUpkeep(
	context: IWebhookFunctions,
	node: NodeMemory,
	verification: Verification,
	rawBody: Buffer | undefined,
): Promise<void> {
	const { keyring } = node;
	// Before anything is awaited: once `webhook` has returned, n8n no longer evaluates expressions.
	const needed = readWanted(context);
	// Until a repair is complete, every delivery is refused. Everything else must not block other work.
	const isUrgent = !verification.valid;
	const reading =
		(isUrgent ? keyring.fresh : undefined) ??
		(await readEndpoints(context, { isUrgent, limits: { maxAttempts: 1 } }));
	keyring.update(reading);
	const { credential, endpoints, secrets, startedAtMs: upkeepSinceMs } = reading;
	const wanted = { ...needed, apiKey: credential.apiKey };
	const options = { isUrgent };
	const registrar = { context, node, credential, wanted, options, upkeepSinceMs };
	const replace = (why: string) => replaceEndpoint(registrar, reading, why);
	const wasMissing = node.isMissing;
	node.isMissing = endpoints.length === 0;
	if (node.isMissing && !wasMissing) node.upkeepNotBeforeMs = Date.now() + missingCheckMs;
	else if (node.isMissing) await replace('Pocketsflow had no webhook for this workflow');
	else if (verification.valid) await confirmEndpoint(registrar, reading, verification.secret);
	else if (secrets.length === 0 && keyring.secrets.length === 0)
		await replace('its signing secret was lost, for example because the API key changed');
	else if (secrets.length > 0 && namesOurEndpoint(rawBody, endpoints))
		await replace('its signing secret was changed in Pocketsflow');
}

/** Our endpoints, except one that another process may have just created and be about to encrypt. */
const findSettled = ({ node, wanted }: Registrar, endpoints: Endpoint[]): Endpoint[] =>
	findOwnEndpoints(endpoints, wanted.url).filter(({ description, id }) => {
		const { ours, sealed } = readDescription(description);
		return !ours || sealed !== undefined || node.keyring.getAgeMs(id) >= maxSealingMs;
	});

/**
 * Replaces endpoints with useless secrets, but not too often. After a restart, the copy in Pocketsflow
 * contains the new secret.
 */
async function replaceEndpoint(
	registrar: Registrar,
	{ endpoints, secrets }: EndpointReading,
	why: string,
): Promise<void> {
	const { context, credential, node, wanted } = registrar;
	const { times, atMs } = node.replaced;
	const ageMs = Date.now() - atMs;
	const isForgotten = ageMs > forgetReplacementsMs;
	const intervalMs = Math.min(replacementIntervalMs * 2 ** (times - 1), maxReplacementIntervalMs);
	if (isClosed(registrar) || (times > 0 && ageMs < intervalMs)) return;
	node.replaced = { times: isForgotten ? 1 : times + 1, atMs: Date.now() };
	requirePublicAddress(context, wanted.url, credential);
	const remove = findSettled(registrar, endpoints);
	await apply({ ...registrar, mayBeUsed: secrets.length > 0 }, { remove });
	context.logger.warn(
		`Pocketsflow Trigger re-registered its webhook: ${why}. Deliveries that were refused before this did not start the workflow. Find them in Pocketsflow or with the Pocketsflow Polling Trigger.`,
	);
}

/** Makes the endpoints match what this node needs, and the key in the credential. */
async function confirmEndpoint(
	registrar: Registrar,
	{ endpoints }: EndpointReading,
	fitting: Secret,
): Promise<void> {
	const { keep, ...planned } = planFor(registrar, endpoints, fitting);
	if (!keep || isClosed(registrar)) return;
	const remove = findSettled(registrar, planned.remove);
	const change = limitChange(registrar, keep, planned.change);
	if (change ?? remove.length > 0) await apply(registrar, { keep, change, remove });
	const done = Object.keys(change ?? {}).map((name) => deeds[name]);
	if (done.length > 0)
		registrar.context.logger.info(
			`Pocketsflow Trigger ${done.join(' and ')} its webhook in Pocketsflow`,
		);
}

/** What changing a part of an endpoint means, in the words of the log. */
const deeds: Record<string, string> = {
	active: 'enabled',
	events: 'restored the events of',
	description: 'encrypted the signing secret of',
};

/**
 * The part of a change that an upkeep makes. It only adds events, because a process may have read the node
 * before it was edited. It does not repeat a change that did not last.
 */
function limitChange(
	{ context, node, wanted }: Registrar,
	endpoint: Endpoint,
	change: EndpointChanges = {},
): EndpointChanges | undefined {
	const present = listEvents(endpoint);
	const events = [...new Set([...present, ...wanted.events])].sort();
	const parts = Object.entries({
		...(change.active && { active: true }),
		...(events.length > present.length && { events }),
		...(change.description && !node.losesCopy && { description: change.description }),
	});
	const isAgain = (name: string) => name !== 'description' && node.changed.has(name);
	for (const name of parts.map(([part]) => part).filter(isAgain))
		if (node.changed.get(name) === false)
			context.logger.warn(
				`Pocketsflow Trigger: Pocketsflow does not save the '${name}' setting that this workflow needs for the webhook at ${endpoint.url}. Check the webhook under Developers → Webhooks in Pocketsflow, then publish (activate) the workflow again.`,
			);
	const fresh = parts.filter(([name]) => !isAgain(name));
	node.changed = new Map(parts.map(([name]) => [name, isAgain(name)]));
	return fresh.length > 0 ? Object.fromEntries(fresh) : undefined;
}
