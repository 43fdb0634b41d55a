/**
 * What is known about one list, and what to emit next. Pure: no clock, no HTTP, no n8n.
 *
 * No record is lost: those from `fromMs` on are emitted unless they are `seen`, and `fromMs` only
 * moves past records that were read and settled. Unless the API proves that a reading was complete,
 * it stays behind the start of the previous reading, so that every record is read at least twice.
 */
import type { IdAndTime } from './batches';
import type { ListRead } from './read';
import { compareDates, newestUpTo, oldestOf, undatedMs, type DatedRecord } from './records';

/** `pending`: its event has not happened yet, such as a refund in progress. `skip`: not wanted. */
export type Disposition = 'emit' | 'pending' | 'skip';

export interface ListRecord extends Pick<DatedRecord, 'id' | 'timeMs'> {
	disposition: Disposition;
}

/** A record that is awaited, and how long, by n8n's clock. */
export type Pending = [id: string, timeMs: number, untilMs: number];

/** The stored state of one list. Its dates are those of records: compare them only with each other. */
export interface ListState {
	/** Older records are never new unless they are pending. */
	fromMs: number;
	/** The date of the newest settled record. */
	newestMs: number;
	/** The value of `newestMs` when the current reading of the list began. */
	settledMs: number;
	/** Where that reading continues; undefined if it reached the end. */
	next?: number;
	/** The oldest date of a new record that this reading found and that still waited. */
	waitingMs?: number;
	/** As `next`, for the older records that are pending or to be emitted again. */
	againNext?: number;
	/** The position of the last record, if an empty response for the next one proved that. */
	last?: number;
	/**
	 * Set while the list has not changed since a whole reading that left nothing to emit: the next poll only
	 * checks if the last record is still in its place (`there`), or what the list begins with.
	 */
	looksAt?: 'there' | 'beginning';
	/** Records from `fromMs` on that were emitted or are not wanted. */
	seen: IdAndTime[];
	/** Those that were tried longest ago come first. */
	pending: Pending[];
}

/** What one poll read from a list. It is incomplete if it has `next`, or if it only checked `looksAt`. */
export interface Reading<T = ListRecord> extends Omit<ListRead, 'records'> {
	records: readonly T[];
	/** Nothing is missing up to this date. */
	throughMs?: number;
	againNext?: number;
	looksAt?: ListState['looksAt'];
	/** Older records that were looked for and are no longer there. */
	missing?: readonly IdAndTime[];
	/** Pending records that were tried. Next time, others come first. */
	triedIds?: ReadonlySet<string>;
}

/** What a poll knows in addition to the list. */
export interface ListConditions {
	nowMs: number;
	/** How far back to look for records that appear late. */
	overlapMs: number;
	/** Most records to store as seen. */
	recordLimit: number;
	/** How long a record may be pending. */
	pendingForMs: number;
	inBatches: ReadonlyMap<string, number>;
}

export const dayMs = 24 * 60 * 60_000;

export const pendingLimit = 2_000;

/** The state of a list that starts at a date. */
export const startAt = (fromMs: number, pending: Pending[] = []): ListState => ({
	fromMs,
	newestMs: fromMs,
	settledMs: fromMs,
	seen: [],
	pending,
});

/** Where a list starts now. An empty list proves little, so it starts a day ago. */
export function findStart(
	records: ReadonlyArray<Pick<ListRecord, 'timeMs'>>,
	nowMs: number,
	overlapMs: number,
): Pick<ListState, 'fromMs' | 'newestMs'> {
	const newestMs = newestUpTo(records, nowMs + dayMs, nowMs - dayMs);
	return { fromMs: Math.max(newestMs - overlapMs, nowMs - dayMs), newestMs };
}

/** The state of a list that starts now: existing records count as seen. */
export function startNow(
	records: readonly ListRecord[],
	{ nowMs, overlapMs, pendingForMs }: Pick<ListConditions, 'nowMs' | 'overlapMs' | 'pendingForMs'>,
): ListState {
	const { fromMs, newestMs } = findStart(records, nowMs, overlapMs);
	const isPending = ({ disposition }: ListRecord) => disposition === 'pending';
	return {
		...startAt(fromMs, toPending(records.filter(isPending), nowMs, pendingForMs)),
		newestMs,
		settledMs: newestMs,
		seen: records
			.filter((record) => record.timeMs >= fromMs && !isPending(record))
			.map(({ id, timeMs }) => [id, timeMs]),
	};
}

/** Waits for records as long as the source says, counted from their own date if it is in the past. */
export const toPending = (
	records: readonly Pick<ListRecord, 'id' | 'timeMs'>[],
	nowMs: number,
	pendingForMs: number,
): Pending[] =>
	records
		.map(({ id, timeMs }): Pending => [id, timeMs, Math.min(timeMs, nowMs) + pendingForMs])
		.filter(([, , untilMs]) => untilMs > nowMs);

/** Selects the records to emit next, oldest first. */
export function selectDue<T extends ListRecord>(
	state: ListState,
	records: readonly T[],
	again: ReadonlyMap<string, unknown>,
	{ inBatches }: Pick<ListConditions, 'inBatches'>,
): T[] {
	const seen = new Set(state.seen.map(([id]) => id));
	const pending = new Set(state.pending.map(([id]) => id));
	return records
		.filter(({ id, timeMs, disposition }) => {
			if (disposition !== 'emit') return false;
			if (again.has(id)) return true;
			if (inBatches.has(id) || seen.has(id)) return false;
			return pending.has(id) || timeMs >= state.fromMs;
		})
		.sort(compareDates);
}

