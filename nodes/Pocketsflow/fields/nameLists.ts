import type { INodePropertyOptions } from 'n8n-workflow';

import { parseJsonInput } from './json';
import type { Picker } from './pickers';
import { InvalidInputError, isUnset, type Address, type Field, type Presentation } from './types';
import { idListField, readPastedIds } from './valueLists';

/**
 * Names that hold no blanks, such as those of events: chosen in the editor where there are options,
 * else typed. Any other than the options is taken as well.
 */
export function nameListField(
	shown: Presentation,
	options?: INodePropertyOptions[],
): Field<string[]> {
	return {
		property: options
			? { type: 'multiOptions', default: [], ...shown, options }
			: { type: 'string', default: '', ...shown },
		read: (raw) => readNames(shown.displayName, raw, isText),
	};
}

/** IDs that are chosen in the editor, or typed with commas, blanks or lines between them. */
export function idNamesField(
	shown: Presentation,
	picker: Picker,
	address?: Address,
): Field<string[]> {
	const { displayName } = shown;
	return {
		...idListField(shown, picker),
		read: (raw) => readPastedIds(displayName, readNames(displayName, raw, isTextOrNumber), address),
	};
}

const isText = (entry: unknown) => typeof entry === 'string';
const isTextOrNumber = (entry: unknown) => isText(entry) || Number.isSafeInteger(entry);

/** The different names in an array, in JSON, or in text; undefined where there are none. */
function readNames(
	displayName: string,
	raw: unknown,
	isEntry: (entry: unknown) => boolean,
): string[] | undefined {
	const isJson = typeof raw === 'string' && /^\s*["[{]/.test(raw);
	const given = isJson ? parseJsonInput(displayName, raw) : raw;
	if (isUnset(given)) return undefined;
	const entries: unknown[] = Array.isArray(given) ? given : [given];
	if (!entries.every(isEntry))
		throw new InvalidInputError(
			`'${displayName}' is no list of names`,
			'Use an array of texts, or one text with commas between the names.',
		);
	const names = entries.flatMap((entry) => String(entry).split(/[\s,]+/)).filter(Boolean);
	return names.length > 0 ? [...new Set(names)] : undefined;
}
