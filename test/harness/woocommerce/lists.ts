import { invalidParameter } from './errors';
import type { ShopState } from './state';
import { isTrue, parseDate, type Fields } from './values';

export interface Listed {
	id: number;
	createdMs: number;
	modifiedMs?: number;
}

export interface ListResult<T> {
	records: T[];
	headers: Record<string, string>;
}

/** A query string as PHP reads it: `a[]=1` and `a[0]=1` make a list, of a repeated name the last counts. */
export function parseQuery(search: string): Fields {
	const fields: Fields = {};
	for (const [name, value] of new URLSearchParams(search)) {
		const [, listName] = /^([^[]+)\[\w*\]$/.exec(name) ?? [];
		if (!listName) fields[name] = value;
		else fields[listName] = [...((fields[listName] as string[] | undefined) ?? []), value];
	}
	return fields;
}

export function readList(value: unknown): string[] {
	if (Array.isArray(value)) return value.map(String);
	return value === undefined
		? []
		: String(value)
				.split(/[\s,]+/)
				.filter(Boolean);
}

function readNumber(query: Fields, name: string, standard: number, most: number): number {
	if (query[name] === undefined) return standard;
	const value = Number(query[name]);
	const [type, message] = !Number.isInteger(value)
		? ['rest_invalid_type', `${name} is not of type integer.`]
		: value < 1 || value > most
			? [
					'rest_out_of_bounds',
					most === Infinity
						? `${name} must be greater than or equal to 1`
						: `${name} must be between 1 (inclusive) and ${most} (inclusive)`,
				]
			: [];
	if (type && message) throw invalidParameter(name, type, message);
	return value;
}

/** One page with WordPress's headers. `path` is that of the list, for links to other pages. */
export function pageOf<T extends Listed>(
	state: ShopState,
	path: string,
	query: Fields,
	records: readonly T[],
): ListResult<T> {
	const perPage = readNumber(query, 'per_page', 10, 100);
	const page = readNumber(query, 'page', 1, Infinity);
	const matching = records.filter(keepBy(state, query)).sort(compareBy(query));
	const offset = query.offset === undefined ? (page - 1) * perPage : Number(query.offset);
	const pages = Math.ceil(matching.length / perPage);
	const links = [
		...(page > 1 ? [link(state, path, query, Math.min(page - 1, pages), 'prev')] : []),
		...(page < pages ? [link(state, path, query, page + 1, 'next')] : []),
	];
	return {
		records: matching.slice(offset, offset + perPage),
		headers: {
			'x-wp-total': String(matching.length),
			'x-wp-totalpages': String(pages),
			...(links.length > 0 ? { link: links.join(', ') } : {}),
		},
	};
}

function keepBy(state: ShopState, query: Fields): (record: Listed) => boolean {
	const offsetHours = isTrue(query.dates_are_gmt) ? 0 : state.utcOffsetHours;
	const time = (name: string) =>
		query[name] === undefined ? undefined : parseDate(name, String(query[name]), offsetHours);
	const [include, exclude] = [readList(query.include), readList(query.exclude)];
	const [after, before] = [time('after'), time('before')];
	const [modifiedAfter, modifiedBefore] = [time('modified_after'), time('modified_before')];
	// Dates are stored in whole seconds.
	const second = (timeMs: number) => Math.floor(timeMs / 1000) * 1000;
	return ({ id, createdMs, modifiedMs = createdMs }) =>
		(include.length === 0 || include.includes(String(id))) &&
		!exclude.includes(String(id)) &&
		(after === undefined || second(createdMs) > after) &&
		(before === undefined || second(createdMs) < before) &&
		(modifiedAfter === undefined || second(modifiedMs) > modifiedAfter) &&
		(modifiedBefore === undefined || second(modifiedMs) < modifiedBefore);
}

function compareBy(query: Fields): (left: Listed, right: Listed) => number {
	const direction = query.order === 'asc' ? 1 : -1;
	const value = (record: Listed) =>
		query.orderby === 'id'
			? record.id
			: query.orderby === 'modified'
				? (record.modifiedMs ?? record.createdMs)
				: record.createdMs;
	return (left, right) => direction * (value(left) - value(right) || left.id - right.id);
}

function link(state: ShopState, path: string, query: Fields, page: number, relation: string) {
	const parameters = new URLSearchParams();
	for (const [name, value] of Object.entries({ ...query, page: String(page) }))
		if (Array.isArray(value))
			value.forEach((entry, index) => parameters.append(`${name}[${index}]`, String(entry)));
		else parameters.append(name, String(value));
	return `<${state.url}${path}?${parameters.toString()}>; rel="${relation}"`;
}
