import {
	NodeOperationError,
	sleep,
	type IHookFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';

import { dependsOnAccount } from '../events/identity';
import { readAccount } from '../transport/account';
import { loadCredential } from '../transport/credential';
import { composeMessage } from '../transport/errors';
import type { SendOptions } from '../transport/send';
import { getWebhookUrl, isSameUrl, requirePublicAddress } from './addresses';
import {
	findEndpointOfOtherHost,
	findOwnEndpoints,
	isOfOtherWorkflow,
	listEndpoints,
	listEvents,
	openEndpointSecret,
	removeEndpoint,
	type Endpoint,
	type EndpointChanges,
} from './endpoints';
import { readEndpoints, readStaticData, type EndpointReading } from './keyring';
import { processMemory, type NodeMemory, type TriggerMemory, type Upkeep } from './memory';
import { apply, isDone, plan, type Plan, type Registrar } from './plan';
import { readDescription, seal, unseal } from './sealing';
import { isListening, readEventNames, requireSettings } from './settings';
import type { Verification } from './verify';

/** For how long the list that `checkExists` read is good enough for `create`. */
const maxListAgeMs = 5_000;

/**
 * Prepares a node for its deliveries: checks its parameters and learns what its deliveries do not say.
 * @throws NodeOperationError if a parameter cannot be read
 */
export async function prepare(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> {
	const node = memory.getNode(context);
	node.settings = requireSettings(context);
	if (node.settings.events.some(dependsOnAccount)) await rememberAccount(context, node);
}

/**
 * Does the work of `checkExists`: prepares the node, and says whether Pocketsflow has exactly what it
 * needs.
 * @throws NodeOperationError with everything in its message
 */
export const checkExists = (
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<boolean> =>
	setUp(context, memory, async () => {
		await prepare(context, memory);
		const node = memory.getNode(context);
		const registrar = await startRegistrar(context, node);
		const endpoints = await listEndpoints(context);
		const planned = planFor(registrar, endpoints);
		node.listed = { endpoints, atMs: Date.now() };
		if (!planned.keep || !isDone(planned)) return false;
		warnOfOtherHost(registrar, endpoints);
		registrar.store(planned.keep);
		return true;
	});

/**
 * Does the work of `create`: brings Pocketsflow to exactly one active endpoint with this node's URL and
 * events whose secret we know.
 * @throws NodeOperationError with everything in its message; a new endpoint is then removed again
 */
export const create = (
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> =>
	setUp(context, memory, async () => {
		const node = memory.getNode(context);
		const registrar = await startRegistrar(context, node);
		requirePublicAddress(context, registrar.wanted.url, registrar.credential);
		const { endpoints, atMs = -Infinity } = node.listed ?? {};
		node.listed = undefined;
		const isFresh = Date.now() - atMs < maxListAgeMs;
		const present = isFresh && endpoints ? endpoints : await listEndpoints(context);
		warnOfOtherHost(registrar, present);
		await apply(registrar, planFor(registrar, present));
	});

/** How soon n8n calls `delete` after a set-up that failed. */
const cleanUpWithinMs = 30_000;

/** For a clean-up that a user waits for, at a Pocketsflow that may be out of reach. */
const cleanUpLimits = { maxAttempts: 1, requestTimeoutMs: 5_000, totalTimeoutMs: 10_000 };

/**
 * Does the work of `delete`. Right after a set-up that failed it fails no more: while the user listens
 * for a test event n8n would show its error in place of the reason.
 * @throws NodeOperationError when the endpoint cannot be removed
 */
export async function takeDown(
	context: IHookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<void> {
	const key = getAddressKey(context);
	const failedAtMs = memory.failedSetUps.get(key) ?? -Infinity;
	memory.failedSetUps.delete(key);
	if (Date.now() - failedAtMs > cleanUpWithinMs) return await removeOwn(context, memory);
	await removeOwn(context, memory, { limits: cleanUpLimits }).catch((error: unknown) =>
		context.logger.warn(
			`Pocketsflow Trigger: the webhook was not set up, and the cleanup in Pocketsflow did not succeed. ${composeMessage(error)}`,
		),
	);
}

/** How long `delete` waits for an upkeep that may be creating an endpoint. */
const maxUpkeepWaitMs = 10_000;

/**
 * Removes our endpoints, and only ours, and forgets their secrets. That of another workflow stays: n8n
 * 1.123 also calls this for a workflow that it does not activate because another has its address
 * (docs/n8n-engine.md#versions).
 */
async function removeOwn(
	context: IHookFunctions,
	memory: TriggerMemory,
	options: SendOptions = {},
): Promise<void> {
	await explainFailure(context, 'removed', async () => {
		const node = memory.getNode(context);
		const registrar = await startRegistrar(context, node, options);
		await closeUpkeep(node, registrar.wanted.url);
		const endpoints = await listEndpoints(context, options);
		warnOfOtherHost(registrar, endpoints);
		const own = findOwnEndpoints(endpoints, registrar.wanted.url, readStaticData(context));
		const others = own.filter((endpoint) => isOfOtherWorkflow(context, endpoint));
		for (const { url, description } of others)
			context.logger.warn(
				`Pocketsflow Trigger: the webhook at ${url} was not removed because it belongs to workflow ${readDescription(description).workflowId}, which uses the same address.`,
			);
		const ours = own.filter((endpoint) => !others.includes(endpoint)).map(({ id }) => id);
		for (const id of ours) await removeEndpoint(context, id, options);
		node.closed = { url: registrar.wanted.url, atMs: Date.now() };
		// What is stored for the address may be the other workflow's too.
		if (others.length === 0) registrar.forget(ours);
	});
}

/** What an upkeep has read until now no longer counts; one that is creating an endpoint ends first. */
async function closeUpkeep(node: NodeMemory, url: string): Promise<void> {
	node.closed = { url, atMs: Date.now() };
	const { upkeep } = node;
	if (upkeep && isSameUrl(upkeep.url, url))
		await Promise.race([upkeep.done, sleep(maxUpkeepWaitMs)]);
}

/** Whether the node was deactivated after this was read. */
const isOutdated = (
	{ node: { closed }, upkeep }: Task,
	{ startedAtMs }: EndpointReading,
): boolean =>
	closed !== undefined && closed.atMs >= startedAtMs && isSameUrl(closed.url, upkeep.url);

/**
 * Remembers when the work of a hook fails: n8n then calls `delete`
 * (docs/n8n-engine.md#activation-and-webhook-hooks).
 * @throws what the work throws, with everything that a user must know in the message
 */
async function setUp<T>(
	context: IHookFunctions,
	{ failedSetUps }: TriggerMemory,
	work: () => Promise<T>,
): Promise<T> {
	const key = getAddressKey(context);
	failedSetUps.delete(key);
	return await explainFailure(context, 'set up', work).catch((error: unknown) => {
		failedSetUps.set(key, Date.now());
		throw error;
	});
}

/** Tells a test from the active workflow, which `getMode` does not in `delete`. */
const getAddressKey = (context: IHookFunctions) =>
	`${context.getWorkflow().id} ${context.getNodeWebhookUrl('default') ?? context.getNode().id}`;

/**
 * Puts everything a user must know into the message of the error: n8n 2.x shows nothing else of a failed
 * activation (docs/n8n-engine.md#errors-and-messages).
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
		throw toHookError(context, error, undone);
	}
}

function toHookError(context: IHookFunctions, error: unknown, undone: string): NodeOperationError {
	const isOurs = error instanceof NodeOperationError;
	if (isOurs && !error.description) return error;
	const sentences = composeMessage(error);
	const summary = `The webhook could not be ${undone} in Pocketsflow.`;
	const hookError = new NodeOperationError(context.getNode(), summary);
	// Set afterwards: n8n replaces a message in which it sees an error code such as ECONNRESET.
	hookError.message = isOurs ? sentences : `${summary} ${sentences}`;
	return hookError;
}

/**
 * Reads whose account this node gets events from, and keeps it in static data and in memory. If
 * Pocketsflow does not say, what was known stays: an activation does not fail for it.
 */
async function rememberAccount(context: IHookFunctions, node: NodeMemory): Promise<void> {
	const stored = readStaticData(context);
	const isKnown = context.getActivationMode() === 'init' && stored.account !== undefined;
	if (!isKnown) stored.account = (await readAccount(context)) ?? stored.account;
	node.account = stored.account ?? node.account;
}

async function startRegistrar(
	context: IHookFunctions,
	{ keyring }: NodeMemory,
	options: SendOptions = {},
): Promise<Registrar> {
	const credential = await loadCredential(context);
	const { apiKey, mode } = credential;
	const url = getWebhookUrl(context);
	const stored = readStaticData(context);
	return {
		context,
		credential,
		wanted: { url, events: readEventNames(context), workflowId: context.getWorkflow().id, apiKey },
		options,
		isShared: false,
		doubted: [],
		isClosed: () => false,
		loseCopy: () => warnOfLostCopy(context),
		store({ endpoint: { id }, secret }) {
			if (unseal(stored.sealedSecret, apiKey, url) !== secret)
				stored.sealedSecret = seal(secret, apiKey, url);
			stored.endpointId = id;
			stored.url = url;
			keyring.learn({ secret, mode, endpointId: id });
		},
		forget(endpointIds) {
			delete stored.endpointId;
			delete stored.sealedSecret;
			delete stored.url;
			keyring.forget(endpointIds);
		},
	};
}

const planFor = ({ context, credential, wanted }: Registrar, endpoints: Endpoint[]): Plan => {
	const stored = readStaticData(context as IHookFunctions);
	return plan(findOwnEndpoints(endpoints, wanted.url, stored), wanted, (endpoint) =>
		openEndpointSecret(endpoint, credential, stored),
	);
};

/** Says in the log that the copy in Pocketsflow was refused, cut, changed or dropped. */
const warnOfLostCopy = ({ logger }: IHookFunctions | IWebhookFunctions) =>
	logger.warn(
		'Pocketsflow Trigger: Pocketsflow did not store the encrypted copy of the signing secret as sent. The only copy is in the static data of this workflow. If n8n loses it, the node re-registers the webhook, and the delivery that reveals the loss is lost.',
	);

function warnOfOtherHost({ context, wanted: { url } }: Registrar, endpoints: Endpoint[]): void {
	const stored = readStaticData(context as IHookFunctions);
	const other = findEndpointOfOtherHost(endpoints, url, stored);
	if (!other) return;
	context.logger.warn(
		`Pocketsflow Trigger: a webhook of this node is registered at ${other.url}, but this n8n uses ${url}. The other webhook was not changed. If you moved n8n, remove it under Developers → Webhooks in Pocketsflow. If this n8n is a copy, it belongs to the original.`,
	);
}

/** Between two upkeeps of a node; also the age from which on a secret is confirmed. */
const upkeepIntervalMs = 60_000;

/**
 * Between an upkeep that finds no endpoint and the next. A single one proves nothing: the workflow may
 * just be deactivated, and then no further delivery comes.
 */
const missingCheckMs = 10_000;

/** How long another process may take between creating an endpoint and sealing its secret. */
const maxSealingMs = 30_000;

/** Between two replacements of a node's endpoint: doubles each time, and begins again after a day. */
const replacementIntervalMs = 60_000;
const maxReplacementIntervalMs = 60 * 60_000;
const forgetReplacementsMs = 24 * 60 * 60_000;

/** Shorter IDs could be guessed. */
const minSecretIdLength = 16;

/** Whether a request names one of our endpoints, the IDs of which only Pocketsflow and its account know. */
function namesOurEndpoint(rawBody: Buffer, { endpoints }: EndpointReading): boolean {
	return endpoints.some(({ id }) => id.length >= minSecretIdLength && rawBody.includes(id));
}

/** What upkeep needs of a delivery; what n8n has to say is read before `webhook` returns. */
interface Task {
	context: IWebhookFunctions;
	node: NodeMemory;
	upkeep: Upkeep;
	verification: Verification;
	rawBody: Buffer | undefined;
	events: string[];
}

/**
 * After the answer to a delivery: sees to it, now and then, that Pocketsflow has what this node needs and
 * that the next deliveries can be verified in every process. n8n calls no hook when a key, a secret or an
 * endpoint changes (docs/n8n-engine.md#activation-and-webhook-hooks). Never throws.
 */
export function maintain(
	context: IWebhookFunctions,
	node: NodeMemory,
	verification: Verification,
	rawBody: Buffer | undefined,
): void {
	const nowMs = Date.now();
	if (node.upkeep || nowMs < node.upkeepNotBeforeMs || isListening(context)) return;
	if (!isDue(node, verification, rawBody, nowMs)) return;
	node.upkeepNotBeforeMs = nowMs + upkeepIntervalMs;
	try {
		const upkeep = { url: getWebhookUrl(context), done: Promise.resolve() };
		const events = readEventNames(context);
		node.upkeep = upkeep;
		upkeep.done = doUpkeep({ context, node, upkeep, verification, rawBody, events })
			.catch((error: unknown) => warnOfFailure(context, error))
			.finally(() => {
				node.upkeep = undefined;
			});
	} catch (error) {
		warnOfFailure(context, error);
	}
}

const warnOfFailure = ({ logger }: IWebhookFunctions, error: unknown) =>
	logger.warn(
		`Pocketsflow Trigger could not check its webhook in Pocketsflow: ${composeMessage(error)}`,
	);

function isDue(
	{ keyring }: NodeMemory,
	verification: Verification,
	rawBody: Buffer | undefined,
	nowMs: number,
): boolean {
	if (verification.valid) return nowMs - keyring.confirmedAtMs >= upkeepIntervalMs;
	if (verification.reason === 'no secret') return true;
	const reading = keyring.getReading(Infinity);
	return (
		verification.reason === 'wrong signature' &&
		reading !== undefined &&
		rawBody !== undefined &&
		namesOurEndpoint(rawBody, reading)
	);
}

/** Sent when n8n's expressions for the delivery are gone; not in the way of other work. */
const confirmOptions: SendOptions = {};

/** Until it is done every delivery is refused. */
const repairOptions: SendOptions = { isUrgent: true };

async function doUpkeep(task: Task): Promise<void> {
	const { context, node, verification } = task;
	const { keyring } = node;
	const options = verification.valid ? confirmOptions : repairOptions;
	const reading =
		(verification.valid ? undefined : keyring.getReading()) ??
		(await readEndpoints(context, { ...options, limits: { maxAttempts: 1 } }));
	keyring.update(reading);
	const wasMissing = node.isMissing;
	node.isMissing = reading.endpoints.length === 0;
	if (node.isMissing) {
		if (wasMissing)
			await replaceEndpoint(task, reading, 'Pocketsflow had no webhook for this workflow');
		else node.upkeepNotBeforeMs = Date.now() + missingCheckMs;
	} else if (verification.valid) await confirmEndpoint(task, reading);
	else if (reading.secrets.length === 0 && keyring.secrets.length === 0)
		await replaceEndpoint(
			task,
			reading,
			'its signing secret was lost, for example because the API key changed',
		);
	else if (reading.secrets.length > 0 && task.rawBody && namesOurEndpoint(task.rawBody, reading))
		await replaceEndpoint(task, reading, 'its signing secret was changed in Pocketsflow');
}

function startSharedRegistrar(task: Task, reading: EndpointReading): Registrar {
	const { context, node, upkeep, events, verification } = task;
	const { credential } = reading;
	const { keyring } = node;
	const { url } = upkeep;
	const { apiKey, mode } = credential;
	return {
		context,
		credential,
		wanted: { url, events, workflowId: context.getWorkflow().id, apiKey },
		options: verification.valid ? confirmOptions : repairOptions,
		isShared: true,
		doubted: [],
		isClosed: () => isOutdated(task, reading),
		loseCopy() {
			if (!node.losesCopy) warnOfLostCopy(context);
			node.losesCopy = true;
		},
		store: ({ endpoint: { id }, secret }) => keyring.learn({ secret, mode, endpointId: id }),
		forget: (endpointIds) => keyring.forget(endpointIds),
	};
}

/** Whether another process may be about to seal this endpoint, which it just created. */
const mayBeUnderWay = ({ description, id }: Endpoint, { keyring }: NodeMemory): boolean => {
	const { ours, sealed } = readDescription(description);
	return ours && sealed === undefined && keyring.getAgeMs(id) < maxSealingMs;
};

/**
 * Replaces the endpoints whose secrets are of no use. Writes no static data
 * (docs/n8n-engine.md#static-data): after a restart the copy in Pocketsflow says the secret.
 */
async function replaceEndpoint(task: Task, reading: EndpointReading, why: string): Promise<void> {
	const { context, node, upkeep, events } = task;
	if (events.length === 0 || isOutdated(task, reading)) return;
	const nowMs = Date.now();
	if (nowMs - node.replacedAtMs > forgetReplacementsMs) node.replacements = 0;
	const intervalMs = Math.min(
		replacementIntervalMs * 2 ** Math.max(0, node.replacements - 1),
		maxReplacementIntervalMs,
	);
	if (nowMs - node.replacedAtMs < intervalMs) return;
	node.replacements++;
	node.replacedAtMs = nowMs;
	const registrar = startSharedRegistrar(task, reading);
	requirePublicAddress(context, upkeep.url, reading.credential);
	const remove = findOwnEndpoints(reading.endpoints, upkeep.url).filter(
		(endpoint) => !mayBeUnderWay(endpoint, node),
	);
	const doubted = reading.secrets.length > 0 ? remove : [];
	await apply({ ...registrar, doubted }, { remove });
	context.logger.warn(
		`Pocketsflow Trigger re-registered its webhook: ${why}. Deliveries that were refused before this did not start the workflow. Find them in Pocketsflow or with the Pocketsflow Polling Trigger.`,
	);
}

/** Brings the endpoints to what this node needs, and to the key in the credential. */
async function confirmEndpoint(task: Task, reading: EndpointReading): Promise<void> {
	const { context, node, upkeep, verification } = task;
	const known = verification.valid ? verification.secret : undefined;
	const registrar = startSharedRegistrar(task, reading);
	const { wanted } = registrar;
	const own = findOwnEndpoints(reading.endpoints, upkeep.url);
	const planned = plan(own, wanted, (endpoint) =>
		known?.endpointId === endpoint.id
			? known.secret
			: openEndpointSecret(endpoint, reading.credential),
	);
	const { keep } = planned;
	if (!keep || isOutdated(task, reading)) return;
	const remove = planned.remove.filter((endpoint) => !mayBeUnderWay(endpoint, node));
	const change = limitChange(task, keep.endpoint, planned.change);
	if (change ?? remove.length > 0) await apply(registrar, { keep, change, remove });
	const what = describeChange(change);
	if (what) context.logger.info(`Pocketsflow Trigger ${what} its webhook in Pocketsflow`);
}

/**
 * The part of a change that upkeep makes. It adds events and takes none away, because a process may have
 * read the node before it was edited; and nothing twice that did not last.
 */
function limitChange(
	{ context, node, events }: Task,
	endpoint: Endpoint,
	change: EndpointChanges = {},
): EndpointChanges | undefined {
	const present = listEvents(endpoint);
	const isNarrowed = events.some((name) => !present.includes(name));
	const wanted: EndpointChanges = {
		...(isNarrowed && { events: [...new Set([...present, ...events])].sort() }),
		...(change.active && { active: true }),
		...(!node.losesCopy && change.description && { description: change.description }),
	};
	const names = Object.keys(wanted);
	node.changed = new Map([...node.changed].filter(([name]) => names.includes(name)));
	const again = names.filter((name) => node.changed.has(name) && name !== 'description');
	for (const name of again) {
		if (node.changed.get(name) === false)
			context.logger.warn(
				`Pocketsflow Trigger: Pocketsflow does not save the '${name}' setting that this workflow needs for the webhook at ${endpoint.url}. Check the webhook under Developers → Webhooks in Pocketsflow, then publish (activate) the workflow again.`,
			);
		node.changed.set(name, true);
	}
	const fresh = Object.entries(wanted).filter(([name]) => !again.includes(name));
	for (const [name] of fresh) node.changed.set(name, false);
	return fresh.length > 0 ? Object.fromEntries(fresh) : undefined;
}

function describeChange({ active, events, description }: EndpointChanges = {}): string | undefined {
	const done = [
		active && 'enabled',
		events && 'restored the events of',
		description !== undefined && 'encrypted the signing secret of',
	].filter(Boolean);
	return done.length > 0 ? done.join(', ') : undefined;
}
