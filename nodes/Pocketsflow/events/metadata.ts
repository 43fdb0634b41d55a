import { jsonParse, type IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';

/**
 * Reads the metadata of the checkout session from a webhook payload or from a record of the API.
 * It may stand at the top, in the order, or in an invoice's subscription details, as an object or as
 * text (see `parseMetadata`): docs/pocketsflow-api.md#metadata
 * @returns undefined where there is none
 */
export function readMetadata(payload: IDataObject): IDataObject | undefined {
	const { metadata, order, subscription_details: details } = payload;
	const candidates = [
		metadata,
		isRecord(order) ? order.metadata : undefined,
		isRecord(details) && isRecord(details.metadata) ? details.metadata : undefined,
	]
		.map(parseMetadata)
		.filter((parsed) => parsed !== undefined);
	// A raw invoice has empty metadata of its own beside that of its subscription.
	return candidates.find((parsed) => Object.keys(parsed).length > 0) ?? candidates[0];
}

/** An object, JSON text, or URL-encoded text from the embedded checkout, which may be in quotes. */
function parseMetadata(value: unknown): IDataObject | undefined {
	if (isRecord(value)) return unfoldWebhookMetadata(value);
	if (typeof value !== 'string') return undefined;
	const text = value.trim().replace(/^"([\s\S]*)"$/, '$1');
	const json = jsonParse<unknown>(text, { fallbackValue: null });
	if (isRecord(json)) return json;
	return text.includes('=') ? Object.fromEntries(new URLSearchParams(text)) : undefined;
}

/** Replaces the text under `webhookMetadata` by the keys that are encoded in it. */
function unfoldWebhookMetadata(metadata: IDataObject): IDataObject {
	const { webhookMetadata, ...others } = metadata;
	const encoded = parseMetadata(webhookMetadata);
	return encoded ? { ...others, ...encoded } : metadata;
}
