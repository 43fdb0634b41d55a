/**
 * Reads a list for a poll, page by page, without relying on what the API says about it
 * (docs/limits.md#how-polling-makes-progress). A reading ends at an empty page, at a page
 * that repeats known records, or when it has as many records as the API counts. To save requests, it
 * may stop earlier, and then reports where to continue.
 */
import type { IPollFunctions } from 'n8n-workflow';

import { buildListRequest, maxPageSize, type ListEndpoint, type ListFilters } from '../api/lists';
import { readPage, type Page } from '../transport/pagination';
import { readRecords, type DatedRecord } from './records';

/** Which records to request, by their dates in ms, both inclusive. */
export interface DateWindow {
	fromMs: number;
	toMs?: number;
}

/** What one poll wants from a list. */
export interface ReadPlan extends DateWindow {
	/** Whether a record is a reason to keep reading. */
	isWanted(record: DatedRecord): boolean;
	/** How many wanted records are enough. */
	enough: number;
	/** How many pages without a wanted record to read. */
	idlePages: number;
	/** Where the last poll stopped. */
	next?: number;
	/** Whether to start there instead of checking the beginning of the list first. */
	resumes?: boolean;
	/** Whether to trust a page that is sorted by date, and read only one more page after it. */
	trustsOrder?: boolean;
}

export interface ListRead {
	records: DatedRecord[];
	/** Where to continue; undefined if the reading reached the end. */
	next?: number;
	/** Whether these are all records that the API counts. */
	isVerified: boolean;
	/** The position of the last record, if an empty response for the next one proved that. */
	last?: number;
}

/** A list that can't be read. The message is a sentence for the user. */
export class UnreadableList extends Error {}

export type FetchPage = (window: DateWindow, position: number) => Promise<Page>;

/** The API may cut dates to whole seconds or exclude the dates themselves. */
const slackMs = 1_000;

/** How often one poll reads a list that keeps changing. */
const maxPasses = 4;

/** The page size of the API if it ignores the requested one. */
export const usualPageSize = 20;

/** Prepares the reading of a list. Reading throws UnreadableList, and what `send` throws. */
export function createFetch(n8n: IPollFunctions, list: ListEndpoint): FetchPage {
	return async ({ fromMs, toMs }, position) => {
		const dates = hasDates(list) ? buildDateFilters(fromMs, toMs) : {};
		const request = buildListRequest(list, { ...list.newestFirst, ...dates });
		const page = await readPage(n8n, list, request, { position, size: maxPageSize });
		if (page) return page;
		throw new UnreadableList(
			'Pocketsflow returned no list. Nothing was skipped; the next poll reads it again.',
		);
	};
}

/** Whether Pocketsflow can filter records by two dates. */
export const hasDates = ({ paging }: ListEndpoint) => paging === 'page' || paging === 'pageInBody';

const buildDateFilters = (fromMs: number, toMs?: number): ListFilters => ({
	...(fromMs > 0 && { startDate: toIso(Math.max(0, fromMs - slackMs)) }),
	...(toMs !== undefined && { endDate: toIso(toMs + slackMs) }),
});

const toIso = (timeMs: number) => new Date(timeMs).toISOString();

/** Whether a page is sorted newest first and reaches back to before a date. */
function reachesBefore(records: readonly DatedRecord[], fromMs: number): boolean {
	if (records.length === 0) return false;
	const last = records[records.length - 1].timeMs;
	const isSorted = records.every(({ timeMs }, n) => n === 0 || timeMs <= records[n - 1].timeMs);
	// Records with the same date do not show how the list is sorted.
	return isSorted && last < records[0].timeMs && last < fromMs - slackMs;
}

/** Whether a page has as many records as the API returns per page, so that more may follow. */
const isFull = ({ records, pagination: { pageSize = usualPageSize } }: Page) =>
	records.length >= Math.min(pageSize, maxPageSize);

const tellsOfPages = ({ pagination }: Page) =>
	Object.values(pagination).some((value) => value !== undefined);

/**
 * Reads a list from its beginning, then from where the last poll stopped, as far as the plan goes.
 * @param first its first page, if it was already read
 */
