import type { IDataObject } from 'n8n-workflow';

import { idOf, listIn, paginationIn } from './answers';
import type { PocketsflowContext, PocketsflowRequest } from './request';
import { send } from './send';

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

const pageSize = 100;

function pageRequest({ request, paging }: ListRequest, page: number, size: number): PocketsflowRequest {
	if (paging === 'page') return { ...request, query: { ...request.query, page, pageSize: size } };
	if (paging === 'pageInBody') return { ...request, body: { ...request.body, page, pageSize: size } };
	if (paging === 'offset')
		return { ...request, query: { ...request.query, limit: size, offset: (page - 1) * size } };
	return request;
}

export interface Page {
	records: IDataObject[];
	/** The number of the page that follows; undefined on the last one. */
	next?: number;
}

/**
 * Reads a list page by page, in the order in which Pocketsflow has it. Stop iterating to read no further.
 * @param size records to ask for at once
 * @param first number of the page to begin with
 */
export async function* readPages(
	context: PocketsflowContext,
	list: ListRequest,
	{ size = pageSize, first = 1, itemIndex }: { size?: number; first?: number; itemIndex?: number } = {},
): AsyncGenerator<Page, void> {
	let firstOfLastPage: string | undefined;
	for (let page = first; ; page++) {
		const answer = await send(context, pageRequest(list, page, size), 'read', itemIndex);
		const records = listIn(answer, list.keys) ?? [];
		const firstId = records[0] && idOf(records[0]);
		if (firstId !== undefined && firstId === firstOfLastPage) return;
		firstOfLastPage = firstId;
		const { hasMore, totalPages } = paginationIn(answer);
		const more = hasMore ?? (totalPages !== undefined ? page < totalPages : records.length === size);
		const isLast = list.paging === 'none' || records.length === 0 || !more;
		yield isLast ? { records } : { records, next: page + 1 };
		if (isLast) return;
	}
}

/**
 * Reads the records of a list in the order in which Pocketsflow has them, at most `limit`.
 * @param limit number of records; undefined reads all
 */
export async function readList(
	context: PocketsflowContext,
	list: ListRequest,
	limit: number | undefined,
	itemIndex?: number,
): Promise<IDataObject[]> {
	const records: IDataObject[] = [];
	const size = Math.min(limit ?? pageSize, pageSize);
	for await (const page of readPages(context, list, { size, itemIndex })) {
		records.push(...page.records);
		if (limit !== undefined && records.length >= limit) return records.slice(0, limit);
	}
	return records;
}
