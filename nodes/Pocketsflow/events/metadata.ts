import type { IDataObject } from 'n8n-workflow';

import { parseJson } from '../api/json';
import { isRecord } from '../api/responses';

/**
 * Reads the metadata of the checkout session from a webhook payload or an API record, in any of its
 * places and forms (docs/pocketsflow-api.md#metadata); undefined if there is none.
 */
export function readMetadata(payload: IDataObject): IDataObject | undefined {
	const { metadata, order, subscription_details: details, parent, lines } = payload;
	const rows = isRecord(lines) && Array.isArray(lines.data) ? lines.data : [];
	const candidates = [
		metadata,
		isRecord(order) ? order.metadata : undefined,
		readRaw(details),
		isRecord(parent) ? readRaw(parent.subscription_details) : undefined,
		...rows.map(readRaw),
	]
		.map((value) => parseMetadata(value))
		.filter((parsed) => parsed !== undefined);
	// A raw invoice has its own empty metadata in addition to that of its subscription.
	return candidates.find((parsed) => Object.keys(parsed).length > 0) ?? candidates[0];
}

/** The payment provider's metadata is always an object. */
const readRaw = (value: unknown) =>
	isRecord(value) && isRecord(value.metadata) ? value.metadata : undefined;

/** Text that is URL-encoded once too often: no `=` or `{` comes before the encoded ones. */
const encodedTwice = /^[^={]*%(?:25)*(?:3d|7b)/i;

/** Parses an object, JSON text, or URL-encoded text, which may be in quotes or encoded twice. */
function parseMetadata(value: unknown, depth = 3): IDataObject | undefined {
	if (isRecord(value)) return unfoldWebhookMetadata(value);
	if (typeof value !== 'string' || depth === 0) return undefined;
	const inner = parseMetadata(parseJson(value), depth - 1);
	if (inner) return inner;
	const text = value.trim().replace(/^"([\s\S]*)"$/, '$1');
	const unquoted = parseJson(text);
	if (isRecord(unquoted)) return unfoldWebhookMetadata(unquoted);
	if (encodedTwice.test(text)) return parseMetadata(decode(text), depth - 1);
	return text.includes('=')
		? unfoldWebhookMetadata(Object.fromEntries(new URLSearchParams(text)))
		: undefined;
}

function decode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}

/** Replaces the text under `webhookMetadata` with the keys that it encodes. */
function unfoldWebhookMetadata(metadata: IDataObject): IDataObject {
	const { webhookMetadata, ...others } = metadata;
	const encoded = parseMetadata(webhookMetadata);
	return encoded ? { ...others, ...encoded } : metadata;
}
