import type { IDataObject } from 'n8n-workflow';

import { matchesProductFilter } from '../events/productFilter';
import {
	limitNew,
	pendingLimit,
	recordEmitted,
	selectDue,
	type CursorState,
	type Disposition,
	type ListRecord,
	type Reading,
} from './cursor';
import { splitByHeadStart } from './headStart';
import type { PollContext } from './pollContext';
import type { PollSettings } from './settings';
import { readSource } from './sourceReading';
import type { ListSource } from './sources';
import { startList } from './start';

/** After so many records whose related record cannot be read, a poll leaves the others to the next one. */
const maxRelatedFailures = 5;

/** A record of a list, with what becomes of it. */
export interface SourceRecord extends ListRecord {
	record: IDataObject;
	payload: IDataObject;
}

/** One list in one poll. */
export interface FollowedList {
	source: ListSource;
	state: CursorState;
	reading: Reading<SourceRecord>;
	/** All due records. */
	due: SourceRecord[];
	/** Those of `due` that may be emitted now. */
	ready: SourceRecord[];
	/** Why some records must wait, although the list could be read. */
	failure?: unknown;
}

/**
 * Reads a list and selects its due records.
 * @param previous the state that the last poll left; undefined starts the list
 */
export async function followList(
	context: PollContext,
	source: ListSource,
	previous: CursorState | undefined,
): Promise<FollowedList> {
	const { settings } = context;
	const state = previous ?? (await startList(context, source));
	const { records, ...rest } = await readSource(context, source, state);
	const reading: Reading<SourceRecord> = {
		...rest,
		records: records.map(({ id, timeMs, record }) => {
			const payload = source.readRelated ? {} : source.toPayload(record, {});
			const disposition = classifyRecord(source, { record, payload }, settings);
			return { id, timeMs, record, payload, disposition };
		}),
	};
	const due = selectDue(state, reading, context);
	const { ready } = splitByHeadStart(context, source, state, due);
	const possible = limitNew(state, ready, context);
	const next = (source.readRelated ? sortByTurn(state, possible) : possible).slice(
		0,
		settings.maxItems,
	);
	const related = await readAllRelated(context, source, next);
	const isWanted = ({ disposition }: SourceRecord) => disposition === 'emit';
	return {
		source,
		state,
		reading: related ? { ...reading, checkedIds: related.checkedIds } : reading,
		due: due.filter(isWanted),
		ready: next.filter(isWanted),
		failure: related?.failure,
	};
}

/**
 * Completes records with what their payload needs, in place, because the reading holds the same records. One
 * whose related record cannot be read is pending until it can, so that it holds up nothing else.
 */
async function readAllRelated(
	{ n8n, settings }: PollContext,
	source: ListSource,
	records: readonly SourceRecord[],
): Promise<{ checkedIds: Set<string>; failure?: unknown } | undefined> {
	if (!source.readRelated) return undefined;
	const checkedIds = new Set<string>();
	const failures: unknown[] = [];
	for (const one of records) {
		one.disposition = 'pending';
		if (failures.length >= maxRelatedFailures) continue;
		checkedIds.add(one.id);
		try {
			one.payload = source.toPayload(one.record, await source.readRelated(n8n, one.record));
			one.disposition = classifyRecord(source, one, settings);
		} catch (error) {
			failures.push(error);
		}
	}
	return { checkedIds, failure: failures[0] };
}

/** New records come before those that were tried before, and those before the ones tried last. */
function sortByTurn({ pending }: CursorState, records: readonly SourceRecord[]): SourceRecord[] {
	const turns = new Map(pending.map(([id], index) => [id, index]));
	const turnOf = ({ id }: SourceRecord) => turns.get(id) ?? -1;
	return [...records].sort((a, b) => turnOf(a) - turnOf(b));
}

/** The state of a list after some of its due records were emitted. */
export const advanceList = (
	{ state, reading, due }: FollowedList,
	emitted: readonly SourceRecord[],
	context: PollContext,
): CursorState => recordEmitted(state, reading, due, emitted, context);

/** Says that some pending records are no longer waited for; undefined where all are. */
export function describeExcess({ state, reading }: FollowedList): string | undefined {
	const known = new Set(state.pending.map(([id]) => id));
	const added = reading.records.filter(
		({ id, disposition }) => disposition === 'pending' && !known.has(id),
	);
	return known.size + added.length > pendingLimit
		? `More than ${pendingLimit} records are pending. The oldest of them are no longer waited for.`
		: undefined;
}

/** What is to happen to a record, after the user's choice of products and the state of the record itself. */
export function classifyRecord(
	source: ListSource,
	{ record, payload }: Pick<SourceRecord, 'record' | 'payload'>,
	{ productIds }: PollSettings,
): Disposition {
	const disposition = source.classify?.(record) ?? 'emit';
	// What is still to come is waited for, because other products may be asked for by then.
	if (disposition !== 'emit') return disposition;
	return matchesProductFilter(payload, productIds) ? 'emit' : 'skip';
}
