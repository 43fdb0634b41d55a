import type { IDataObject, IWebhookFunctions } from 'n8n-workflow';

import { readDelivery, type Delivery, type DeliveryHeaders } from './delivery';
import { RecentDeliveries } from './duplicates';
import { eventIdOf, repetitionOf, type Occurrence } from '../events/identity';
import { metadataOf, rawOutput, simplifiedOutput, type EventHead } from '../events/output';
import { isAboutProducts, namesIn } from '../events/productFilter';
import { wantedEvents } from './registration';
import { endpointKey } from './secrets';
import { verifyDelivery } from './verification';

interface Options {
	includeHeaders?: boolean;
	metadataKey?: string;
	metadataValue?: string;
	productIds?: string;
	skipRepeated?: boolean;
}

const recent = new RecentDeliveries();

/** Headers that can hold a secret; `x-webhook-secret` is an older shared one (contract C3). */
const secretHeaders = new Set([
	'authorization',
	'cookie',
	'x-webhook-secret',
	'x-pocketsflow-signature',
]);

/**
 * Takes one delivery: verifies, answers, reads, filters. Answers itself, through the response object and
 * before the work: Pocketsflow waits 5 s and never tries again (contract C3), while n8n would answer only
 * after it has stored the execution.
 * @returns the items to emit, none for what is refused or not wanted
 */
export async function receive(context: IWebhookFunctions): Promise<IDataObject[]> {
	const headers = context.getHeaderData() as DeliveryHeaders;
	const rawBody = await rawBodyOf(context);
	const response = context.getResponseObject();

	// A throw would store a failed execution for anyone who knows the URL (webhook-helpers of n8n).
	const verification = await verifyDelivery(
		context,
		rawBody,
		headers['x-pocketsflow-signature'],
		context.getNodeParameter('endpoint', 'automatic') === 'existing',
	).catch(() => ({ valid: false, reason: 'the credential cannot be read' }) as const);
	if (!verification.valid || !rawBody) {
		response.status(401).json({ message: 'The signature of this delivery is not valid' });
		const reason = verification.valid ? 'no body' : verification.reason;
		context.logger.warn(
			reason === 'no secret'
				? 'Pocketsflow Trigger refused a delivery: the signing secret is not known. Deactivate and activate the workflow to register the webhook anew.'
				: `Pocketsflow Trigger refused a delivery: ${reason}`,
		);
		return [];
	}
	response.status(200).end();

	const delivery = readDelivery(headers, rawBody);
	if (!delivery) {
		context.logger.warn(
			'Pocketsflow Trigger dropped a signed delivery whose body is no JSON object',
		);
		return [];
	}
	const isTest = context.getMode() === 'manual';
	const options = context.getNodeParameter('options', {}) as Options;
	if (!isWanted(context, delivery, options, isTest)) return [];

	const testMode = verification.mode === 'test';
	const now = Date.now();
	const occurrence: Occurrence = { ...delivery, testMode, moment: delivery.sentAt ?? now };
	if (!isTest && options.skipRepeated !== false) {
		const repetition = repetitionOf(occurrence);
		const key = `${endpointKey(context.getNode(), isTest)} ${repetition.key}`;
		if (recent.repeats({ ...repetition, key }, now)) return [];
	}

	const head: EventHead = {
		event: delivery.event,
		eventId: eventIdOf(occurrence),
		testMode,
		deliveredAt: new Date(now).toISOString(),
	};
	const output = context.getNodeParameter('simplify', true) ? simplifiedOutput : rawOutput;
	return [
		{
			...output(head, delivery.payload),
			...(options.includeHeaders && { headers: withoutSecrets(headers) }),
		},
	];
}

/** What n8n adds to a request (its rawBodyReader); `readRawBody` fills `rawBody`. */
interface UnreadRequest {
	rawBody?: unknown;
	readRawBody?: () => Promise<void>;
}

/**
 * The bytes of the body, undefined when it cannot be read. n8n has read JSON, text and XML already, and
 * leaves other content types to nodes whose version is not 1.
 */
async function rawBodyOf(context: IWebhookFunctions): Promise<Buffer | undefined> {
	const request = context.getRequestObject() as UnreadRequest;
	// Rejects for a multipart body, which n8n has consumed, and when the sender is gone.
	if (request.rawBody === undefined) await request.readRawBody?.().catch(() => undefined);
	return Buffer.isBuffer(request.rawBody) ? request.rawBody : undefined;
}

/**
 * Whether the node asked for this delivery. While listening for a test any event is shown: what name
 * Pocketsflow's own test delivery carries is not documented (contract C1).
 */
function isWanted(
	context: IWebhookFunctions,
	{ event, payload }: Delivery,
	{ metadataKey, metadataValue, productIds }: Options,
	isTest: boolean,
): boolean {
	if (!isTest && !wantedEvents(context).includes(event)) return false;
	if (metadataKey) {
		const metadata = metadataOf(payload) ?? {};
		if (!Object.hasOwn(metadata, metadataKey)) return false;
		if (metadataValue && String(metadata[metadataKey]) !== metadataValue) return false;
	}
	return isAboutProducts(payload, namesIn(productIds));
}

function withoutSecrets(headers: DeliveryHeaders): IDataObject {
	return Object.fromEntries(Object.entries(headers).filter(([key]) => !secretHeaders.has(key)));
}
