import type { IDataObject } from 'n8n-workflow';

import { matchesProductFilter } from '../events/productFilter';
import { recordsOf, type Again, type Batch } from './batches';
import {
	advance,
	countRoom,
	dayMs,
	isNew,
	pendingLimit,
	selectDue,
	type Disposition,
	type ListConditions,
	type ListRecord,
	type ListState,
	type Reading,
} from './list';
import { toMemoryKey, type PollContext } from './pollContext';
import {
	createFetch,
	findEnd,
	findThroughMs,
	hasDates,
	readByPlan,
	windowAround,
	type FetchPage,
	type ListRead,
	type ReadPlan,
} from './read';
import type { DatedRecord } from './records';
import type { PollSettings } from './settings';
import type { ListSource } from './sources';
import { startList } from './start';

/** After so many records whose related record cannot be read, a poll leaves the others to the next one. */
const maxRelatedFailures = 5;

/** How many records are read beyond what one poll can emit, so that a list is not read again for every batch. */
const readAhead = 400;

/** Pages that one poll reads to look for pending records, and how many it looks at. */
const pendingPages = 3;
const pendingPerPoll = 200;

/** A record of a list, with what becomes of it. */
export interface SourceRecord extends ListRecord {
	record: IDataObject;
	payload: IDataObject;
}

/** One list in one poll. */
export interface FollowedList {
	source: ListSource;
	state: ListState;
	conditions: ListConditions;
	reading: Reading<SourceRecord>;
	/** All due records. */
	due: SourceRecord[];
	/** Those of `due` that may be emitted now. */
	ready: SourceRecord[];
	/** Why some records must wait, although the list could be read. */
	failure?: unknown;
}

/** What earlier polls left of a list. */
export interface ListPast {
	/** Undefined starts the list. */
	state: ListState | undefined;
	batches: readonly Batch[];
	/** What must be emitted again. */
	again: ReadonlyMap<string, Again>;
}

/** What was read, before it is known what becomes of the records. */
type RawReading = Omit<Reading, 'records' | 'triedIds'> & { records: DatedRecord[] };

/** Reads a list and selects its due records. */
export async function followList(
	context: PollContext,
	source: ListSource,
	{ state: previous, batches, again }: ListPast,
): Promise<FollowedList> {
	const { settings, nowMs, overlapMs, recordLimit } = context;
	const state = previous ?? (await startList(context, source));
	const inBatches = recordsOf(batches, source.event);
	const { pendingForMs = 0 } = source;
	const conditions = { nowMs, overlapMs, recordLimit, pendingForMs, inBatches };
	const raw = await readSource(context, source, state, conditions, again);
	const pending = new Set(state.pending.map(([id]) => id));
	const records = raw.records.map(({ id, timeMs, record }): SourceRecord => {
		const payload = source.readRelated ? {} : source.toPayload(record, {});
		const disposition = classifyRecord(source, { record, payload }, settings, pending.has(id));
		return { id, timeMs, record, payload, disposition };
	});
	const due = selectDue(state, records, again, conditions);
	const room = countRoom(state, conditions);
	const possible = limitNew(splitByHeadStart(context, source, conditions, due), inBatches, room);
	const next = (source.readRelated ? sortByTurn(state, possible) : possible).slice(
		0,
		settings.maxItems,
	);
	const related = await readAllRelated(context, source, next, pending);
	const isWanted = ({ disposition }: SourceRecord) => disposition === 'emit';
	const reading = { ...raw, records, triedIds: related.triedIds };
	return {
		source,
		state,
		conditions,
		reading,
		due: due.filter(isWanted),
		ready: next.filter(isWanted),
		failure: related.failure ?? describeLimit(state, reading, due, room, conditions),
	};
}

