/**
 * What polls have emitted of one growing list, and what they must emit next. Pure: no clock, no HTTP, no n8n.
 *
 * Why no record is lost: an emitted record stays `unconfirmed` until it is certain that its execution was
 * stored (see `emissions`). Records are emitted oldest first, and the low watermark never passes one that
 * still waits. Everything that is stored is bounded: while too many records are unconfirmed no new ones are
 * emitted, and they follow as soon as there is room.
 */
import {
	addEmission,
	isConfirmed,
	isEmissionDue,
	type Emission,
	type EmissionConditions,
} from './emissions';
import { compareDates } from './recordDates';

/** `pending`: its event has not happened yet, such as a refund under way. `skip`: not wanted. */
export type Disposition = 'emit' | 'pending' | 'skip';

/** A record of the list. */
export interface ListRecord {
	id: string;
	/** The record's own date. It is compared with other records' dates; n8n's clock plays no part. */
	timeMs: number;
	disposition: Disposition;
}

/** One record that was given to an execution which may not exist yet, or that is to be repeated. */
export interface UnconfirmedRecord {
	id: string;
	timeMs: number;
	/** Newest first, one for each process at most. */
	emissions: Emission[];
	/** Whether the list no longer had the record when that part of the list was last read. */
	isMissing?: boolean;
}

/** A part of the list, by dates in ms, both inclusive. */
export interface DateRange {
	fromMs: number;
	throughMs: number;
}

/** What was read of the list. */
export interface Reading<T extends ListRecord = ListRecord> {
	/** In any order. */
	records: readonly T[];
	/** Up to which date no record from the low watermark on is left out; Infinity includes the newest. */
	throughMs: number;
	/** All parts that were read completely. */
	ranges: readonly DateRange[];
	/** The pending records that were looked at; others have their turn first next time. */
	checkedIds?: ReadonlySet<string>;
}

export type IdAndTime = [id: string, timeMs: number];

/** The stored state of one list. */
export interface CursorState {
	/** Older records are never emitted, unless they are pending. */
	lowWatermarkMs: number;
	/** The date of the newest record that was dealt with; undefined before the first. */
	cursorMs?: number;
	/** Records from the low watermark on that were emitted and confirmed, or are not wanted. */
	done: IdAndTime[];
	unconfirmed: UnconfirmedRecord[];
	/** Those that were looked at longest ago come first. */
	pending: IdAndTime[];
}

/** What a poll knows beside the list. */
export interface PollConditions extends EmissionConditions {
	/** How far back records that appear late are looked for. */
	overlapMs: number;
	/** Most records of one list that are kept as done, and most that are kept as unconfirmed. */
	recordLimit: number;
}

const dayMs = 24 * 60 * 60_000;

/** An unconfirmed record that is no longer in the list is given up this long after it was emitted. */
const giveUpAfterMs = dayMs;

/** A record dated further ahead of n8n's clock than this does not move the cursor. */
export const aheadLimitMs = dayMs;

/** Most pending records of a list that are waited for. */
export const pendingLimit = 1_000;

const newest = (timesMs: number[]) => timesMs.reduce((a, b) => Math.max(a, b), -Infinity);
const oldest = (timesMs: number[]) => timesMs.reduce((a, b) => Math.min(a, b), Infinity);

const toIdAndTime = ({ id, timeMs }: { id: string; timeMs: number }): IdAndTime => [id, timeMs];

const isPending = ({ disposition }: ListRecord) => disposition === 'pending';

/**
 * The state of a list that is followed from a date on.
 * @param records among them those that were made before and whose event is still to come
 */
export function startAtDate(dateMs: number, records: readonly ListRecord[] = []): CursorState {
	return {
		lowWatermarkMs: dateMs,
		done: [],
		unconfirmed: [],
		pending: records
			.filter((record) => isPending(record) && record.timeMs < dateMs)
			.map(toIdAndTime),
	};
}

/**
 * The state of a list that is followed from now on: the records in it are done or pending. A record that
 * appears later is new if its date is at most the overlap before the newest of these.
 * @param records at least those within the overlap, and all that are pending
 */
export function startAfter(
	records: readonly ListRecord[],
	{ nowMs, overlapMs }: Pick<PollConditions, 'nowMs' | 'overlapMs'>,
): CursorState {
	const cursorMs = newest(
		records.map(({ timeMs }) => timeMs).filter((timeMs) => timeMs <= nowMs + aheadLimitMs),
	);
	if (cursorMs === -Infinity) return startAtDate(0);
	const lowWatermarkMs = Math.max(0, cursorMs - overlapMs);
	return {
		lowWatermarkMs,
		cursorMs,
		done: records
			.filter((record) => record.timeMs >= lowWatermarkMs && !isPending(record))
			.map(toIdAndTime),
		unconfirmed: [],
		pending: records.filter(isPending).map(toIdAndTime),
	};
}

