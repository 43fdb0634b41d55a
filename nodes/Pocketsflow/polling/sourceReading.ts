/** Which parts of a list a poll reads: what is new, what must be emitted again, and what is pending. */
import type { ListEndpoint } from '../api/lists';
import {
	countKnown,
	findRepeats,
	type CursorState,
	type DateRange,
	type IdAndTime,
	type Reading,
} from './cursor';
import { canReadDates, readListFrom } from './listReader';
import type { PollContext } from './pollContext';
import { dateSlackMs } from './reading';
import type { DatedRecord } from './recordDates';
import type { ListSource } from './sources';

/** How many records are read beyond what one poll can emit, so that a list is not read anew for every batch. */
const readAhead = 400;

/** Most pending records that one poll looks at one by one; the others have their turn with the next polls. */
const maxPendingReads = 10;

/** What was read, before it is known what becomes of the records. */
type SourceReading = Omit<Reading, 'records'> & { records: DatedRecord[] };

/** A part of a list, with all its records. */
interface Part {
	records: DatedRecord[];
	/** As in `Reading`. */
	throughMs: number;
	range: DateRange;
}

/**
 * Reads what one poll can use of a list. Old records that wait for their repeat are read apart from the new
 * ones, so that neither hides the other, and the requests follow from what one poll can emit.
 */
export async function readSource(
	context: PollContext,
	{ list }: ListSource,
	state: CursorState,
): Promise<SourceReading> {
	const isOld = ([, timeMs]: IdAndTime) => timeMs < state.lowWatermarkMs;
	const repeats = findRepeats(state, context).filter(isOld);
	const pending = state.pending.filter(isOld);
	if (!canReadDates(list)) {
		const timesMs = [...repeats, ...pending].map(([, timeMs]) => timeMs);
		const fromMs = timesMs.reduce((a, b) => Math.min(a, b), state.lowWatermarkMs);
		const { records, throughMs, range } = await readPart(context, list, 0, fromMs);
		return { records, throughMs, ranges: [range] };
	}
	const { maxItems } = context.settings;
	const itemCount = countKnown(state) + Math.min(maxItems, context.recordLimit);
	const fresh = await readPart(context, list, itemCount, state.lowWatermarkMs);
	const checked = pending.slice(0, maxPendingReads);
	const older = await readOlder(context, list, repeats.slice(0, maxItems), checked);
	return {
		records: [...fresh.records, ...selectKnown(state, fresh, older)],
		throughMs: fresh.throughMs,
		ranges: [fresh, ...older].map(({ range }) => range),
		checkedIds: new Set(checked.map(([id]) => id)),
	};
}

/** Reads what lies before the low watermark: repeats in one part, pending records one by one. */
async function readOlder(
	context: PollContext,
	list: ListEndpoint,
	repeats: readonly IdAndTime[],
	pending: readonly IdAndTime[],
): Promise<Part[]> {
	const parts: Part[] = [];
	const last = repeats[repeats.length - 1] as IdAndTime | undefined;
	if (last) parts.push(await readPart(context, list, repeats.length, repeats[0][1], last[1]));
	for (const [, timeMs] of pending)
		if (!parts.some(({ range }) => contains(range, timeMs)))
			parts.push(await readPart(context, list, 1, timeMs, timeMs));
	return parts;
}

/** Selects the records of older parts that a poll waits for; the others are none of its business. */
function selectKnown(state: CursorState, fresh: Part, older: readonly Part[]): DatedRecord[] {
	const known = new Set([
		...state.unconfirmed.map(({ id }) => id),
		...state.pending.map(([id]) => id),
	]);
	const found = older.flatMap(({ records }) => records).filter(({ id }) => known.has(id));
	const byId = new Map(found.map((record) => [record.id, record]));
	for (const { id } of fresh.records) byId.delete(id);
	return [...byId.values()];
}

/** Reads a part of a list, or as many of its oldest records as fit: at least `minRecords`. */
async function readPart(
	{ n8n }: PollContext,
	list: ListEndpoint,
	minRecords: number,
	fromMs: number,
	toMs = Infinity,
): Promise<Part> {
	// Pocketsflow may leave out the last second that it is asked for.
	const window = { fromMs, ...(toMs < Infinity && { toMs: toMs + dateSlackMs }) };
	const capacity = { minRecords, maxRecords: minRecords + readAhead };
	const { records, throughMs } = await readListFrom(n8n, list, window, capacity);
	return {
		records,
		throughMs,
		range: { fromMs, throughMs: Math.min(toMs, throughMs - dateSlackMs) },
	};
}

const contains = ({ fromMs, throughMs }: DateRange, timeMs: number) =>
	timeMs >= fromMs && timeMs <= throughMs;
