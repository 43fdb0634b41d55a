import type { IDataObject } from 'n8n-workflow';

import type { ListEndpoint } from '../api/lists';
import { isRecord } from '../api/responses';

/**
 * What fills the list of a field in the editor. A field carries its picker, and the methods that n8n calls
 * are made from the pickers of all fields, so no field can name a method that does not exist.
 */
export interface Picker {
	/** The name under which n8n calls the method; each picker has its own. */
	method: string;
	sources: readonly PickerSource[];
}

/** Records that a picker offers. */
export interface PickerSource {
	list: ListEndpoint;
	/**
	 * The parts of what the user reads, and searches in.
	 * @param related the records of the related list that belong to this one; none where it was not read
	 */
	label(record: IDataObject, related: readonly IDataObject[]): Array<string | undefined>;
	/** A list that the labels need as well. They do without where it is not answered soon. */
	related?: RelatedList;
}

/** A list whose records belong to those of another: both have the same text under a key. */
export interface RelatedList {
	list: ListEndpoint;
	/** Of a record of this list. */
	key(record: IDataObject): string | undefined;
	/** The same of a record that is offered. */
	ownKey(record: IDataObject): string | undefined;
}

/** A picker of one list. */
export const buildPicker = (
	method: string,
	list: ListEndpoint,
	label: PickerSource['label'],
): Picker => ({ method, sources: [{ list, label }] });

/** The text of a value that is text or a number, for a label. */
export function formatText(value: unknown): string | undefined {
	return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** An amount in major units with the decimals of its currency, as in `9.00 USD`. */
export function formatAmount(amount: unknown, currency: unknown): string | undefined {
	const text = formatText(amount);
	const code = formatText(currency)?.toUpperCase();
	if (text === undefined || !Number.isFinite(Number(text))) return text;
	const decimals = Math.max(getDecimals(code), text.split('.')[1]?.length ?? 0);
	return [Number(text).toFixed(decimals), code].filter(Boolean).join(' ');
}

function getDecimals(currency: string | undefined): number {
	if (currency === undefined || !/^[A-Z]{3}$/.test(currency)) return 2;
	const format = new Intl.NumberFormat('en', { style: 'currency', currency });
	return format.resolvedOptions().maximumFractionDigits ?? 2;
}

/** The minute of an ISO 8601 date in UTC, as in `2026-11-23 10:42 UTC`; other dates as they are. */
export const formatMinute = (value: unknown) =>
	formatText(value)?.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)\S*Z$/, '$1 $2 UTC');

/** Says so where a record is disabled or not on sale. */
export const formatActive = ({ active, published }: IDataObject) =>
	active === false ? 'inactive' : published === false ? 'not published' : undefined;

/** The buyer's email address, which records of different age have at different places. */
export function getBuyerEmail(record: IDataObject): string | undefined {
	const { customer } = record;
	return (
		formatText(record.buyerEmail ?? record.email) ??
		(isRecord(customer) ? formatText(customer.buyerEmail ?? customer.email) : undefined)
	);
}
