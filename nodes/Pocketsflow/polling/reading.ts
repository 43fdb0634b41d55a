/**
 * Reads all records of a list from a date on, as if the list stood still. Knows no HTTP.
 *
 * Lists move while their pages are read. A new record shifts older ones to the next page: they are read
 * twice, which is harmless. A deleted one shifts them to the page before: they are never read, and a sale is
 * lost. So the pages of a dated list are not numbered through. Each further request asks for records up to
 * the date of the oldest one read so far, and its answer must contain that record again.
 */
import type { IDataObject } from 'n8n-workflow';

import { withDates, type DatedRecord } from './recordDates';

/** One page of a list. */
export interface Page {
	records: IDataObject[];
	/** Whether Pocketsflow says that more pages follow; undefined where it does not say. */
	hasMore?: boolean;
	/** How many records the list has between these dates, where Pocketsflow says so. */
	totalCount?: number;
}

/** Fetches a page of the records between two dates, both inclusive, newest first. */
type FetchWindow = (window: DateWindow & { page: number }) => Promise<Page>;

/** Fetches records by position, newest first. */
type FetchOffset = (offset: number, limit: number) => Promise<Pick<Page, 'records'>>;

export interface WindowRead {
	records: DatedRecord[];
	/** Up to which date no record is left out. */
	throughMs: number;
}

/** Which records are asked for, by their dates in ms, both inclusive. */
export interface DateWindow {
	fromMs: number;
	toMs?: number;
}

/** How many records one poll can use. Of a list with more, only the oldest part is read. */
export interface Capacity {
	minRecords: number;
	maxRecords: number;
}

/** A list that kept changing, or does not end. The message is a sentence for the user. */
export class UnreadableList extends Error {}

/** The result of an attempt in which records may have moved past the reader. */
const listMoved = Symbol('listMoved');

/** Pocketsflow may cut dates to whole seconds, or not include the end date itself. */
export const dateSlackMs = 1_000;
const maxAttempts = 4;
const maxNarrowings = 40;
/** Requests that a list may take beyond one for each of its records. */
const extraRequests = 50;
/** More records than any list has that ends. */
const recordLimit = 1_000_000;

/**
 * Stops at a list that does not end. How many requests a list takes follows from its length and from the
 * size of Pocketsflow's pages, so that every list can be read, but only while it brings new records.
 * @param requests made so far
 * @param recordCount different records read so far
 */
function checkProgress(requests: number, recordCount: number): void {
	if (requests <= recordCount + extraRequests && recordCount <= recordLimit) return;
	throw new UnreadableList(
		'Pocketsflow keeps returning more pages of a list than it can have. Try again later.',
	);
}

const isNewestFirst = (records: readonly DatedRecord[]) =>
	records.every(({ timeMs }, index) => index === 0 || timeMs <= records[index - 1].timeMs);

const hasSameIds = (some: readonly DatedRecord[], others: readonly DatedRecord[]) =>
	some.length === others.length && some.every(({ id }, index) => id === others[index].id);

const contains = (records: readonly DatedRecord[], { id }: DatedRecord) =>
	records.some((record) => record.id === id);

const findOldest = (records: readonly DatedRecord[]) =>
	records.reduce((oldest, record) => (record.timeMs <= oldest.timeMs ? record : oldest));

async function retryWhileMoving<T>(
	read: (attempt: number) => Promise<T | typeof listMoved>,
): Promise<T> {
	for (let attempt = 1; attempt <= maxAttempts; attempt++) {
		const result = await read(attempt);
		if (result !== listMoved) return result;
	}
	throw new UnreadableList(
		'The list at Pocketsflow kept changing while it was read. Nothing was skipped; the next poll reads it again.',
	);
}

/**
 * Reads all records of a window, or the oldest part of them.
 * @throws UnreadableList, and what `fetchPage` throws
 */
export async function readWindow(
	fetchPage: FetchWindow,
	window: DateWindow,
	capacity: Capacity,
): Promise<WindowRead> {
	const { fromMs } = window;
	const first = await fetchPage({ ...window, page: 1 });
	const toMs = await narrowWindow(fetchPage, window, first, capacity);
	return await retryWhileMoving(async (attempt) => {
		const isFirstReusable = toMs === window.toMs && attempt === 1;
		const begin = isFirstReusable ? first : await fetchPage({ fromMs, toMs, page: 1 });
		// Where Pocketsflow ignores dates, pages can only be numbered through: the last attempt does that.
		const byNumber = attempt === maxAttempts;
		const records = await readPages(fetchPage, fromMs, toMs, begin, byNumber);
		return records === listMoved ? listMoved : { records, throughMs: toMs ?? Infinity };
	});
}

/**
 * Searches an end date (ms) for which the window holds about as many records as one poll can use.
 * @returns the end of the window itself where it has no more than that
 */
