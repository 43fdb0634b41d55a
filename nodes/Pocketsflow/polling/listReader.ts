/** Reads one of Pocketsflow's lists for a poll, whatever its way of paging. */
import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import {
	buildListRequest,
	buildPageRequest,
	maxPageSize,
	type ListEndpoint,
	type ListFilters,
	type PagePosition,
	type Paging,
} from '../api/lists';
import { findRecords, readPagination } from '../api/responses';
import { send } from '../transport/send';
import {
	readByOffset,
	readWindow,
	UnreadableList,
	type Capacity,
	type DateWindow,
	type Page,
	type WindowRead,
} from './reading';
import { withDates } from './recordDates';

const sampleSize = 20;

/** Asks for all records of a window, however many. */
export const everything: Capacity = { minRecords: Infinity, maxRecords: Infinity };

type FetchPage = (page: PagePosition, filters?: ListFilters) => Promise<Page>;
type ReadFrom = (
	fetchPage: FetchPage,
	window: DateWindow,
	capacity: Capacity,
) => Promise<WindowRead>;

const readByDates: ReadFrom = async (fetchPage, window, capacity) =>
	await readWindow(
		async ({ page, fromMs, toMs }) =>
			await fetchPage({ position: page, size: maxPageSize }, buildDateFilters(fromMs, toMs)),
		window,
		capacity,
	);

const readersByPaging: Record<Paging, ReadFrom> = {
	page: readByDates,
	pageInBody: readByDates,
	offset: async (fetchPage, { fromMs }) =>
		await readByOffset(
			async (offset, size) => await fetchPage({ position: offset + 1, size }),
			fromMs,
			maxPageSize,
		),
	none: async (fetchPage, { fromMs }) => {
		const { records } = await fetchPage({ position: 1, size: maxPageSize });
		return { records: withDates(records, fromMs), throughMs: Infinity };
	},
};

/** Whether Pocketsflow can be asked for the records between two dates. */
export const canReadDates = ({ paging }: ListEndpoint) => readersByPaging[paging] === readByDates;

/**
 * Reads the records of a list between two dates, or the oldest part of them where they are more than fit.
 * Lists that cannot be asked for dates may return older and newer records too.
 * @throws UnreadableList where the list does not stand still or the answer holds no list; what `send` throws
 */
export async function readListFrom(
	n8n: IPollFunctions,
	list: ListEndpoint,
	window: DateWindow,
	capacity: Capacity,
): Promise<WindowRead> {
	return await readersByPaging[list.paging](createFetch(n8n, list), window, capacity);
}

/**
 * Reads the newest records of a list, in any order.
 * @throws as `readListFrom` does
 */
export async function readNewest(n8n: IPollFunctions, list: ListEndpoint): Promise<IDataObject[]> {
	return (await createFetch(n8n, list)({ position: 1, size: sampleSize })).records;
}

function createFetch(n8n: IPollFunctions, list: ListEndpoint): FetchPage {
	return async (page, dates) => {
		const filters = list.newestFirst || dates ? { ...list.newestFirst, ...dates } : undefined;
		const request = buildPageRequest(list, buildListRequest(list, filters), page);
		const body = await send(n8n, request, 'read');
		const records = findRecords(body, list.keys);
		// A body without any list is not an empty list.
		if (!records)
			throw new UnreadableList(
				'Pocketsflow answered without a list. Nothing was skipped; the next poll reads it again.',
			);
		const { hasMore, totalPages, totalCount } = readPagination(body);
		const isBeforeLast = totalPages === undefined ? undefined : page.position < totalPages;
		return { records, hasMore: hasMore ?? isBeforeLast, totalCount };
	};
}

/** Begins a second early, because Pocketsflow may not include the start date itself. */
const buildDateFilters = (fromMs: number, toMs?: number): ListFilters => ({
	...(fromMs > 0 && { startDate: toIso(Math.max(0, fromMs - 1_000)) }),
	...(toMs !== undefined && { endDate: toIso(toMs) }),
});

const toIso = (timeMs: number) => new Date(timeMs).toISOString();
