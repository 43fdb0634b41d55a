import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import { buildEventId, fingerprintDelivery, type BusinessEvent } from '../events/identity';
import { readMetadata } from '../events/metadata';
import { buildRawOutput, buildSimplifiedOutput } from '../events/output';
import { matchesProductFilter } from '../events/productFilter';
import { readDelivery, type Delivery, type DeliveryHeaders } from './delivery';
import { getNodeKey, processMemory, type TriggerMemory } from './memory';
import { isListening, readEventNames, readSettings, type TriggerSettings } from './settings';
import { verifyDelivery, type Verification } from './verification';

/** Headers that can hold a secret; `x-webhook-secret` is the secret itself, where a sender adds it. */
const secretHeaders = new Set([
	'authorization',
	'cookie',
	'x-webhook-secret',
	'x-pocketsflow-signature',
]);

/**
 * Handles one request: verifies it, answers it, then reads and filters the delivery. Answers by
 * itself and before the work, because Pocketsflow waits 5 s and never tries again
 * (docs/pocketsflow-api.md#deliveries), while n8n would answer only after it has stored the
 * execution.
 * @returns the items to emit, none for what is refused or not wanted
 */
export async function receive(
	context: IWebhookFunctions,
	memory: TriggerMemory = processMemory,
): Promise<IDataObject[]> {
	const headers = context.getHeaderData() as DeliveryHeaders;
	const rawBody = await readRawBody(context);
	const verification = await verifySafely(context, memory, rawBody, headers);
	if (!verification.valid || !rawBody) {
		refuse(context, verification.valid ? 'no body' : verification.reason);
		return [];
	}
	context.getResponseObject().status(200).end();

	const delivery = readDelivery(headers, rawBody);
	if (!delivery) {
		context.logger.warn(
			'Pocketsflow Trigger dropped a signed delivery whose body is no JSON object',
		);
		return [];
	}
	const settings = readSettings(context);
	if (!isWanted(context, delivery, settings)) return [];

	const nowMs = Date.now();
	const businessEvent: BusinessEvent = {
		...delivery,
		testMode: verification.mode === 'test',
		discriminator: delivery.sentAtMs ?? nowMs,
	};
	const isRepeat =
		settings.skipRepeated &&
		!isListening(context) &&
		recordDelivery(context, memory, businessEvent, nowMs);
	if (isRepeat) return [];
	const item = buildItem(businessEvent, settings, nowMs);
	return [settings.includeHeaders ? { ...item, headers: removeSecrets(headers) } : item];
}

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

type Refusal = { valid: false; reason: 'the credential cannot be read' };

/** Never throws: n8n would store a failed execution for anyone who knows the URL. */
async function verifySafely(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	rawBody: Buffer | undefined,
	headers: DeliveryHeaders,
): Promise<Verification | Refusal> {
	const header = headers['x-pocketsflow-signature'];
	return await verifyDelivery(context, memory, rawBody, header).catch(
		(): Refusal => ({ valid: false, reason: 'the credential cannot be read' }),
	);
}

function refuse(context: IWebhookFunctions, reason: string): void {
	const response = context.getResponseObject();
	response.status(401).json({ message: 'The signature of this delivery is not valid' });
	context.logger.warn(
		reason === 'no secret'
			? 'Pocketsflow Trigger refused a delivery: the signing secret is not known. Deactivate and activate the workflow to register the webhook anew.'
			: `Pocketsflow Trigger refused a delivery: ${reason}`,
	);
}

/**
 * Whether the node asks for this delivery. While the user listens for a test event every event
 * passes: the name in Pocketsflow's own test delivery is not documented
 * (docs/pocketsflow-api.md#not-documented).
 */
function isWanted(
	context: IWebhookFunctions,
	{ event, payload }: Delivery,
	settings: TriggerSettings,
): boolean {
	if (!isListening(context) && !readEventNames(context).includes(event)) return false;
	return hasMetadata(payload, settings) && matchesProductFilter(payload, settings.productIds);
}

function hasMetadata(
	payload: IDataObject,
	{ metadataKey, metadataValue }: TriggerSettings,
): boolean {
	if (!metadataKey) return true;
	const metadata = readMetadata(payload) ?? {};
	if (!Object.hasOwn(metadata, metadataKey)) return false;
	return !metadataValue || String(metadata[metadataKey]) === metadataValue;
}

/** Records that this node received a delivery. @returns whether it repeats an earlier one */
function recordDelivery(
	context: IWebhookFunctions,
	{ recentDeliveries }: TriggerMemory,
	businessEvent: BusinessEvent,
	nowMs: number,
): boolean {
	const fingerprint = fingerprintDelivery(businessEvent);
	const key = `${getNodeKey(context)} ${fingerprint.key}`;
	return recentDeliveries.record({ ...fingerprint, key }, nowMs);
}

function buildItem(
	businessEvent: BusinessEvent,
	{ simplify }: TriggerSettings,
	nowMs: number,
): IDataObject {
	const { event, testMode, payload } = businessEvent;
	const eventId = buildEventId(businessEvent);
	const envelope = { event, eventId, testMode, deliveredAt: new Date(nowMs).toISOString() };
	return (simplify ? buildSimplifiedOutput : buildRawOutput)(envelope, payload);
}

function removeSecrets(headers: DeliveryHeaders): IDataObject {
	return Object.fromEntries(Object.entries(headers).filter(([key]) => !secretHeaders.has(key)));
}
