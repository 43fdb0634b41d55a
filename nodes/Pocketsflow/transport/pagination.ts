import { NodeOperationError, type IDataObject } from 'n8n-workflow';

import { idOf, listIn, paginationIn, type Pagination } from '../api/responses';
import { standardLimits } from './limits';
import type { PocketsflowContext, PocketsflowRequest } from '../api/request';
import { send, type SendOptions } from './send';

/**
 * How a list is paged (contract, section A): `none` answers everything at once, `page` takes page and
 * pageSize in the query, `pageInBody` takes them in the JSON body, `offset` takes limit and offset.
 */
export type Paging = 'none' | 'page' | 'pageInBody' | 'offset';

export interface ListRequest {
	request: PocketsflowRequest;
	paging: Paging;
	/** Keys under which the records may stand in an object answer (contract H2). */
	keys: readonly string[];
}

const largestPage = 100;

/** One page may bring nothing new because so many newer records came in; two in a row are a fault. */
const oldPagesBorne = 2;

interface Answered {
	/** The number of the page or, with `offset`, of its first record; both from 1. */
	position: number;
	records: IDataObject[];
	pagination: Pagination;
}

/** What was read so far: the ids of records, the text of pages whose records have none. */
interface Seen {
	ids: Set<string>;
	pages: Set<string>;
	records: number;
	longestPage: number;
}

export interface PageOptions extends SendOptions {
	itemIndex?: number;
	/** Where to begin: 1, or the `next` of a page that was read before. */
	first?: number;
	/** Records that will be wanted: so many are asked for side by side. Without it one page at a time. */
	wanted?: number;
}

export interface PageRead {
	/** The records that no earlier page brought. */
	records: IDataObject[];
	/** Where to begin to read on; undefined after the last page. */
	next?: number;
}

/**
 * Reads the records of a list in the order in which Pocketsflow has them, at most `limit`. Pages after the
 * first are asked for side by side where Pocketsflow says how many there are. A record that moves to a
 * later page while the list is read, because a newer one came in, is returned once.
 * @param limit number of records; undefined reads all
 * @throws as `readPages` does
 */
export async function readList(
	context: PocketsflowContext,
	list: ListRequest,
	limit: number | undefined,
	itemIndex?: number,
	options: SendOptions = {},
): Promise<IDataObject[]> {
	const read: IDataObject[] = [];
	const wanted = limit ?? Infinity;
	for await (const { records } of readPages(context, list, { ...options, itemIndex, wanted })) {
		for (const record of records) read.push(record);
		if (read.length >= wanted) return read.slice(0, wanted);
	}
	return read;
}

/**
 * Reads a list page by page, until its end or until the caller has enough.
 * @throws as `send` does; NodeOperationError when Pocketsflow repeats a page although it has more to give
 */
export async function* readPages(
	context: PocketsflowContext,
	list: ListRequest,
	{ itemIndex, first = 1, wanted = 0, ...options }: PageOptions = {},
): AsyncGenerator<PageRead, void> {
	const asked = Math.min(wanted || largestPage, largestPage);
	const seen: Seen = { ids: new Set(), pages: new Set(), records: 0, longestPage: 0 };
	const fetchAt = async (position: number): Promise<Answered> => {
		const request = pageRequest(list, position, asked);
		const answer = await send(context, request, 'read', itemIndex, options);
		const records = listIn(answer, list.keys);
		const pagination = paginationIn(answer);
		if (!records || (records.length === 0 && goesOn(position, list, pagination)))
			throw brokenOff(
				context,
				list,
				records ? 'an empty page in the middle of a list' : 'no list',
				itemIndex,
			);
		return { position, records, pagination };
	};

	let oldPages = 0;
	let page = await fetchAt(first);
	const size = page.records.length;
	const positionOf = (number: number) =>
		list.paging === 'offset' ? (number - 1) * size + 1 : number;
	const known = list.paging === 'none' || first !== 1 ? 1 : pagesKnown(page, wanted);
	const ahead = inOrder(2, known, async (number) => await fetchAt(positionOf(number)));
	try {
		for (;;) {
			const records = unseen(seen, page.records);
			const isOld = page.records.length > 0 && records.length === 0 && page.position !== first;
			oldPages = isOld ? oldPages + 1 : 0;
			const isEnd =
				list.paging === 'none' ||
				isLast(list, page, asked, seen) ||
				(isOld && !promisesMore(page, seen));
			if (!isEnd && oldPages === oldPagesBorne) throw endless(context, list, seen, itemIndex);
			const next = isEnd
				? undefined
				: page.position + (list.paging === 'offset' ? page.records.length : 1);
			yield { records, next };
			if (next === undefined) return;
			const fetched = await ahead.next();
			page = fetched.done ? await fetchAt(next) : fetched.value;
		}
	} finally {
		await ahead.return(undefined);
	}
}

