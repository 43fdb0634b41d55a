import {
	jsonParse,
	type IDataObject,
	type INodeProperties,
	type INodePropertyOptions,
} from 'n8n-workflow';

import { isRecord } from './transport/answers';

/** Input that is refused before anything is sent. The message is a whole sentence for the operator. */
export class BadInput extends Error {}

/**
 * One input of an operation: how n8n shows it and how its value becomes what the API takes.
 * `read` answers undefined for a value that is not set, and throws BadInput for one that cannot be meant.
 */
export interface Field<T = unknown> {
	property: INodeProperties;
	read(raw: unknown): T | undefined;
}

type Shown = Pick<INodeProperties, 'displayName' | 'name' | 'description'> &
	Partial<Pick<INodeProperties, 'placeholder' | 'required' | 'hint' | 'default'>>;

const isUnset = (raw: unknown) => raw === undefined || raw === null || raw === '';

function plainText(displayName: string, raw: unknown): string {
	if (typeof raw === 'string') return raw;
	if (typeof raw === 'number' || typeof raw === 'boolean') return String(raw);
	throw new BadInput(`${displayName} must be text`);
}

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
					`${shown.displayName} must be a complete URL that begins with https:// or http://, not '${value}'`,
				);
			return value;
		},
	};
}

/** One e-mail address: only what is surely none is refused, Pocketsflow decides the rest. */
export function email(shown: Shown): Field<string> {
	const { property, read } = text({ placeholder: 'e.g. name@email.com', ...shown });
	return {
		property,
		read(raw) {
			const value = read(raw)?.trim();
			if (value !== undefined && !/^[^\s@]+@[^\s@]+$/.test(value))
				throw new BadInput(`${shown.displayName} must be an email address, not '${value}'`);
			return value;
		},
	};
}

interface NumberBounds {
	min?: number;
	max?: number;
	integer?: boolean;
	/** Decimal places offered in the editor; what is sent is the number as given. */
	precision?: number;
}

/** A number, or text that is one in full. Infinity, NaN and numbers out of bounds are refused. */
export function number(shown: Shown, bounds: NumberBounds = {}): Field<number> {
	const { min, max, integer, precision } = bounds;
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
				typeof raw === 'number' ||
				(typeof raw === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(raw));
			const value = isNumeric ? Number(raw) : NaN;
			if (!Number.isFinite(value) || (integer && !Number.isSafeInteger(value)))
				throw new BadInput(`${shown.displayName} must be a ${integer ? 'whole ' : ''}number`);
			if (min !== undefined && value < min)
				throw new BadInput(`${shown.displayName} must not be less than ${min}`);
			if (max !== undefined && value > max)
				throw new BadInput(`${shown.displayName} must not be more than ${max}`);
			return value;
		},
	};
}

/** An amount of money in major units (29.99 is $29.99), which is what the API expects (contract E). */
export function money(shown: Shown): Field<number> {
	return number(shown, { min: 0, precision: 2 });
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

/**
 * Checks metadata: a flat object of text, numbers or booleans (contract D: nothing else is known to come
 * back). `__proto__` is refused: JavaScript on either side would swallow it instead of storing it.
 */
function checkedMetadata(displayName: string, entries: Array<[string, unknown]>): IDataObject {
	const metadata: IDataObject = {};
	for (const [key, value] of entries) {
		if (key.trim() === '') throw new BadInput(`${displayName} has an entry without a key`);
		if (key === '__proto__') throw new BadInput(`${displayName} cannot have the key '${key}'`);
		if (Object.hasOwn(metadata, key)) throw new BadInput(`${displayName} has the key '${key}' twice`);
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
	if (!isRecord(value)) throw new BadInput(`${displayName} must be a JSON object such as {"order_id": "A-1001"}`);
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