async function narrowWindow(
	fetchPage: FetchWindow,
	{ fromMs, toMs: endMs }: DateWindow,
	{ totalCount, records }: Page,
	{ minRecords, maxRecords }: Capacity,
): Promise<number | undefined> {
	if (totalCount === undefined || totalCount <= maxRecords || records.length === 0) return endMs;
	let tooFew = { toMs: fromMs };
	const newestMs = Math.max(...withDates(records, fromMs).map(({ timeMs }) => timeMs));
	let tooMany = { toMs: Math.min(newestMs, endMs ?? Infinity), totalCount };
	for (let round = 0; round < maxNarrowings; round++) {
		const spanMs = tooMany.toMs - tooFew.toMs;
		if (spanMs <= dateSlackMs) break;
		// Every other round assumes an even density of sales; halving helps where it is uneven.
		const share = round % 2 === 0 ? (minRecords + maxRecords) / 2 / tooMany.totalCount : 0.5;
		const stepMs = Math.max(dateSlackMs / 2, Math.floor(spanMs * Math.min(share, 0.9)));
		const toMs = tooFew.toMs + stepMs;
		const window = await fetchPage({ fromMs, toMs, page: 1 });
		const inWindow = window.totalCount ?? tooMany.totalCount;
		if (inWindow >= minRecords && inWindow <= maxRecords) return toMs;
		if (inWindow < minRecords) tooFew = { toMs };
		else tooMany = { toMs, totalCount: inWindow };
	}
	return tooMany.toMs;
}

/**
 * Reads a window from its newest record back to its oldest, and checks each page against the one before.
 * @param begin the first page of the window
 * @param byNumber whether to number the pages through instead of moving the end date
 */
async function readPages(
	fetchPage: FetchWindow,
	fromMs: number,
	toMs: number | undefined,
	begin: Page,
	byNumber: boolean,
): Promise<DatedRecord[] | typeof listMoved> {
	const found = new Map<string, DatedRecord>();
	let current = begin;
	let endMs = toMs;
	let page = 1;
	let totalCount: number | undefined;
	/** The record that the first page up to `endMs` must contain. */
	let anchor: DatedRecord | undefined;
	let previous: DatedRecord[] = [];

	const isStillPage = async (number: number, expected: DatedRecord[]) => {
		const again = await fetchPage({ fromMs, toMs: endMs, page: number });
		return hasSameIds(withDates(again.records, fromMs), expected);
	};

	for (let requests = 0; ; requests++) {
		checkProgress(requests, found.size);
		const records = withDates(current.records, fromMs);
		if (page === 1) {
			if (anchor && !contains(records, anchor)) return listMoved;
			({ totalCount } = current);
		} else {
			if (current.totalCount !== totalCount) return listMoved;
			// Where Pocketsflow does not count the list, the page before must still be the same.
			if (totalCount === undefined && !(await isStillPage(page - 1, previous))) return listMoved;
		}
		previous = records;

		const countBefore = found.size;
		for (const record of records) found.set(record.id, record);
		const all = () => [...found.values()];
		if (records.length === 0 || current.hasMore === false) return all();
		if (current.hasMore === undefined && page > 1 && found.size === countBefore)
			// A list without pages returns everything as every page; any other has moved by a whole page.
			return (await isStillPage(1, records)) ? all() : listMoved;

		const oldest = findOldest(records);
		// Records that all have the same date do not tell which way the list is sorted.
		const isSorted = isNewestFirst(records) && oldest.timeMs < records[0].timeMs;
		if (isSorted && oldest.timeMs < fromMs) return all();
		const nextEndMs = oldest.timeMs + dateSlackMs;
		if (!byNumber && isSorted && (endMs === undefined || nextEndMs < endMs)) {
			endMs = nextEndMs;
			page = 1;
			anchor = oldest;
		} else page++;
		current = await fetchPage({ fromMs, toMs: endMs, page });
	}
}

/**
 * Reads all records from a date on, of a list that is paged by position. Each page must begin with the
 * last record of the one before.
 * @param fromMs inclusive
 * @param limit records per page
 * @throws UnreadableList, and what `fetchPage` throws
 */
export async function readByOffset(
	fetchPage: FetchOffset,
	fromMs: number,
	limit: number,
): Promise<WindowRead> {
	return await retryWhileMoving(async () => {
		const found = new Map<string, DatedRecord>();
		let last: DatedRecord | undefined;
		let first: { id: string; length: number } | undefined;
		for (let requests = 0; ; requests++) {
			checkProgress(requests, found.size);
			const page = await fetchPage(Math.max(0, found.size - 1), limit);
			const records = withDates(page.records, fromMs);
			const isFirstAgain = records[0]?.id === first?.id && records.length === first?.length;
			// The position plays no part: everything came with the first page.
			if (last && isFirstAgain) break;
			if (last && !contains(records, last)) return listMoved;
			first ??= records[0] && { id: records[0].id, length: records.length };

			const countBefore = found.size;
			for (const record of records) found.set(record.id, record);
			if (records.length <= 1 || records.length > limit) break;
			if (found.size === countBefore) return listMoved;
			last = records[records.length - 1];
			if (isNewestFirst(records) && last.timeMs < fromMs) break;
		}
		return { records: [...found.values()], throughMs: Infinity };
	});
}
