/**
 * What a poll has handed over of one growing list, and what it must hand over next. Pure: no clock, no
 * HTTP, no n8n.
 *
 * Why no record is lost. n8n saves a poll's state only together with items, and it issues that save
 * before the execution exists (probes: SIGKILL right after emitting). So a saved state may speak of an
 * execution that never came to be. Therefore a record that is handed over stays `open`, with the name of
 * the process that did it, until that same process is seen alive a while later; what a restarted n8n
 * finds open from another process is handed over again, under the same event id. Records leave the scope
 * only below `floor`, which never passes one that was not handed over: they go out oldest first.
 */

/** A record of the list. Times are the record's own, ms since 1970: n8n's clock decides nothing here. */
export interface Dated {
	id: string;
	time: number;
	/** `later`: its event has not happened yet, such as a pending refund. `never`: not wanted. */
	stage: 'ready' | 'later' | 'never';
}

/** One record that was given to an execution of which it is not yet sure that it exists. */
export interface HandOver {
	id: string;
	time: number;
	/** When, ms by n8n's clock; only compared with that clock again. */
	at: number;
	/** The n8n process that did it. */
	run: string;
	/** Whether it is the second time, as the option to repeat asks. */
	again: boolean;
	/** Whether the list no longer had it when that part of it was last read. */
	missing?: boolean;
}

/** What was read of the list. */
export interface Reading<T extends Dated = Dated> {
	/** All records from `readFrom` to `through`, in any order. */
	records: readonly T[];
	/** Up to which date nothing is missing, ms; Infinity when the newest are among them. */
	through: number;
}

export interface CursorState {
	/** Nothing older is new any more, ms. */
	floor: number;
	/** The newest record handed over, ms; undefined before the first. */
	cursor?: number;
	/** Ids and times of the records from `floor` on that are done with. */
	known: Array<[id: string, time: number]>;
	open: HandOver[];
	/** Records whose event is still to come. */
	held: Array<[id: string, time: number]>;
}

/** What a poll knows beside the list. All durations in ms. */
export interface Situation {
	now: number;
	/** Names this n8n process. */
	run: string;
	overlap: number;
	/** Hand every record over a second time after this; 0 does not. */
	repeatAfter: number;
}

/**
 * How long after a hand-over this process must live on to be sure that the execution was stored, ms.
 * Polls are a minute apart or more, except for the one at activation.
 */
export const confirmAfter = 30_000;

/** An open record that is no longer in the list is given up this long after its hand-over, ms. */
export const forgetAfter = 24 * 60 * 60_000;

/** A record dated further ahead of n8n's clock than this does not move the cursor, ms. */
export const aheadLimit = 24 * 60 * 60_000;

/** Ids kept of what is done with; with more inside the overlap, the overlap is shortened. */
export const knownLimit = 5_000;

const byTime = (a: { time: number; id: string }, b: { time: number; id: string }) =>
	a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const newest = (times: number[]) => times.reduce((a, b) => Math.max(a, b), -Infinity);
const oldest = (times: number[]) => times.reduce((a, b) => Math.min(a, b), Infinity);

/** The state of a list that is followed from a date on. @param date ms */
export function startingAt(date: number): CursorState {
	return { floor: date, known: [], open: [], held: [] };
}

/**
 * The state of a list that is followed from now on: what is in it is known, and what appears later with a
 * date up to `overlap` before the newest of these is new.
 * @param records those within the overlap, at least
 */
export function startingAfter(
	records: readonly Dated[],
	{ now, overlap }: Pick<Situation, 'now' | 'overlap'>,
): CursorState {
	const cursor = newest(records.map(({ time }) => time).filter((time) => time <= now + aheadLimit));
	if (cursor === -Infinity) return startingAt(0);
	const floor = Math.max(0, cursor - overlap);
	const pairs = (stage: (one: Dated) => boolean): Array<[string, number]> =>
		records.filter((one) => one.time >= floor && stage(one)).map(({ id, time }) => [id, time]);
	return {
		floor,
		cursor,
		known: pairs(({ stage }) => stage !== 'later'),
		open: [],
		held: pairs(({ stage }) => stage === 'later'),
	};
}

/** From which date on the list must be read, ms. What is gone from it holds nothing up. */
export function readFrom({ floor, open, held }: CursorState): number {
	const there = open.filter(({ missing }) => !missing);
	return Math.min(
		floor,
		oldest(there.map(({ time }) => time)),
		oldest(held.map(([, time]) => time)),
	);
}

/** Whether this process gave it out long enough ago for its execution to exist. */
const isConfirmed = (one: HandOver, { now, run }: Situation) =>
	one.run === run && now - one.at >= confirmAfter;

