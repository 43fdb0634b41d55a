/**
 * Reads all records of a list from a date on, as if it stood still. Lists move while their pages are read:
 * a new record shifts older ones to the next page (read twice: harmless), a deleted one shifts them to the
 * page before (never read: a lost sale). So dated lists are not paged by number: each further request asks
 * for what is as old as the oldest record so far, and must show that record again. Knows no HTTP.
 */
import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { idOf } from '../api/responses';

/** One answer of a list. */
export interface Page {
	records: IDataObject[];
	/** Whether Pocketsflow says that more pages follow; undefined where it does not say. */
	more?: boolean;
	/** How many records the list has with these dates, where Pocketsflow says so. */
	total?: number;
}

/** Asks for the records between two dates, ms, both inclusive, newest first. */
export type AskWindow = (window: { from: number; to?: number; page: number }) => Promise<Page>;

/** Asks for records by position, newest first. */
export type AskOffset = (offset: number, limit: number) => Promise<Page>;

export interface DatedRecord {
	id: string;
	/** ms since 1970, by Pocketsflow's clock. */
	time: number;
	record: IDataObject;
}

export interface WindowRead {
	records: DatedRecord[];
	/** Up to which date nothing is missing, ms. */
	through: number;
}

/** How many records one poll can use. With more in the list, only the oldest part of it is read. */
export interface Capacity {
	least: number;
	most: number;
}

/** A list that kept changing, or does not end. The message is a sentence for the operator. */
export class UnreadableList extends Error {}

/** Says that records may have moved past the reader. */
const moved = Symbol('moved');

/** Dates may be cut to whole seconds on their way, or meant exclusively, ms. */
const dateSlack = 1_000;
const attempts = 4;
const narrowings = 40;
const mostRequests = 500;

const endless = () =>
	new UnreadableList(
		'Pocketsflow keeps returning more pages of a list than it can have. Try again later.',
	);

function timeIn(value: unknown): number | undefined {
	const time =
		typeof value === 'string' && !/^\d+$/.test(value)
			? Date.parse(value)
			: typeof value === 'number' || typeof value === 'string'
				? Number(value) * (Number(value) < 1e11 ? 1000 : 1)
				: NaN;
	return Number.isFinite(time) ? time : undefined;
}

/** An ObjectId begins with its date, in seconds (contract A). */
function timeInId(id: string): number | undefined {
	return /^[0-9a-f]{24}$/i.test(id) ? parseInt(id.slice(0, 8), 16) * 1000 : undefined;
}

/**
 * Gives every record its id and date: `createdAt`, else the date in the id, else that of its neighbour.
 * @param fallback ms, where nothing in the list has a date
 */
export function dated(records: readonly IDataObject[], fallback: number): DatedRecord[] {
	let neighbour = fallback;
	return [...records]
		.reverse()
		.map((record) => {
			const id =
				idOf(record) ??
				createHash('sha256').update(JSON.stringify(record)).digest('hex').slice(0, 24);
			neighbour = timeIn(record.createdAt) ?? timeInId(id) ?? neighbour;
			return { id, time: neighbour, record };
		})
		.reverse();
}

const isNewestFirst = (records: readonly DatedRecord[]) =>
	records.every(({ time }, index) => index === 0 || time <= records[index - 1].time);

const isSame = (some: readonly DatedRecord[], others: readonly DatedRecord[]) =>
	some.length === others.length && some.every(({ id }, index) => id === others[index].id);

const oldestOf = (records: readonly DatedRecord[]) =>
	records.reduce((oldest, one) => (one.time <= oldest.time ? one : oldest));

async function untilStill<T>(read: (attempt: number) => Promise<T | typeof moved>): Promise<T> {
	for (let attempt = 1; attempt <= attempts; attempt++) {
		const result = await read(attempt);
		if (result !== moved) return result;
	}
	throw new UnreadableList(
		'The list at Pocketsflow kept changing while it was read. Nothing was skipped; the next poll reads it again.',
	);
}

/**
 * Reads all records from a date on, or the oldest part of them.
 * @param from ms, inclusive
 * @throws UnreadableList, and what `ask` throws
 */
export async function readWindow(
	ask: AskWindow,
	from: number,
	capacity: Capacity,
): Promise<WindowRead> {
	const first = await ask({ from, page: 1 });
	const to = await narrowed(ask, from, first, capacity);
	return await untilStill(async (attempt) => {
		const begin = to === undefined && attempt === 1 ? first : await ask({ from, to, page: 1 });
		// Where dates are not honoured, numbers are all there is: the last attempt.
		const records = await walk(ask, from, to, begin, attempt === attempts);
		return records === moved ? moved : { records, through: to ?? Infinity };
	});
}