/** Reads what is new, and apart from it what is older and pending or to be emitted again. */
async function readSource(
	context: PollContext,
	{ list }: ListSource,
	state: ListState,
	conditions: ListConditions,
	again: ReadonlyMap<string, Again>,
): Promise<RawReading> {
	const fetchPage = createFetch(context.n8n, list);
	const fresh = await readNew(context, list, fetchPage, state, conditions, again);
	const found = new Map(fresh.records.map((record) => [record.id, record]));
	const repeats = [...again]
		.map(([id, { timeMs }]) => ({ id, timeMs }))
		.filter(({ id, timeMs }) => !found.has(id) && timeMs < state.fromMs)
		.sort((a, b) => a.timeMs - b.timeMs)
		.slice(0, context.settings.maxItems);
	const pending = state.pending
		.map(([id, timeMs]) => ({ id, timeMs }))
		.filter(({ id, timeMs }) => !found.has(id) && timeMs < state.fromMs);
	const wanted = new Set([...repeats, ...pending].map(({ id }) => id));
	const isAll = fresh.isVerified && !hasDates(list);
	if (wanted.size === 0 || isAll)
		return { ...fresh, missing: repeats.map(({ id, timeMs }) => [id, timeMs]) };
	const plan: ReadPlan = {
		...windowAround([...repeats, ...pending].map(({ timeMs }) => timeMs)),
		isWanted: ({ id }) => wanted.has(id),
		enough: repeats.length > 0 ? wanted.size : Math.min(wanted.size, pendingPerPoll),
		idlePages: repeats.length > 0 ? context.idlePages : Math.min(pendingPages, context.idlePages),
		next: state.againNext,
		resumes: repeats.length === 0,
	};
	let older = await readByPlan(fetchPage, list, plan);
	// A window without any of them proves that the end date was not understood.
	if (hasDates(list) && !older.records.some(plan.isWanted))
		older = await readByPlan(fetchPage, list, { ...plan, toMs: undefined });
	for (const record of older.records) if (wanted.has(record.id)) found.set(record.id, record);
	const isWhole = state.againNext === undefined && older.next === undefined;
	const isMissing = ({ id }: { id: string }) => isWhole && !found.has(id);
	return {
		...fresh,
		records: [...found.values()],
		againNext: older.next,
		missing: repeats.filter(isMissing).map(({ id, timeMs }) => [id, timeMs]),
	};
}

/** Reads the list from `fromMs` on, or the oldest part of it if it is more than one poll can use. */
async function readNew(
	{ settings: { maxItems }, idlePages, nowMs, recordLimit }: PollContext,
	list: ListSource['list'],
	fetchPage: FetchPage,
	state: ListState,
	{ inBatches }: ListConditions,
	again: ReadonlyMap<string, Again>,
): Promise<Omit<RawReading, 'missing'>> {
	const known = new Set(
		[...state.seen, ...state.pending, ...inBatches]
			.map(([id]) => id)
			.filter((id) => !again.has(id)),
	);
	const isWanted = (record: DatedRecord) => isNew(state, known, record);
	const { fromMs } = state;
	const first = await fetchPage({ fromMs }, 1);
	const least = state.seen.length + Math.min(maxItems, recordLimit);
	const capacity = { least, most: least + readAhead };
	const toMs = hasDates(list)
		? await findEnd(fetchPage, { fromMs }, first, capacity, nowMs)
		: undefined;
	if (toMs !== undefined) {
		const plan = { fromMs, toMs, isWanted, enough: Infinity, idlePages: Infinity };
		const read = await readByPlan(fetchPage, list, plan);
		// A window that brings nothing new proves that the dates were not understood.
		if (read.isVerified && read.records.some(isWanted))
			return toReading(read, findThroughMs(read, toMs));
	}
	// Where much is stored because the reading takes many polls, it goes faster.
	const isSlow = state.seen.length > recordLimit / 2;
	const plan = {
		fromMs,
		isWanted,
		enough: maxItems + readAhead,
		idlePages,
		next: state.next,
		trustsOrder: !isSlow,
	};
	return toReading(await readByPlan(fetchPage, list, plan, first), Infinity);
}

const toReading = (
	{ records, next, isVerified }: ListRead,
	throughMs: number,
): Omit<RawReading, 'missing'> => ({
	records,
	next,
	isComplete: next === undefined,
	isVerified,
	throughMs,
});

/** Leaves out the new records for which there is no room in the state. */
function limitNew<T extends ListRecord>(
	due: readonly T[],
	inBatches: ReadonlyMap<string, number>,
	room: number,
): T[] {
	let left = room;
	return due.filter(({ id }) => inBatches.has(id) || left-- > 0);
}

/**
 * Leaves out the due records that were found too short a time ago. Notes in the memory of the process when
 * each was first found. After a restart they wait once more.
 */