/**
 * Closes what is confirmed.
 * @returns whether that must be saved: unsaved, a restart would repeat it although nothing crashed. With
 * the option to repeat that is harmless, and saves an execution.
 */
export function settle(
	state: CursorState,
	situation: Situation,
): { state: CursorState; save: boolean } {
	const { repeatAfter } = situation;
	const isDone = (one: HandOver) => isConfirmed(one, situation) && (one.again || repeatAfter === 0);
	const done = state.open.filter(isDone);
	if (done.length === 0) return { state, save: false };
	return {
		state: {
			...state,
			open: state.open.filter((one) => !isDone(one)),
			known: [...state.known, ...done.map(({ id, time }): [string, number] => [id, time])],
		},
		save: repeatAfter === 0,
	};
}

/** The records to hand over next, oldest first. */
export function dueIn<T extends Dated>(
	state: CursorState,
	{ records }: Reading<T>,
	situation: Situation,
): T[] {
	const open = new Map(state.open.map((one) => [one.id, one]));
	const known = new Set(state.known.map(([id]) => id));
	const held = new Set(state.held.map(([id]) => id));
	return records
		.filter((record) => {
			if (record.stage !== 'ready') return false;
			const handed = open.get(record.id);
			if (handed) return isDueAgain(handed, situation);
			return held.has(record.id) || (record.time >= state.floor && !known.has(record.id));
		})
		.sort(byTime);
}

function isDueAgain(handed: HandOver, { now, run, repeatAfter }: Situation): boolean {
	if (handed.run !== run) return true;
	return repeatAfter > 0 && !handed.again && now - handed.at >= repeatAfter;
}

/**
 * The state once the first of `due` are in an execution's hands.
 * @param taken how many of `due`, from its beginning
 */
export function handOver<T extends Dated>(
	state: CursorState,
	{ records, through }: Reading<T>,
	due: readonly T[],
	taken: number,
	situation: Situation,
): CursorState {
	const { now, run, overlap } = situation;
	const given = due.slice(0, taken);
	const givenIds = new Set(given.map(({ id }) => id));
	// Nothing at or above the first record that waits for its turn may be passed over.
	const horizon = oldest(due.slice(taken).map(({ time }) => time));

	const before = new Map(state.open.map((one) => [one.id, one]));
	const present = new Map(records.map((one) => [one.id, one]));
	const begin = readFrom(state);
	const stillOpen = (one: HandOver): HandOver[] => {
		const record = present.get(one.id);
		if (givenIds.has(one.id)) return [];
		// Not wanted any more, since the operator chose other products: there is nothing to hand over again.
		if (record) return record.stage === 'ready' ? [{ ...one, missing: undefined }] : [];
		const missing = one.missing || (one.time >= begin && one.time <= through);
		return missing && now - one.at >= forgetAfter ? [] : [{ ...one, ...(missing && { missing }) }];
	};
	const open = [
		...state.open.flatMap(stillOpen),
		...given.map(({ id, time }): HandOver => {
			const last = before.get(id);
			return {
				id,
				time,
				at: now,
				run,
				again: last !== undefined && (last.again || last.run === run),
			};
		}),
	];

	const known = new Map(state.known);
	const held = new Map(state.held.filter(([id]) => !givenIds.has(id)));
	for (const { id, time, stage } of records) {
		if (before.has(id) && stage !== 'ready') known.set(id, time);
		if (before.has(id) || known.has(id)) continue;
		const isInScope = held.has(id) || (time >= state.floor && time <= horizon);
		if (!isInScope || stage === 'ready') continue;
		if (stage === 'later') held.set(id, time);
		else {
			held.delete(id);
			known.set(id, time);
		}
	}

	const passed = [...known.values(), ...held.values(), ...open.map(({ time }) => time)].filter(
		(time) => time <= horizon && time <= now + aheadLimit,
	);
	const cursor = newest([state.cursor ?? -Infinity, ...passed]);
	const floor = Math.max(state.floor, Math.min(cursor - overlap, horizon));
	return bounded(
		{
			floor,
			...(cursor !== -Infinity && { cursor }),
			known: [...known].filter(([, time]) => time >= floor),
			open,
			held: [...held],
		},
		horizon,
	);
}

/** Drops the oldest known ids beyond the limit, and raises the floor above them but not the horizon. */
function bounded(state: CursorState, horizon: number): CursorState {
	const excess = state.known.length - knownLimit;
	if (excess <= 0) return state;
	const times = state.known.map(([, time]) => time).sort((a, b) => a - b);
	const floor = Math.max(state.floor, Math.min(times[excess - 1] + 1, state.cursor ?? 0, horizon));
	return { ...state, floor, known: state.known.filter(([, time]) => time >= floor) };
}
