import { isObject, type JsonObject } from '../json';
import { ApiError, badRequest } from './errors';

export function isWebUrl(value: unknown): value is string {
	if (typeof value !== 'string' || !URL.canParse(value)) return false;
	return ['http:', 'https:'].includes(new URL(value).protocol);
}

const LAST_MS_OF_DAY = 86_399_999;

/** In ms; undefined if it is not a date. A bare day means its first ms, or its last for an end. */
export function parseDateMs(value: string, isEnd = false): number | undefined {
	if (!/^\d{4}-\d{2}-\d{2}(T.+)?$/.test(value)) return undefined;
	const dateMs = Date.parse(value);
	if (Number.isNaN(dateMs)) return undefined;
	return isEnd && value.length === 10 ? dateMs + LAST_MS_OF_DAY : dateMs;
}

interface DateRange {
	startDate?: string;
	endDate?: string;
}

/** The range between `startDate` and `endDate`, both inclusive and optional. */
export function findDateRange({ startDate = '', endDate = '' }: DateRange): {
	fromMs?: number;
	toMs?: number;
} {
	const [fromMs, toMs] = [parseDateMs(startDate), parseDateMs(endDate, true)];
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