function splitByHeadStart<T extends ListRecord>(
	{ settings: { headStartMs }, memory, nodeKey, nowMs }: PollContext,
	{ event }: ListSource,
	{ inBatches }: ListConditions,
	due: readonly T[],
): T[] {
	if (headStartMs === 0) return [...due];
	const key = toMemoryKey(nodeKey, event);
	// A reading that takes many polls finds a record in some of them only.
	const before = [...(memory.firstFoundMs.get(key) ?? [])].filter(
		([, atMs]) => atMs > nowMs - dayMs,
	);
	const firstFoundMs = new Map([...due.map(({ id }): [string, number] => [id, nowMs]), ...before]);
	memory.firstFoundMs.set(key, firstFoundMs);
	const isReady = ({ id }: T) =>
		inBatches.has(id) || nowMs - (firstFoundMs.get(id) ?? nowMs) >= headStartMs;
	return due.filter(isReady);
}

/**
 * Completes records with what their payload needs, in place, because the reading holds the same records. One
 * whose related record cannot be read is pending until it can, so that it holds up nothing else.
 */
async function readAllRelated(
	context: PollContext,
	source: ListSource,
	records: readonly SourceRecord[],
	pending: ReadonlySet<string>,
): Promise<{ triedIds: Set<string>; failure?: unknown }> {
	const triedIds = new Set<string>();
	if (!source.readRelated) return { triedIds };
	const failures: unknown[] = [];
	for (const one of records) {
		one.disposition = 'pending';
		if (failures.length >= maxRelatedFailures) continue;
		triedIds.add(one.id);
		try {
			one.payload = source.toPayload(one.record, await source.readRelated(context, one.record));
			one.disposition = classifyRecord(source, one, context.settings, pending.has(one.id));
		} catch (error) {
			failures.push(error);
		}
	}
	return { triedIds, failure: failures[0] };
}

/** New records come before those that were tried before, and those before the ones tried last. */
function sortByTurn({ pending }: ListState, records: readonly SourceRecord[]): SourceRecord[] {
	const turns = new Map(pending.map(([id], index) => [id, index]));
	const turnOf = ({ id }: SourceRecord) => turns.get(id) ?? -1;
	return [...records].sort((a, b) => turnOf(a) - turnOf(b));
}

/** The state of a list after some of its due records were emitted. */
export const advanceList = (
	{ state, conditions, reading, due }: FollowedList,
	emitted: readonly SourceRecord[],
): ListState => advance(state, reading, due, emitted, conditions);

/** Records that batches need not hold any more: not wanted, or not in the list. */
export const findDropped = ({ reading }: FollowedList): Set<string> =>
	new Set([
		...reading.missing.map(([id]) => id),
		...reading.records.filter(({ disposition }) => disposition === 'skip').map(({ id }) => id),
	]);

/** Says that records are not waited for, or not emitted, because the state would grow too large. */
function describeLimit(
	{ pending }: ListState,
	{ records }: Reading,
	due: readonly ListRecord[],
	room: number,
	{ inBatches, recordLimit }: ListConditions,
): string | undefined {
	const known = new Set(pending.map(([id]) => id));
	const added = records.filter(
		({ id, disposition }) => disposition === 'pending' && !known.has(id),
	);
	if (known.size + added.length > pendingLimit)
		return `More than ${pendingLimit} records are pending. The node no longer waits for the oldest of them.`;
	const waits = due.some(({ id }) => !inBatches.has(id));
	return waits && room <= 0 && inBatches.size < recordLimit
		? `Pocketsflow returns this list in no reliable order, and the node has emitted more than ${recordLimit} records since it last read the list to its end. New records wait until it has read the list to the end.`
		: undefined;
}

/** What is to happen to a record, after the user's choice of products and the state of the record itself. */
export function classifyRecord(
	source: ListSource,
	{ record, payload }: Pick<SourceRecord, 'record' | 'payload'>,
	{ productIds }: PollSettings,
	wasPending = false,
): Disposition {
	const disposition = source.classify?.(record, wasPending) ?? 'emit';
	// What is still to come is waited for, because other products may be asked for by then.
	if (disposition !== 'emit') return disposition;
	return matchesProductFilter(payload, productIds) ? 'emit' : 'skip';
}
