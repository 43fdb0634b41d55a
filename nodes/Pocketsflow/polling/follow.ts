/** One list in one poll: reads it, selects what may be emitted, and computes its next state. */
import type { IDataObject } from 'n8n-workflow';

import { matchesProductFilter } from '../events/productFilter';
import { recordsOf, type Again, type Batch, type Emitted, type IdAndTime } from './batches';
import { buildItem } from './items';
import {
	advance,
	countRoom,
	dayMs,
	pendingLimit,
	selectDue,
	type Disposition,
	type ListConditions,
	type ListRecord,
	type ListState,
	type Reading,
} from './list';
import { toMemoryKey, type PollContext } from './pollContext';
import { createFetch, findEnd, hasDates, readByPlan, type FetchPage, type ReadPlan } from './read';
import { newestOf, newestUpTo, oldestOf, readRecords, type DatedRecord } from './records';
import type { ListSource } from './sources';
import { startList } from './start';

/** After this many unreadable related records, a poll leaves the rest to the next one. */
const maxRelatedFailures = 5;

/** How many records to read beyond what one poll can emit, so that not every poll reads them again. */
const readAhead = 400;

/** The most pages that one poll reads for pending records, and the most of these that it looks for. */
const pendingPages = 3;
const pendingPerPoll = 200;

/** An event that may be emitted now. Its name and ID are those in batches. */
export interface ReadyEvent extends Emitted {
	build(): Promise<IDataObject> | IDataObject;
}

interface SourceRecord extends ListRecord, Emitted {
	record: IDataObject;
	payload: IDataObject;
}

/** What one poll found in a list, or by comparing memberships. `S` is its state. */
export interface Followed<S> {
	/** The event, or `watchName`. */
	name: string;
	ready: readonly ReadyEvent[];
	/** Records that batches can drop: they are not wanted or not in the list. */
	dropped?: readonly string[];
	/** Why some or all of it must wait. */
	failure?: unknown;
	/** The state to store after some of `ready`, and others, were emitted. */
	advance(emitted: readonly ReadyEvent[]): S;
}

interface Following extends ListConditions {
	context: PollContext;
	source: ListSource;
	state: ListState;
	/** What must be emitted again. */
	again: ReadonlyMap<string, Again>;
	fetchPage: FetchPage;
}

/** Reads a list and selects its due records. Starts the list if it has no state. */
export async function followList(
	context: PollContext,
	source: ListSource,
	previous: ListState | undefined,
	batches: readonly Batch[],
	again: ReadonlyMap<string, Again> = new Map(),
): Promise<Followed<ListState>> {
	const { n8n, settings, nowMs, recordLimit } = context;
	const { event, list, pendingForMs = 0, readRelated } = source;
	const state = previous ?? (await startList(context, source));
	const inBatches = recordsOf(batches, event);
	const { overlapMs } = settings;
	const fetchPage = createFetch(n8n, list);
	const conditions = { nowMs, overlapMs, recordLimit, pendingForMs, inBatches };
	const following = { ...conditions, context, source, state, again, fetchPage };
	const read = await readSource(following);
	const pending = new Map(state.pending.map(([id], turn) => [id, turn]));
	const records = read.records.map(({ id, timeMs, record }): SourceRecord => {
		const payload = readRelated ? {} : source.toPayload(record, {});
		const disposition = classifyRecord(context, source, record, payload, pending.has(id));
		return { name: event, id, timeMs, record, payload, disposition };
	});
	const due = selectDue(state, records, again, conditions);
	const room = countRoom(state, conditions);
	let left = room;
	const found = selectFound(following, due);
	const possible = found.filter(({ id }) => inBatches.has(id) || left-- > 0);
	// New records come before those that were tried before; those tried last come last.
	const turnOf = ({ id }: SourceRecord) => pending.get(id) ?? -1;
	if (readRelated) possible.sort((a, b) => turnOf(a) - turnOf(b));
	const next = possible.slice(0, settings.maxItems);
	const related = await readAllRelated(following, next, pending);
	const isWanted = ({ disposition }: SourceRecord) => disposition === 'emit';
	const skipped = records.filter(({ disposition }) => disposition === 'skip');
	const reading = { ...read, records, triedIds: related.triedIds };
	const wanted = due.filter(isWanted);
	return {
		name: event,
		ready: next.filter(isWanted).map((one) => ({
			...one,
			build: () => buildItem(context, { ...one, event, discriminator: one.timeMs }),
		})),
		dropped: [...read.missing.map(([id]) => id), ...skipped.map(({ id }) => id)],
		failure: related.failure ?? describeLimit(following, records, due, room),
		advance(emitted) {
			const own = emitted.filter(({ name }) => name === event);
			return advance(state, reading, wanted, own, conditions);
		},
	};
}