function pageRequest(
	{ request, paging }: ListRequest,
	position: number,
	size: number,
): PocketsflowRequest {
	const page = position;
	if (paging === 'page') return { ...request, query: { ...request.query, page, pageSize: size } };
	if (paging === 'pageInBody')
		return { ...request, body: { ...request.body, page, pageSize: size } };
	if (paging === 'offset')
		return { ...request, query: { ...request.query, limit: size, offset: position - 1 } };
	return request;
}

/** The records of a page that no earlier page brought; records without ids only count as a whole page. */
function unseen(seen: Seen, records: IDataObject[]): IDataObject[] {
	seen.longestPage = Math.max(seen.longestPage, records.length);
	const fresh = records.filter((record) => {
		const id = idOf(record);
		if (id === undefined) return true;
		if (seen.ids.has(id)) return false;
		seen.ids.add(id);
		return true;
	});
	if (fresh.length > 0 && fresh.every((record) => idOf(record) === undefined)) {
		const text = JSON.stringify(fresh);
		if (seen.pages.has(text)) return [];
		seen.pages.add(text);
	}
	seen.records += fresh.length;
	return fresh;
}

/**
 * Whether Pocketsflow says that there is more. A server that ignores paging gives its whole list again and
 * does not say so: then all is read. One that says so and gives nothing new must not be asked for ever.
 */
function promisesMore(
	{ pagination: { hasMore, totalCount } }: Answered,
	{ records }: Seen,
): boolean {
	return hasMore ?? (totalCount !== undefined && records < totalCount);
}

function endless(
	context: PocketsflowContext,
	{ request }: ListRequest,
	{ records }: Seen,
	itemIndex: number | undefined,
): NodeOperationError {
	return new NodeOperationError(
		context.getNode(),
		`Pocketsflow gives the same page of ${request.path} again and again. ${records} different records were read.`,
		{ itemIndex, description: 'Set a limit that is not above this number, or try again later.' },
	);
}

/** Whether Pocketsflow says that records stand behind this page. */
function goesOn(
	position: number,
	{ paging }: ListRequest,
	{ hasMore, totalPages }: Pagination,
): boolean {
	return hasMore ?? (paging !== 'offset' && totalPages !== undefined && position < totalPages);
}

function brokenOff(
	context: PocketsflowContext,
	{ request }: ListRequest,
	what: string,
	itemIndex: number | undefined,
): NodeOperationError {
	return new NodeOperationError(
		context.getNode(),
		`Pocketsflow answered ${request.method} ${request.path} with ${what}`,
		{ itemIndex, description: 'Some records would be missing. Try again later.' },
	);
}

/**
 * How many pages are to be read, from what the first one says; 1 when it does not say. The server may give
 * fewer per page than it was asked for: its own page counts.
 */
function pagesKnown({ records, pagination }: Answered, wanted: number): number {
	const size = records.length;
	const { totalCount, totalPages, hasMore } = pagination;
	if (size === 0 || hasMore === false) return 1;
	const total = totalPages ?? (totalCount === undefined ? 1 : Math.ceil(totalCount / size));
	return Math.min(total, Math.ceil(wanted / size));
}

/**
 * Whether nothing follows a page. Where Pocketsflow does not say, a page that is shorter than one before
 * it is the last; a first page that is shorter than asked for may just be the server's own size.
 */
function isLast(
	{ paging }: ListRequest,
	{ position, records, pagination }: Answered,
	asked: number,
	{ longestPage }: Seen,
): boolean {
	if (records.length === 0) return true;
	const { hasMore, totalPages, totalCount } = pagination;
	if (hasMore !== undefined) return !hasMore;
	if (totalPages !== undefined && paging !== 'offset') return position >= totalPages;
	if (totalCount !== undefined && paging === 'offset')
		return position - 1 + records.length >= totalCount;
	if (records.length > asked) return true;
	return records.length < longestPage;
}

/** Runs numbered tasks side by side and hands their results over in order, few of them ahead. */
async function* inOrder<T>(
	from: number,
	to: number,
	task: (number: number) => Promise<T>,
): AsyncGenerator<T> {
	const ahead: Array<Promise<T>> = [];
	let next = from;
	try {
		while (next <= to || ahead.length > 0) {
			while (next <= to && ahead.length < standardLimits.inFlight) {
				const result = task(next++);
				// It may fail while an earlier one is awaited; it is awaited itself when its turn comes.
				result.catch(() => undefined);
				ahead.push(result);
			}
			yield await ahead[0];
			ahead.shift();
		}
	} finally {
		// Nobody waits for these any more; their failure is that of the one that ended the loop, or of none.
		await Promise.allSettled(ahead);
	}
}
