import {
	jsonParse,
	type IDataObject,
	type INodeProperties,
	type INodePropertyOptions,
} from 'n8n-workflow';

import { dayOf, momentOf, type Edge } from '../api/dates';
import { isRecord } from '../api/responses';

/** Input that is refused before anything is sent. The message is a whole sentence for the operator. */
export class BadInput extends Error {}

/**
 * One input of an operation: how n8n shows it and how its value becomes what the API takes.
 * `read` answers undefined for a value that is not set, and throws BadInput for one that cannot be meant.
 */
export interface Field<T = unknown> {
	property: INodeProperties;
	/** @param timezone of the workflow, for dates that name none */
	read(raw: unknown, timezone?: string): T | undefined;
}

type Shown = Pick<INodeProperties, 'displayName' | 'name' | 'description'> &
	Partial<Pick<INodeProperties, 'placeholder' | 'required' | 'hint' | 'default'>>;

const isUnset = (raw: unknown) => raw === undefined || raw === null || raw === '';

function plainText(displayName: string, raw: unknown): string {
	if (typeof raw === 'string') return raw;
	if (typeof raw === 'number' || typeof raw === 'boolean') return String(raw);
	throw new BadInput(`${displayName} must be text`);
}

/** A value as a message quotes it: whole when short, and never a whole page of it. */
const quoted = (value: string) => (value.length > 80 ? `'${value.slice(0, 80)}…'` : `'${value}'`);

/** Text, sent exactly as given. Text of blanks only counts as empty where the field is required. */
export function text(shown: Shown, typeOptions?: INodeProperties['typeOptions']): Field<string> {
	return {
		property: { type: 'string', default: '', ...shown, ...(typeOptions && { typeOptions }) },
		read(raw) {
			if (isUnset(raw)) return undefined;
			const value = plainText(shown.displayName, raw);
			return value.trim() === '' ? undefined : value;
		},
	};
}

/** A list of texts: rows in the editor, or an array or lines of text from an expression. */
function textList(shown: Shown, addButton: string): Field<string[]> {
	return {
		property: {
			type: 'string',
			...shown,
			default: [],
			typeOptions: { multipleValues: true, multipleValueButtonText: addButton },
		},
		read(raw) {
			if (isUnset(raw)) return undefined;
			const entries = Array.isArray(raw) ? raw : plainText(shown.displayName, raw).split('\n');
			const values = entries
				.filter((entry) => !isUnset(entry))
				.map((entry) => plainText(shown.displayName, entry).trim())
				.filter((entry) => entry !== '');
			return values.length > 0 ? values : undefined;
		},
	};
}

/** An absolute http or https URL, without surrounding blanks. */
export function url(shown: Shown): Field<string> {
	const { property, read } = text({ placeholder: 'e.g. https://example.com/thanks', ...shown });
	return {
		property,
		read(raw) {
			const value = read(raw)?.trim();
			if (value === undefined) return undefined;
			if (!/^https?:\/\/[^\s/]/i.test(value) || !URL.canParse(value))
				throw new BadInput(
					`${shown.displayName} must be a complete URL that begins with https:// or http://, not ${quoted(value)}`,
				);
			return value;
		},
	};
}

/** A list of absolute URLs. */
export function urlList(shown: Shown): Field<string[]> {
	const { property, read } = textList(shown, 'Add URL');
	const each = url(shown);
	return {
		property,
		read: (raw) => read(raw)?.flatMap((entry) => each.read(entry) ?? []),
	};
}

const hasLoneSurrogate = (value: string) => /\p{Surrogate}/u.test(value);

/**
 * Checks an ID that becomes part of a path. Its form is Pocketsflow's business (contract A), except for
 * what would change the path: `.` and `..` survive encoding, and half a character cannot be encoded.
 */
export function checkedId(displayName: string, value: string): string {
	if (value === '.' || value === '..' || hasLoneSurrogate(value))
		throw new BadInput(`${displayName} cannot be ${quoted(value)}`);
	return value;
}

/** An ID that is typed in, for a thing that Pocketsflow cannot list. */
export function id(shown: Shown): Field<string> {
	const { property, read } = text(shown);
	return {
		property,
		read(raw) {
			const value = read(raw)?.trim();
			return value === undefined ? undefined : checkedId(shown.displayName, value);
		},
	};
}

/** IDs chosen from a list; an expression may give an array, JSON or text with commas. */
export function idList(shown: Shown, loadOptionsMethod: string): Field<string[]> {
	return {
		property: {
			type: 'multiOptions',
			...shown,
			description: `${shown.description}. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.`,
			default: [],
			typeOptions: { loadOptionsMethod },
		},
		read: (raw) => listOf(shown.displayName, raw),
	};
}

