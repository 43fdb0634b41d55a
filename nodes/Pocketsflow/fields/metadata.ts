import type { IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import { parseJsonInput } from './json';
import { InvalidInputError, isUnset } from './types';

/**
 * Reads metadata from the rows of a key/value collection. Rows without key and value are left out.
 * @throws InvalidInputError
 */
export function readMetadataRows(displayName: string, raw: unknown): IDataObject | undefined {
	const rows = isRecord(raw) && Array.isArray(raw.entries) ? raw.entries.filter(isRecord) : [];
	const filled = rows.filter(({ key, value }) => !isUnset(key) || !isUnset(value));
	if (filled.length === 0) return undefined;
	return buildMetadata(
		displayName,
		filled.map(({ key, value }) => [isUnset(key) ? '' : String(key), value ?? '']),
	);
}

/**
 * Reads metadata from JSON: text, or an object that an expression gave.
 * @throws InvalidInputError
 */
export function readMetadataJson(displayName: string, raw: unknown): IDataObject | undefined {
	if (isUnset(raw)) return undefined;
	const value = parseJsonInput(displayName, raw);
	if (!isRecord(value))
		throw new InvalidInputError(
			`${displayName} must be a JSON object such as {"order_id": "A-1001"}`,
		);
	const entries = Object.entries(value);
	return entries.length === 0 ? undefined : buildMetadata(displayName, entries);
}

/** Refuses what is not known to come back with the order (docs/pocketsflow-api.md#metadata). */
function buildMetadata(displayName: string, entries: Array<[string, unknown]>): IDataObject {
	const metadata: IDataObject = {};
	for (const [key, value] of entries) {
		if (key.trim() === '') throw new InvalidInputError(`${displayName} has an entry without a key`);
		// Assigning to this key would set the prototype of the object and lose the entry.
		if (key === '__proto__')
			throw new InvalidInputError(`${displayName} cannot have the key '${key}'`);
		if (Object.hasOwn(metadata, key))
			throw new InvalidInputError(`${displayName} has the key '${key}' twice`);
		if (!isPlainValue(value))
			throw new InvalidInputError(
				`${displayName} value of '${key}' must be text, a number or a boolean; nested objects, lists and null do not come back from Pocketsflow`,
			);
		metadata[key] = value;
	}
	return metadata;
}

const isPlainValue = (value: unknown): value is string | number | boolean =>
	typeof value === 'string' ||
	typeof value === 'boolean' ||
	(typeof value === 'number' && Number.isFinite(value));
