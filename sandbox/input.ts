/** An error that the API answers with a status, a text and a code (contract A, "Errors"). */
export class ApiError extends Error {
	constructor(
		readonly status: number,
		message: string,
		readonly code: string,
	) {
		super(message);
	}
}

/** 400, for a parameter that is missing or cannot be read. */
export const invalid = (message: string) => new ApiError(400, message, 'INVALID_REQUEST');

/** 404, for a thing that does not exist in the key's mode. */
export const notFound = (thing: string) => new ApiError(404, `${thing} not found`, 'NOT_FOUND');

/** Whether a value is an object with named fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Kinds {
	text: string;
	number: number;
	amount: number;
	whole: number;
	boolean: boolean;
	texts: string[];
	object: Record<string, unknown>;
	textOrObject: string | Record<string, unknown>;
	date: string;
	url: string;
	email: string;
	currency: string;
}

interface Field<T, R extends boolean> {
	readonly required: R;
	read(value: unknown): T | undefined;
	readonly wanted: string;
}

const readers: { [K in keyof Kinds]: [(value: unknown) => Kinds[K] | undefined, string] } = {
	text: [(value) => (typeof value === 'string' ? value : undefined), 'a string'],
	number: [(value) => (Number.isFinite(value) ? Number(value) : undefined), 'a number'],
	amount: [
		(value) => (typeof value === 'number' && value >= 0 && value < Infinity ? value : undefined),
		'a number of at least 0',
	],
	whole: [
		(value) =>
			typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : undefined,
		'a whole number of at least 0',
	],
	boolean: [(value) => (typeof value === 'boolean' ? value : undefined), 'a boolean'],
	texts: [
		(value) =>
			Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined,
		'an array of strings',
	],
	object: [(value) => (isRecord(value) ? value : undefined), 'an object'],
	textOrObject: [
		(value) => (typeof value === 'string' || isRecord(value) ? value : undefined),
		'a string or an object',
	],
	date: [
		(value) => (typeof value === 'string' && readInstant(value) !== undefined ? value : undefined),
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
export function required<K extends keyof Kinds>(kind: K): Field<Kinds[K], true> {
	return { required: true, read: readers[kind][0], wanted: readers[kind][1] };
}

/** A field that may be absent or null. */
export function optional<K extends keyof Kinds>(kind: K): Field<Kinds[K], false> {
	return { required: false, read: readers[kind][0], wanted: readers[kind][1] };
}

/** A field that takes one of some words. */
export function oneOf<const T extends string, R extends boolean>(
	values: readonly T[],
	isRequired: R,
): Field<T, R> {
	return {
		required: isRequired,
		read: (value) => values.find((candidate) => candidate === value),
		wanted: `one of ${values.join(', ')}`,
	};
}

/** What `readFields` makes of a table of fields. */
export type FieldsOf<S> = {
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

/** Reads the known fields of a body; unknown ones are ignored, bad ones answered with 400. */
export function readFields<S extends Record<string, Field<unknown, boolean>>>(
	body: Record<string, unknown>,
	fields: S,
): FieldsOf<S> {
	const found: Record<string, unknown> = {};
	for (const [name, field] of Object.entries(fields)) {
		const value = body[name];
		if (value === undefined || value === null || (field.required && value === '')) {
			if (field.required) throw invalid(`${name} is required`);
			continue;
		}
		const read = field.read(value);
		if (read === undefined) throw invalid(`${name} must be ${field.wanted}`);
		found[name] = read;
	}
	return found as FieldsOf<S>;
}

/** The same table with every field optional, for updates. */
export function allOptional<S extends Record<string, Field<unknown, boolean>>>(
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

/** The instant of an ISO date; a bare day as an end means its last millisecond (contract B). */
export function readInstant(value: string, end = false): number | undefined {
	if (!/^\d{4}-\d{2}-\d{2}(T.+)?$/.test(value)) return undefined;
	const at = Date.parse(value);
	if (Number.isNaN(at)) return undefined;
	return end && value.length === 10 ? at + 86_399_999 : at;
}

/** A positive whole number from a query or a body, or its default. */
export function readCount(value: unknown, name: string, fallback: number, least = 1): number {
	if (value === undefined || value === null || value === '') return fallback;
	const count = Number(value);
	if (!Number.isInteger(count) || count < least) {
		throw invalid(`${name} must be a whole number of at least ${least}`);
	}
	return count;
}

/** The span between `startDate` and `endDate`, both inclusive. */
export function readSpan(source: Record<string, unknown>): { from: number; to: number } {
	const edge = (name: string, end: boolean, fallback: number): number => {
		const value = source[name];
		if (value === undefined || value === null || value === '') return fallback;
		const at = typeof value === 'string' ? readInstant(value, end) : undefined;
		if (at === undefined) throw invalid(`${name} must be an ISO 8601 date`);
		return at;
	};
	return { from: edge('startDate', false, -Infinity), to: edge('endDate', true, Infinity) };
}
