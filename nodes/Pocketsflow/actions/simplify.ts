import type { IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';

/** A key that Simplify keeps, or a key with the further places where older or newer answers have it. */
export type Kept = string | readonly [key: string, ...elsewhere: string[]];

/** n8n's guideline for Simplify. */
const mostFields = 10;

/**
 * The record reduced to its telling keys, at most ten. Its id stays where it was (`_id` or `id`, contract
 * H24); values are as Pocketsflow gave them, amounts included.
 */
export function simplified(record: IDataObject, keys: readonly Kept[]): IDataObject {
	const idKey = record._id === undefined ? 'id' : '_id';
	const entries = [idKey, ...keys].flatMap((kept): Array<[string, IDataObject[string]]> => {
		const [key, ...elsewhere] = typeof kept === 'string' ? [kept] : kept;
		const value = [key, ...elsewhere].map((path) => valueAt(record, path)).find(isGiven);
		return isGiven(value) ? [[key, value]] : [];
	});
	return Object.fromEntries(entries.slice(0, mostFields));
}

const isGiven = (value: unknown) => value !== undefined;

function valueAt(record: IDataObject, path: string): IDataObject[string] {
	return path
		.split('.')
		.reduce<
			IDataObject[string]
		>((value, key) => (isRecord(value) ? value[key] : undefined), record);
}
