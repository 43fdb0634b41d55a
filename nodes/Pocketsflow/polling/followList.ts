import type { IDataObject } from 'n8n-workflow';

import { matchesProductFilter } from '../events/productFilter';
import {
	confirmEmissions,
	findReadStart,
	recordEmitted,
	selectDue,
	type CursorState,
	type Disposition,
	type ListRecord,
	type Reading,
} from './cursor';
import { splitByHeadStart } from './headStart';
import { readListFrom } from './listReader';
import type { PollContext } from './pollContext';
import type { PollSettings } from './settings';
import type { ListSource } from './sources';
import { startList } from './start';

/** How many records are read beyond what one poll can emit, so that a list is not read anew for every batch. */
const readAhead = 400;

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
	/** All due records: first those that may be emitted now, oldest first, then those that must wait. */
	due: SourceRecord[];
	/** How many of `due` may be emitted now, from its beginning. */
	readyCount: number;
	/** Whether the state must be stored even when no item is found. */
	mustSave: boolean;
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
	const { n8n, settings } = context;
	const { state, mustSave } = previous
		? confirmEmissions(previous, context)
		: { state: await startList(context, source), mustSave: true };
	const { reading, due: allDue } = await readDue(context, source, state);
	const { ready, waiting } = splitByHeadStart(context, source, state, allDue);
	const next = ready.slice(0, settings.maxItems);
	const { readRelated } = source;
	if (readRelated) {
		for (const one of next) {
			// Changed in place, because `reading` holds the same record.
			one.payload = source.toPayload(one.record, await readRelated(n8n, one.record));
			one.disposition = classifyRecord(source, one, settings);
		}
	}
	const wanted = next.filter(({ disposition }) => disposition === 'emit');
	const due = [...wanted, ...ready.slice(settings.maxItems), ...waiting];
	return { source, state, reading, due, readyCount: wanted.length, mustSave };
}

/** The state of a list after the first `count` of its due records were emitted. */
export const advanceList = (
	{ state, reading, due }: FollowedList,
	count: number,
	context: PollContext,
): CursorState => recordEmitted(state, reading, due, count, context);

async function readDue(
	context: PollContext,
	source: ListSource,
	state: CursorState,
): Promise<{ reading: Reading<SourceRecord>; due: SourceRecord[] }> {
	const reading = await readRecords(context, source, state, findReadStart(state));
	const due = selectDue(state, reading, context);
	if (due.length > 0 || reading.throughMs === Infinity) return { reading, due };

	// An old record that waits must not hide new ones far behind it, for which this reading had no room.
	const { records } = await readRecords(context, source, state, state.lowWatermarkMs);
	const ids = new Set(records.map(({ id }) => id));
	const merged = {
		records: [...reading.records.filter(({ id }) => !ids.has(id)), ...records],
		throughMs: reading.throughMs,
	};
	return { reading: merged, due: selectDue(state, merged, context) };
}

async function readRecords(
	{ n8n, settings }: PollContext,
	source: ListSource,
	{ done, unconfirmed, pending }: CursorState,
	fromMs: number,
): Promise<Reading<SourceRecord>> {
	const minRecords = done.length + unconfirmed.length + pending.length + settings.maxItems;
	const capacity = { minRecords, maxRecords: minRecords + readAhead };
	const { records, throughMs } = await readListFrom(n8n, source.list, fromMs, capacity);
	return {
		records: records.map(({ id, timeMs, record }) => {
			const payload = source.readRelated ? {} : source.toPayload(record, {});
			const disposition = classifyRecord(source, { record, payload }, settings);
			return { id, timeMs, record, payload, disposition };
		}),
		throughMs,
	};
}

/** What is to happen to a record, after the user's choice of products and the state of the record itself. */
export function classifyRecord(
	source: ListSource,
	{ record, payload }: Pick<SourceRecord, 'record' | 'payload'>,
	{ productIds }: PollSettings,
): Disposition {
	if (!matchesProductFilter(payload, productIds)) return 'skip';
	return source.classify?.(record) ?? 'emit';
}