/** Counts the known records from the low watermark on, all of which a reading from there brings again. */
export function countKnown({ lowWatermarkMs, done, unconfirmed, pending }: CursorState): number {
	const timesMs = [
		...[...done, ...pending].map(([, timeMs]) => timeMs),
		...unconfirmed.map(({ timeMs }) => timeMs),
	];
	return timesMs.filter((timeMs) => timeMs >= lowWatermarkMs).length;
}

/** Finds the unconfirmed records that must be emitted again, oldest first. Missing ones are not waited for. */
export function findRepeats(
	{ unconfirmed }: CursorState,
	conditions: EmissionConditions,
): IdAndTime[] {
	return unconfirmed
		.filter(({ isMissing, emissions }) => !isMissing && isEmissionDue(emissions, conditions))
		.map(toIdAndTime)
		.sort(([, a], [, b]) => a - b);
}

/**
 * Moves records of which nothing is left to do from `unconfirmed` to `done`.
 * @returns the state, and whether it must be stored: otherwise a restart would emit the records again.
 * With Repeat After that does no harm, and not storing saves an execution.
 */
export function confirmEmissions(
	state: CursorState,
	conditions: PollConditions,
): { state: CursorState; mustSave: boolean } {
	const isDone = ({ emissions }: UnconfirmedRecord) => isConfirmed(emissions, conditions);
	const done = state.unconfirmed.filter(isDone);
	if (done.length === 0) return { state, mustSave: false };
	return {
		state: {
			...state,
			unconfirmed: state.unconfirmed.filter((record) => !isDone(record)),
			done: [...state.done, ...done.map(toIdAndTime)],
		},
		mustSave: conditions.repeatAfterMs === 0,
	};
}

/** Selects the records to emit next, oldest first. */
export function selectDue<T extends ListRecord>(
	state: CursorState,
	{ records }: Pick<Reading<T>, 'records'>,
	conditions: PollConditions,
): T[] {
	const unconfirmed = new Map(state.unconfirmed.map((record) => [record.id, record]));
	const done = new Set(state.done.map(([id]) => id));
	const pending = new Set(state.pending.map(([id]) => id));
	return records
		.filter(({ id, timeMs, disposition }) => {
			if (disposition !== 'emit') return false;
			const earlier = unconfirmed.get(id);
			if (earlier) return isEmissionDue(earlier.emissions, conditions);
			return pending.has(id) || (timeMs >= state.lowWatermarkMs && !done.has(id));
		})
		.sort(compareDates);
}

/** Leaves out the new records for which there is no room among the unconfirmed. */
export function limitNew<T extends ListRecord>(
	{ unconfirmed }: CursorState,
	due: readonly T[],
	{ recordLimit }: Pick<PollConditions, 'recordLimit'>,
): T[] {
	const known = new Set(unconfirmed.map(({ id }) => id));
	let room = recordLimit - unconfirmed.length;
	return due.filter(({ id }) => known.has(id) || room-- > 0);
}

/**
 * Records that some of the due records were emitted.
 * @param due as `selectDue` gave it
 * @param emitted those of `due` that were emitted
 * @returns the state to store
 */
export function recordEmitted<T extends ListRecord>(
	state: CursorState,
	reading: Reading<T>,
	due: readonly T[],
	emitted: readonly T[],
	conditions: PollConditions,
): CursorState {
	const emittedIds = new Set(emitted.map(({ id }) => id));
	const remembered = new Set([
		...emittedIds,
		...state.unconfirmed.map(({ id }) => id),
		...state.pending.map(([id]) => id),
	]);
	// Nothing from the first new record that still waits on, or that was not read, may be passed over.
	const horizonMs = Math.min(
		reading.throughMs,
		oldest(due.filter(({ id }) => !remembered.has(id)).map(({ timeMs }) => timeMs)),
	);
	const unconfirmed = updateUnconfirmed(state, reading, emitted, conditions);
	const { done, pending } = classifyOthers(state, reading, emittedIds, horizonMs);

	const passedMs = [
		...done.values(),
		...pending.values(),
		...unconfirmed.map(({ timeMs }) => timeMs),
	].filter((timeMs) => timeMs <= horizonMs && timeMs <= conditions.nowMs + aheadLimitMs);
	const cursorMs = newest([state.cursorMs ?? -Infinity, ...passedMs]);
	const lowWatermarkMs = Math.max(
		state.lowWatermarkMs,
		Math.min(cursorMs - conditions.overlapMs, horizonMs),
	);
	const next: CursorState = {
		lowWatermarkMs,
		...(cursorMs !== -Infinity && { cursorMs }),
		done: [...done].filter(([, timeMs]) => timeMs >= lowWatermarkMs),
		unconfirmed,
		pending: limitPending([...pending]),
	};
	return limitDone(next, horizonMs, conditions);
}

