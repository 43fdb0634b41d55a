import { isRecord } from './responses';

const dateOnly = /^\d{4}-\d{2}-\d{2}$/;
const zoneless = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)$/;
const zoned = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})$/i;

/** Timestamps below this are seconds: as milliseconds they would lie before March 1973. */
const smallestMilliseconds = 1e11;
const lastMoment = Date.parse('9999-12-31T23:59:59.999Z');

const dayInMs = 86_400_000;

/** Which moment of a day a date without a time means. */
export type Edge = 'start' | 'end';

/**
 * The moment that a value from an expression or the editor means: ISO text, a Luxon DateTime, a Date, or a
 * timestamp in milliseconds or seconds. Text without a zone is in `timezone`, as n8n's date picker writes it.
 * Undefined for what is no date.
 */
export function momentOf(raw: unknown, timezone: string, edge: Edge = 'start'): Date | undefined {
	const time = millisecondsOf(raw, timezone, edge);
	return time !== undefined && time >= 0 && time <= lastMoment ? new Date(time) : undefined;
}

/** The calendar day, such as 2026-11-23, that a moment falls on in a time zone. */
export function dayOf(moment: Date, timezone: string): string {
	return new Date(moment.getTime() + offsetAt(moment.getTime(), timezone))
		.toISOString()
		.slice(0, 10);
}

function millisecondsOf(raw: unknown, timezone: string, edge: Edge): number | undefined {
	if (raw instanceof Date) return finite(raw.getTime());
	if (typeof raw === 'number')
		return finite(Math.abs(raw) < smallestMilliseconds ? raw * 1000 : raw);
	if (isRecord(raw) && typeof raw.toMillis === 'function') return finite(raw.valueOf());
	return typeof raw === 'string' ? millisecondsOfText(raw.trim(), timezone, edge) : undefined;
}

function millisecondsOfText(text: string, timezone: string, edge: Edge): number | undefined {
	if (/^\d{9,13}$/.test(text)) return millisecondsOf(Number(text), timezone, edge);
	if (!isCalendarDay(text.slice(0, 10))) return undefined;
	if (dateOnly.test(text)) {
		const midnight = Date.parse(text);
		return edge === 'start'
			? fromWallClock(midnight, timezone)
			: fromWallClock(midnight + dayInMs, timezone) - 1;
	}
	const [, day, time] = zoneless.exec(text) ?? [];
	if (day !== undefined) {
		const wallClock = finite(Date.parse(`${day}T${time}Z`));
		return wallClock === undefined ? undefined : fromWallClock(wallClock, timezone);
	}
	return zoned.test(text) ? finite(Date.parse(text)) : undefined;
}

const finite = (value: unknown) =>
	typeof value === 'number' && Number.isFinite(value) ? value : undefined;

/** `Date.parse` turns February 30 into March 2; such a day is a slip, not a date. */
function isCalendarDay(day: string): boolean {
	const time = Date.parse(day);
	return Number.isFinite(time) && new Date(time).toISOString().startsWith(day);
}

/** How far the clocks of a zone are ahead of UTC at a moment. */
function offsetAt(time: number, timezone: string): number {
	const parts = new Intl.DateTimeFormat('en-US', {
		timeZone: timezone,
		hourCycle: 'h23',
		year: 'numeric',
		month: 'numeric',
		day: 'numeric',
		hour: 'numeric',
		minute: 'numeric',
		second: 'numeric',
	}).formatToParts(time);
	const part = (type: Intl.DateTimeFormatPartTypes) =>
		Number(parts.find((candidate) => candidate.type === type)?.value);
	const wallClock = Date.UTC(
		part('year'),
		part('month') - 1,
		part('day'),
		part('hour'),
		part('minute'),
		part('second'),
	);
	return wallClock - Math.floor(time / 1000) * 1000;
}

/** The moment at which the clocks of a zone show `wallClock`, which is written as if it were UTC. */
function fromWallClock(wallClock: number, timezone: string): number {
	const guess = wallClock - offsetAt(wallClock, timezone);
	return wallClock - offsetAt(guess, timezone);
}
