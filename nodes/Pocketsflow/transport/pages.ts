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

/**
 * Reads a list page by page, in the order in which Pocketsflow has it. Stop iterating to read no further.
 * @param size records to ask for at once
 */
export async function* readPages(
	context: PocketsflowContext,
	list: ListRequest,
	size = pageSize,
	itemIndex?: number,
): AsyncGenerator<IDataObject[], void> {
	let firstOfLastPage: string | undefined;
	for (let page = 1; ; page++) {
		const answer = await send(context, pageRequest(list, page, size), 'read', itemIndex);
		const found = listIn(answer, list.keys) ?? [];
		const first = found[0] && idOf(found[0]);
		if (first !== undefined && first === firstOfLastPage) return;
		firstOfLastPage = first;
		yield found;
		const { hasMore, totalPages } = paginationIn(answer);
		const more = hasMore ?? (totalPages !== undefined ? page < totalPages : found.length === size);
		if (list.paging === 'none' || found.length === 0 || !more) return;
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
	for await (const found of readPages(context, list, size, itemIndex)) {
		records.push(...found);
		if (limit !== undefined && records.length >= limit) return records.slice(0, limit);
	}
	return records;
}