export async function readByPlan(
	fetchPage: FetchPage,
	list: ListEndpoint,
	plan: ReadPlan,
	first?: Page,
): Promise<ListRead> {
	const found = new Map<string, DatedRecord>();
	let page = first ?? (await fetchPage(plan, (plan.resumes ? plan.next : undefined) ?? 1));
	let idleLeft = plan.idlePages;
	let wantedCount = 0;
	let totalCount: number | undefined;
	let continueAt = plan.resumes ? undefined : plan.next;
	const window = hasDates(list) ? plan : { fromMs: -Infinity };
	let pass = 1;
	let foundBefore = -1;
	const finish = (next?: number, isVerified = false): ListRead => ({
		records: [...found.values()],
		isVerified,
		...(next !== undefined && { next }),
	});
	for (;;) {
		const records = readRecords(page.records);
		const fresh = records.filter(({ id }) => !found.has(id));
		for (const record of fresh) found.set(record.id, record);
		const wanted = fresh.filter(plan.isWanted).length;
		wantedCount += wanted;
		// A list without pages is whole, unless its response reports pages.
		if (list.paging === 'none' && !tellsOfPages(page)) return finish(undefined, true);

		const { totalCount: total } = page.pagination;
		if (total !== undefined) totalCount = Math.max(totalCount ?? 0, total);
		const isAtEnd = records.length === 0 || (fresh.length === 0 && page.position > 1 && pass === 1);
		if (totalCount !== undefined && (isAtEnd || !isFull(page)) && hasAll(found, window, totalCount))
			return finish(undefined, true);
		if (wantedCount >= plan.enough) return finish(isAtEnd ? undefined : page.next);
		let { next } = page;
		if (isAtEnd) {
			const isShort = found.size < (totalCount ?? 0) && plan.next === undefined;
			const bringsMore = found.size > foundBefore && pass < maxPasses;
			if (!isShort || !bringsMore || idleLeft <= 0) {
				const isProven = list.paging === 'offset' && records.length === 0 && page.position > 1;
				return { ...finish(), ...(isProven && { last: page.position - 1 }) };
			}
			// The API counts more records than were found, so the list is read from its beginning again.
			pass++;
			foundBefore = found.size;
			idleLeft--;
			next = 1;
		} else if (wanted === 0) {
			if (plan.trustsOrder && reachesBefore(records, plan.fromMs)) idleLeft = Math.min(idleLeft, 1);
			if (continueAt === undefined && idleLeft <= 0) return finish(next);
			next = Math.max(next, continueAt ?? 0);
			continueAt = undefined;
			idleLeft--;
		}
		page = await fetchPage(plan, next);
	}
}

/** Whether the records between the dates are all that the API counts. It counts all if it ignores dates. */
function hasAll(
	found: ReadonlyMap<string, DatedRecord>,
	{ fromMs, toMs = Infinity }: DateWindow,
	totalCount: number,
): boolean {
	if (found.size < totalCount) return false;
	const inWindow = [...found.values()].filter(
		({ timeMs }) => timeMs >= fromMs - slackMs && timeMs <= toMs + slackMs,
	);
	return inWindow.length >= totalCount;
}

/** The most requests for the search for an end date. */
const maxProbes = 24;

/**
 * Searches for an end date (ms) before which a list has as many records as one poll can use: between
 * `least` and `most`. Undefined if the first page counts no more, or if the count ignores dates.
 */
export async function findEnd(
	fetchPage: FetchPage,
	fromMs: number,
	{ pagination: { totalCount } }: Page,
	{ least, most }: { least: number; most: number },
	nowMs: number,
): Promise<number | undefined> {
	if (totalCount === undefined || totalCount <= most) return undefined;
	let fewMs = fromMs;
	let many = { toMs: Math.max(nowMs, fromMs), count: totalCount };
	for (let probe = 0; probe < maxProbes && many.toMs - fewMs > slackMs; probe++) {
		// Every other probe assumes that sales are evenly spread. Halving helps if they are not.
		const share = probe % 2 === 0 ? (least + most) / 2 / many.count : 0.5;
		const stepMs = Math.floor((many.toMs - fewMs) * Math.min(share, 0.9));
		const toMs = fewMs + Math.max(slackMs / 2, stepMs);
		const count = (await fetchPage({ fromMs, toMs }, 1)).pagination.totalCount ?? totalCount;
		if (count >= least && count <= most) return toMs;
		if (count < least) fewMs = toMs;
		else if (probe > 7 && count >= totalCount) return undefined;
		else many = { toMs, count };
	}
	return many.count < totalCount ? many.toMs : undefined;
}
