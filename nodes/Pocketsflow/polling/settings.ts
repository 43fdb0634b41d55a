import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

/** What the operator set on the polling trigger. */
export interface Settings {
	events: string[];
	/** Find what is there from this date on, ms; undefined begins now. */
	from?: number;
	simplify: boolean;
	/** ms */
	overlap: number;
	/** ms; 0 hands every record over once. */
	repeatAfter: number;
	/** How long a record waits after it was first found, ms. */
	headStart: number;
	/** Items of one poll. */
	batch: number;
	/** Products and subscription offers; empty takes all. */
	productIds: string[];
}

interface Options {
	batch?: number;
	headStart?: number;
	overlap?: number;
	productIds?: string;
	repeatAfter?: number;
}

const minute = 60_000;

/** Reads and checks the parameters. @throws NodeOperationError with a sentence for the operator */
export function settingsOf(context: IPollFunctions): Settings {
	const bad = (message: string) => new NodeOperationError(context.getNode(), message);
	const events = context.getNodeParameter('events', []) as string[];
	if (events.length === 0) throw bad('Choose at least one event to poll for');
	const options = context.getNodeParameter('options', {}) as Options;
	const { batch = 100, headStart = 0, overlap = 15, repeatAfter = 0, productIds = '' } = options;
	if (!Number.isInteger(batch) || batch < 1) throw bad('Max Items per Poll must be a whole number above 0');
	if (!(headStart >= 0)) throw bad('Head Start for Webhook must be a number of seconds, 0 or more');
	if (!(overlap >= 0)) throw bad('Overlap must be a number of minutes, 0 or more');
	if (!(repeatAfter >= 0)) throw bad('Repeat After must be a number of minutes, 0 or more');

	let from: number | undefined;
	if (context.getNodeParameter('start', 'now') === 'date') {
		const text = String(context.getNodeParameter('startDate', ''));
		from = instantOf(text, context.getTimezone());
		if (from === undefined) throw bad('Start Date must be a date such as 2026-01-31T00:00:00');
	}
	return {
		events,
		from,
		simplify: context.getNodeParameter('simplify', true) as boolean,
		headStart: headStart * 1_000,
		overlap: overlap * minute,
		repeatAfter: repeatAfter * minute,
		batch,
		productIds: productIds.split(/[\s,]+/).filter(Boolean),
	};
}

/**
 * The moment that a date means, ms: its own offset where it has one, else the wall clock of the workflow's
 * time zone, daylight saving included.
 */
export function instantOf(text: string, timeZone: string): number | undefined {
	const trimmed = text.trim().replace(/^(\d{4}-\d\d-\d\d)$/, '$1T00:00:00').replace(' ', 'T');
	if (trimmed === '') return undefined;
	if (/(z|[+-]\d\d:?\d\d)$/i.test(trimmed)) return validTime(Date.parse(trimmed));
	const wall = validTime(Date.parse(`${trimmed}Z`));
	if (wall === undefined) return undefined;
	const guess = wall - offsetAt(wall, timeZone);
	return wall - offsetAt(guess, timeZone);
}

const validTime = (time: number) => (Number.isFinite(time) ? time : undefined);

/** How far a zone's wall clock is ahead of UTC at a moment, ms. */
function offsetAt(time: number, timeZone: string): number {
	const parts = new Intl.DateTimeFormat('en-US', {
		timeZone,
		hourCycle: 'h23',
		year: 'numeric',
		month: 'numeric',
		day: 'numeric',
		hour: 'numeric',
		minute: 'numeric',
		second: 'numeric',
	}).formatToParts(time);
	const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
	const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
	return wall - Math.floor(time / 1000) * 1000;
}
