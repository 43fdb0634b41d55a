import { isRecord } from './responses';

const dateOnly = /^\d{4}-\d{2}-\d{2}$/;
const dateTimeWithoutZone = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$/;
/** PostgreSQL writes a space before the time, and full hours as `+00`. */
const dateTimeWithZone =
	/^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?) ?(?:Z|UTC|GMT|([+-]\d{2}):?(\d{2})?)$/i;

/** Timestamps below this are in seconds: as milliseconds they would be before March 1973. */
const minMilliseconds = 1e11;
/** A smaller number is something else: as seconds it would be before March 1973. */
const minTimestamp = 1e8;
const latestMs = Date.parse('9999-12-31T23:59:59.999Z');
const dayMs = 86_400_000;

/** Which end of the day a date without a time means. */
export type DayEdge = 'start' | 'end';

/** Converts a timestamp in seconds or milliseconds, distinguished by its size, to milliseconds. */
export function toMilliseconds(timestamp: number): number {
	return Math.abs(timestamp) < minMilliseconds ? timestamp * 1000 : timestamp;
}

/**
 * Parses a date from an expression or the editor: ISO text, a Luxon DateTime, a Date, or a timestamp in
 * seconds or milliseconds. Undefined for anything that is not a date from 1970 to 9999. Smaller numbers,
 * such as 46349 or 20261123, are dates of a spreadsheet or another system, and are undefined, too. At the
 * end of daylight saving time, an hour that occurs twice is the earlier one.
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
	return timeMs !== undefined && timeMs >= 0 && timeMs <= latestMs ? new Date(timeMs) : undefined;
}

/**
 * Reads a date from the API, in ms since 1970. A date without a zone is in UTC, whatever the time zone of
 * this process. Undefined for anything that is not a date.
 */
export const readApiDate = (raw: unknown): number | undefined => parseDate(raw, 'UTC')?.getTime();

/** Formats a date as its calendar day in a time zone, such as 2026-11-23. @throws UnknownTimezoneError */
export function formatDay(date: Date, timezone: string): string {
	const timeMs = date.getTime();
	return new Date(timeMs + getOffsetMs(timeMs, timezone)).toISOString().slice(0, 10);
}

function parseTime(raw: unknown, timezone: string, edge: DayEdge): number | undefined {
	if (raw instanceof Date) return toFinite(raw.getTime());
	if (typeof raw === 'number')
		return raw < minTimestamp ? undefined : toFinite(toMilliseconds(raw));
	if (isRecord(raw) && typeof raw.toMillis === 'function') return toFinite(raw.valueOf());
	return typeof raw === 'string' ? parseText(raw.trim(), timezone, edge) : undefined;
}

function parseText(text: string, timezone: string, edge: DayEdge): number | undefined {
	if (/^\d{9,13}$/.test(text)) return toMilliseconds(Number(text));
	if (!isCalendarDay(text.slice(0, 10))) return undefined;
	if (dateOnly.test(text)) {
		const midnight = Date.parse(text);
		return edge === 'start'
			? fromWallClock(midnight, timezone)
			: fromWallClock(midnight + dayMs, timezone) - 1;
	}
	const [, day, time] = dateTimeWithoutZone.exec(text) ?? [];
	if (day !== undefined) {
		const wallClock = toFinite(Date.parse(`${day}T${time}Z`));
		return wallClock === undefined ? undefined : fromWallClock(wallClock, timezone);
	}
	const [, zonedDay, zonedTime, hours = '+00', minutes = '00'] = dateTimeWithZone.exec(text) ?? [];
	return zonedDay === undefined
		? undefined
		: toFinite(Date.parse(`${zonedDay}T${zonedTime}${hours}:${minutes}`));
}

const toFinite = (value: unknown) =>
	typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** `Date.parse` turns February 30 into March 2; such a day is a typo, not a date. */
function isCalendarDay(day: string): boolean {
	const timeMs = Date.parse(day);
	return Number.isFinite(timeMs) && new Date(timeMs).toISOString().startsWith(day);
}

/** A time zone that this system does not know. */
export class UnknownTimezoneError extends Error {
	readonly description = 'Select another one in the workflow settings, such as Europe/Berlin.';

	constructor(timezone: string) {
		super(`The workflow's time zone "${timezone}" is unknown`);
	}
}

/** Creates the formatter for the clock of a zone; undefined if the zone is unknown. */
function createFormat(timezone: string): Intl.DateTimeFormat | undefined {
	try {
		return new Intl.DateTimeFormat('en-US', {
			timeZone: timezone,
			hourCycle: 'h23',
			year: 'numeric',
			month: 'numeric',
			day: 'numeric',
			hour: 'numeric',
			minute: 'numeric',
			second: 'numeric',
		});
	} catch {
		return undefined;
	}
}

/** How far a zone's clock is ahead of UTC at a given time, in ms. @throws UnknownTimezoneError */
function getOffsetMs(timeMs: number, timezone: string): number {
	if (timezone === 'UTC') return 0;
	const format = createFormat(timezone);
	if (!format) throw new UnknownTimezoneError(timezone);
	const parts = format.formatToParts(timeMs);
	const getPart = (type: Intl.DateTimeFormatPartTypes) =>
		Number(parts.find((part) => part.type === type)?.value);
	const wallClock = Date.UTC(
		getPart('year'),
		getPart('month') - 1,
		getPart('day'),
		getPart('hour'),
		getPart('minute'),
		getPart('second'),
	);
	return wallClock - Math.floor(timeMs / 1000) * 1000;
}

/**
 * The time, in ms, when a zone's clock first shows `wallClock`, which is written as if it were UTC. For an
 * hour that is skipped in spring, the hour after it.
 */
function fromWallClock(wallClock: number, timezone: string): number {
	// No zone is more than a day from UTC, and none changes its clock twice within two days.
	const before = wallClock - getOffsetMs(wallClock - dayMs, timezone);
	const after = wallClock - getOffsetMs(wallClock + dayMs, timezone);
	const isShown = (timeMs: number) => timeMs + getOffsetMs(timeMs, timezone) === wallClock;
	return [before, after].sort((a, b) => a - b).find(isShown) ?? before;
}
