import { jsonParse, type IDataObject } from 'n8n-workflow';

import { isRecord } from '../../api/responses';
import {
	defineField,
	InvalidInputError,
	putInQuotes,
	quote,
	type Field,
	type Presentation,
} from '../field';
import { isExact, isExactText } from '../numbers';
import { textField } from './text';

/** A JSON object, sent unchanged. `example` is shown in errors. */
export const jsonField = (shown: Presentation, example = '{"name": "value"}'): Field<IDataObject> =>
	defineField({ type: 'json', default: '', ...shown }, (raw) => {
		const value = parseJsonInput(shown.displayName, raw);
		if (isRecord(value)) return value;
		throw new InvalidInputError(
			`'${shown.displayName}' must be a JSON object`,
			`Use an object such as ${example}.`,
		);
	});

/** Text, or a JSON object if the text is one. */
export function textOrJsonField(shown: Presentation): Field<string | IDataObject> {
	const asText = textField(shown);
	const asJson = jsonField(shown);
	return {
		property: asText.property,
		read: (raw) =>
			isRecord(raw) || (typeof raw === 'string' && raw.trim().startsWith('{'))
				? asJson.read(raw)
				: asText.read(raw),
	};
}

const invalidJson = Symbol('invalid JSON');

/**
 * Parses text; an expression may have parsed it already. Refuses what would be lost or changed:
 * numbers that JavaScript cannot represent, duplicate keys, and values that JSON does not have.
 * @throws InvalidInputError
 */
export function parseJsonInput(displayName: string, raw: unknown): unknown {
	if (typeof raw !== 'string') {
		refuseLossyValues(displayName, raw);
		return raw;
	}
	const value = jsonParse<unknown>(raw, { fallbackValue: invalidJson });
	if (value === invalidJson)
		throw new InvalidInputError(
			`'${displayName}' is not valid JSON`,
			'Check the quotes, commas, and brackets. In an expression, JSON.stringify() writes valid JSON.',
		);
	refuseLossyText(displayName, raw);
	return value;
}

const jsonTokens = /"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*|[{}[\]:,]/g;

/** Checks the text of valid JSON, because the parsed value no longer shows what was lost. */
function refuseLossyText(displayName: string, text: string): void {
	const keysOfObjects: Array<Set<string>> = [];
	let previous = '';
	for (const [token] of text.matchAll(jsonTokens)) {
		if (token === '{' || token === '[') keysOfObjects.push(new Set());
		else if (token === '}' || token === ']') keysOfObjects.pop();
		else if (token === ':') addKey(displayName, keysOfObjects.at(-1), jsonParse<string>(previous));
		else if (/^[-\d]/.test(token) && !isExactText(token))
			throw new InvalidInputError(
				`'${displayName}' has a number that is too large or too precise to be sent exactly: ${quote(token)}`,
				putInQuotes,
			);
		previous = token;
	}
}

export const refuseDuplicate = (displayName: string, key: string) =>
	new InvalidInputError(
		`'${displayName}' has the key ${quote(key)} twice`,
		'Remove one of them: a key can be sent only once.',
	);

function addKey(displayName: string, keys: Set<string> | undefined, key: string): void {
	if (keys?.has(key)) throw refuseDuplicate(displayName, key);
	keys?.add(key);
}

/** Checks what an expression returned, at any depth. */
function refuseLossyValues(displayName: string, given: unknown): void {
	const seen = new Set<unknown>();
	const rest: Array<[key: string, value: unknown]> = [['', given]];
	for (let next = rest.pop(); next; next = rest.pop()) {
		const [key, value] = next;
		if (!isKeptByJson(value))
			throw new InvalidInputError(
				`'${displayName}' has a value ${key === '' ? '' : `for ${quote(key)} `}that cannot be sent as JSON`,
				`Use text, true, false, null, or a number up to 2^53. ${putInQuotes}`,
			);
		if (typeof value !== 'object' || value === null || seen.has(value)) continue;
		seen.add(value);
		for (const entry of Object.entries(value)) rest.push(entry);
	}
}

function isKeptByJson(value: unknown): boolean {
	if (typeof value === 'number') return isExact(value);
	return ['string', 'boolean', 'object'].includes(typeof value);
}
