import type { IDataObject } from 'n8n-workflow';

import { parseJson } from './json';
import type { Effect } from './request';

const commonListKeys = ['data', 'items', 'results', 'docs'];

/** Whether an external value is an object with keys: not null and not an array. */
export function isRecord(value: unknown): value is IDataObject {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The values in an object or a list; none in anything else. */
export const listValues = (value: unknown): unknown[] =>
	typeof value === 'object' && value !== null ? Object.values(value) : [];

/** A number or a flag as text: an API may answer both as text. */
const toPlainText = (value: unknown) =>
	typeof value === 'object' ? '' : String(value).trim().toLowerCase();

/** Reads a count, a number or its digits as text; undefined for anything else, such as -1. */
export function readCount(value: unknown): number | undefined {
	const text = toPlainText(value);
	return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const flags = new Map([
	['true', true],
	['1', true],
	['false', false],
	['0', false],
]);

/** Reads a yes or no, also as text or as 1 or 0; undefined for anything else. */
export const readFlag = (value: unknown): boolean | undefined => flags.get(toPlainText(value));

/** Reads the ID of a record, under either key that may hold it (docs/pocketsflow-api.md#ids). */
export function readId(record: IDataObject): string | undefined {
	const id = record._id ?? record.id;
	return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined;
}

/**
 * Reads the one record of a response, which may be bare or wrapped under one of the keys or `data`.
 * A response with its own ID is the record. `{}` if the response is not an object.
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

/** Finds the records of a list; undefined without one (docs/pocketsflow-api.md#lists-and-paging). */
export function findRecords(
	response: unknown,
	keys: readonly string[] = [],
): IDataObject[] | undefined {
	if (Array.isArray(response)) return response.every(isRecord) ? response : undefined;
	if (!isRecord(response)) return undefined;
	for (const key of [...keys, ...commonListKeys]) {
		const records = findRecords(response[key], keys);
		if (records) return records;
	}
	return undefined;
}

/** What a page says about the whole list; undefined if it says nothing. */
export interface Pagination {
	totalCount?: number;
	totalPages?: number;
	pageSize?: number;
	hasMore?: boolean;
}

/** The objects of a response that may describe its list. The most specific first. */
const paginationBlocks = ['pagination', 'paging', 'pageInfo', 'meta', 'links', '_links'];

/** A block that is nested deeper was built to waste time. */
const maxBlockDepth = 3;

/** How an API may name each statement about a list. The first name that is there counts. */
const paginationNames = {
	totalCount: ['totalCount', 'total_count', 'total', 'totalItems', 'totalRecords', 'count'],
	totalPages: ['totalPages', 'total_pages', 'pageCount', 'page_count'],
	pageSize: ['pageSize', 'page_size', 'perPage', 'per_page'],
	hasMore: ['hasMore', 'has_more', 'hasNextPage', 'has_next_page', 'hasNext', 'has_next'],
	next: ['next', 'nextPage', 'next_page', 'nextCursor', 'next_cursor', 'nextPageToken'],
};

/**
 * Reads what a response says about the list that its records are a page of, under any usual name
 * (docs/pocketsflow-api.md#lists-and-paging). It says that there is more if any part of it does.
 */
export function readPagination(response: unknown, recordCount = 0): Pagination {
	const blocks = findPaginationBlocks(response);
	const readAll = <T>(names: string[], read: (value: unknown, name: string) => T | undefined) =>
		blocks.flatMap((block) => names.flatMap((name) => read(block[name], name) ?? []));
	const { totalCount, totalPages, pageSize, hasMore, next } = paginationNames;
	// A `count` often counts the records of the page.
	const readTotal = (value: unknown, name: string) => {
		const count = readCount(value);
		return name === 'count' && count !== undefined && count <= recordCount ? undefined : count;
	};
	const signs = [...readAll(hasMore, readFlag), ...readAll(next, readNext)];
	return {
		totalCount: readAll(totalCount, readTotal)[0],
		totalPages: readAll(totalPages, readCount)[0],
		pageSize: readAll(pageSize, readCount)[0],
		hasMore: signs.length === 0 ? undefined : signs.includes(true),
	};
}

function findPaginationBlocks(response: unknown, depth = 0): IDataObject[] {
	if (!isRecord(response) || depth > maxBlockDepth) return [];
	const find = (key: string) => findPaginationBlocks(response[key], depth + 1);
	return [...paginationBlocks.flatMap(find), response, ...find('data')];
}

/** Whether the address, number or cursor of a next page is there; undefined without such a key. */
const readNext = (value: unknown): boolean | undefined =>
	value === undefined ? undefined : (readFlag(value) ?? Boolean(value));

/** The most specific first. */
const errorTextKeys = ['message', 'error', 'error_description', 'detail', 'title', 'msg', 'reason'];

const errorListKeys = ['errors', 'issues', 'details', 'violations', 'constraints'];

const errorFieldKeys = ['field', 'path', 'param', 'property'];

/** An error that is nested deeper was built to waste time. */
const maxErrorDepth = 5;

/** Reads text and code of an error body in any usual shape (docs/pocketsflow-api.md#errors). */
export function readErrorParts(body: unknown): { text?: string; code?: string } {
	const { code, error } = isRecord(body) ? body : {};
	const codes = [code, isRecord(error) ? error.code : undefined];
	return { text: readErrorText(body), code: codes.find((value) => typeof value === 'string') };
}

function readErrorText(value: unknown, depth = 0): string | undefined {
	if (depth > maxErrorDepth) return undefined;
	if (typeof value === 'string') return readNestedJson(value, depth) ?? (value.trim() || undefined);
	if (Array.isArray(value)) return joinErrors(value.map((item) => readErrorItem(item, depth)));
	if (!isRecord(value)) return undefined;
	const summary = findText(value, errorTextKeys, (inner) => readErrorText(inner, depth + 1));
	const list = findText(value, errorListKeys, (inner) => readErrorList(inner, depth + 1));
	const isSaid = summary !== undefined && list !== undefined && summary.includes(list);
	return joinErrors(isSaid ? [summary] : [summary, list], ': ');
}

function readNestedJson(text: string, depth: number): string | undefined {
	return /^\s*[[{]/.test(text) ? readErrorText(parseJson(text), depth + 1) : undefined;
}

function readErrorItem(item: unknown, depth: number): string | undefined {
	const text = readErrorText(item, depth + 1);
	const paths = isRecord(item) ? errorFieldKeys.map((key) => item[key]) : [];
	const path = paths.find((value) => value !== undefined);
	const field = Array.isArray(path) ? path.join('.') : path;
	return typeof field === 'string' ? prefixField(field, text) : text;
}

function readErrorList(value: unknown, depth: number): string | undefined {
	const text = readErrorText(value, depth);
	if (text !== undefined || !isRecord(value)) return text;
	const entries = Object.entries(value);
	return joinErrors(
		entries.map(([field, error]) => prefixField(field, readErrorText(error, depth + 1))),
	);
}

const prefixField = (field: string, text: string | undefined) =>
	text === undefined || field === '' || text.includes(field) ? text : `${field}: ${text}`;

function findText(
	record: IDataObject,
	keys: readonly string[],
	read: (value: unknown) => string | undefined,
): string | undefined {
	for (const key of keys) {
		const text = read(record[key]);
		if (text !== undefined) return text;
	}
	return undefined;
}

function joinErrors(texts: Array<string | undefined>, separator = '; '): string | undefined {
	const present = texts.filter((text) => text !== undefined);
	return present.length === 0 ? undefined : present.join(separator);
}

const isFilled = (value: unknown) =>
	typeof value === 'object' && value !== null
		? Object.keys(value).length > 0
		: (readFlag(value) ?? Boolean(value));

/** Whether an object says that a request failed. Its other keys do not count. */
export function reportsFailure({ success, ok, failed, statusCode, error, errors }: IDataObject) {
	return (
		readFlag(success) === false ||
		readFlag(ok) === false ||
		failed === true ||
		Number(statusCode) >= 400 ||
		(Array.isArray(error) ? isFilled(error) : (readFlag(error) ?? Boolean(error))) ||
		isFilled(errors)
	);
}

/**
 * Whether a body reports a failure, even with a success status (docs/pocketsflow-api.md#errors). In
 * the response to a read, an ID shows a record, whose own fields are data. For other effects, it is
 * not proof: a refund that failed has one, too.
 */
export function isErrorBody(body: unknown, effect: Effect = 'read'): boolean {
	if (!isRecord(body)) return false;
	if (hasId(body)) return effect !== 'read' && reportsFailure(body);
	const { status, message, data } = body;
	return (
		reportsFailure(body) ||
		(typeof status === 'string' && /^(error|fail(ed|ure)?)$/i.test(status)) ||
		(Array.isArray(message) && message.length > 0) ||
		(isRecord(data) && isErrorBody(data, effect))
	);
}

export const hasId = (record: IDataObject): boolean => Boolean(readId(record)?.trim());

/** Whether a record has a URL to send a person to. */
export const hasUrl = ({ url }: IDataObject): boolean =>
	typeof url === 'string' && /^https?:\/\//i.test(url) && URL.canParse(url);
