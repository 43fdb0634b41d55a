import type { IDataObject, ILoadOptionsFunctions, INodeListSearchItems } from 'n8n-workflow';

import { readId } from '../api/responses';
import type { Picker, PickerSource } from '../fields/pickers';
import { readList } from '../transport/pagination';
import { readWithinPatience } from './patience';

/**
 * What the editor offers of some records.
 * @param filter text that the name contains or the value equals, in any case; without it all are offered
 */
export function buildPickerItems(
	{ label, value: getValue = readId }: PickerSource,
	records: IDataObject[],
	filter?: string,
): INodeListSearchItems[] {
	const wanted = filter?.trim().toLowerCase();
	return records.flatMap((record) => {
		const value = getValue(record);
		const name = label(record);
		const isWanted =
			!wanted || name.toLowerCase().includes(wanted) || value?.toLowerCase() === wanted;
		return value !== undefined && isWanted ? [{ name, value }] : [];
	});
}

/** Reads all sources of a picker to their ends, and builds what the editor offers of them. */
export async function readAllPickerItems(
	context: ILoadOptionsFunctions,
	{ sources }: Picker,
	filter?: string,
): Promise<INodeListSearchItems[]> {
	const lists = await readWithinPatience(
		context,
		async (options) =>
			await Promise.all(sources.map(async ({ list }) => await readList(context, list, options))),
	);
	return sources.flatMap((source, index) => buildPickerItems(source, lists[index], filter));
}
