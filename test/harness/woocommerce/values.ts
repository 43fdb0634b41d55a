import { invalidParameter } from './errors';
import { nextId, type MetaEntry, type ShopState } from './state';

export type Fields = Record<string, unknown>;

/** Minor units as WooCommerce writes them: 2900 → "29.00". */
export const formatAmount = (amount: number, decimals: number) =>
	(amount / 10 ** decimals).toFixed(decimals);

/** Minor units of an amount as a user types it: "29" → 2900. */
export const parseAmount = (text: string, decimals: number) =>
	Math.round(Number(cleanPrice(text) || 0) * 10 ** decimals);

/** As WooCommerce stores an amount: digits, points and minus signs only. 29,90 becomes 2990. */
export const cleanPrice = (text: string) => text.replace(/[^\d.-]/g, '');

/** Text as WordPress stores it: HTML, in which an ampersand that begins no entity is one. */
export const encodeEntities = (text: string) =>
	text.replace(/&(?!(?:#\d+|#x[\da-f]+|\w+);)/gi, '&amp;');

/** WordPress's two forms of a date, neither with a zone: the shop's time, and UTC under `…_gmt`. */
export function formatDates<Name extends string>(
	name: Name,
	timeMs: number | undefined,
	utcOffsetHours: number,
): Record<Name | `${Name}_gmt`, string | null> {
	const format = (ms: number) => new Date(ms).toISOString().slice(0, 19);
	return {
		[name]: timeMs === undefined ? null : format(timeMs + utcOffsetHours * 3_600_000),
		[`${name}_gmt`]: timeMs === undefined ? null : format(timeMs),
	} as Record<Name | `${Name}_gmt`, string | null>;
}

/** The offset applies to a date without a zone: the shop's, or 0 for UTC. */
export function parseDate(name: string, text: string, utcOffsetHours: number): number {
	const hasZone = /(Z|[+-]\d{2}:?\d{2})$/i.test(text);
	const timeMs = Date.parse(hasZone ? text : `${text}Z`);
	if (Number.isNaN(timeMs)) throw invalidParameter(name, 'rest_invalid_date', 'Invalid date.');
	return hasZone ? timeMs : timeMs - utcOffsetHours * 3_600_000;
}

/** JSON as PHP writes it: slashes and everything beyond ASCII escaped. */
export const toPhpJson = (value: unknown) =>
	JSON.stringify(value)
		.replace(/\//g, '\\/')
		.replace(
			/[\u0080-\uffff]/g,
			(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
		);

export const formatLinks = (state: ShopState, collection: string, id: number) => ({
	_links: {
		self: [{ href: `${state.url}/wp-json/wc/v3/${collection}/${id}` }],
		collection: [{ href: `${state.url}/wp-json/wc/v3/${collection}` }],
	},
});

/** What the database makes of a value: scalars become text. */
function storeMetaValue(value: unknown): unknown {
	if (typeof value === 'boolean') return value ? '1' : '';
	return typeof value === 'number' ? String(value) : value;
}

/**
 * As WooCommerce's `update_meta_data`: an entry is found by its ID, else by its key, and keeps its ID.
 * Of several with one key the first remains, and `null` removes.
 */
export function updateMeta(state: ShopState, meta: MetaEntry[], changes: unknown): void {
	if (!Array.isArray(changes)) return;
	for (const change of changes as Fields[]) {
		const key = String(change.key);
		const sameKey = meta.filter((entry) => entry.key === key);
		const entry = change.id ? meta.find(({ id }) => id === Number(change.id)) : sameKey[0];
		const value = storeMetaValue(change.value);
		const obsolete = change.id && entry ? [] : sameKey.slice(entry ? 1 : 0);
		const removed = value === null || value === undefined ? [...obsolete, entry] : obsolete;
		if (entry) Object.assign(entry, { key, value });
		else if (value !== null && value !== undefined)
			meta.push({ id: nextId(state, 'meta', 9001), key, value });
		for (const gone of removed) if (gone) meta.splice(meta.indexOf(gone), 1);
	}
}

/** Refuses numbers if WooCommerce's schema asks for text: "29.00", not 29. */
export function requireText(fields: Fields, ...names: string[]): void {
	for (const name of names)
		if (fields[name] !== undefined && typeof fields[name] !== 'string')
			throw invalidParameter(name, 'rest_invalid_type', `${name} is not of type string.`);
}

export function requireOneOf(fields: Fields, name: string, values: readonly string[]): void {
	if (fields[name] !== undefined && !values.includes(fields[name] as string))
		throw invalidParameter(
			name,
			'rest_not_in_enum',
			`${name} is not one of ${values.slice(0, -1).join(', ')}, and ${values.at(-1)}.`,
		);
}

export const isTrue = (value: unknown) =>
	value === true || value === 1 || value === 'true' || value === '1';
