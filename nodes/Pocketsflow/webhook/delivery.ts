import { createHash } from 'node:crypto';

import { jsonParse, type IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import { canonicalName, eventNamed } from '../events/catalogue';

/** One delivery whose signature held. */
export interface Delivery {
	/** The canonical event name. */
	event: string;
	/** The payload as sent, without an envelope around it. */
	payload: IDataObject;
	/** When Pocketsflow says it was sent, ms since 1970; undefined where it says nothing usable. */
	sentAt: number | undefined;
	/** SHA-256 of the payload without `webhookId`, which is the endpoint (contract C3), hex. */
	digest: string;
}

export type DeliveryHeaders = Record<string, string | string[] | undefined>;

const name = (value: unknown) =>
	typeof value === 'string' && value.trim() ? value.trim() : undefined;

/** The timestamp header in ms: milliseconds, or seconds where the number is too small (contract H9). */
export function sentAtOf(header: unknown): number | undefined {
	if (typeof header !== 'string' || !/^\d{9,16}$/.test(header.trim())) return undefined;
	const value = Number(header);
	return value < 1e12 ? value * 1000 : value;
}

/**
 * Reads headers and verified body into a delivery: flat payload, flat with `event`, or `{ type, data }`
 * (contract C4). Undefined when the body is no JSON object or nothing names the event.
 *
 * The header names the event first. It is not signed, though: where the signed body itself names a known
 * event, that name holds, so that nobody can pass a captured refund off as a purchase.
 */
export function readDelivery(headers: DeliveryHeaders, rawBody: Uint8Array): Delivery | undefined {
	const body = jsonParse<unknown>(
		Buffer.from(rawBody)
			.toString('utf8')
			.replace(/^\uFEFF/, ''),
		{
			fallbackValue: null,
		},
	);
	if (!isRecord(body)) return undefined;
	const inBody = name(body.event) ?? (isRecord(body.data) ? name(body.type) : undefined);
	const signed = inBody !== undefined && eventNamed(inBody) ? inBody : undefined;
	const event = signed ?? name(headers['x-pocketsflow-event']) ?? inBody ?? name(body.type);
	if (event === undefined) return undefined;
	const payload = inBody !== undefined && isRecord(body.data) ? body.data : body;
	const content = JSON.stringify({ ...payload, webhookId: undefined });
	return {
		event: canonicalName(event),
		payload,
		sentAt: sentAtOf(headers['x-pocketsflow-timestamp']),
		digest: createHash('sha256').update(content).digest('hex'),
	};
}
