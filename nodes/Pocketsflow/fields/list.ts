import type { INodePropertyOptions } from 'n8n-workflow';

import { parseJsonInput } from './kinds/json';
import type { Picker } from './pickers';
import { InvalidInputError, isUnset, readText, type Field, type Presentation } from './field';
import { readPastedId, type Address } from './kinds/id';
import { urlField } from './kinds/text';

const isText = (entry: unknown) => typeof entry === 'string';

const separators = /[\s,;]+/;

/** A URL may contain commas and semicolons: they separate only before another URL or nothing. */
const urlSeparators = /\s+|[,;]+(?=\s|$|https?:)/i;

/**
 * The unique entries of an array, JSON, or text with commas, semicolons, or whitespace between
 * them. Undefined if there are none. @throws InvalidInputError, also for an entry without a value
 */
function readEntries(
	displayName: string,
	raw: unknown,
	separator = separators,
	isEntry: (entry: unknown) => boolean = () => true,
): string[] | undefined {
	if (isUnset(raw)) return undefined;
	const isJson = typeof raw === 'string' && /^\s*["[{]/.test(raw);
	const given = isJson ? parseJsonInput(displayName, raw) : raw;
	const entries: unknown[] = Array.isArray(given) ? given : [given];
	if (entries.some((entry) => entry === undefined || entry === null))
		throw new InvalidInputError(
			`'${displayName}' has an entry without a value`,
			'Check that the fields that the expression reads exist, or remove the entry.',
		);
	if (!entries.every(isEntry))
		throw new InvalidInputError(
			`'${displayName}' must be a list of names`,
			'Use an array of strings, or one string with commas between the names.',
		);
	const texts = entries
		.flatMap((entry) => readText(displayName, entry).split(separator))
		.filter((text) => text !== '');
	return texts.length > 0 ? [...new Set(texts)] : undefined;
}

/** Names without spaces. Others than the options are accepted: Pocketsflow may know more. */
export function nameListField(
	shown: Presentation,
	options?: INodePropertyOptions[],
): Field<string[]> {
	return {
		property: options
			? { type: 'multiOptions', default: [], ...shown, options }
			: { type: 'string', default: '', ...shown },
		emptyValue: shown.required ? undefined : [],
		read: (raw) => readEntries(shown.displayName, raw, separators, isText),
	};
}

/** Absolute URLs: rows in the editor, or a list in any form from an expression. */
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
			readEntries(shown.displayName, raw, urlSeparators)?.flatMap(
				(entry) => entryField.read(entry) ?? [],
			),
	};
}

/** IDs selected from a list or in any form. Each may be a URL that contains the ID. */
export function idListField(
	shown: Presentation,
	picker: Picker,
	address?: Address,
): Field<string[]> {
	const { displayName } = shown;
	return {
		property: {
			type: 'multiOptions',
			...shown,
			description: `${shown.description}. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.`,
			default: [],
			typeOptions: { loadOptionsMethod: picker.method },
		},
		picker,
		// As for text: a value that is required on creation cannot be cleared later.
		emptyValue: shown.required ? undefined : [],
		read(raw) {
			const ids = readEntries(displayName, raw)?.map((entry) =>
				String(readPastedId(displayName, entry, address)),
			);
			return ids && [...new Set(ids)];
		},
	};
}
