/**
 * What polls have emitted of one growing list, and what they must emit next. Pure: no clock, no HTTP, no n8n.
 *
 * Why no record is lost: n8n stores a poll's state before the execution exists, so a stored state may
 * speak of an execution that never came to be (docs/n8n-engine.md#polling). An emitted record therefore
 * stays `unconfirmed` until the same n8n process polls again a while later. Records that another process
 * left unconfirmed are emitted again, with the same event id. Records are emitted oldest first, and the low
 * watermark never passes one that still waits.
 */

/** `pending`: its event has not happened yet, such as a refund under way. `skip`: not wanted. */
export type Disposition = 'emit' | 'pending' | 'skip';

/** A record of the list. */
export interface ListRecord {
	id: string;
	/** The record's own date. It is compared with other records' dates; n8n's clock plays no part. */
	timeMs: number;
	disposition: Disposition;
}

/** One record that was given to an execution which may not exist yet. */
export interface Emission {
	id: string;
	timeMs: number;
	/** By n8n's clock. */
	emittedAtMs: number;
	/** The n8n process that emitted it. */
	processId: string;
	/** Whether it was emitted for the second time, as the option Repeat After asks. */
	isRepeat: boolean;
	/** Whether the list no longer had the record when that part of the list was last read. */
	isMissing?: boolean;
}

/** What was read of the list. */
export interface Reading<T extends ListRecord = ListRecord> {
	/** In any order. */
	records: readonly T[];
	/** Up to which date no record is left out; Infinity when the newest are included. */
	throughMs: number;
}

type IdAndTime = [id: string, timeMs: number];

/** The stored state of one list. */
export interface CursorState {
	/** Older records are never emitted, unless they are pending. */
	lowWatermarkMs: number;
	/** The date of the newest record that was dealt with; undefined before the first. */
	cursorMs?: number;
	/** Records from the low watermark on that were emitted and confirmed, or are not wanted. */
	done: IdAndTime[];
	unconfirmed: Emission[];
	pending: IdAndTime[];
}

/** What a poll knows beside the list. */
export interface PollConditions {
	nowMs: number;
	/** Names this n8n process. */
	processId: string;
	/** How far back records that appear late are looked for. */
	overlapMs: number;
	/** Emit every record a second time after this; 0 does not. */
	repeatAfterMs: number;
}

/**
 * How long after it emitted, this process must still be alive to be sure that the execution was stored.
 * Polls are a minute apart or more, except for the one at activation.
 */
export const confirmAfterMs = 30_000;

const dayMs = 24 * 60 * 60_000;

/** An unconfirmed record that is no longer in the list is given up this long after it was emitted. */
const giveUpAfterMs = dayMs;

/** A record dated further ahead of n8n's clock than this does not move the cursor. */
export const aheadLimitMs = dayMs;

/** Most ids kept in `done`. Where the overlap holds more, it is shortened. */
export const doneLimit = 5_000;

const byTime = (a: ListRecord, b: ListRecord) =>
	a.timeMs - b.timeMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const newest = (timesMs: number[]) => timesMs.reduce((a, b) => Math.max(a, b), -Infinity);
const oldest = (timesMs: number[]) => timesMs.reduce((a, b) => Math.min(a, b), Infinity);

const toIdAndTime = ({ id, timeMs }: { id: string; timeMs: number }): IdAndTime => [id, timeMs];

/** The state of a list that is followed from a date on. */
export function startAtDate(dateMs: number): CursorState {
	return { lowWatermarkMs: dateMs, done: [], unconfirmed: [], pending: [] };
}

/**
 * The state of a list that is followed from now on: the records in it are done or pending. A record that
 * appears later is new if its date is at most the overlap before the newest of these.
 * @param records at least those within the overlap
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
	const inScope = records.filter(({ timeMs }) => timeMs >= lowWatermarkMs);
	return {
		lowWatermarkMs,
		cursorMs,
		done: inScope.filter(({ disposition }) => disposition !== 'pending').map(toIdAndTime),
		unconfirmed: [],
		pending: inScope.filter(({ disposition }) => disposition === 'pending').map(toIdAndTime),
	};
}

/** Finds the date (ms) from which on the list must be read. Missing records are not waited for. */
export function findReadStart({ lowWatermarkMs, unconfirmed, pending }: CursorState): number {
	const present = unconfirmed.filter(({ isMissing }) => !isMissing);
	return Math.min(
		lowWatermarkMs,
		oldest(present.map(({ timeMs }) => timeMs)),
		oldest(pending.map(([, timeMs]) => timeMs)),
	);
}

/** Whether an execution that this process started then must have been stored by now. */
export const isConfirmed = (
	{ emittedAtMs, processId }: Pick<Emission, 'emittedAtMs' | 'processId'>,
	conditions: PollConditions,
) => processId === conditions.processId && conditions.nowMs - emittedAtMs >= confirmAfterMs;

/**
 * Moves records that are confirmed, and need not be repeated, from `unconfirmed` to `done`.
 * @returns the state, and whether it must be stored: otherwise a restart would emit the records again.
 * With Repeat After that does no harm, and not storing saves an execution.
 */