/** Adds what was emitted, and drops what is no longer wanted or has been missing for long. */
function updateUnconfirmed<T extends ListRecord>(
	state: CursorState,
	{ records, ranges }: Reading<T>,
	emitted: readonly T[],
	conditions: PollConditions,
): UnconfirmedRecord[] {
	const emittedIds = new Set(emitted.map(({ id }) => id));
	const present = new Map(records.map((record) => [record.id, record]));
	const isInRange = ({ timeMs }: UnconfirmedRecord) =>
		ranges.some(({ fromMs, throughMs }) => timeMs >= fromMs && timeMs <= throughMs);
	const keep = (unconfirmed: UnconfirmedRecord): UnconfirmedRecord[] => {
		const { id, timeMs, emissions } = unconfirmed;
		if (emittedIds.has(id)) return [];
		const record = present.get(id);
		// It is not wanted any more where the user chose other products meanwhile.
		if (record) return record.disposition === 'skip' ? [] : [{ id, timeMs, emissions }];
		const isMissing = unconfirmed.isMissing || isInRange(unconfirmed);
		const [{ emittedAtMs }] = emissions;
		if (isMissing && conditions.nowMs - emittedAtMs >= giveUpAfterMs) return [];
		return [{ id, timeMs, emissions, ...(isMissing && { isMissing }) }];
	};
	const earlier = new Map(state.unconfirmed.map((record) => [record.id, record.emissions]));
	return [
		...state.unconfirmed.flatMap(keep),
		...emitted.map(({ id, timeMs }) => ({
			id,
			timeMs,
			emissions: addEmission(earlier.get(id) ?? [], conditions),
		})),
	];
}

/** Sorts the records that are not to be emitted, or not yet, into `done` and `pending`. */
function classifyOthers<T extends ListRecord>(
	state: CursorState,
	{ records, checkedIds }: Reading<T>,
	emittedIds: ReadonlySet<string>,
	horizonMs: number,
): { done: Map<string, number>; pending: Map<string, number> } {
	const wasUnconfirmed = new Set(state.unconfirmed.map(({ id }) => id));
	const done = new Map(state.done);
	const waiting = state.pending.filter(([id]) => !emittedIds.has(id));
	const isChecked = ([id]: IdAndTime) => checkedIds?.has(id);
	const pending = new Map([
		...waiting.filter((one) => !isChecked(one)),
		...waiting.filter(isChecked),
	]);
	for (const { id, timeMs, disposition } of records) {
		if (wasUnconfirmed.has(id) && disposition === 'skip') done.set(id, timeMs);
		if (wasUnconfirmed.has(id) || done.has(id) || disposition === 'emit') continue;
		const isInScope = pending.has(id) || (timeMs >= state.lowWatermarkMs && timeMs <= horizonMs);
		if (!isInScope) continue;
		if (disposition === 'pending') {
			if (!pending.has(id)) pending.set(id, timeMs);
		} else {
			pending.delete(id);
			done.set(id, timeMs);
		}
	}
	return { done, pending };
}

/** Drops the oldest pending records beyond the limit. */
function limitPending(pending: IdAndTime[]): IdAndTime[] {
	if (pending.length <= pendingLimit) return pending;
	const timesMs = pending.map(([, timeMs]) => timeMs).sort((a, b) => b - a);
	const oldestKeptMs = timesMs[pendingLimit - 1];
	return pending.filter(([, timeMs]) => timeMs >= oldestKeptMs).slice(0, pendingLimit);
}

/** Drops the oldest done ids beyond the limit, and raises the low watermark above them. */
function limitDone(
	state: CursorState,
	horizonMs: number,
	{ recordLimit }: PollConditions,
): CursorState {
	const excess = state.done.length - recordLimit;
	if (excess <= 0) return state;
	const timesMs = state.done.map(([, timeMs]) => timeMs).sort((a, b) => a - b);
	const lowWatermarkMs = Math.max(
		state.lowWatermarkMs,
		Math.min(timesMs[excess - 1] + 1, state.cursorMs ?? 0, horizonMs),
	);
	return {
		...state,
		lowWatermarkMs,
		done: state.done.filter(([, timeMs]) => timeMs >= lowWatermarkMs),
	};
}