/** How many new records still fit in the state. While `fromMs` can't move, none of `seen` can go. */
export function countRoom(
	{ next, seen }: ListState,
	{ inBatches, recordLimit }: Pick<ListConditions, 'inBatches' | 'recordLimit'>,
): number {
	const fixed = next === undefined ? seen.filter(([, timeMs]) => timeMs === undatedMs) : seen;
	return recordLimit - Math.max(inBatches.size, fixed.length);
}

/**
 * The state of a list after a poll.
 * @param due as `selectDue` returned it
 * @param emitted the records of `due` that are emitted
 */
export function advance(
	state: ListState,
	reading: Reading,
	due: readonly ListRecord[],
	emitted: ReadonlyArray<Pick<ListRecord, 'id'>>,
	conditions: ListConditions,
): ListState {
	const { nowMs, overlapMs, inBatches } = conditions;
	const { records, isVerified, next, last, looksAt } = reading;
	const isComplete = next === undefined && looksAt === undefined;
	const emittedIds = new Set(emitted.map(({ id }) => id));
	const known = new Set([...emittedIds, ...inBatches.keys(), ...state.pending.map(([id]) => id)]);
	// `fromMs` must not pass the first new record that still waits or was not read.
	const waiting = due.filter(({ id }) => !known.has(id)).map(({ timeMs }) => timeMs);
	const throughMs = oldestOf(waiting, reading.throughMs ?? Infinity);
	// The reading may have left records behind in an earlier poll and moved past them.
	const horizonMs = isVerified ? throughMs : Math.min(state.waitingMs ?? Infinity, throughMs);
	// A clock may be wrong, but not by more than a day.
	const newestMs = newestUpTo(records, Math.min(horizonMs, nowMs + dayMs), state.newestMs);
	const provenMs = isVerified ? newestMs : state.settledMs;
	const reachMs = isComplete ? Math.min(provenMs - overlapMs, horizonMs) : state.fromMs;
	// If a list is as long after a reading as before it, it gained no record during the reading.
	const isSettled = last !== undefined && last === state.last && horizonMs === Infinity;
	const advanced: ListState = {
		fromMs: Math.max(state.fromMs, reachMs),
		newestMs,
		settledMs: isComplete ? newestMs : state.settledMs,
		next,
		waitingMs: !isComplete && horizonMs < Infinity ? horizonMs : undefined,
		againNext: reading.againNext,
		// If a check found a change, the stored length no longer counts.
		last: last ?? (state.looksAt && !looksAt ? undefined : state.last),
		looksAt: looksAt ?? (isSettled ? 'there' : undefined),
		...classify(state, reading, emittedIds, conditions),
	};
	return limitSeen(advanced, isComplete ? horizonMs : state.fromMs, conditions);
}

/** Sorts the records that were read into `seen` and `pending`. */
function classify(
	state: ListState,
	{ records, missing = [], triedIds }: Reading,
	emittedIds: ReadonlySet<string>,
	{ nowMs, pendingForMs, inBatches }: ListConditions,
): Pick<ListState, 'seen' | 'pending'> {
	const seen = new Map(state.seen);
	const pending = new Map(state.pending.map((one) => [one[0], one]));
	const wait = (one: Pending) => void (pending.has(one[0]) || pending.set(one[0], one));
	for (const { id, timeMs, disposition } of records) {
		if (disposition === 'skip' || emittedIds.has(id)) {
			const isKnown = pending.delete(id) || inBatches.has(id);
			if (isKnown || timeMs >= state.fromMs) seen.set(id, timeMs);
		} else if (disposition === 'pending' && timeMs >= state.fromMs && !seen.has(id))
			for (const one of toPending([{ id, timeMs }], nowMs, pendingForMs)) wait(one);
	}
	// Records can disappear and return. One that is gone for a day stays gone.
	for (const [id, timeMs] of missing) wait([id, timeMs, nowMs + dayMs]);
	const left = [...pending.values()].filter(([, , untilMs]) => untilMs > nowMs);
	const newest = new Set([...left].sort(([, a], [, b]) => b - a).slice(0, pendingLimit));
	const turnOf = ([id]: Pending) => Number(triedIds?.has(id) === true);
	const sorted = left.filter((one) => newest.has(one)).sort((a, b) => turnOf(a) - turnOf(b));
	return { seen: [...seen], pending: sorted };
}

/** Drops seen records before `fromMs`, which moves forward as far as it may if there are too many. */
function limitSeen(state: ListState, horizonMs: number, conditions: ListConditions): ListState {
	const excess = state.seen.length - conditions.recordLimit;
	const timesMs = state.seen.map(([, timeMs]) => timeMs).sort((a, b) => a - b);
	const shortenedMs =
		excess > 0 ? Math.min(timesMs[excess - 1] + 1, state.newestMs, horizonMs) : -Infinity;
	const fromMs = Math.max(state.fromMs, shortenedMs);
	return { ...state, fromMs, seen: state.seen.filter(([, timeMs]) => timeMs >= fromMs) };
}
