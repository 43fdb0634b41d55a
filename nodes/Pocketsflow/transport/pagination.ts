import { NodeOperationError, type IDataObject } from 'n8n-workflow';

import {
	buildListRequest,
	buildPageRequest,
	maxPageSize,
	type ListEndpoint,
	type PagePosition,
} from '../api/lists';
import type { PocketsflowRequest } from '../api/request';
import { findRecords, readId, readPagination, type Pagination } from '../api/responses';
import type { PocketsflowContext } from './credential';
import { defaultLimits } from './limits';
import { send, type SendOptions } from './send';

/** One page may bring nothing new because many newer records were added. Two in a row are a fault. */
const maxStalePages = 2;

/** One page as Pocketsflow returned it, and where the next one would begin. */
export interface Page {
	position: number;
	next: number;
	records: IDataObject[];
	pagination: Pagination;
}

/** What was read so far: IDs, or the text of pages of records without IDs. */
interface Progress {
	seen: Set<string>;
	recordCount: number;
	longestPage: number;
	/** The pages that brought something new, and how many records they and those before them have. */
	pageCount: number;
	rowCount: number;
}

interface ListOptions extends SendOptions {
	request?: PocketsflowRequest;
	itemIndex?: number;
}

interface ReadListOptions extends ListOptions {
	limit?: number;
	/** Whether a record counts. The others are left out. */
	keeps?(record: IDataObject): boolean;
}

export interface ReadPagesOptions extends ListOptions {
	/** Where to begin: 1, or the `next` of a page that was read before. */
	first?: number;
	/** Number of records whose pages are requested in parallel. Without it, one page at a time. */
	prefetch?: number;
}

/** The records that no earlier page contained, and where to continue, if more follow. */
type ReadPage = Pick<Page, 'records'> & { next?: number };

/**
 * Reads the records of a list in Pocketsflow's order, each once. If Pocketsflow says how many pages
 * there are, pages after the first are requested in parallel.
 * @throws as `readPages` does
 */
export async function readList(
	context: PocketsflowContext,
	list: ListEndpoint,
	{ limit = Infinity, keeps, ...options }: ReadListOptions = {},
): Promise<IDataObject[]> {
	const read: IDataObject[] = [];
	// A caller that leaves records out may have to read far, so pages are not as small as the limit.
	const prefetch = keeps ? Math.max(limit, maxPageSize) : limit;
	for await (const { records } of readPages(context, list, { ...options, prefetch })) {
		for (const record of records) if (keeps?.(record) ?? true) read.push(record);
		if (read.length >= limit) return read.slice(0, limit);
	}
	return read;
}

/** Reads one page of a list; undefined if the response contains no list. @throws as `send` does */
export async function readPage(
	context: PocketsflowContext,
	list: ListEndpoint,
	request: PocketsflowRequest,
	page: PagePosition,
	{ itemIndex, ...options }: SendOptions & { itemIndex?: number } = {},
): Promise<Page | undefined> {
	const pageRequest = buildPageRequest(list, request, page);
	const body = await send(context, pageRequest, 'read', itemIndex, options);
	const records = findRecords(body, list.keys);
	if (!records) return undefined;
	const { position } = page;
	const next = position + (list.paging === 'offset' ? records.length : 1);
	return { position, next, records, pagination: readPagination(body, records.length) };
}

/**
 * Reads a list page by page, until its end or until the caller stops.
 * @throws as `send` does; NodeOperationError if the list breaks off, or if Pocketsflow repeats a
 * page although it says that there are more
 */
export async function* readPages(
	context: PocketsflowContext,
	list: ListEndpoint,
	{
		request = buildListRequest(list),
		itemIndex,
		first = 1,
		prefetch = 0,
		...options
	}: ReadPagesOptions = {},
): AsyncGenerator<ReadPage, void> {
	let size = Math.min(prefetch || maxPageSize, maxPageSize);
	const refuse = (message: string, description: string) =>
		new NodeOperationError(context.getNode(), message, { itemIndex, description });
	const fetchPage = async (position: number): Promise<Page> => {
		const isUsable = (body: unknown) => findRecords(body, list.keys) !== undefined;
		const pageOptions = { ...options, itemIndex, isUsable };
		const page = await readPage(context, list, request, { position, size }, pageOptions);
		if (page && (page.records.length > 0 || !announcesNext(list, page))) return page;
		throw refuse(
			`Pocketsflow returned an empty page in the middle of a list (${list.method} ${list.path})`,
			'Records would be missing, so the node stopped. Try again later.',
		);
	};

	let stalePages = 0;
	let page = await fetchPage(first);
	const serverPageSize = page.records.length;
	const progress: Progress = {
		seen: new Set(),
		recordCount: 0,
		longestPage: 0,
		pageCount: first - 1,
		rowCount: (first - 1) * (list.paging === 'offset' ? 1 : serverPageSize),
	};
	// If a list should come as a whole but does not, it is read on in pages of this length.
	if (list.paging === 'none') size = serverPageSize;
	const positionOfPage = (number: number) =>
		list.paging === 'offset' ? (number - 1) * serverPageSize + 1 : number;
	const lastPage = list.paging === 'none' || first !== 1 ? 1 : countPages(page, prefetch);
	const prefetched = runInOrder(2, lastPage, async (number) => {
		return await fetchPage(positionOfPage(number));
	});
	try {
		for (;;) {
			const records = takeNewRecords(progress, page.records);
			const isStale = page.records.length > 0 && records.length === 0 && page.position !== first;
			stalePages = isStale ? stalePages + 1 : 0;
			const isEnd = isStale
				? !claimsMoreRecords(list, page, progress)
				: isLastPage(list, page, size, progress);
			if (!isEnd && stalePages === maxStalePages)
				throw refuse(
					`Pocketsflow keeps returning the same page of ${list.path}. ${progress.recordCount} different records were read.`,
					"Set 'Limit' to this number or less, or try again later.",
				);
			const next = isEnd ? undefined : page.next;
			yield { records, next };
			if (next === undefined) return;
			const result = await prefetched.next();
			page = result.done ? await fetchPage(next) : result.value;
		}
	} finally {
		await prefetched.return(undefined);
	}
}

