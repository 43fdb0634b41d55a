import type { IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';

/** A key that Simplify keeps; in a list, the further places where older or newer responses have it. */
export type SimplifiedKey = string | readonly [key: string, ...elsewhere: string[]];

/** n8n's guideline for Simplify. */
const maxKeys = 10;

/**
 * Reduces a record to its ID and the given keys, ten in all. The ID keeps its key, `_id` or `id`
 * (docs/pocketsflow-api.md#ids); values stay as Pocketsflow gave them, amounts included.
 */
export function simplifyRecord(record: IDataObject, keys: readonly SimplifiedKey[]): IDataObject {
	const idKey = record._id === undefined ? 'id' : '_id';
	const entries = [idKey, ...keys].flatMap((simplifiedKey) => {
		const paths = typeof simplifiedKey === 'string' ? [simplifiedKey] : simplifiedKey;
		const value = paths.map((path) => getAtPath(record, path)).find(isGiven);
		return isGiven(value) ? [[paths[0], value] as const] : [];
	});
	return Object.fromEntries(entries.slice(0, maxKeys));
}

/** Reduces a record to its ID and the given keys, of which one with points leads into objects. */
export function selectKeys(record: IDataObject, keys: readonly string[]): IDataObject {
	const idKey = record._id === undefined ? 'id' : '_id';
	const entries = [idKey, ...keys].map((key) => [key, getAtPath(record, key)] as const);
	return Object.fromEntries(entries.filter(([, value]) => isGiven(value)));
}

const isGiven = (value: unknown) => value !== undefined;

function getAtPath(record: IDataObject, path: string): IDataObject[string] {
	return path
		.split('.')
		.reduce<
			IDataObject[string]
		>((value, key) => (isRecord(value) ? value[key] : undefined), record);
}
