import type { IDataObject } from 'n8n-workflow';

/** Whether a value from outside is an object with keys, not null and not an array. */
export function isRecord(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The id of a record: `_id` in API answers, `id` in checkout sessions and deliveries (contract H24). */
export function idOf(record: IDataObject): string | undefined {
	const id = record._id ?? record.id;
	return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

/**
 * The one record in an answer, bare or wrapped (contract H1): `{ sale: {…} }`, `{ order: {…} }`,
 * `{ data: {…} }` or the record itself. An answer that carries an id of its own is never unwrapped.
 * @param wrappers further keys under which this resource is known to be wrapped
 */
export function recordIn(answer: unknown, wrappers: readonly string[] = []): IDataObject {
	if (!isRecord(answer)) return {};
	if (idOf(answer) !== undefined) return answer;
	for (const key of [...wrappers, 'data']) {
		const inner = answer[key];
		if (isRecord(inner)) return inner;
	}
	return answer;
}

/**
 * The records of a list answer: a bare array, or the first array among the resource's own keys and the
 * general ones (contract H2). Undefined when the answer holds no list at all.
 */
export function listIn(answer: unknown, keys: readonly string[] = []): IDataObject[] | undefined {
	if (Array.isArray(answer)) return answer.filter(isRecord);
	if (!isRecord(answer)) return undefined;
	for (const key of [...keys, 'data', 'items', 'results', 'docs']) {
		const inner = answer[key];
		if (Array.isArray(inner)) return inner.filter(isRecord);
		if (isRecord(inner)) {
			const nested = listIn(inner, keys);
			if (nested) return nested;
		}
	}
	return undefined;
}

export interface Pagination {
	totalCount?: number;
	totalPages?: number;
	currentPage?: number;
	pageSize?: number;
	hasMore?: boolean;
}

/** The `pagination` block of a page, its numbers only where they are numbers (contract, section A). */
export function paginationIn(answer: unknown): Pagination {
	if (!isRecord(answer) || !isRecord(answer.pagination)) return {};
	const { totalCount, totalPages, currentPage, pageSize, hasMore } = answer.pagination;
	const numeric = (value: unknown) => (typeof value === 'number' ? value : undefined);
	return {
		totalCount: numeric(totalCount),
		totalPages: numeric(totalPages),
		currentPage: numeric(currentPage),
		pageSize: numeric(pageSize),
		hasMore: typeof hasMore === 'boolean' ? hasMore : undefined,
	};
}

/** What Pocketsflow says in an error body: `message` or `error`, and `code` (contract H3). */
export function wordsIn(body: unknown): { text?: string; code?: string } {
	if (!isRecord(body)) return {};
	const code = typeof body.code === 'string' ? body.code : undefined;
	for (const value of [body.message, body.error]) {
		if (typeof value === 'string' && value.trim() !== '') return { text: value.trim(), code };
		if (isRecord(value) && typeof value.message === 'string') return { text: value.message, code };
	}
	return { code };
}
