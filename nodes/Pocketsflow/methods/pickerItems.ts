import type { IDataObject, ILoadOptionsFunctions, INodeListSearchItems } from 'n8n-workflow';

import { readId } from '../api/responses';
import type { Picker, PickerSource } from '../fields/pickers';
import { readList } from '../transport/pagination';
import type { SendOptions } from '../transport/send';
import { delay } from '../transport/signals';
import { readWithinPatience } from './patience';

/** The records of a related list, by the key that they share with those that are offered. */
export type RelatedRecords = ReadonlyMap<string | undefined, readonly IDataObject[]>;

/** How long a list waits for what only completes its labels. */
const relatedPatienceMs = 3_000;

/** Reads what completes the labels of a source; empty where that is not answered soon. Never throws. */
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
		groups.set(key, [...(groups.get(key) ?? []), record]);
	}
	return groups;
}

/**
 * What the editor offers of some records.
 * @param filter text that the name contains or the value equals, in any case; without it all are offered
 */
export function buildPickerItems(
	{ label, related }: PickerSource,
	records: IDataObject[],
	filter?: string,
	relatedRecords: RelatedRecords = new Map(),
): INodeListSearchItems[] {
	const wanted = filter?.trim().toLowerCase();
	return records.flatMap((record) => {
		const value = readId(record);
		const name = label(record, relatedRecords.get(related?.ownKey(record)) ?? []);
		const isWanted =
			!wanted || name.toLowerCase().includes(wanted) || value?.toLowerCase() === wanted;
		return value !== undefined && isWanted ? [{ name, value }] : [];
	});
}

/** Adds the ID to names that stand more than once, so that no two items look alike. */
export function tellApart(items: INodeListSearchItems[]): INodeListSearchItems[] {
	const counts = new Map<string, number>();
	for (const { name } of items) counts.set(name, (counts.get(name) ?? 0) + 1);
	return items.map((item) =>
		counts.get(item.name) === 1 ? item : { ...item, name: `${item.name} · ${String(item.value)}` },
	);
}

/** Reads all sources of a picker to their ends, and builds what the editor offers of them. */
export async function readAllPickerItems(
	context: ILoadOptionsFunctions,
	{ sources }: Picker,
	filter?: string,
): Promise<INodeListSearchItems[]> {
	const items = await readWithinPatience(
		context,
		async (options) =>
			await Promise.all(
				sources.map(async (source) => {
					const [records, related] = await Promise.all([
						readList(context, source.list, options),
						readRelated(context, source, options),
					]);
					return buildPickerItems(source, records, filter, related);
				}),
			),
	);
	return tellApart(items.flat());
}