/** Reads new records, and separately older ones that are pending or to be emitted again. */
async function readSource(
	following: Following,
): Promise<Reading<DatedRecord> & { missing: readonly IdAndTime[] }> {
	const { context, source, state, again, fetchPage } = following;
	const { settings, idlePages } = context;
	const isDated = hasDates(source.list);
	const fresh = await readNew(following);
	const found = new Map(fresh.records.map((record) => [record.id, record]));
	const isOlder = ([id, timeMs]: IdAndTime) => !found.has(id) && timeMs < state.fromMs;
	const repeats = [...again]
		.map(([id, { timeMs }]): IdAndTime => [id, timeMs])
		.filter(isOlder)
		.sort(([, a], [, b]) => a - b)
		.slice(0, settings.maxItems);
	const pending = state.pending.map(([id, timeMs]): IdAndTime => [id, timeMs]).filter(isOlder);
	const older = [...repeats, ...pending];
	if (older.length === 0 || (fresh.isVerified && !isDated)) return { ...fresh, missing: repeats };
	const wanted = new Set(older.map(([id]) => id));
	const timesMs = older.map(([, timeMs]) => timeMs);
	const hasRepeats = repeats.length > 0;
	const plan: ReadPlan = {
		fromMs: oldestOf(timesMs, Infinity),
		toMs: newestOf(timesMs, -Infinity),
		isWanted: ({ id }) => wanted.has(id),
		enough: hasRepeats ? wanted.size : Math.min(wanted.size, pendingPerPoll),
		idlePages: hasRepeats ? idlePages : Math.min(pendingPages, idlePages),
		next: state.againNext,
		resumes: !hasRepeats,
	};
	let read = await readByPlan(fetchPage, source.list, plan);
	// If a window contains none of them, the API did not understand the end date.
	if (isDated && !read.records.some(plan.isWanted))
		read = await readByPlan(fetchPage, source.list, { ...plan, toMs: undefined });
	for (const record of read.records) if (wanted.has(record.id)) found.set(record.id, record);
	const isWhole = state.againNext === undefined && read.next === undefined;
	return {
		...fresh,
		records: [...found.values()],
		againNext: read.next,
		missing: repeats.filter(([id]) => isWhole && !found.has(id)),
	};
}

