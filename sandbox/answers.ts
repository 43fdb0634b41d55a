import { invalid, isRecord, readCount } from './input';
import type { ModeState } from './state';
import type { Switches } from './switches';
import type { Shown } from './views';
import type { World } from './world';

/** One call of the API, with the key already turned into its mode's data. */
export interface Call {
	readonly world: World;
	readonly state: ModeState;
	readonly params: Record<string, string>;
	readonly query: Record<string, string>;
	readonly body: Record<string, unknown>;
}

/** Status and body of an answer; no body means an empty one. */
export interface Answer {
	readonly status: number;
	readonly body?: unknown;
}

/** What serves one endpoint. */
export type Handler = (call: Call) => Answer;

/** 200 with a body. */
export const ok = (body: unknown): Answer => ({ status: 200, body });

/** The answer to a create; its status is not documented (contract A, "Errors"). */
export const created = ({ world }: Call, body: unknown): Answer => ({
	status: world.switches.createStatus,
	body,
});

/** The answer to a delete, with a message or empty (contract H22). */
export const deleted = ({ world }: Call, thing: string): Answer =>
	world.switches.deleteAnswer === 'message'
		? ok({ message: `${thing} deleted successfully` })
		: { status: 200 };

/**
 * A list. The contract's form is a bare array for some resources and an object under the
 * resource's name for others (contract A, "Pagination"); a switch turns all lists into one form.
 */
export function list(
	{ world }: Call,
	name: string,
	rows: Shown[],
	form: 'array' | 'object' = 'array',
	extra: Shown = {},
): Answer {
	const { listShape } = world.switches;
	const shape = listShape === 'contract' ? form : listShape;
	if (shape === 'array') return ok(rows);
	return ok({ [shape === 'object' ? name : shape]: rows, ...extra });
}

/** Page and its size from a query or a body. */
export function readPage(
	{ world }: Call,
	source: Record<string, unknown>,
): { page: number; pageSize: number; skip: number } {
	const { maxPageSize, overMaxPageSize } = world.switches;
	const page = readCount(source.page, 'page', 1);
	const wanted = readCount(source.pageSize, 'pageSize', 20);
	if (wanted > maxPageSize && overMaxPageSize === 'reject') {
		throw invalid(`pageSize must not exceed ${maxPageSize}`);
	}
	const pageSize = Math.max(1, Math.min(wanted, maxPageSize));
	return { page, pageSize, skip: (page - 1) * pageSize };
}

/** The `pagination` object that goes with a page. */
export function pagination(
	{ world }: Call,
	{ page, pageSize }: { page: number; pageSize: number },
	totalCount: number,
): Shown {
	const pages = Math.ceil(totalCount / pageSize);
	return {
		totalCount,
		totalPages: pages === 0 ? world.switches.emptyTotalPages : pages,
		currentPage: page,
		pageSize,
		hasMore: page < pages,
	};
}

/** Body of an error in the form that the switch asks for (contract H3). */
export function errorBody(
	switches: Switches,
	message: string,
	code: string,
): { type: string; text: string } {
	if (switches.errorText === 'nonJson') return { type: 'text/plain; charset=utf-8', text: message };
	const fields = {
		...(switches.errorText !== 'message' && { error: message }),
		...(switches.errorText !== 'error' && { message }),
		code,
	};
	return { type: 'application/json; charset=utf-8', text: JSON.stringify(fields) };
}

/** Gives API objects their id under the name that the switch asks for (contract H24). */
export function renameIds(body: unknown, idField: Switches['idField']): unknown {
	if (idField === '_id') return body;
	if (Array.isArray(body)) return body.map((entry: unknown) => renameIds(entry, idField));
	if (!isRecord(body)) return body;
	const renamed: Shown = {};
	for (const [name, value] of Object.entries(body)) {
		if (name === '_id') {
			if (idField === 'both') renamed._id = value;
			renamed.id = value;
		} else {
			// Metadata is the caller's own and stays as it is.
			renamed[name] = name === 'metadata' ? value : renameIds(value, idField);
		}
	}
	return renamed;
}
