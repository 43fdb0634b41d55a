import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { readApiDate } from '../api/dates';
import { readId } from '../api/responses';

export interface DatedRecord {
	/** The record's ID, or a digest if it has none or a long one: states hold thousands of them. */
	id: string;
	/** By Pocketsflow's clock; `undatedMs` if nothing contains the date. */
	timeMs: number;
	record: IDataObject;
}

type IdAndDate = Pick<DatedRecord, 'id' | 'timeMs'>;

/** The last moment that a Date can represent, so that records without a date never age. */
export const undatedMs = 8.64e15;

/** Oldest first. Records of one moment are sorted by ID, so that every poll has the same order. */
export const compareDates = (a: IdAndDate, b: IdAndDate): number =>
	a.timeMs - b.timeMs || (a.id < b.id ? -1 : 1);

/** Gives every record its ID, or a digest of its content, and its date: `createdAt`, or that in the ID. */
export const readRecords = (records: readonly IDataObject[]): DatedRecord[] =>
	records.map((record) => {
		const id = readId(record) ?? digestText(JSON.stringify(record));
		const timeMs = readApiDate(record.createdAt) ?? readDateOfId(id) ?? undatedMs;
		return { id: id.length > maxIdLength ? digestText(id) : id, timeMs, record };
	});

const maxIdLength = 24;

const digestText = (text: string) =>
	createHash('sha256').update(text).digest('hex').slice(0, maxIdLength);

/** An ID of 24 hex digits begins with its creation time in seconds: docs/pocketsflow-api.md#ids */
function readDateOfId(id: string): number | undefined {
	return /^[0-9a-f]{24}$/i.test(id) ? parseInt(id.slice(0, 8), 16) * 1000 : undefined;
}

export const newestOf = (timesMs: readonly number[], otherwiseMs: number) =>
	timesMs.reduce((a, b) => Math.max(a, b), otherwiseMs);

export const oldestOf = (timesMs: readonly number[], otherwiseMs: number) =>
	timesMs.reduce((a, b) => Math.min(a, b), otherwiseMs);

/** The newest date of records up to and including a limit, if it is newer than another date. */
export const newestUpTo = (
	records: ReadonlyArray<Pick<DatedRecord, 'timeMs'>>,
	limitMs: number,
	otherwiseMs: number,
) =>
	newestOf(
		records.map(({ timeMs }) => timeMs).filter((timeMs) => timeMs <= limitMs),
		otherwiseMs,
	);
