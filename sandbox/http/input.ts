import { isObject, type JsonObject } from '../json';
import { ApiError, badRequest } from './errors';

interface FieldTypes {
	string: string;
	number: number;
	amount: number;
	integer: number;
	boolean: boolean;
	strings: string[];
	object: JsonObject;
	stringOrObject: string | JsonObject;
	date: string;
	url: string;
	email: string;
	currency: string;
}

interface Field<T, R extends boolean> {
	readonly required: R;
	read(value: unknown): T | undefined;
	readonly expected: string;
}

const readers: {
	[K in keyof FieldTypes]: [(value: unknown) => FieldTypes[K] | undefined, string];
} = {
	string: [(value) => (typeof value === 'string' ? value : undefined), 'a string'],
	number: [(value) => (Number.isFinite(value) ? Number(value) : undefined), 'a number'],
	amount: [
		(value) => (typeof value === 'number' && value >= 0 && value < Infinity ? value : undefined),
		'a number of at least 0',
	],
	integer: [
		(value) =>
			typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined,
		'a whole number of at least 0',
	],
	boolean: [(value) => (typeof value === 'boolean' ? value : undefined), 'a boolean'],
	strings: [
		(value) =>
			Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined,
		'an array of strings',
	],
	object: [(value) => (isObject(value) ? value : undefined), 'an object'],
	stringOrObject: [
		(value) => (typeof value === 'string' || isObject(value) ? value : undefined),
		'a string or an object',
	],
	date: [
		(value) => (typeof value === 'string' && parseDateMs(value) !== undefined ? value : undefined),
		'an ISO 8601 date',
	],
	url: [(value) => (isWebUrl(value) ? value : undefined), 'an absolute http(s) URL'],
	email: [
		(value) => (typeof value === 'string' && /^[^\s@]+@[^\s@]+$/.test(value) ? value : undefined),
		'an e-mail address',
	],
	currency: [
		(value) => (typeof value === 'string' && /^[a-z]{3}$/i.test(value) ? value : undefined),
		'a three-letter currency code',
	],
};

/** A field that must be there. */
export function required<K extends keyof FieldTypes>(kind: K): Field<FieldTypes[K], true> {
	return { required: true, read: readers[kind][0], expected: readers[kind][1] };
}

/** A field that may be absent or null. */
export function optional<K extends keyof FieldTypes>(kind: K): Field<FieldTypes[K], false> {
	return { required: false, read: readers[kind][0], expected: readers[kind][1] };
}

/** A field that takes one of some words. */
export function oneOf<const T extends string, R extends boolean>(
	values: readonly T[],
	isRequired: R,
): Field<T, R> {
	return {
		required: isRequired,
		read: (value) => values.find((candidate) => candidate === value),
		expected: `one of ${values.join(', ')}`,
	};
}

/** The type of what `readFields` returns for a table of fields. */
export type ParsedFields<S> = {
	[N in keyof S as S[N] extends Field<unknown, true> ? N : never]: S[N] extends Field<
		infer T,
		boolean
	>
		? T
		: never;
} & {
	[N in keyof S as S[N] extends Field<unknown, true> ? never : N]?: S[N] extends Field<
		infer T,
		boolean
	>
		? T
		: never;
};

/** Reads the known fields of a body. Ignores unknown ones; a wrong or missing one is a 400. */
export function readFields<S extends Record<string, Field<unknown, boolean>>>(
	body: JsonObject,
	fields: S,
): ParsedFields<S> {
	const result: JsonObject = {};
	for (const [name, field] of Object.entries(fields)) {
		const value = body[name];
		if (value === undefined || value === null || (field.required && value === '')) {
			if (field.required) throw badRequest(`${name} is required`);
			continue;
		}
		const read = field.read(value);
		if (read === undefined) throw badRequest(`${name} must be ${field.expected}`);
		result[name] = read;
	}
	return result as ParsedFields<S>;
}

/** The same table with every field optional, for updates. */
export function partial<S extends Record<string, Field<unknown, boolean>>>(
	fields: S,
): { [N in keyof S]: S[N] extends Field<infer T, boolean> ? Field<T, false> : never } {
	const entries = Object.entries(fields).map(([name, field]) => [
		name,
		{ ...field, required: false },
	]);
	return Object.fromEntries(entries);
}

/** Whether a value is an absolute http(s) URL. */
export function isWebUrl(value: unknown): value is string {
	if (typeof value !== 'string' || !URL.canParse(value)) return false;
	return ['http:', 'https:'].includes(new URL(value).protocol);
}

const LAST_MS_OF_DAY = 86_399_999;

/**
 * An ISO 8601 date in ms since 1970; undefined when it is none. A bare day (`2026-03-01`) means
 * its first millisecond, or its last as the end of a range.
 */
export function parseDateMs(value: string, isEnd = false): number | undefined {
	if (!/^\d{4}-\d{2}-\d{2}(T.+)?$/.test(value)) return undefined;
	const dateMs = Date.parse(value);
	if (Number.isNaN(dateMs)) return undefined;
	return isEnd && value.length === 10 ? dateMs + LAST_MS_OF_DAY : dateMs;
}

const isBlank = (value: unknown) => value === undefined || value === null || value === '';

/** A whole number from a query or a body, of at least `min`, or its default. */
export function readCount(value: unknown, name: string, fallback: number, min = 1): number {
	if (isBlank(value)) return fallback;
	const count = Number(value);
	if (!Number.isInteger(count) || count < min) {
		throw badRequest(`${name} must be a whole number of at least ${min}`);
	}
	return count;
}

function readDateMs(source: JsonObject, name: string, isEnd: boolean): number | undefined {
	const value = source[name];
	if (isBlank(value)) return undefined;
	const dateMs = typeof value === 'string' ? parseDateMs(value, isEnd) : undefined;
	if (dateMs === undefined) throw badRequest(`${name} must be an ISO 8601 date`);
	return dateMs;
}

/** The range between `startDate` and `endDate`, both inclusive and optional. */
export function readDateRange(source: JsonObject): { fromMs?: number; toMs?: number } {
	const fromMs = readDateMs(source, 'startDate', false);
	const toMs = readDateMs(source, 'endDate', true);
	return { ...(fromMs !== undefined && { fromMs }), ...(toMs !== undefined && { toMs }) };
}

/** The JSON object in the bytes of a request; no body counts as an empty one. */
export function readJsonBody(raw: unknown): JsonObject {
	const text = Buffer.isBuffer(raw) ? raw.toString('utf8') : '';
	if (text.trim() === '') return {};
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		throw new ApiError(400, 'Invalid JSON in request body', 'INVALID_JSON');
	}
	if (!isObject(parsed)) throw badRequest('Request body must be an object');
	return parsed;
}
