import { isRecord } from '../../api/responses';
import {
	InvalidInputError,
	isUnset,
	quote,
	readText,
	type Field,
	type Presentation,
} from '../field';
import { textField } from './text';

const hasLoneSurrogate = (value: string) => /\p{Surrogate}/u.test(value);

/** The URL of a record in Pocketsflow, where a user can find its ID. */
export interface Address {
	placeholder: string;
	/** Captures the ID in its only group. */
	regex: string;
	errorMessage: string;
}

/**
 * Returns the ID from a URL that was pasted in its place, and anything else unchanged. n8n could do
 * so only in the mode By URL and only for text. Without a known address, the ID must be the only
 * path segment in the form of one (docs/pocketsflow-api.md#ids).
 * @throws InvalidInputError for a URL without the ID, and for an object that contains one
 */
export function readPastedId(displayName: string, value: unknown, address?: Address): unknown {
	if (isRecord(value))
		throw new InvalidInputError(
			`'${displayName}' is an object, not an ID`,
			'Use the ID inside the object, as in {{ $json._id }}.',
		);
	const text = typeof value === 'string' ? value.trim() : '';
	if (!/^(https?:\/\/|[\w-]+(\.[\w-]+)+\/)/i.test(text)) return value;
	const url = /^https?:/i.test(text) ? text : `https://${text}`;
	const known = address && new RegExp(address.regex, 'i').exec(url)?.[1];
	const ids = known === undefined ? findIdSegments(url) : [known];
	if (ids.length === 1) return ids[0];
	const remedy = address?.errorMessage ?? 'Use the ID as Pocketsflow shows it, not a URL';
	throw new InvalidInputError(
		`'${displayName}' is a URL that does not contain the ID: ${quote(text)}`,
		`${remedy.replace(/\.?$/, '')}.`,
	);
}

const findIdSegments = (url: string) =>
	url
		.replace(/[?#].*$/s, '')
		.split('/')
		.filter((segment) => /^[0-9a-f]{24}$/i.test(segment));

/**
 * Reads an ID in any form (docs/pocketsflow-api.md#ids) except what would change the path or cannot
 * be encoded: `.`, `..`, and half of a surrogate pair. @throws InvalidInputError
 */
export function readPathId(displayName: string, raw: unknown): string | undefined {
	if (isUnset(raw)) return undefined;
	const value = readText(displayName, raw).trim();
	if (value === '') return undefined;
	if (value === '.' || value === '..' || hasLoneSurrogate(value))
		throw new InvalidInputError(
			`'${displayName}' cannot be ${quote(value)}`,
			'Use the ID as Pocketsflow shows it.',
		);
	return value;
}

/** An ID that users type in, for a record that Pocketsflow cannot list. */
export function idField(shown: Presentation): Field<string> {
	const { property } = textField(shown);
	const { displayName } = shown;
	return { property, read: (raw) => readPathId(displayName, readPastedId(displayName, raw)) };
}