/** Several values of a list. An expression may give others: Pocketsflow may know more than the list. */
export function choices(
	shown: Shown & { default?: string[] },
	options: INodePropertyOptions[],
): Field<string[]> {
	return {
		property: { type: 'multiOptions', default: [], ...shown, options },
		read: (raw) => listOf(shown.displayName, raw),
	};
}

/** Text that lists values separated by commas; an expression may give an array. */
export function commaList(shown: Shown): Field<string[]> {
	return {
		property: { type: 'string', default: '', ...shown },
		read: (raw) => listOf(shown.displayName, raw),
	};
}

/** The different values of an array, of JSON text, or of text with commas. */
function listOf(displayName: string, raw: unknown): string[] | undefined {
	if (isUnset(raw)) return undefined;
	const isJson = typeof raw === 'string' && raw.trim().startsWith('[');
	const given = isJson ? parsedJson(displayName, raw) : raw;
	const entries = Array.isArray(given) ? given : plainText(displayName, given).split(',');
	const values = entries
		.filter((entry) => !isUnset(entry))
		.map((entry) => plainText(displayName, entry).trim())
		.filter((entry) => entry !== '');
	return values.length > 0 ? [...new Set(values)] : undefined;
}

/** One e-mail address: only what is surely none is refused, Pocketsflow decides the rest. */
export function email(shown: Shown): Field<string> {
	const { property, read } = text({ placeholder: 'e.g. name@email.com', ...shown });
	return {
		property,
		read(raw) {
			const value = read(raw)?.trim();
			if (value !== undefined && !/^[^\s@]+@[^\s@]+$/.test(value))
				throw new BadInput(`${shown.displayName} must be an email address, not ${quoted(value)}`);
			return value;
		},
	};
}

interface NumberBounds {
	min?: number;
	max?: number;
	integer?: boolean;
	/** Decimal places that the editor offers. */
	precision?: number;
	/** Decimal places that can be meant. */
	decimals?: number;
}

/** A number, or text that is one in full. Infinity, NaN and numbers out of bounds are refused. */
export function number(shown: Shown, bounds: NumberBounds = {}): Field<number> {
	const { min, max, integer, precision, decimals } = bounds;
	return {
		property: {
			type: 'number',
			default: 0,
			...shown,
			typeOptions: {
				...(min !== undefined && { minValue: min }),
				...(max !== undefined && { maxValue: max }),
				...(precision !== undefined && { numberPrecision: precision }),
			},
		},
		read(raw) {
			if (isUnset(raw)) return undefined;
			const isNumeric =
				typeof raw === 'number' || (typeof raw === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(raw));
			const value = isNumeric ? Number(raw) : NaN;
			if (!Number.isFinite(value) || (integer && !Number.isSafeInteger(value)))
				throw new BadInput(`${shown.displayName} must be a ${integer ? 'whole ' : ''}number`);
			if (min !== undefined && value < min)
				throw new BadInput(`${shown.displayName} must not be less than ${min}`);
			if (max !== undefined && value > max)
				throw new BadInput(`${shown.displayName} must not be more than ${max}`);
			if (decimals !== undefined && Number(value.toFixed(decimals)) !== value)
				throw new BadInput(
					`${shown.displayName} must not have more than ${decimals} decimal places, not ${value}; round it first`,
				);
			return value;
		},
	};
}

/**
 * An amount of money in major units (29.99 is $29.99), which is what the API expects (contract E). Three
 * decimal places because some currencies have them; 0.1 + 0.2 has seventeen and is an operator's slip.
 */
export function money(shown: Shown, { min = 0 }: { min?: number } = {}): Field<number> {
	return number(shown, { min, max: 999_999_999, precision: 2, decimals: 3 });
}

/** A yes or no. Text `true` and `false` is accepted because expressions often give it. */
export function boolean(shown: Shown & { default?: boolean }): Field<boolean> {
	return {
		property: { type: 'boolean', default: false, ...shown },
		read(raw) {
			if (isUnset(raw)) return undefined;
			if (raw === true || raw === 'true') return true;
			if (raw === false || raw === 'false') return false;
			throw new BadInput(`${shown.displayName} must be true or false`);
		},
	};
}

/** One of fixed values. */
export function choice(shown: Shown, options: INodePropertyOptions[]): Field<string> {
	return {
		property: { type: 'options', default: options[0].value, ...shown, options },
		read(raw) {
			if (isUnset(raw)) return undefined;
			const found = options.find(({ value }) => value === raw);
			if (!found)
				throw new BadInput(
					`${shown.displayName} must be one of ${options.map(({ value }) => value).join(', ')}`,
				);
			return String(found.value);
		},
	};
}