/** The date up to which the list holds what one poll can use; undefined for all of it. */
async function narrowed(
	ask: AskWindow,
	from: number,
	{ total, records }: Page,
	{ least, most }: Capacity,
): Promise<number | undefined> {
	if (total === undefined || total <= most || records.length === 0) return undefined;
	let few = { at: from, total: 0 };
	let many = { at: Math.max(...dated(records, from).map(({ time }) => time)), total };
	for (let tries = 0; tries < narrowings && many.at - few.at > dateSlack; tries++) {
		// By density first; by halves where sales are too uneven for that.
		const share = tries % 2 === 0 ? (least + most) / 2 / many.total : 0.5;
		const at =
			few.at + Math.max(dateSlack / 2, Math.floor((many.at - few.at) * Math.min(share, 0.9)));
		const window = await ask({ from, to: at, page: 1 });
		const inside = window.total ?? many.total;
		if (inside >= least && inside <= most) return at;
		if (inside < least) few = { at, total: inside };
		else many = { at, total: inside };
	}
	return many.at;
}

async function walk(
	ask: AskWindow,
	from: number,
	to: number | undefined,
	begin: Page,
	byNumber: boolean,
): Promise<DatedRecord[] | typeof moved> {
	const found = new Map<string, DatedRecord>();
	let answer = begin;
	let end = to;
	let page = 1;
	let total: number | undefined;
	let anchor: DatedRecord | undefined;
	let last: DatedRecord[] = [];
	for (let requests = 0; requests < mostRequests; requests++) {
		const records = dated(answer.records, from);
		if (page === 1) total = answer.total;
		else if (answer.total !== total) return moved;
		else if (total === undefined) {
			// Nothing counts the list, so the page before is asked whether it is still the same.
			const before = await ask({ from, to: end, page: page - 1 });
			if (!isSame(dated(before.records, from), last)) return moved;
		}
		last = records;
		if (page === 1 && anchor && !records.some(({ id }) => id === anchor?.id)) return moved;

		const known = found.size;
		for (const one of records) found.set(one.id, one);
		if (records.length === 0 || answer.more === false) return [...found.values()];
		if (answer.more === undefined && page > 1 && found.size === known) {
			// A list without pages answers each with everything; any other has moved by a whole page.
			const first = await ask({ from, to: end, page: 1 });
			return isSame(dated(first.records, from), records) ? [...found.values()] : moved;
		}

		const oldest = oldestOf(records);
		// Records of one moment do not tell which way the list runs.
		const isSorted = isNewestFirst(records) && oldest.time < records[0].time;
		if (isSorted && oldest.time < from) return [...found.values()];
		const next = oldest.time + dateSlack;
		if (!byNumber && isSorted && (end === undefined || next < end)) {
			end = next;
			page = 1;
			anchor = oldest;
		} else page++;
		answer = await ask({ from, to: end, page });
	}
	throw endless();
}

/**
 * Reads all records from a date on, of a list that is paged by position. Each page begins with the last
 * record of the one before.
 * @param from ms, inclusive
 * @throws UnreadableList, and what `ask` throws
 */
export async function readByOffset(ask: AskOffset, from: number): Promise<WindowRead> {
	const limit = 100;
	return await untilStill(async () => {
		const found = new Map<string, DatedRecord>();
		let last: DatedRecord | undefined;
		let first: { id: string; length: number } | undefined;
		for (let requests = 0; requests < mostRequests; requests++) {
			const records = dated((await ask(Math.max(0, found.size - 1), limit)).records, from);
			const isRepeated = records[0]?.id === first?.id && records.length === first?.length;
			if (last && isRepeated) break; // The position plays no part: everything came at once.
			if (last && !records.some(({ id }) => id === last?.id)) return moved;
			first ??= records[0] && { id: records[0].id, length: records.length };

			const known = found.size;
			for (const one of records) found.set(one.id, one);
			if (records.length <= 1 || records.length > limit) break;
			if (found.size === known) return moved;
			last = records[records.length - 1];
			if (isNewestFirst(records) && last.time < from) break;
			if (requests === mostRequests - 1) throw endless();
		}
		return { records: [...found.values()], through: Infinity };
	});
}
