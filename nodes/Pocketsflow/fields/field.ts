import type { IDataObject, IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { isExact } from './numbers';
import type { Picker } from './pickers';

/**
 * Input that is refused before anything is sent. The message names the parameter in single quotes,
 * the description says what to do, the consequence what did not happen.
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

export const putInQuotes = 'Put long numbers in quotes so that they are sent as text.';

/** How n8n shows a parameter, and how its value becomes what the API expects. */
export interface Field<T = unknown> {
	property: INodeProperties;
	picker?: Picker;
	/**
	 * Undefined if it is not set. Dates without a time zone are in the workflow's, by default UTC.
	 * @throws InvalidInputError
	 */
	read(raw: unknown, timezone?: string): T | undefined;
	/** What an update sends if the user cleared the field. Without it, the field cannot be cleared. */
	emptyValue?: T | null;
	/** Whether to omit the field, instead of refusing it, if its expression returns no value. */
	mayBeMissing?: boolean;
}

export interface Collection {
	name: string;
	displayName: string;
	addButton: string;
	description: string;
	fields: readonly Field[];
	/** Whether a cleared field is sent empty. Otherwise, it is omitted. */
	sendsEmpty?: boolean;
}

/** The values of the fields that are set in a collection, by their API names. */
export type CollectionValues = Record<string, IDataObject[string]>;

export type Presentation = Pick<INodeProperties, 'displayName' | 'name' | 'description'> &
	Partial<Pick<INodeProperties, 'placeholder' | 'required' | 'default' | 'hint'>>;

export const isUnset = (raw: unknown) => raw === undefined || raw === null || raw === '';

/** A field that is read only if it is set. */
export const defineField = <T>(
	property: INodeProperties,
	read: (raw: unknown, timezone: string) => T | undefined,
): Field<T> => ({
	property,
	read: (raw, timezone = 'UTC') => (isUnset(raw) ? undefined : read(raw, timezone)),
});

/** The field with a condition. `describe` says what is wrong, after the name of the field. */
export const checkField = <T>(
	field: Field<T>,
	isValid: (value: T) => boolean,
	describe: (value: T) => string,
	remedy: string,
): Field<T> => ({
	...field,
	read(raw, timezone) {
		const value = field.read(raw, timezone);
		if (value === undefined || isValid(value)) return value;
		throw new InvalidInputError(`'${field.property.displayName}' ${describe(value)}`, remedy);
	},
});

/** The error for undefined or null, as returned by an expression that reads nothing. */
export const refuseMissing = (displayName: string, remedy = 'Or leave the field blank') =>
	new InvalidInputError(
		`'${displayName}' has no value`,
		`If you use an expression, check that the field it reads exists. ${remedy}.`,
	);

/** The text of a value that is text or an exact number. @throws InvalidInputError */
export function readText(displayName: string, raw: unknown): string {
	if (typeof raw === 'string') return raw;
	if (typeof raw !== 'number')
		throw new InvalidInputError(`'${displayName}' must be text`, 'Use text or a number.');
	if (!isExact(raw))
		throw new InvalidInputError(`'${displayName}' is too large to be sent exactly`, putInQuotes);
	return String(raw);
}

/** Quotes a value in an error message: a short one in full, a long one by its beginning. */
export const quote = (value: string) =>
	value.length > 80 ? `'${value.slice(0, 80)}…'` : `'${value}'`;

/** The field, shown only for these values of other parameters. */
export function showFor<T>(show: IDisplayOptions['show'], field: Field<T>): Field<T> {
	return { ...field, property: { ...field.property, displayOptions: { show } } };
}
