import type { IDataObject } from 'n8n-workflow';

/** Keys under which any list may stand, besides its own. */
const commonListKeys = ['data', 'items', 'results', 'docs'];

/** Whether a value from outside is an object with keys: not null and not an array. */
export function isRecord(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the id of a record: `_id` in most responses, `id` in checkout sessions and deliveries
 * (docs/pocketsflow-api.md#ids).
 */
export function readId(record: IDataObject): string | undefined {
	const id = record._id ?? record.id;
	return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

/**
 * Reads the one record of a response, which may be bare or wrapped: `{ sale: {…} }`, `{ data: {…} }`. A
 * response that has an id of its own is the record. `{}` when the response is no object.
 * @param keys under which a record of this kind may be wrapped, besides `data`
 */
export function unwrapRecord(response: unknown, keys: readonly string[] = []): IDataObject {
	if (!isRecord(response)) return {};
	if (readId(response) !== undefined) return response;
	for (const key of [...keys, 'data']) {
		const inner = response[key];
		if (isRecord(inner)) return inner;
	}
	return response;
}

/**
 * Finds the records in the response of a list: a bare array, or the first array under one of its keys or
 * the common ones, which may be nested (docs/pocketsflow-api.md#lists-and-paging).
 * @returns undefined when the response holds no list at all
 */
export function findRecords(
	response: unknown,
	keys: readonly string[] = [],
): IDataObject[] | undefined {
	if (Array.isArray(response)) return response.filter(isRecord);
	if (!isRecord(response)) return undefined;
	for (const key of [...keys, ...commonListKeys]) {
		const inner = response[key];
		const records = Array.isArray(inner) || isRecord(inner) ? findRecords(inner, keys) : undefined;
		if (records) return records;
	}
	return undefined;
}

/** What a page says about the whole list; undefined where it says nothing. */
export interface Pagination {
	totalCount?: number;
	totalPages?: number;
	pageSize?: number;
	hasMore?: boolean;
}

/** Reads the `pagination` block of a page, each part only where it has the documented type. */
export function readPagination(response: unknown): Pagination {
	if (!isRecord(response) || !isRecord(response.pagination)) return {};
	const { totalCount, totalPages, pageSize, hasMore } = response.pagination;
	return {
		totalCount: typeof totalCount === 'number' ? totalCount : undefined,
		totalPages: typeof totalPages === 'number' ? totalPages : undefined,
		pageSize: typeof pageSize === 'number' ? pageSize : undefined,
		hasMore: typeof hasMore === 'boolean' ? hasMore : undefined,
	};
}

/**
 * Reads the text and the code of an error body. The text may stand in `message`, in `error` or in
 * `error.message` (docs/pocketsflow-api.md#errors).
 */
export function readErrorParts(body: unknown): { text?: string; code?: string } {
	if (!isRecord(body)) return {};
	const code = typeof body.code === 'string' ? body.code : undefined;
	for (const value of [body.message, body.error]) {
		if (typeof value === 'string' && value.trim() !== '') return { text: value.trim(), code };
		if (isRecord(value) && typeof value.message === 'string') return { text: value.message, code };
	}
	return { code };
}

/**
 * Whether a body says that something went wrong, although its status may say that all is well: an `error`
 * or `success: false` (docs/pocketsflow-api.md#errors). A record with an id of its own is no such body.
 */
export function isErrorBody(body: unknown): boolean {
	if (!isRecord(body) || hasId(body)) return false;
	return body.success === false || Boolean(body.error);
}

/** Whether a record has an id that can be asked for. */
export const hasId = (record: IDataObject): boolean => Boolean(readId(record)?.trim());

/** Whether a record has a web address to send someone to. */
export const hasUrl = ({ url }: IDataObject): boolean =>
	typeof url === 'string' && /^https?:\/\//i.test(url) && URL.canParse(url);