/** The records that no earlier page contained. A page without IDs counts as a whole, by its text. */
function takeNewRecords(progress: Progress, records: IDataObject[]): IDataObject[] {
	const { seen } = progress;
	progress.longestPage = Math.max(progress.longestPage, records.length);
	const fresh = records.filter((record) => {
		const id = readId(record);
		return id === undefined || addTo(seen, id);
	});
	const isWithoutIds = fresh.length > 0 && fresh.every((record) => readId(record) === undefined);
	const isStale = fresh.length === 0 || (isWithoutIds && !addTo(seen, JSON.stringify(fresh)));
	if (isStale) return [];
	progress.recordCount += fresh.length;
	progress.rowCount += records.length;
	progress.pageCount++;
	return fresh;
}

/** Adds a value to a set; false if it was in there. */
const addTo = (set: Set<string>, value: string) => set.size < set.add(value).size;

/** Whether the total says that some records were not read; undefined without a total. */
const countsMore = ({ pagination: { totalCount } }: Page, { rowCount }: Progress) =>
	totalCount === undefined ? undefined : rowCount < totalCount;

/** Whether anything in a page that brought nothing new says that some records were not read. */
function claimsMoreRecords({ paging }: ListEndpoint, page: Page, progress: Progress): boolean {
	const { hasMore = false, totalPages = 0 } = page.pagination;
	const hasPages = paging !== 'offset' && progress.pageCount < totalPages;
	return hasMore || hasPages || countsMore(page, progress) === true;
}

/** Whether the number of pages says that another one follows; undefined without such a number. */
const countsMorePages = (
	{ paging }: ListEndpoint,
	{ position, pagination: { totalPages } }: Page,
): boolean | undefined =>
	paging === 'offset' || totalPages === undefined ? undefined : position < totalPages;

/** Whether an empty page says that it is not the last. A total alone may be older than the list. */
const announcesNext = (list: ListEndpoint, page: Page): boolean =>
	page.pagination.hasMore ?? countsMorePages(list, page) ?? false;

/** How many pages to read, of the server's page size; 1 if the first page does not say. */
function countPages({ records, pagination }: Page, prefetch: number): number {
	const size = records.length;
	const { totalCount, totalPages, hasMore } = pagination;
	if (size === 0 || hasMore === false) return 1;
	const total = totalPages ?? (totalCount === undefined ? 1 : Math.ceil(totalCount / size));
	return Math.min(total, Math.ceil(prefetch / size));
}

/**
 * Whether a page is the last. If one sign says so and another does not, it is not: reading goes on
 * until a page brings nothing new. Without a sign, a page shorter than an earlier one is the last.
 */
function isLastPage(
	list: ListEndpoint,
	page: Page,
	requestedSize: number,
	progress: Progress,
): boolean {
	const { records, pagination } = page;
	const isUnread = countsMore(page, progress);
	if (records.length === 0) return true;
	if (list.paging === 'none' && isUnread === false) return true;
	const signs = [pagination.hasMore, countsMorePages(list, page)];
	if (isUnread || signs.includes(true)) return false;
	if (signs.includes(false) || list.paging === 'none') return true;
	if (list.paging === 'offset' && isUnread === false) return true;
	return records.length > requestedSize || records.length < progress.longestPage;
}

/** Runs numbered tasks in parallel, as many as may be in flight, and yields their results in order. */
async function* runInOrder<T>(
	from: number,
	to: number,
	task: (number: number) => Promise<T>,
): AsyncGenerator<T> {
	const running: Array<Promise<T>> = [];
	let next = from;
	try {
		while (next <= to || running.length > 0) {
			while (next <= to && running.length < defaultLimits.maxInFlight) {
				const result = task(next++);
				// A task may fail while an earlier one is awaited. Its failure is thrown when its turn comes.
				result.catch(() => undefined);
				running.push(result);
			}
			yield await running[0];
			running.shift();
		}
	} finally {
		// No one reads these anymore. Their failure is the one that ended the loop, or does not matter.
		await Promise.allSettled(running);
	}
}
