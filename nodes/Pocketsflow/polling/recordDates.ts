import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { toMilliseconds } from '../api/dates';
import { readId } from '../api/responses';

export interface DatedRecord {
	/** That of the record, or a digest where it has none or a long one: states hold thousands of them. */
	id: string;
	/** By Pocketsflow's clock. */
	timeMs: number;
	record: IDataObject;
}

type IdAndDate = Pick<DatedRecord, 'id' | 'timeMs'>;

/** The order of records: oldest first, those of the same moment by their IDs, so that every poll has the same. */
export const compareDates = (a: IdAndDate, b: IdAndDate): number =>
	a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1);

/**
 * Gives every record its id and its date: `createdAt`, else the date in the id, else that of the next
 * older record in the list. A record without an id gets a digest of its content as id.
 * @param records newest first
 * @param fallbackMs where neither the record nor an older one has a date
 */
export function withDates(records: readonly IDataObject[], fallbackMs: number): DatedRecord[] {
	let neighbourMs = fallbackMs;
	return [...records]
		.reverse()
		.map((record) => {
			const id = readId(record) ?? digestText(JSON.stringify(record));
			neighbourMs = parseCreatedAt(record.createdAt) ?? readDateOfId(id) ?? neighbourMs;
			return { id: id.length > maxIdLength ? digestText(id) : id, timeMs: neighbourMs, record };
		})
		.reverse();
}

const maxIdLength = 24;

const digestText = (text: string) =>
	createHash('sha256').update(text).digest('hex').slice(0, maxIdLength);

function parseCreatedAt(value: unknown): number | undefined {
	const timeMs =
		typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))
			? toMilliseconds(Number(value))
			: Date.parse(typeof value === 'string' ? value : '');
	return Number.isFinite(timeMs) ? timeMs : undefined;
}

/** An id of 24 hex digits begins with its date in seconds: docs/pocketsflow-api.md#ids */
function readDateOfId(id: string): number | undefined {
	return /^[0-9a-f]{24}$/i.test(id) ? parseInt(id.slice(0, 8), 16) * 1000 : undefined;
}
