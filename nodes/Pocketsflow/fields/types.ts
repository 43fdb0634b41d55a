import type {
	IDataObject,
	IDisplayOptions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import { isRecord } from '../api/responses';
import { isExact, isExactText } from './numbers';
import type { Picker } from './pickers';

/**
 * Input that is refused before anything is sent. The message says what is wrong, with the name of the
 * parameter in single quotes; the description says what to do, the consequence what did not happen.
 */
export class InvalidInputError extends Error {
	constructor(
		message: string,
		readonly description: string,
		readonly consequence = 'Nothing was sent to Pocketsflow.',
	) {
		super(message);
	}
}

/** What to do with a number that JavaScript cannot hold. */
export const putInQuotes = 'Put a longer number in quotes, so that it is sent as text.';

/** One parameter of a node: how n8n shows it, and how its value becomes what the API takes. */
export interface Field<T = unknown> {
	property: INodeProperties;
	/** What fills the list of the parameter in the editor, where it has one. */
	picker?: Picker;
	/**
	 * Reads the parameter's value; undefined for one that is not set.
	 * @param timezone of the workflow, for dates that name none; UTC unless given
	 * @throws InvalidInputError
	 */
	read(raw: unknown, timezone?: string): T | undefined;
	/** What an update sends where the user emptied the field; without it the field cannot be emptied. */
	emptyValue?: T | null;
	/** Whether the field is left out, instead of refused, where its expression gives no value. */
	mayBeMissing?: boolean;
}

/** Optional fields that n8n shows as one collection. */
export interface Collection {
	name: string;
	displayName: string;
	addButton: string;
	description: string;
	fields: readonly Field[];
	/** Whether a field that was emptied is sent empty; otherwise it is left out. */
	sendsEmpty?: boolean;
}

/** The values of a collection's fields that are set, by their names at the API. */
export type CollectionValues = Record<string, IDataObject[string]>;

/** What n8n shows of a field, whatever its kind. */
export type Presentation = Pick<INodeProperties, 'displayName' | 'name' | 'description'> &
	Partial<Pick<INodeProperties, 'placeholder' | 'required' | 'default' | 'hint'>>;

/** Whether a parameter's value counts as not set. */
export const isUnset = (raw: unknown) => raw === undefined || raw === null || raw === '';

/** The error for a field that is undefined or null, which is what expressions give that read nothing. */
export const refuseMissing = (displayName: string, remedy = 'Or leave the field blank') =>
	new InvalidInputError(
		`'${displayName}' has no value`,
		`If an expression gives it, check that the field it reads exists. ${remedy}.`,
	);

/**
 * The text of a value that is text, or a number of which no digit can have been lost.
 * @throws InvalidInputError
 */
export function readText(displayName: string, raw: unknown): string {
	if (typeof raw === 'string') return raw;
	if (typeof raw !== 'number')
		throw new InvalidInputError(`'${displayName}' must be text`, 'Use text or a number.');
	if (!isExact(raw))
		throw new InvalidInputError(
			`'${displayName}' is a number that may have changed on its way`,
			putInQuotes,
		);
	return String(raw);
}

/** Quotes a value in an error message: a short one whole, of a long one the beginning. */
export const quote = (value: string) =>
	value.length > 80 ? `'${value.slice(0, 80)}…'` : `'${value}'`;

/** The field, shown only with these values of other parameters. */
export function showFor<T>(show: IDisplayOptions['show'], field: Field<T>): Field<T> {
	return { ...field, property: { ...field.property, displayOptions: { show } } };
}

/** Text, sent exactly as given. Text of blanks only counts as not set. */
export function textField(
	shown: Presentation,
	typeOptions?: INodeProperties['typeOptions'],
): Field<string> {
	return {
		property: { type: 'string', default: '', ...shown, ...(typeOptions && { typeOptions }) },
		// What is required when a thing is created cannot be taken from it later.
		emptyValue: shown.required ? undefined : '',
		read(raw) {
			if (isUnset(raw)) return undefined;
			const value = readText(shown.displayName, raw);
			return value.trim() === '' ? undefined : value;
		},
	};
}

/** Text such as a code or a name of a key, whose surrounding blanks are a slip. */
export function codeField(shown: Presentation): Field<string> {
	const field = textField(shown);
	return { ...field, read: (raw) => field.read(raw)?.trim() };
}

/** An absolute http or https URL, without surrounding blanks. */
export function urlField(shown: Presentation): Field<string> {
	const asText = textField({ placeholder: 'e.g. https://example.com/thanks', ...shown });
	return {
		...asText,
		read(raw) {
			const value = asText.read(raw)?.trim();
			if (value === undefined) return undefined;
			if (!/^https?:\/\/[^\s/]/i.test(value) || !URL.canParse(value))
				throw new InvalidInputError(
					`'${shown.displayName}' must be a complete URL, not ${quote(value)}`,
					'Use an address that begins with https:// or http://.',
				);
			return value;
		},
	};
}

/** One email address. Only what is surely none is refused; Pocketsflow decides the rest. */
export function emailField(shown: Presentation): Field<string> {
	const asText = textField({ placeholder: 'e.g. name@email.com', ...shown });
	return {
		...asText,
		read(raw) {
			const value = asText.read(raw)?.trim();
			if (value !== undefined && !/^[^\s@]+@[^\s@]+$/.test(value))
				throw new InvalidInputError(
					`'${shown.displayName}' must be an email address, not ${quote(value)}`,
					'Use one address such as name@email.com.',
				);
			return value;
		},
	};
}

const hasLoneSurrogate = (value: string) => /\p{Surrogate}/u.test(value);

/** The address of a thing at Pocketsflow, as a user finds it. */
export interface Address {
	placeholder: string;
	/** With the ID as its one group. */
	regex: string;
	errorMessage: string;
}

/**
 * The ID in a URL that was pasted in place of it; what is no URL is given back. n8n could do it, but only
 * where the mode is By URL, and takes nothing but text there, while an expression may give a number.
 * @param address where the ID stands in a known address; else it must be the one segment of a path that
 * has the form of an ID (docs/pocketsflow-api.md#ids)
 * @throws InvalidInputError for a URL without the ID, and for a record that holds one
 */
export function readPastedId(displayName: string, value: unknown, address?: Address): unknown {
	if (isRecord(value))
		throw new InvalidInputError(
			`'${displayName}' is a whole record`,
			'Use the ID in it, as in {{ $json._id }}.',
		);
	const text = typeof value === 'string' ? value.trim() : '';
	if (!/^(https?:\/\/|[\w-]+(\.[\w-]+)+\/)/i.test(text)) return value;
	const url = /^https?:/i.test(text) ? text : `https://${text}`;
	const known = address && new RegExp(address.regex, 'i').exec(url)?.[1];
	const ids = known === undefined ? findIdSegments(url) : [known];
	if (ids.length === 1) return ids[0];
	const remedy = address?.errorMessage ?? 'Use the ID as Pocketsflow gives it, not an address';
	throw new InvalidInputError(
		`'${displayName}' has a URL that does not hold the ID: ${quote(text)}`,
		`${remedy.replace(/\.?$/, '')}.`,
	);
}

const findIdSegments = (url: string) =>
	url
		.replace(/[?#].*$/s, '')
		.split('/')
		.filter((segment) => /^[0-9a-f]{24}$/i.test(segment));

/**
 * Reads an ID that becomes one segment of a path. Any form is taken (docs/pocketsflow-api.md#ids) except
 * what would change the path or cannot be encoded: `.`, `..` and half of a surrogate pair.
 * @throws InvalidInputError
 */
export function readPathId(displayName: string, raw: unknown): string | undefined {
	if (isUnset(raw)) return undefined;
	const value = readText(displayName, raw).trim();
	if (value === '') return undefined;
	if (value === '.' || value === '..' || hasLoneSurrogate(value))
		throw new InvalidInputError(
			`'${displayName}' cannot be ${quote(value)}`,
			'Use the ID as Pocketsflow gives it.',
		);
	return value;
}

/** An ID that is typed in, for a thing that Pocketsflow cannot list. */
export function idField(shown: Presentation): Field<string> {
	const { property } = textField(shown);
	const { displayName } = shown;
	return { property, read: (raw) => readPathId(displayName, readPastedId(displayName, raw)) };
}

interface NumberBounds {
	min?: number;
	max?: number;
	integer?: boolean;
	/** Decimal places beyond which a number is refused. */
	decimals?: number;
}

/**
 * A number, or text that is one in full. Infinity, NaN and numbers out of bounds are refused. Without a
 * default that does no harm it is a text parameter: n8n fills a number in with 0, and never marks it as
 * missing (docs/n8n-engine.md#loading-and-metadata).
 */
export function numberField(shown: Presentation, bounds: NumberBounds = {}): Field<number> {
	const { min, max } = bounds;
	return {
		property:
			shown.default === undefined
				? { type: 'string', default: '', ...shown }
				: {
						type: 'number',
						default: 0,
						...shown,
						typeOptions: {
							...(min !== undefined && { minValue: min }),
							...(max !== undefined && { maxValue: max }),
						},
					},
		read(raw) {
			if (isUnset(raw) || (typeof raw === 'string' && raw.trim() === '')) return undefined;
			return readNumber(shown.displayName, raw, bounds);
		},
	};
}

function readNumber(
	displayName: string,
	raw: unknown,
	{ min, max, integer, decimals }: NumberBounds,
): number {
	const value = isNumeric(raw) ? Number(raw) : NaN;
	const refuse = (wrong: string, remedy: string) =>
		new InvalidInputError(`'${displayName}' ${wrong}`, remedy);
	if (!Number.isFinite(value) || (integer && !Number.isSafeInteger(value)))
		throw refuse(
			`must be a ${integer ? 'whole ' : ''}number`,
			`Use digits only, such as ${integer ? '10' : '29.99, with a point before the decimals'}.`,
		);
	if (min !== undefined && value < min)
		throw refuse(`must not be less than ${min}`, `Use a number from ${min}.`);
	if (max !== undefined && value > max)
		throw refuse(`must not be more than ${max}`, `Use a number up to ${max}.`);
	if (decimals !== undefined && (!isExactNumeric(raw) || Number(value.toFixed(decimals)) !== value))
		throw refuse(
			`must not have more than ${decimals} decimal places, not ${value}`,
			'Round it first.',
		);
	return value;
}

const isNumeric = (raw: unknown): raw is number | string =>
	typeof raw === 'number' || (typeof raw === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(raw));

/** Whether no digit of a numeric value is lost when it is sent as a number. */
const isExactNumeric = (raw: unknown) => typeof raw !== 'string' || isExactText(raw.trim());

/** What a user must know to type an amount. */
export const notCents = '29.99 is $29.99, not cents';

/**
 * An amount of money in major units, as the API takes it (docs/pocketsflow-api.md#money): 29.99 is $29.99.
 * Some currencies have three decimal places; more are a rounding error, such as that of 0.1 + 0.2.
 */
export function moneyField(
	shown: Presentation,
	{ min = 0 }: Pick<NumberBounds, 'min'> = {},
): Field<number> {
	const bounds = { min, max: 999_999_999, decimals: 3 };
	return numberField({ hint: notCents, placeholder: 'e.g. 29.99', ...shown }, bounds);
}

/** A yes or no. Spreadsheets and expressions also give it as text in any case, and as 1 and 0. */
export function booleanField(shown: Presentation): Field<boolean> {
	return {
		property: { type: 'boolean', default: false, ...shown },
		read(raw) {
			if (isUnset(raw)) return undefined;
			const text = ['boolean', 'string', 'number'].includes(typeof raw) ? String(raw) : '';
			if (/^\s*(true|1)\s*$/i.test(text)) return true;
			if (/^\s*(false|0)\s*$/i.test(text)) return false;
			throw new InvalidInputError(
				`'${shown.displayName}' must be true or false`,
				'Use true or false, without further text.',
			);
		},
	};
}

/** A remark in the panel; no parameter. */
export function noticeField(name: string, text: string): Field<never> {
	return {
		property: { displayName: text, name, type: 'notice', default: '' },
		read: () => undefined,
	};
}

/** One of fixed values. */
export function choiceField(shown: Presentation, options: INodePropertyOptions[]): Field<string> {
	return {
		property: { type: 'options', default: options[0].value, ...shown, options },
		read(raw) {
			if (isUnset(raw)) return undefined;
			const chosen = options.find(({ value }) => value === raw);
			if (!chosen)
				throw new InvalidInputError(
					`'${shown.displayName}' must be one of ${options.map(({ value }) => value).join(', ')}`,
					'Choose from the list, or let the expression give one of these values.',
				);
			return String(chosen.value);
		},
	};
}
