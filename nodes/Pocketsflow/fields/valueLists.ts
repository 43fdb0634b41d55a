import type { INodePropertyOptions } from 'n8n-workflow';

import { parseJsonInput } from './json';
import type { Picker } from './pickers';
import {
	InvalidInputError,
	isUnset,
	readPastedId,
	readText,
	urlField,
	type Address,
	type Field,
	type Presentation,
} from './types';

/** A list of absolute URLs: rows in the editor, or an array or lines of text from an expression. */
export function urlListField(shown: Presentation): Field<string[]> {
	const entryField = urlField(shown);
	return {
		property: {
			type: 'string',
			...shown,
			default: [],
			typeOptions: { multipleValues: true, multipleValueButtonText: 'Add URL' },
		},
		emptyValue: [],
		read: (raw) =>
			readLines(shown.displayName, raw)?.flatMap((entry) => entryField.read(entry) ?? []),
	};
}

/** IDs chosen from a list; an expression may give an array, JSON or text with commas. */
export function idListField(
	shown: Presentation,
	picker: Picker,
	address?: Address,
): Field<string[]> {
	return {
		property: {
			type: 'multiOptions',
			...shown,
			description: `${shown.description}. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.`,
			default: [],
			typeOptions: { loadOptionsMethod: picker.method },
		},
		picker,
		emptyValue: [],
		read: (raw) => readPastedIds(shown.displayName, readValues(shown.displayName, raw), address),
	};
}

/** IDs of which each may be a URL that was pasted in place of it. @throws InvalidInputError */
export const readPastedIds = (
	displayName: string,
	values: string[] | undefined,
	address?: Address,
): string[] | undefined =>
	values && [...new Set(values.map((value) => String(readPastedId(displayName, value, address))))];

/** Several values of a list. An expression may give others: Pocketsflow may know more than the list. */
export function multiChoiceField(
	shown: Presentation,
	options: INodePropertyOptions[],
): Field<string[]> {
	return {
		property: { type: 'multiOptions', default: [], ...shown, options },
		emptyValue: [],
		read: (raw) => readValues(shown.displayName, raw),
	};
}

/** Text that lists values separated by commas; an expression may give an array. */
export function commaListField(shown: Presentation): Field<string[]> {
	return {
		property: { type: 'string', default: '', ...shown },
		emptyValue: [],
		read: (raw) => readValues(shown.displayName, raw),
	};
}

/** The different values of an array, of JSON text, or of text with commas. */
function readValues(displayName: string, raw: unknown): string[] | undefined {
	if (isUnset(raw)) return undefined;
	const isJson = typeof raw === 'string' && raw.trim().startsWith('[');
	const given = isJson ? parseJsonInput(displayName, raw) : raw;
	const values = readEntries(displayName, given, ',');
	return values && [...new Set(values)];
}

const readLines = (displayName: string, raw: unknown) =>
	isUnset(raw) ? undefined : readEntries(displayName, raw, '\n');

/**
 * The entries of an array or a text that are not blank; undefined where there are none.
 * @throws InvalidInputError for an entry that an expression left empty
 */
function readEntries(displayName: string, raw: unknown, separator: string): string[] | undefined {
	const entries = Array.isArray(raw) ? raw : readText(displayName, raw).split(separator);
	if (entries.some((entry) => entry === undefined || entry === null))
		throw new InvalidInputError(
			`'${displayName}' has an entry without a value`,
			'Check that the fields exist which the expression reads, or leave the entry out.',
		);
	const values = entries
		.map((entry) => readText(displayName, entry).trim())
		.filter((entry) => entry !== '');
	return values.length > 0 ? values : undefined;
}
