import type { IDataObject } from 'n8n-workflow';

import { isRecord } from '../../api/responses';
import { InvalidInputError, isUnset, putInQuotes, quote, readText, refuseMissing } from '../field';
import { isExact } from '../numbers';
import { parseJsonInput, refuseDuplicate } from './json';

/**
 * Blank rows are refused, too: n8n creates them from an expression that stands for all rows
 * (docs/n8n-engine.md#loading-and-metadata). @throws InvalidInputError
 */
export function readMetadataRows(displayName: string, raw: unknown): IDataObject | undefined {
	// An empty object has no rows. In another object without `entries`, the content would be ignored.
	const isBlank = raw === '' || (isRecord(raw) && Object.keys(raw).length === 0);
	const rows = isBlank ? [] : isRecord(raw) ? raw.entries : raw;
	if (!Array.isArray(rows) || !rows.every(isRecord))
		throw new InvalidInputError(
			`'${displayName}' must be a list of rows, each with a key and a value`,
			"To use an object, set 'Metadata Input' to 'JSON'.",
		);
	if (rows.length === 0) return undefined;
	return buildMetadata(
		displayName,
		rows.map(({ key, value }) => [readText(displayName, key ?? ''), value]),
	);
}

/** Reads text, or an object that an expression returned. @throws InvalidInputError */
export function readMetadataJson(displayName: string, raw: unknown): IDataObject | undefined {
	if (raw === '') return undefined;
	if (raw === undefined || raw === null) throw refuseMissing(displayName);
	// An object is checked value by value below, where the key is known.
	const value = typeof raw === 'string' ? parseJsonInput(displayName, raw) : raw;
	if (!isRecord(value))
		throw new InvalidInputError(
			`'${displayName}' must be a JSON object`,
			'Use an object such as {"order_id": "A-1001"}.',
		);
	const entries = Object.entries(value);
	return entries.length === 0 ? undefined : buildMetadata(displayName, entries);
}

// Refuses what would not come back with the order (docs/pocketsflow-api.md#metadata): without it,
// the sale can no longer be matched to the seller's order.
function buildMetadata(displayName: string, entries: Array<[string, unknown]>): IDataObject {
	const metadata: IDataObject = {};
	for (const [givenKey, value] of entries) {
		const key = givenKey.trim();
		checkKey(displayName, key, metadata);
		metadata[key] = readValue(displayName, key, value);
	}
	return metadata;
}

function checkKey(displayName: string, key: string, metadata: IDataObject): void {
	if (key === '')
		throw new InvalidInputError(
			`'${displayName}' has an entry without a key`,
			"Enter a key, or remove the entry. To set all entries with one expression, set 'Metadata Input' to 'JSON'.",
		);
	// Assigning to this key would set the object's prototype and lose the entry.
	if (key === '__proto__')
		throw new InvalidInputError(`'${displayName}' cannot have the key '${key}'`, 'Rename the key.');
	if (Object.hasOwn(metadata, key)) throw refuseDuplicate(displayName, key);
}

function readValue(displayName: string, key: string, value: unknown): string | number | boolean {
	if (isUnset(value) || (typeof value === 'string' && value.trim() === ''))
		throw new InvalidInputError(
			`'${displayName}' has no value for ${quote(key)}`,
			'Enter a value, or remove the entry. If you use an expression, check that the field it reads exists.',
		);
	if (typeof value === 'number' && !isExact(value))
		throw new InvalidInputError(
			`'${displayName}' has a number for ${quote(key)} that is too large to be sent exactly`,
			putInQuotes,
		);
	if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
		return value;
	throw new InvalidInputError(
		`'${displayName}' has a value for ${quote(key)} that is not text, a number, or a boolean`,
		'Pocketsflow does not return nested objects or lists. Use a separate key for each value.',
	);
}
