import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { readApiDate } from '../api/dates';
import { parseJson } from '../api/json';
import { isRecord, listValues } from '../api/responses';
import { toCanonicalName } from './catalogue';
import { readTestMode } from './mode';

/** One delivery with a valid signature. */
export interface Delivery {
	event: string;
	/** As sent, without an envelope around it. */
	payload: IDataObject;
	testMode: boolean | undefined;
	/** When Pocketsflow says that it was sent, in ms since 1970. */
	sentAtMs: number | undefined;
	/** SHA-256, in hex, of the payload without `webhookId`, which identifies the endpoint. */
	digest: string;
}

export type DeliveryHeaders = Record<string, string | string[] | undefined>;

/**
 * Reads a delivery from its headers and its verified body (docs/pocketsflow-api.md#payloads). The event in
 * the body takes precedence over the header: the header is not signed, and no one may pass off a captured
 * refund as a purchase.
 * @param customEvents event names that only the user knows
 * @returns undefined if the body is not a JSON object, is nested too deeply, or if nothing names the event
 */
export function readDelivery(
	headers: DeliveryHeaders,
	rawBody: Uint8Array,
	customEvents: readonly string[] = [],
): Delivery | undefined {
	const body = parseJson(new TextDecoder().decode(rawBody));
	if (!isRecord(body) || isDeeperThan(maxDepth, body)) return undefined;
	const names = [body.event, body.type].flatMap((value) => readName(value) ?? []);
	const isEvent = (name: string) => eventName.test(name) || customEvents.includes(name);
	const event = names.find(isEvent) ?? readEventHeader(headers) ?? names.at(0);
	if (event === undefined) return undefined;
	const payload = isInEnvelope(body, names) ? body.data : body;
	return {
		event: toCanonicalName(event),
		payload,
		testMode: readTestMode(payload) ?? readTestMode(body),
		sentAtMs: readSentAt(headers['x-pocketsflow-timestamp']),
		digest: digestPayload(payload),
	};
}

/** The format of an event name. Other text under `event` or `type` may be data: products have a type. */
const eventName = /^[a-z]\w*(\.\w+)+$/i;

/** n8n can't store an execution that holds a deeper body. */
const maxDepth = 200;

function isDeeperThan(depth: number, value: unknown): boolean {
	let level: unknown[] = [value];
	for (let rest = depth; rest >= 0; rest--) level = level.flatMap(listValues);
	return level.length > 0;
}

/** Reads the timestamp header, in ms or in seconds, as ms (docs/pocketsflow-api.md#deliveries). */
export const readSentAt = (header: unknown): number | undefined =>
	typeof header === 'string' && /^\d{9,16}$/.test(header.trim())
		? readApiDate(Number(header))
		: undefined;

/** Reads the event in the header, which a proxy may have repeated or extended: `a.b, a.b;v=1`. */
function readEventHeader({ 'x-pocketsflow-event': header }: DeliveryHeaders): string | undefined {
	if (typeof header !== 'string') return undefined;
	const names = new Set(header.split(',').map((part) => part.replace(/;.*/, '').trim()));
	return names.size === 1 ? readName([...names][0]) : undefined;
}

/** Every payload of a known event has at least one of these keys. */
const subjectKeys = [
	'_id',
	'id',
	'order',
	'orderId',
	'product',
	'customer',
	'subscription',
	'email',
];

const hasSubject = (record: IDataObject) => subjectKeys.some((key) => key in record);

/** Whether the payload is in `data`: next to the name of the event, or if only `data` has a subject. */
const isInEnvelope = (body: IDataObject, names: string[]): body is { data: IDataObject } =>
	isRecord(body.data) && (names.length > 0 || (hasSubject(body.data) && !hasSubject(body)));

function readName(value: unknown): string | undefined {
	return typeof value === 'string' && value.trim() ? value.trim() : undefined;
}

function digestPayload(payload: IDataObject): string {
	const content = JSON.stringify({ ...payload, webhookId: undefined });
	return createHash('sha256').update(content).digest('hex');
}
