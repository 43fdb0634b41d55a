import type { IDataObject } from 'n8n-workflow';

import type { ListEndpoint } from '../api/lists';
import { isRecord } from '../api/responses';

/**
 * What fills a field's list in the editor. n8n's methods are built from the pickers of all fields,
 * so no field can name a method that does not exist.
 */
export interface Picker {
	/** The name of the method. Each picker has its own. */
	method: string;
	sources: readonly PickerSource[];
}

export interface PickerSource {
	list: ListEndpoint;
	/** The parts of the label, from a record and those of `related` that belong to it, if read. */
	label(record: IDataObject, related: readonly IDataObject[]): Array<string | undefined>;
	/** A list that completes labels: its `key` is the `ownKey` of the record that it belongs to. */
	related?: {
		list: ListEndpoint;
		key(record: IDataObject): string | undefined;
		ownKey(record: IDataObject): string | undefined;
	};
}

export const buildPicker = (
	method: string,
	list: ListEndpoint,
	label: PickerSource['label'],
): Picker => ({ method, sources: [{ list, label }] });

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

/** An ISO 8601 date in UTC, to the minute, as in `2026-11-23 10:42 UTC`. Other dates are unchanged. */
export const formatMinute = (value: unknown) =>
	formatText(value)?.replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)\S*Z$/, '$1 $2 UTC');

/** Marks a record that is disabled or not on sale. */
export const formatActive = ({ active, published }: IDataObject) =>
	active === false ? 'inactive' : published === false ? 'not published' : undefined;

/** The buyer's email address, which older and newer records have in different places. */
export function getBuyerEmail(record: IDataObject): string | undefined {
	const { customer } = record;
	return (
		formatText(record.buyerEmail ?? record.email) ??
		(isRecord(customer) ? formatText(customer.buyerEmail ?? customer.email) : undefined)
	);
}
