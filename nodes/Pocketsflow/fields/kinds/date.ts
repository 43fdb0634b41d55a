import { formatDay, parseDate, type DayEdge } from '../../api/dates';
import { defineField, InvalidInputError, type Field, type Presentation } from '../field';

/**
 * A point in time, sent in UTC. Without a time zone it is in the workflow's, as the editor writes
 * dates. A date without a time is the start or the end of that day.
 */
export const dateField = (shown: Presentation, edge: DayEdge = 'start'): Field<string> =>
	defineField({ type: 'dateTime', default: '', ...shown }, (raw, timezone) =>
		readDate(shown.displayName, raw, timezone, edge).toISOString(),
	);

/** A calendar day in the time zone of the workflow, sent as 2026-11-23. */
export const dayField = (shown: Presentation): Field<string> =>
	defineField({ type: 'dateTime', default: '', ...shown }, (raw, timezone) =>
		formatDay(readDate(shown.displayName, raw, timezone), timezone),
	);

function readDate(displayName: string, raw: unknown, timezone: string, edge?: DayEdge): Date {
	const date = parseDate(raw, timezone, edge);
	if (date) return date;
	throw new InvalidInputError(
		`'${displayName}' must be a date`,
		typeof raw === 'number'
			? `The number ${raw} is not a timestamp in seconds or milliseconds. Use a date such as 2026-11-23. In a spreadsheet, format the cell as text.`
			: 'Use a date such as 2026-11-23 or 2026-11-23T09:30:00Z, a timestamp, or a date from an expression.',
	);
}
