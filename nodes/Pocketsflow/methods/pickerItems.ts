import type { IDataObject, ILoadOptionsFunctions, INodeListSearchItems } from 'n8n-workflow';

import { readId } from '../api/responses';
import type { Picker, PickerSource } from '../fields/pickers';
import { composeMessage } from '../transport/errors';
import { readList } from '../transport/pagination';
import type { SendOptions } from '../transport/send';
import { delay } from '../transport/signals';
import { mapInTurns } from '../transport/turns';
import { readWithinPatience } from './patience';

/** The records of a related list, by the key that they share with the offered records. */
export type RelatedRecords = ReadonlyMap<string | undefined, readonly IDataObject[]>;

/** How long a list waits for what only completes its labels. */
const relatedPatienceMs = 3_000;

/** Reads what completes the labels of a source; empty if that does not load soon. Never throws. */
export async function readRelated(
	context: ILoadOptionsFunctions,
	{ related }: PickerSource,
	options: SendOptions,
): Promise<RelatedRecords> {
	if (!related) return new Map();
	const none: IDataObject[] = [];
	const records = await Promise.race([
		readList(context, related.list, options).catch(() => none),
		delay(relatedPatienceMs, options.stop).then(() => none),
	]);
	const groups = new Map<string | undefined, IDataObject[]>();
	for (const record of records) {
		const key = related.key(record);
		const group = groups.get(key);
		if (group) group.push(record);
		else groups.set(key, [record]);
	}
	return groups;
}

/**
 * What the editor offers from some records.
 * @param filter text that the name contains or the value equals, ignoring case. Without it, all are
 * offered.
 */
export async function buildPickerItems(
	{ label, related }: PickerSource,
	records: IDataObject[],
	filter?: string,
	relatedRecords: RelatedRecords = new Map(),
): Promise<INodeListSearchItems[]> {
	const wanted = filter?.trim().toLowerCase();
	const items = await mapInTurns(records, (record) => {
		const value = readId(record);
		const parts = label(record, relatedRecords.get(related?.ownKey(record)) ?? []);
		const mark = record.testMode === true ? 'test' : undefined;
		const name = [...parts, mark].filter(Boolean).join(' · ');
		const isWanted =
			!wanted || name.toLowerCase().includes(wanted) || value?.toLowerCase() === wanted;
		return value !== undefined && isWanted ? [{ name, value }] : [];
	});
	return items.flat();
}

/** Adds the ID to duplicate names, so that no two items look alike. */
export function tellApart(items: INodeListSearchItems[]): INodeListSearchItems[] {
	const counts = new Map<string, number>();
	for (const { name } of items) counts.set(name, (counts.get(name) ?? 0) + 1);
	return items.map((item) =>
		counts.get(item.name) === 1 ? item : { ...item, name: `${item.name} · ${String(item.value)}` },
	);
}

/**
 * Reads all sources of a picker in full, and builds what the editor offers from them. If one of several
 * sources fails, an item that cannot be used reports that below the others.
 * @throws NodeOperationError if none can be read
 */
export async function readAllPickerItems(
	context: ILoadOptionsFunctions,
	{ sources }: Picker,
	filter?: string,
	withinMs?: number,
): Promise<INodeListSearchItems[]> {
	const read = async (source: PickerSource) =>
		await readWithinPatience(
			context,
			async (options) => {
				const [records, related] = await Promise.all([
					readList(context, source.list, options),
					readRelated(context, source, options),
				]);
				return await buildPickerItems(source, records, filter, related);
			},
			withinMs,
		);
	const results = await Promise.allSettled(sources.map(read));
	const items = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
	const failures = results.filter((result) => result.status === 'rejected');
	if (failures.length === sources.length) throw failures[0].reason;
	return [...tellApart(items), ...failures.map(({ reason }) => buildFailureItem(reason))];
}

/** Every field refuses this value as an ID. */
const buildFailureItem = (reason: unknown): INodeListSearchItems => ({
	name: `Some entries are missing. ${composeMessage(reason)}`,
	value: '.',
});
