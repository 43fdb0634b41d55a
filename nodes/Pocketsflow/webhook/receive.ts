import type { IDataObject, INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';

import { findEvent } from '../events/catalogue';
import { readDelivery, type Delivery, type DeliveryHeaders } from '../events/delivery';
import { buildDeliveryItem, toBusinessEvent } from '../events/deliveryItem';
import { buildRepetitionKey } from '../events/identity';
import { readMetadata } from '../events/metadata';
import { matchesProductFilter } from '../events/productFilter';
import { describeInputError } from '../fields/triggerParameters';
import type { Mode } from '../transport/credentialFields';
import { readStaticData } from './endpoints';
import { maintain } from './hooks';
import { getNodeKey, processMemory, type NodeMemory, type TriggerMemory } from './memory';
import { distribute, isListening, readSettings, type TriggerSettings } from './settings';
import { verifyDelivery } from './verify';

/** Headers that may contain a secret. */
const secretHeaders = new Set([
	'authorization',
	'cookie',
	'x-webhook-secret',
	'x-pocketsflow-signature',
]);

/**
 * Handles one request. Responds before it reads the delivery, because Pocketsflow waits 5 s and never tries
 * again (docs/pocketsflow-api.md#deliveries), while n8n would respond only after storing the execution.
 * @returns the items to emit, by output of the node; no outputs for what is refused or not wanted
 */
export async function receive(
	context: IWebhookFunctions,
	memory = processMemory,
): Promise<INodeExecutionData[][]> {
	const node = memory.getNode(context);
	const headers = context.getHeaderData() as DeliveryHeaders;
	const rawBody = await readRawBody(context);
	const signature = headers['x-pocketsflow-signature'];
	const verification = await verifyDelivery(context, node.keyring, rawBody, signature);
	if (!verification.valid) {
		refuse(context, node, verification.reason);
		maintain(context, node, verification, rawBody);
		return [];
	}
	const settings = loadSettings(context, node);
	if (!settings) {
		const message = "Can't read the filters of this trigger";
		context.getResponseObject().status(500).json({ message });
		log(context, 'error', 'returned 500 for a signed delivery because it cannot read its filters');
		return [];
	}
	context.getResponseObject().status(200).end();
	maintain(context, node, verification, rawBody);
	try {
		const { mode } = verification.secret;
		const item = selectItem(context, memory, { settings, headers, rawBody, mode });
		return item ? distribute(item, settings.separateOutputs) : [];
	} catch (error) {
		// If it were thrown, it would become a failed execution without the delivery.
		const name = error instanceof Error ? error.name : 'unknown';
		log(context, 'error', `dropped a signed delivery that it could not read (${name})`);
		return [];
	}
}

const log = (context: IWebhookFunctions, level: 'debug' | 'warn' | 'error', what: string): void =>
	context.logger[level](`Pocketsflow Trigger of workflow ${context.getWorkflow().id} ${what}`);

interface VerifiedRequest {
	settings: TriggerSettings;
	headers: DeliveryHeaders;
	rawBody: Uint8Array;
	/** The mode of the credential's key. */
	mode: Mode;
}

/** The item to emit. If there is none, a log line explains why. */
function selectItem(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	{ settings, headers, rawBody, mode }: VerifiedRequest,
): IDataObject | undefined {
	const node = memory.getNode(context);
	const warnOnce = () => (node.unknownEventLines.take() ? 'warn' : 'debug');
	const delivery = readDelivery(headers, rawBody, settings.events);
	if (!delivery) {
		const fault = 'is not a JSON object, does not name the event, or is nested too deeply';
		log(context, warnOnce(), `dropped a signed delivery whose body ${fault}`);
		return undefined;
	}
	const nowMs = Date.now();
	const account = node.account ?? readStaticData(context).account;
	const businessEvent = toBusinessEvent(delivery, { isTestKey: mode === 'test', account });
	const isRepeated = () =>
		settings.skipRepeated &&
		!isListening(context) &&
		memory.recordDelivery(`${getNodeKey(context)} ${buildRepetitionKey(businessEvent)}`, nowMs);
	const dropReason =
		findDropReason(context, delivery, settings) ??
		(isRepeated() ? 'it repeats an earlier delivery' : undefined);
	if (dropReason !== undefined) {
		const event = JSON.stringify(delivery.event.slice(0, 80));
		const what = `did not start an execution for a signed delivery of ${event}`;
		// An event that no one knows may be a sale under another name.
		const isKnown = findEvent(delivery.event) ?? settings.events.includes(delivery.event);
		log(context, isKnown ? 'debug' : warnOnce(), `${what}: ${dropReason}`);
		return undefined;
	}
	const item = buildDeliveryItem(businessEvent, delivery, { simplify: settings.simplify, nowMs });
	return settings.includeHeaders ? { ...item, headers: omitSecretHeaders(headers) } : item;
}

/**
 * The parameters, or the last readable ones. Undefined if that leaves a filter unknown: it must not be
 * disabled, and an unhandled delivery must not be acknowledged.
 */
function loadSettings(context: IWebhookFunctions, node: NodeMemory): TriggerSettings | undefined {
	try {
		node.settings = readSettings(context);
	} catch (error) {
		log(context, 'error', `cannot read its parameters: ${describeInputError(error)}`);
	}
	try {
		return node.settings ?? readSettings(context, { isFormNeeded: false });
	} catch {
		return undefined;
	}
}

interface UnreadRequest {
	rawBody?: unknown;
	readRawBody?: () => Promise<void>;
}

/** The bytes of the body; none if it can't be read (docs/n8n-engine.md#request-bodies). */
async function readRawBody(context: IWebhookFunctions): Promise<Buffer> {
	const request = context.getRequestObject() as UnreadRequest;
	// Rejects for a multipart body, and if the sender is gone.
	if (request.rawBody === undefined) await request.readRawBody?.().catch(() => undefined);
	return Buffer.isBuffer(request.rawBody) ? request.rawBody : Buffer.alloc(0);
}

const remedies: Record<string, string> = {
	'no secret':
		'. The signing secret is unknown. If the webhook is not re-registered within a minute, unpublish (deactivate) the workflow and publish (activate) it again.',
	'wrong signature':
		'. If Pocketsflow sent them, the signing secret was changed there: unpublish (deactivate) the workflow and publish (activate) it again. Anyone who knows the webhook URL can cause this message.',
};

/** Responds with 401, and reports all deliveries refused since the last line, unless it is recent. */
function refuse(context: IWebhookFunctions, node: NodeMemory, reason: string): void {
	const message = 'The signature of this delivery is invalid';
	context.getResponseObject().status(401).json({ message });
	const { refusals } = node;
	refusals.set(reason, (refusals.get(reason) ?? 0) + 1);
	if (!node.refusalLines.take()) return;
	const total = [...refusals.values()].reduce((sum, count) => sum + count, 0);
	const reasons = [...refusals].map(([name, count]) => `${name} (${count})`).join(', ');
	const noun = total === 1 ? 'delivery' : 'deliveries';
	log(context, 'warn', `refused ${total} ${noun}: ${reasons}${remedies[reason] ?? ''}`);
	refusals.clear();
}

/**
 * Why the node does not want this delivery; undefined if it does. While the user listens for a test event,
 * every event passes, because that of Pocketsflow's test delivery is not documented.
 */
function findDropReason(
	context: IWebhookFunctions,
	{ event, payload }: Delivery,
	{ events, metadataKey, metadataValue, productIds }: TriggerSettings,
): string | undefined {
	if (!isListening(context) && !events.includes(event))
		return 'its event is not selected in Trigger On';
	if (metadataKey !== undefined) {
		const metadata = readMetadata(payload) ?? {};
		const isThere = Object.hasOwn(metadata, metadataKey);
		const value = String(metadata[metadataKey]).trim();
		if (!isThere || value !== (metadataValue ?? value))
			return 'its metadata does not match the options';
	}
	return matchesProductFilter(payload, productIds) ? undefined : 'its product is not selected';
}

const omitSecretHeaders = (headers: DeliveryHeaders): IDataObject =>
	Object.fromEntries(Object.entries(headers).filter(([key]) => !secretHeaders.has(key)));
