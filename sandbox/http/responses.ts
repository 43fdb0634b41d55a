import type { SandboxContext } from '../context';
import type { operations } from '../contract/types';
import type { Database } from '../database/database';
import type { EndpointName } from '../endpoints';
import { isObject, type JsonObject } from '../json';
import type { Switches } from '../switches';
import { badRequest } from './errors';

type QueryOf<Operation> = Operation extends { parameters: { query?: infer Query } }
	? Exclude<Query, undefined>
	: never;

type BodyOf<Operation> = Operation extends {
	requestBody: { content: { 'application/json': infer Body } };
}
	? Body
	: unknown;

/** One call of the API, valid by the contract, with the data of the mode that its key belongs to. */
export interface ApiCall<N extends EndpointName = EndpointName> {
	readonly context: SandboxContext;
	readonly db: Database;
	readonly params: Record<string, string>;
	readonly query: QueryOf<operations[N]>;
	readonly body: BodyOf<operations[N]>;
}

export type AnyCall = Omit<ApiCall, 'query' | 'body'>;

export interface ApiResponse {
	readonly status: number;
	readonly body?: unknown;
}

export type Handler<N extends EndpointName> = (call: ApiCall<N>) => ApiResponse;

export type Handlers = { [N in EndpointName]: Handler<N> };

export const respondOk = (body: unknown): ApiResponse => ({ status: 200, body });

/** The status of the response to a create is not documented. */
export const respondCreated = ({ context }: AnyCall, body: unknown): ApiResponse => ({
	status: context.switches.createStatus,
	body,
});

/** With a message or empty; neither is documented. */
export const respondDeleted = ({ context }: AnyCall, name: string): ApiResponse =>
	context.switches.deleteAnswer === 'message'
		? respondOk({ message: `${name} deleted successfully` })
		: { status: 200 };

/** In one of the shapes of docs/pocketsflow-api.md#lists-and-paging. */
export function respondList(
	{ context }: AnyCall,
	name: string,
	rows: JsonObject[],
	documentedShape: 'array' | 'object' = 'array',
	extraFields: JsonObject = {},
): ApiResponse {
	const { listShape } = context.switches;
	const shape = listShape === 'contract' ? documentedShape : listShape;
	if (shape === 'array') return respondOk(rows);
	return respondOk({ [shape === 'object' ? name : shape]: rows, ...extraFields });
}

export interface Page {
	readonly page: number;
	readonly pageSize: number;
}

/** `window` is the page as the range of rows to query. */
export function findPage(
	{ context }: AnyCall,
	{ page = 1, pageSize: requestedSize = 20 }: { page?: number; pageSize?: number },
): Page & { readonly window: { skip: number; take: number } } {
	const { maxPageSize, overMaxPageSize } = context.switches;
	if (requestedSize > maxPageSize && overMaxPageSize === 'reject') {
		throw badRequest(`pageSize must not exceed ${maxPageSize}`);
	}
	const pageSize = Math.max(1, Math.min(requestedSize, maxPageSize));
	return { page, pageSize, window: { skip: (page - 1) * pageSize, take: pageSize } };
}

export function buildPagination(
	{ context }: AnyCall,
	{ page, pageSize }: Page,
	totalCount: number,
): JsonObject {
	const pageCount = Math.ceil(totalCount / pageSize);
	return {
		totalCount,
		totalPages: pageCount === 0 ? context.switches.emptyTotalPages : pageCount,
		currentPage: page,
		pageSize,
		hasMore: page < pageCount,
	};
}

/** The text stands in the field that the switch `errorText` chooses. */
export function buildErrorBody(
	{ errorText }: Switches,
	message: string,
	code: string,
): { type: string; text: string } {
	if (errorText === 'nonJson') return { type: 'text/plain; charset=utf-8', text: message };
	const fields = {
		...(errorText !== 'message' && { error: message }),
		...(errorText !== 'error' && { message }),
		code,
	};
	return { type: 'application/json; charset=utf-8', text: JSON.stringify(fields) };
}

/** Gives every API object its id under the name that the switch `idField` wants. */
export function renameIds(body: unknown, idField: Switches['idField']): unknown {
	if (idField === '_id') return body;
	if (Array.isArray(body)) return body.map((entry: unknown) => renameIds(entry, idField));
	if (!isObject(body)) return body;
	const renamed: JsonObject = {};
	for (const [name, value] of Object.entries(body)) {
		if (name === '_id') {
			if (idField === 'both') renamed._id = value;
			renamed.id = value;
		} else {
			// Metadata is the caller's.
			renamed[name] = name === 'metadata' ? value : renameIds(value, idField);
		}
	}
	return renamed;
}