const dateForms =
	'a date such as 2026-11-23 or 2026-11-23T09:30:00Z, a timestamp, or a date from an expression';

function momentIn(displayName: string, raw: unknown, timezone: string, edge?: Edge): Date {
	const moment = momentOf(raw, timezone, edge);
	if (!moment) throw new BadInput(`${displayName} must be ${dateForms}`);
	return moment;
}

/**
 * A moment, sent as ISO 8601 in UTC. Text without a zone is in the workflow's, which is how the editor
 * writes what the operator picked; a date without a time is the first or the last moment of that day.
 */
export function date(shown: Shown, edge: Edge = 'start'): Field<string> {
	return {
		property: { type: 'dateTime', default: '', ...shown },
		read: (raw, timezone = 'UTC') =>
			isUnset(raw) ? undefined : momentIn(shown.displayName, raw, timezone, edge).toISOString(),
	};
}

/** A calendar day, sent as 2026-11-23: all that `GET /payments` is known to take (contract B). */
export function day(shown: Shown): Field<string> {
	return {
		property: { type: 'dateTime', default: '', ...shown },
		read: (raw, timezone = 'UTC') =>
			isUnset(raw) ? undefined : dayOf(momentIn(shown.displayName, raw, timezone), timezone),
	};
}

/** A JSON object, sent as it is. */
export function jsonObject(shown: Shown): Field<IDataObject> {
	return {
		property: { type: 'json', default: '', ...shown },
		read(raw) {
			if (isUnset(raw)) return undefined;
			const value = parsedJson(shown.displayName, raw);
			if (!isRecord(value)) throw new BadInput(`${shown.displayName} must be a JSON object`);
			return Object.keys(value).length === 0 ? undefined : value;
		},
	};
}

/** Text, or a JSON object where the text is one. */
export function textOrObject(shown: Shown): Field<string | IDataObject> {
	const asText = text(shown);
	const asObject = jsonObject(shown);
	return {
		property: asText.property,
		read: (raw) =>
			isRecord(raw) || (typeof raw === 'string' && raw.trim().startsWith('{'))
				? asObject.read(raw)
				: asText.read(raw),
	};
}

/**
 * Checks metadata: a flat object of text, numbers or booleans (contract D: nothing else is known to come
 * back). `__proto__` is refused: JavaScript on either side would swallow it instead of storing it.
 */
function checkedMetadata(displayName: string, entries: Array<[string, unknown]>): IDataObject {
	const metadata: IDataObject = {};
	for (const [key, value] of entries) {
		if (key.trim() === '') throw new BadInput(`${displayName} has an entry without a key`);
		if (key === '__proto__') throw new BadInput(`${displayName} cannot have the key '${key}'`);
		if (Object.hasOwn(metadata, key))
			throw new BadInput(`${displayName} has the key '${key}' twice`);
		const isPlain =
			typeof value === 'string' ||
			typeof value === 'boolean' ||
			(typeof value === 'number' && Number.isFinite(value));
		if (!isPlain)
			throw new BadInput(
				`${displayName} value of '${key}' must be text, a number or a boolean; nested objects, lists and null do not come back from Pocketsflow`,
			);
		metadata[key] = value;
	}
	return metadata;
}

/** Metadata from the rows of a key/value collection. Rows without key and value are left out. */
export function metadataFromRows(displayName: string, raw: unknown): IDataObject | undefined {
	const rows = isRecord(raw) && Array.isArray(raw.entries) ? raw.entries.filter(isRecord) : [];
	const filled = rows.filter(({ key, value }) => !isUnset(key) || !isUnset(value));
	if (filled.length === 0) return undefined;
	return checkedMetadata(
		displayName,
		filled.map(({ key, value }) => [isUnset(key) ? '' : String(key), value ?? '']),
	);
}

/** Metadata from JSON: text, or an object that an expression gave. */
export function metadataFromJson(displayName: string, raw: unknown): IDataObject | undefined {
	if (isUnset(raw)) return undefined;
	const value = parsedJson(displayName, raw);
	if (!isRecord(value))
		throw new BadInput(`${displayName} must be a JSON object such as {"order_id": "A-1001"}`);
	const entries = Object.entries(value);
	return entries.length === 0 ? undefined : checkedMetadata(displayName, entries);
}

const invalidJson = Symbol('invalid JSON');

function parsedJson(displayName: string, raw: unknown): unknown {
	if (typeof raw !== 'string') return raw;
	const value = jsonParse<unknown>(raw, { fallbackValue: invalidJson });
	if (value === invalidJson) throw new BadInput(`${displayName} is not valid JSON`);
	return value;
}
