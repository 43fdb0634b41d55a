import type { IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';

/** A key that Simplify keeps. A list also names the other places where older or newer responses have it. */
export type SimplifiedKey = string | readonly [key: string, ...elsewhere: string[]];

/**
 * Reduces a record to its ID (docs/pocketsflow-api.md#ids) and the given keys in this order, with
 * null for missing ones. Values stay as Pocketsflow returned them.
 */
export function simplifyRecord(record: IDataObject, keys: readonly SimplifiedKey[]): IDataObject {
	const idKey = record._id === undefined ? 'id' : '_id';
	const entries = [idKey, ...keys].map((simplifiedKey) => {
		const paths = typeof simplifiedKey === 'string' ? [simplifiedKey] : simplifiedKey;
		return [paths[0], paths.map((path) => getAtPath(record, path)).find(isGiven) ?? null] as const;
	});
	return Object.fromEntries(entries);
}

const isGiven = (value: unknown) => value !== undefined && value !== null;

/** The value at a path of keys separated by periods. */
export function getAtPath(record: IDataObject, path: string): IDataObject[string] {
	return path
		.split('.')
		.reduce<
			IDataObject[string]
		>((value, key) => (isRecord(value) ? value[key] : undefined), record);
}
