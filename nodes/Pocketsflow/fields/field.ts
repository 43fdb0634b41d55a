import type { IDataObject, IDisplayOptions, INodeProperties } from 'n8n-workflow';

import { isExact } from './numbers';
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
export const putInQuotes = 'Put long numbers in quotes so that they are sent as text.';

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
		`If you use an expression, check that the field it reads exists. ${remedy}.`,
	);

/**
 * The text of a value that is text, or a number that lost no digit.
 * @throws InvalidInputError
 */
export function readText(displayName: string, raw: unknown): string {
	if (typeof raw === 'string') return raw;
	if (typeof raw !== 'number')
		throw new InvalidInputError(`'${displayName}' must be text`, 'Use text or a number.');
	if (!isExact(raw))
		throw new InvalidInputError(`'${displayName}' is too large to be sent exactly`, putInQuotes);
	return String(raw);
}

/** Quotes a value in an error message: a short one whole, of a long one the beginning. */
export const quote = (value: string) =>
	value.length > 80 ? `'${value.slice(0, 80)}…'` : `'${value}'`;

/** The field, shown only with these values of other parameters. */
export function showFor<T>(show: IDisplayOptions['show'], field: Field<T>): Field<T> {
	return { ...field, property: { ...field.property, displayOptions: { show } } };
}