/** Reads the list from `fromMs` on, or only its oldest part if it is more than one poll can use. */
async function readNew({
	context: { settings, idlePages },
	source: { list },
	state: { fromMs, seen, pending, next, last, looksAt },
	nowMs,
	recordLimit,
	inBatches,
	again,
	fetchPage,
}: Following): Promise<Reading<DatedRecord>> {
	const ids = [...seen, ...pending, ...inBatches].map(([id]) => id);
	const known = new Set(ids.filter((id) => !again.has(id)));
	const isWanted = ({ id, timeMs }: DatedRecord) => timeMs >= fromMs && !known.has(id);
	const nothing = { records: [], isVerified: false };
	const isQuiet = last !== undefined && again.size === 0 && pending.length === 0;
	if (isQuiet && looksAt === 'there') {
		// If a list neither grew nor shrank, its last record is still in its place.
		const { records } = await fetchPage({ fromMs }, last);
		if (records.length === 1) return { ...nothing, looksAt: 'beginning' };
	}
	const first = await fetchPage({ fromMs }, 1);
	if (isQuiet && looksAt === 'beginning' && first.records.length > 0)
		if (!readRecords(first.records).some(isWanted)) return { ...nothing, looksAt: 'there' };
	const least = seen.length + Math.min(settings.maxItems, recordLimit);
	const capacity = { least, most: least + readAhead };
	const toMs = hasDates(list)
		? await findEnd(fetchPage, fromMs, first, capacity, nowMs)
		: undefined;
	if (toMs !== undefined) {
		const plan = { fromMs, toMs, isWanted, enough: Infinity, idlePages: Infinity };
		const read = await readByPlan(fetchPage, list, plan);
		// If a window brings nothing new, the API did not understand the dates.
		if (read.isVerified && read.records.some(isWanted))
			return { ...read, throughMs: newestUpTo(read.records, toMs, -Infinity) };
	}
	// If reading takes many polls and much is stored, it continues faster.
	const trustsOrder = seen.length <= recordLimit / 2;
	const enough = settings.maxItems + readAhead;
	return await readByPlan(
		fetchPage,
		list,
		{ fromMs, isWanted, enough, idlePages, next, trustsOrder },
		first,
	);
}

/** Omits due records that were found too recently. After a restart, they wait once more. */
function selectFound(
	{ context, source, nowMs, inBatches }: Following,
	due: readonly SourceRecord[],
): readonly SourceRecord[] {
	const { n8n, memory, settings } = context;
	const { headStartMs } = settings;
	if (headStartMs === 0) return due;
	const key = toMemoryKey(n8n, source.event);
	// A reading that takes many polls finds a record in only some of them.
	const before = [...(memory.firstFoundMs.get(key) ?? [])].filter(
		([, atMs]) => atMs > nowMs - dayMs,
	);
	const firstFoundMs = new Map([...due.map(({ id }): [string, number] => [id, nowMs]), ...before]);
	memory.firstFoundMs.set(key, firstFoundMs);
	return due.filter(
		({ id }) => inBatches.has(id) || nowMs - (firstFoundMs.get(id) ?? nowMs) >= headStartMs,
	);
}

/**
 * Completes records with what their payload needs, in place, because the reading holds the same ones.
 * If that can't be read for a record, it stays pending, so that it blocks nothing else.
 */
async function readAllRelated(
	{ context, source }: Following,
	records: readonly SourceRecord[],
	pending: ReadonlyMap<string, unknown>,
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
			const wasPending = pending.has(one.id);
			one.disposition = classifyRecord(context, source, one.record, one.payload, wasPending);
		} catch (error) {
			failures.push(error);
		}
	}
	return { triedIds, failure: failures[0] };
}

/** Explains why records are no longer awaited, or not emitted: the state would grow too large. */
function describeLimit(
	{ state, inBatches, recordLimit }: Following,
	records: readonly ListRecord[],
	due: readonly ListRecord[],
	room: number,
): string | undefined {
	const waiting = records.filter(({ disposition }) => disposition === 'pending');
	const pendingIds = [...state.pending.map(([id]) => id), ...waiting.map(({ id }) => id)];
	if (new Set(pendingIds).size > pendingLimit)
		return `More than ${pendingLimit} records are pending. The node no longer waits for the oldest ones.`;
	return due.some(({ id }) => !inBatches.has(id)) && room <= 0 && inBatches.size < recordLimit
		? `Pocketsflow does not return this list in a reliable order. The node has emitted more than ${recordLimit} records since it last read the whole list. New records wait until it has read the whole list again.`
		: undefined;
}

/** What happens to a record, given the selected products and the state of the record itself. */
export function classifyRecord(
	{ settings: { productIds } }: PollContext,
	source: ListSource,
	record: IDataObject,
	payload: IDataObject,
	wasPending = false,
): Disposition {
	const disposition = source.classify?.(record, wasPending) ?? 'emit';
	// An event that has not happened yet is awaited, because other products may be selected by then.
	if (disposition !== 'emit') return disposition;
	return matchesProductFilter(payload, productIds) ? 'emit' : 'skip';
}
