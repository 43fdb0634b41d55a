import type { IDataObject, INodeExecutionData, IWebhookFunctions } from 'n8n-workflow';

import { readDelivery, type Delivery, type DeliveryHeaders } from '../events/delivery';
import { buildDeliveryItem, toBusinessEvent } from '../events/deliveryItem';
import { buildRepetitionKey } from '../events/identity';
import { readMetadata } from '../events/metadata';
import { matchesProductFilter } from '../events/productFilter';
import { describeInputError } from '../fields/triggerParameters';
import type { Mode } from '../transport/credential';
import { maintain } from './hooks';
import { readStaticData } from './keyring';
import { getNodeKey, processMemory, type NodeMemory, type TriggerMemory } from './memory';
import {
	distribute,
	isListening,
	readFilterSettings,
	readSettings,
	type TriggerSettings,
} from './settings';
import { verifyDelivery, type Verification } from './verify';

/** Headers that can hold a secret; `x-webhook-secret` is the secret itself, where a sender adds it. */
const secretHeaders = new Set([
	'authorization',
	'cookie',
	'x-webhook-secret',
	'x-pocketsflow-signature',
]);

/**
 * Handles one request: verifies it, reads the node's parameters, answers, then reads and filters the
 * delivery. Answers by itself and before the work, because Pocketsflow waits 5 s and never tries again
 * (docs/pocketsflow-api.md#deliveries), while n8n would answer only after it has stored the
 * execution.
 * @returns the items to emit, by outputs of the node; no output for what is refused or not wanted
 */
