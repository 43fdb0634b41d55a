import { isRecord } from './responses';

/** PostgreSQL writes a space before the time, and full hours as `+00`. */
const dateText =
	/^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)( ?(?:Z|UTC|GMT|([+-]\d{2}):?(\d{2})?))?)?$/i;

/** Timestamps below this are in seconds: as milliseconds they would be before March 1973. */
const minMilliseconds = 1e11;
/** A smaller number is a date of a spreadsheet or another system, such as 46349 or 20261123. */
const minTimestamp = 1e8;
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');
const dayMs = 86_400_000;

export type DayEdge = 'start' | 'end';

/**
 * Parses a date from an expression or the editor: ISO text, a Luxon DateTime, a Date, or a
 * timestamp in seconds or milliseconds. Undefined for anything that is not a date from 1970 to
 * 9999. An hour that occurs twice, at the end of daylight saving time, is the earlier one.
 * @param timezone applies to text without one, which is how n8n's date picker writes dates
 * @param edge the end of the day that a date without a time means
 * @throws UnknownTimezoneError if the zone is needed and unknown
 */
export function parseDate(
	raw: unknown,
	timezone: string,
	edge: DayEdge = 'start',
): Date | undefined {
	const timeMs = parseTime(raw, timezone, edge);
	return timeMs >= 0 && timeMs <= latestMs ? new Date(timeMs) : undefined;
}

/** Reads a date from the API, in ms since 1970; undefined for anything else. Without a zone: UTC. */
export const readApiDate = (raw: unknown): number | undefined => parseDate(raw, 'UTC')?.getTime();

/** Formats a date as its calendar day in a time zone, such as 2026-11-23. @throws UnknownTimezoneError */
export function formatDay(date: Date, timezone: string): string {
	const timeMs = date.getTime();
	return new Date(timeMs + getOffsetMs(timeMs, timezone)).toISOString().slice(0, 10);
}

/** In ms since 1970; NaN for anything that is not a date. */
function parseTime(raw: unknown, timezone: string, edge: DayEdge): number {
	if (raw instanceof Date) return raw.getTime();
	if (typeof raw === 'number') return raw < minTimestamp ? NaN : toMilliseconds(raw);
	if (isRecord(raw) && typeof raw.toMillis === 'function') return Number(raw.valueOf());
	return typeof raw === 'string' ? parseText(raw.trim(), timezone, edge) : NaN;
}

const toMilliseconds = (timestamp: number) =>
	timestamp < minMilliseconds ? timestamp * 1000 : timestamp;

function parseText(text: string, timezone: string, edge: DayEdge): number {
	if (/^\d{9,13}$/.test(text)) return toMilliseconds(Number(text));
	const [, day, time, zone, hours = '+00', minutes = '00'] = dateText.exec(text) ?? [];
	if (day === undefined || !isCalendarDay(day)) return NaN;
	if (time !== undefined) {
		const clockMs = Date.parse(`${day}T${time}${hours}:${minutes}`);
		return zone === undefined ? fromWallClock(clockMs, timezone) : clockMs;
	}
	const midnight = Date.parse(day);
	return edge === 'start'
		? fromWallClock(midnight, timezone)
		: fromWallClock(midnight + dayMs, timezone) - 1;
}

/** `Date.parse` turns February 30 into March 2; such a day is a typo, not a date. */
function isCalendarDay(day: string): boolean {
	const timeMs = Date.parse(day);
	return Number.isFinite(timeMs) && new Date(timeMs).toISOString().startsWith(day);
}

export class UnknownTimezoneError extends Error {
	readonly description = 'Select another one in the workflow settings, such as Europe/Berlin.';

	constructor(timezone: string) {
		super(`The workflow's time zone "${timezone}" is unknown`);
	}
}

/** How far a zone's clock is ahead of UTC at a given time, in ms. @throws UnknownTimezoneError */
function getOffsetMs(timeMs: number, timezone: string): number {
	if (timezone === 'UTC') return 0;
	const clock = formatClock(timeMs, timezone);
	if (clock === undefined) throw new UnknownTimezoneError(timezone);
	const [month, day, year, hour, minute, second] = clock.split(/\D+/).map(Number);
	return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(timeMs / 1000) * 1000;
}

/** The clock of a zone, as in `11/23/2026, 14:00:00`; undefined if the zone is unknown. */
function formatClock(timeMs: number, timezone: string): string | undefined {
	try {
		return new Date(timeMs).toLocaleString('en-US', { timeZone: timezone, hourCycle: 'h23' });
	} catch {
		return undefined;
	}
}

/**
 * The time, in ms, when a zone's clock first shows `wallClock`, which is written as if it were UTC.
 * For an hour that is skipped in spring, the hour after it.
 */
function fromWallClock(wallClock: number, timezone: string): number {
	// No zone is more than a day from UTC, and none changes its clock twice within two days.
	const before = wallClock - getOffsetMs(wallClock - dayMs, timezone);
	const after = wallClock - getOffsetMs(wallClock + dayMs, timezone);
	const isShown = (timeMs: number) => timeMs + getOffsetMs(timeMs, timezone) === wallClock;
	return [before, after].sort((a, b) => a - b).find(isShown) ?? before;
}