export function confirmEmissions(
	state: CursorState,
	conditions: PollConditions,
): { state: CursorState; mustSave: boolean } {
	const { repeatAfterMs } = conditions;
	const isDone = (emission: Emission) =>
		isConfirmed(emission, conditions) && (emission.isRepeat || repeatAfterMs === 0);
	const done = state.unconfirmed.filter(isDone);
	if (done.length === 0) return { state, mustSave: false };
	return {
		state: {
			...state,
			unconfirmed: state.unconfirmed.filter((emission) => !isDone(emission)),
			done: [...state.done, ...done.map(toIdAndTime)],
		},
		mustSave: repeatAfterMs === 0,
	};
}

/** Selects the records to emit next, oldest first. */
export function selectDue<T extends ListRecord>(
	state: CursorState,
	{ records }: Reading<T>,
	conditions: PollConditions,
): T[] {
	const unconfirmed = new Map(state.unconfirmed.map((emission) => [emission.id, emission]));
	const done = new Set(state.done.map(([id]) => id));
	const pending = new Set(state.pending.map(([id]) => id));
	return records
		.filter(({ id, timeMs, disposition }) => {
			if (disposition !== 'emit') return false;
			const emission = unconfirmed.get(id);
			if (emission) return mustRepeat(emission, conditions);
			return pending.has(id) || (timeMs >= state.lowWatermarkMs && !done.has(id));
		})
		.sort(byTime);
}

function mustRepeat(emission: Emission, conditions: PollConditions): boolean {
	const { nowMs, processId, repeatAfterMs } = conditions;
	if (emission.processId !== processId) return true;
	return repeatAfterMs > 0 && !emission.isRepeat && nowMs - emission.emittedAtMs >= repeatAfterMs;
}

/**
 * Records that the first of the due records were emitted.
 * @param due as `selectDue` gave it
 * @param count how many of `due`, from its beginning
 * @returns the state to store
 */
export function recordEmitted<T extends ListRecord>(
	state: CursorState,
	reading: Reading<T>,
	due: readonly T[],
	count: number,
	conditions: PollConditions,
): CursorState {
	const emitted = due.slice(0, count);
	// Nothing from the first record that still waits on may be passed over.
	const horizonMs = oldest(due.slice(count).map(({ timeMs }) => timeMs));
	const unconfirmed = updateUnconfirmed(state, reading, emitted, conditions);
	const { done, pending } = classifyOthers(state, reading, emitted, horizonMs);

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
	return limitDone(
		{
			lowWatermarkMs,
			...(cursorMs !== -Infinity && { cursorMs }),
			done: [...done].filter(([, timeMs]) => timeMs >= lowWatermarkMs),
			unconfirmed,
			pending: [...pending],
		},
		horizonMs,
	);
}

/** Adds what was emitted, and drops what is no longer wanted or has been missing for long. */
function updateUnconfirmed<T extends ListRecord>(
	state: CursorState,
	{ records, throughMs }: Reading<T>,
	emitted: readonly T[],
	{ nowMs, processId }: PollConditions,
): Emission[] {
	const emittedIds = new Set(emitted.map(({ id }) => id));
	const present = new Map(records.map((record) => [record.id, record]));
	const readStartMs = findReadStart(state);
	const keep = (emission: Emission): Emission[] => {
		if (emittedIds.has(emission.id)) return [];
		const record = present.get(emission.id);
		// It is not wanted any more where the user chose other products meanwhile.
		if (record) return record.disposition === 'emit' ? [{ ...emission, isMissing: undefined }] : [];
		const isMissing =
			emission.isMissing || (emission.timeMs >= readStartMs && emission.timeMs <= throughMs);
		return isMissing && nowMs - emission.emittedAtMs >= giveUpAfterMs
			? []
			: [{ ...emission, ...(isMissing && { isMissing }) }];
	};
	const earlier = new Map(state.unconfirmed.map((emission) => [emission.id, emission]));
	const toEmission = ({ id, timeMs }: T): Emission => {
		const before = earlier.get(id);
		const isRepeat = before !== undefined && (before.isRepeat || before.processId === processId);
		return { id, timeMs, emittedAtMs: nowMs, processId, isRepeat };
	};
	return [...state.unconfirmed.flatMap(keep), ...emitted.map(toEmission)];
}

/** Sorts the records that are not to be emitted, or not yet, into `done` and `pending`. */
function classifyOthers<T extends ListRecord>(
	state: CursorState,
	{ records }: Reading<T>,
	emitted: readonly T[],
	horizonMs: number,
): { done: Map<string, number>; pending: Map<string, number> } {
	const emittedIds = new Set(emitted.map(({ id }) => id));
	const wasUnconfirmed = new Set(state.unconfirmed.map(({ id }) => id));
	const done = new Map(state.done);
	const pending = new Map(state.pending.filter(([id]) => !emittedIds.has(id)));
	for (const { id, timeMs, disposition } of records) {
		if (wasUnconfirmed.has(id) && disposition !== 'emit') done.set(id, timeMs);
		if (wasUnconfirmed.has(id) || done.has(id) || disposition === 'emit') continue;
		const isInScope = pending.has(id) || (timeMs >= state.lowWatermarkMs && timeMs <= horizonMs);
		if (!isInScope) continue;
		if (disposition === 'pending') pending.set(id, timeMs);
		else {
			pending.delete(id);
			done.set(id, timeMs);
		}
	}
	return { done, pending };
}

/** Drops the oldest done ids beyond the limit, and raises the low watermark above them. */
function limitDone(state: CursorState, horizonMs: number): CursorState {
	const excess = state.done.length - doneLimit;
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
