import type {
	IDataObject,
	IDisplayOptions,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';

import type { Picker } from './pickers';

/** Input that is refused before anything is sent. The message is a whole sentence for the user. */
export class InvalidInputError extends Error {}

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
}

/** Optional fields that n8n shows as one collection. */
export interface Collection {
	name: string;
	displayName: string;
	addButton: string;
	fields: readonly Field[];
}

/** The values of a collection's fields that are set, by their names at the API. */
export type CollectionValues = Record<string, IDataObject[string]>;

/** What n8n shows of a field, whatever its kind. */
export type Presentation = Pick<INodeProperties, 'displayName' | 'name' | 'description'> &
	Partial<Pick<INodeProperties, 'placeholder' | 'required' | 'default'>>;

/** Whether a parameter's value counts as not set. */
export const isUnset = (raw: unknown) => raw === undefined || raw === null || raw === '';

/** The text of a value that is text, a number or a boolean. @throws InvalidInputError */
export function readText(displayName: string, raw: unknown): string {
	if (typeof raw === 'string') return raw;
	if (typeof raw === 'number' || typeof raw === 'boolean') return String(raw);
	throw new InvalidInputError(`${displayName} must be text`);
}

/** Quotes a value in an error message: a short one whole, of a long one the beginning. */
const quote = (value: string) => (value.length > 80 ? `'${value.slice(0, 80)}…'` : `'${value}'`);

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
		read(raw) {
			if (isUnset(raw)) return undefined;
			const value = readText(shown.displayName, raw);
			return value.trim() === '' ? undefined : value;
		},
	};
}

/** An absolute http or https URL, without surrounding blanks. */
export function urlField(shown: Presentation): Field<string> {
	const { property, read } = textField({
		placeholder: 'e.g. https://example.com/thanks',
		...shown,
	});
	return {
		property,
		read(raw) {
			const value = read(raw)?.trim();
			if (value === undefined) return undefined;
			if (!/^https?:\/\/[^\s/]/i.test(value) || !URL.canParse(value))
				throw new InvalidInputError(
					`${shown.displayName} must be a complete URL that begins with https:// or http://, not ${quote(value)}`,
				);
			return value;
		},
	};
}

/** One email address. Only what is surely none is refused; Pocketsflow decides the rest. */
export function emailField(shown: Presentation): Field<string> {
	const { property, read } = textField({ placeholder: 'e.g. name@email.com', ...shown });
	return {
		property,
		read(raw) {
			const value = read(raw)?.trim();
			if (value !== undefined && !/^[^\s@]+@[^\s@]+$/.test(value))
				throw new InvalidInputError(
					`${shown.displayName} must be an email address, not ${quote(value)}`,
				);
			return value;
		},
	};
}

const hasLoneSurrogate = (value: string) => /\p{Surrogate}/u.test(value);

/**
 * Reads an ID that becomes one segment of a path. Any form is taken (docs/pocketsflow-api.md#ids) except
 * what would change the path or cannot be encoded: `.`, `..` and half of a surrogate pair.
 * @throws InvalidInputError
 */
export function readId(displayName: string, raw: unknown): string | undefined {
	if (isUnset(raw)) return undefined;
	const value = readText(displayName, raw).trim();
	if (value === '') return undefined;
	if (value === '.' || value === '..' || hasLoneSurrogate(value))
		throw new InvalidInputError(`${displayName} cannot be ${quote(value)}`);
	return value;
}

/** An ID that is typed in, for a thing that Pocketsflow cannot list. */
export function idField(shown: Presentation): Field<string> {
	return { ...textField(shown), read: (raw) => readId(shown.displayName, raw) };
}

interface NumberBounds {
	min?: number;
	max?: number;
	integer?: boolean;
	/** Decimal places that the editor offers. */
	precision?: number;
	/** Decimal places beyond which a number is refused. */
	decimals?: number;
}

/** A number, or text that is one in full. Infinity, NaN and numbers out of bounds are refused. */
export function numberField(shown: Presentation, bounds: NumberBounds = {}): Field<number> {
	const { min, max, precision } = bounds;
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
		read: (raw) => (isUnset(raw) ? undefined : readNumber(shown.displayName, raw, bounds)),
	};
}

function readNumber(
	displayName: string,
	raw: unknown,
	{ min, max, integer, decimals }: NumberBounds,
): number {
	const isNumeric =
		typeof raw === 'number' || (typeof raw === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(raw));
	const value = isNumeric ? Number(raw) : NaN;
	if (!Number.isFinite(value) || (integer && !Number.isSafeInteger(value)))
		throw new InvalidInputError(`${displayName} must be a ${integer ? 'whole ' : ''}number`);
	if (min !== undefined && value < min)
		throw new InvalidInputError(`${displayName} must not be less than ${min}`);
	if (max !== undefined && value > max)
		throw new InvalidInputError(`${displayName} must not be more than ${max}`);
	if (decimals !== undefined && Number(value.toFixed(decimals)) !== value)
		throw new InvalidInputError(
			`${displayName} must not have more than ${decimals} decimal places, not ${value}; round it first`,
		);
	return value;
}

/**
 * An amount of money in major units, as the API takes it (docs/pocketsflow-api.md#money): 29.99 is $29.99.
 * Some currencies have three decimal places; more are a rounding error, such as that of 0.1 + 0.2.
 */
export function moneyField(
	shown: Presentation,
	{ min = 0 }: Pick<NumberBounds, 'min'> = {},
): Field<number> {
	return numberField(shown, { min, max: 999_999_999, precision: 2, decimals: 3 });
}

/** A yes or no. Text `true` and `false` is accepted because expressions often give it. */
export function booleanField(shown: Presentation): Field<boolean> {
	return {
		property: { type: 'boolean', default: false, ...shown },
		read(raw) {
			if (isUnset(raw)) return undefined;
			if (raw === true || raw === 'true') return true;
			if (raw === false || raw === 'false') return false;
			throw new InvalidInputError(`${shown.displayName} must be true or false`);
		},
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
					`${shown.displayName} must be one of ${options.map(({ value }) => value).join(', ')}`,
				);
			return String(chosen.value);
		},
	};
}
