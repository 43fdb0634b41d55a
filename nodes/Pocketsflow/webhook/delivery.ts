import { createHash } from 'node:crypto';

import { jsonParse, type IDataObject } from 'n8n-workflow';

import { toMilliseconds } from '../api/dates';
import { isRecord } from '../api/responses';
import { findEvent, toCanonicalName } from '../events/catalogue';

/** One delivery whose signature is valid. */
export interface Delivery {
	/** The canonical event name. */
	event: string;
	/** The payload as sent, without an envelope around it. */
	payload: IDataObject;
	/** When Pocketsflow says that it was sent, ms since 1970; undefined where that cannot be read. */
	sentAtMs: number | undefined;
	/**
	 * SHA-256 in hex of the payload without `webhookId`, which names the endpoint and not the event.
	 */
	digest: string;
}

export type DeliveryHeaders = Record<string, string | string[] | undefined>;

/**
 * Reads headers and verified body into a delivery. The payload is flat, flat with an `event`, or in
 * an envelope `{ type, data }` (docs/pocketsflow-api.md#payloads). An event that the body names
 * decides over the header where we know it: the header is not signed, and nobody shall pass off a
 * captured refund as a purchase.
 * @returns undefined when the body is no JSON object or nothing names the event
 */
export function readDelivery(headers: DeliveryHeaders, rawBody: Uint8Array): Delivery | undefined {
	const body = parseBody(rawBody);
	if (!isRecord(body)) return undefined;
	const bodyEvent = readName(body.event) ?? (isRecord(body.data) ? readName(body.type) : undefined);
	const knownEvent = bodyEvent !== undefined && findEvent(bodyEvent) ? bodyEvent : undefined;
	const event =
		knownEvent ?? readName(headers['x-pocketsflow-event']) ?? bodyEvent ?? readName(body.type);
	if (event === undefined) return undefined;
	const payload = bodyEvent !== undefined && isRecord(body.data) ? body.data : body;
	return {
		event: toCanonicalName(event),
		payload,
		sentAtMs: readSentAt(headers['x-pocketsflow-timestamp']),
		digest: digestPayload(payload),
	};
}

/**
 * Reads the timestamp header into ms since 1970. It holds ms, or seconds where the number is too
 * small for ms (docs/pocketsflow-api.md#deliveries).
 */
export function readSentAt(header: unknown): number | undefined {
	if (typeof header !== 'string' || !/^\d{9,16}$/.test(header.trim())) return undefined;
	return toMilliseconds(Number(header));
}

function parseBody(rawBody: Uint8Array): unknown {
	const text = Buffer.from(rawBody).toString('utf8');
	return jsonParse<unknown>(text.replace(/^\uFEFF/, ''), { fallbackValue: null });
}

function readName(value: unknown): string | undefined {
	return typeof value === 'string' && value.trim() ? value.trim() : undefined;
}

function digestPayload(payload: IDataObject): string {
	const content = JSON.stringify({ ...payload, webhookId: undefined });
	return createHash('sha256').update(content).digest('hex');
}
