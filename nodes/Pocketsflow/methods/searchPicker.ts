import type {
	IDataObject,
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';

import { readFlag, readId } from '../api/responses';
import type { Picker, PickerSource } from '../fields/pickers';
import { composeMessage } from '../transport/errors';
import { readList, readPages, type ReadPagesOptions } from '../transport/pagination';
import type { SendOptions } from '../transport/send';
import { delay } from '../transport/signals';
import { mapInTurns } from '../transport/turns';
import { readWithinPatience } from './patience';

const maxItemsShown = 100;

/** Most pages that one search reads if nothing matches. Scrolling reads more. */
const maxPagesRead = 10;

/** How long a list waits for what only completes its labels. */
const relatedPatienceMs = 3_000;

/** Finds what a picker offers that matches, from where the previous page's token points. */
export async function searchPicker(
	context: ILoadOptionsFunctions,
	picker: Picker,
	filter?: string,
	paginationToken?: string,
	withinMs?: number,
): Promise<INodeListSearchResult> {
	const [source, ...others] = picker.sources;
	const isPaged = others.length === 0 && source.list.paging !== 'none';
	if (isPaged) {
		const first = Number(paginationToken ?? 1);
		const search = async (options: SendOptions) =>
			await searchPages(context, source, filter, { ...options, first });
		return await readWithinPatience(context, search, withinMs);
	}
	const items = await readAllPickerItems(context, picker, filter, withinMs);
	const start = Number(paginationToken ?? 0);
	const next = start + maxItemsShown;
	return buildResult(items.slice(start, next), next < items.length ? next : undefined);
}

/** Reads pages until one holds a match, so that a list never looks empty while there is more to read. */
async function searchPages(
	context: ILoadOptionsFunctions,
	source: PickerSource,
	filter: string | undefined,
	options: ReadPagesOptions,
): Promise<INodeListSearchResult> {
	const related = readRelated(context, source, { limits: options.limits, stop: options.stop });
	let pagesRead = 0;
	for await (const { records, next } of readPages(context, source.list, options)) {
		const results = tellApart(await buildPickerItems(source, records, filter, await related));
		const isEnough = results.length > 0 || ++pagesRead >= maxPagesRead;
		if (isEnough || next === undefined) return buildResult(results, next);
	}
	return { results: [] };
}

const buildResult = (results: INodeListSearchItems[], next?: number): INodeListSearchResult => ({
	results,
	...(next !== undefined && { paginationToken: String(next) }),
});

/**
 * Reads all sources of a picker in full. If some fail, an item that cannot be used reports it below
 * the others. @throws NodeOperationError if all fail
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
	// Every field refuses the value of a failure as an ID.
	const failureItems = failures.map(({ reason }) => ({
		name: `Some entries are missing. ${composeMessage(reason)}`,
		value: '.',
	}));
	return [...tellApart(items), ...failureItems];
}

type RelatedRecords = ReadonlyMap<string | undefined, readonly IDataObject[]>;

/** Reads what completes the labels of a source; empty if that does not load soon. Never throws. */
async function readRelated(
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

/** What is offered that has the filter in its name or as its value, ignoring case. */
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
		const mark = readFlag(record.testMode) ? 'test' : undefined;
		const name = [...parts, mark].filter(Boolean).join(' · ');
		const isWanted =
			!wanted || name.toLowerCase().includes(wanted) || value?.toLowerCase() === wanted;
		return value !== undefined && isWanted ? [{ name, value }] : [];
	});
	return items.flat();
}

function tellApart(items: INodeListSearchItems[]): INodeListSearchItems[] {
	const counts = new Map<string, number>();
	for (const { name } of items) counts.set(name, (counts.get(name) ?? 0) + 1);
	return items.map((item) =>
		counts.get(item.name) === 1 ? item : { ...item, name: `${item.name} · ${String(item.value)}` },
	);
}