export async function receive(
	context: IWebhookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<INodeExecutionData[][]> {
	const node = memory.getNode(context);
	const headers = context.getHeaderData() as DeliveryHeaders;
	const rawBody = await readRawBody(context);
	const verification = await verifySafely(context, node, rawBody, headers);
	if (verification === 'unreadable' || !verification.valid || !rawBody) {
		refuse(context, node, verification);
		if (verification !== 'unreadable') maintain(context, node, verification, rawBody);
		return [];
	}
	const settings = loadSettings(context, node);
	if (!settings) {
		refuseUnread(context);
		return [];
	}
	context.getResponseObject().status(200).end();
	maintain(context, node, verification, rawBody);
	try {
		const { mode } = verification.secret;
		const items = selectItems({ context, memory, node, settings, headers, rawBody, mode });
		return items.length > 0 ? distribute(items, settings.separateOutputs) : [];
	} catch (error) {
		// Thrown on, it would become a failed execution without the delivery in it.
		const name = error instanceof Error ? error.name : 'unknown';
		context.logger.error(
			`${nameNode(context)} dropped a signed delivery that it could not read (${name})`,
		);
		return [];
	}
}

/** A request whose signature is valid. */
interface VerifiedRequest {
	context: IWebhookFunctions;
	memory: TriggerMemory;
	node: NodeMemory;
	settings: TriggerSettings;
	headers: DeliveryHeaders;
	rawBody: Uint8Array;
	/** Of the credential's key. */
	mode: Mode;
}

/** The items to emit; for none a line in the log says why. */
function selectItems(request: VerifiedRequest): IDataObject[] {
	const { context, memory, node, settings, headers, rawBody, mode } = request;
	const delivery = readDelivery(headers, rawBody, settings.events);
	if (!delivery) {
		context.logger.warn(
			`${nameNode(context)} dropped a signed delivery because its body is not a JSON object, names no event, or is nested too deeply`,
		);
		return [];
	}
	const dropReason = findDropReason(context, delivery, settings);
	if (dropReason) {
		logDrop(context, delivery, dropReason);
		return [];
	}
	const nowMs = Date.now();
	const origin = {
		isTestKey: mode === 'test',
		account: node.account ?? readStaticData(context).account,
	};
	const businessEvent = toBusinessEvent(delivery, origin);
	const item = buildDeliveryItem(businessEvent, delivery, { simplify: settings.simplify, nowMs });
	if (settings.skipRepeated && !isListening(context)) {
		const key = `${getNodeKey(context)} ${buildRepetitionKey(businessEvent)}`;
		if (memory.recentDeliveries.record(key, nowMs)) {
			logDrop(context, delivery, 'it repeats an earlier delivery');
			return [];
		}
	}
	return [settings.includeHeaders ? { ...item, headers: removeSecrets(headers) } : item];
}

/**
 * Reads the parameters, or takes them as they could last be read. Undefined where that leaves a filter
 * unknown: it must not be opened, and a delivery that is not handled must not be acknowledged.
 */
function loadSettings(context: IWebhookFunctions, node: NodeMemory): TriggerSettings | undefined {
	try {
		node.settings = readSettings(context);
		return node.settings;
	} catch (error) {
		context.logger.error(
			`${nameNode(context)} cannot read its parameters: ${describeInputError(error)}`,
		);
		return node.settings ?? tryReadFilters(context);
	}
}

function tryReadFilters(context: IWebhookFunctions): TriggerSettings | undefined {
	try {
		return readFilterSettings(context);
	} catch {
		return undefined;
	}
}

function refuseUnread(context: IWebhookFunctions): void {
	const message = "Can't read the filters of this trigger";
	context.getResponseObject().status(500).json({ message });
	context.logger.error(
		`${nameNode(context)} returned 500 for a signed delivery because it cannot read its filters`,
	);
}

/** How lines of the log begin, so that they can be told from those of other workflows. */
const nameNode = (context: IWebhookFunctions) =>
	`Pocketsflow Trigger of workflow ${context.getWorkflow().id}`;

/** What n8n adds to a request; `readRawBody` fills `rawBody`. */
interface UnreadRequest {
	rawBody?: unknown;
	readRawBody?: () => Promise<void>;
}

/**
 * The bytes of the body, undefined when it cannot be read. n8n has read JSON, text and XML already;
 * other content types it leaves to the node (docs/n8n-engine.md#request-bodies).
 */
async function readRawBody(context: IWebhookFunctions): Promise<Buffer | undefined> {
	const request = context.getRequestObject() as UnreadRequest;
	// Rejects for a multipart body, which n8n has consumed, and when the sender is gone.
	if (request.rawBody === undefined) await request.readRawBody?.().catch(() => undefined);
	return Buffer.isBuffer(request.rawBody) ? request.rawBody : undefined;
}

/** Never throws: n8n would store a failed execution for anyone who knows the URL. */
async function verifySafely(
	context: IWebhookFunctions,
	{ keyring }: NodeMemory,
	rawBody: Buffer | undefined,
	headers: DeliveryHeaders,
): Promise<Verification | 'unreadable'> {
	const header = headers['x-pocketsflow-signature'];
	return await verifyDelivery(context, keyring, rawBody, header).catch(
		(): 'unreadable' => 'unreadable',
	);
}

const remedies: Record<string, string> = {
	'no secret':
		'. The signing secret is unknown. If the webhook is not re-registered within a minute, unpublish (deactivate) the workflow and publish (activate) it again.',
	'wrong signature':
		'. If Pocketsflow sent them, the signing secret was changed there: unpublish (deactivate) the workflow and publish (activate) it again. Anyone who knows the webhook URL can cause this message.',
};

function refuse(
	context: IWebhookFunctions,
	{ refusals }: NodeMemory,
	verification: Verification | 'unreadable',
): void {
	const response = context.getResponseObject();
	response.status(401).json({ message: 'The signature of this delivery is invalid' });
	const reason = readReason(verification);
	const line = refusals.record(reason, Date.now());
	if (line !== undefined)
		context.logger.warn(`${nameNode(context)} ${line}${remedies[reason] ?? ''}`);
}

function readReason(verification: Verification | 'unreadable'): string {
	if (verification === 'unreadable') return 'the credential cannot be read';
	return verification.valid ? 'no body' : verification.reason;
}

/**
 * Why the node does not ask for this delivery; undefined where it does. While the user listens for a
 * test event every event passes: the name in Pocketsflow's own test delivery is not documented
 * (docs/pocketsflow-api.md#not-documented).
 */
function findDropReason(
	context: IWebhookFunctions,
	{ event, payload }: Delivery,
	settings: TriggerSettings,
): string | undefined {
	if (!isListening(context) && !settings.events.includes(event))
		return 'its event is not selected in Trigger On';
	if (!hasMetadata(payload, settings)) return 'its metadata does not match the options';
	if (!matchesProductFilter(payload, settings.productIds)) return 'its product is not selected';
	return undefined;
}

function logDrop(context: IWebhookFunctions, { event }: Delivery, reason: string): void {
	context.logger.debug(
		`${nameNode(context)} started no execution for a signed delivery of ${JSON.stringify(event.slice(0, 80))}: ${reason}`,
	);
}

function hasMetadata(
	payload: IDataObject,
	{ metadataKey, metadataValue }: TriggerSettings,
): boolean {
	if (metadataKey === undefined) return true;
	const metadata = readMetadata(payload) ?? {};
	if (!Object.hasOwn(metadata, metadataKey)) return false;
	return metadataValue === undefined || String(metadata[metadataKey]).trim() === metadataValue;
}

function removeSecrets(headers: DeliveryHeaders): IDataObject {
	return Object.fromEntries(Object.entries(headers).filter(([key]) => !secretHeaders.has(key)));
}
