import type {
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';

import type { Picker, PickerSource } from '../fields/pickers';
import { readPages, type ReadPagesOptions } from '../transport/pagination';
import { readWithinPatience } from './patience';
import { buildPickerItems, readAllPickerItems, readRelated, tellApart } from './pickerItems';

const maxItemsShown = 100;

/** Most pages that one search reads if nothing matches. Scrolling reads more. */
const maxPagesRead = 10;

/**
 * Finds what a picker offers that matches, starting where the previous page's token points.
 * @param withinMs how long it may take
 */
export async function searchPicker(
	context: ILoadOptionsFunctions,
	picker: Picker,
	filter?: string,
	paginationToken?: string,
	withinMs?: number,
): Promise<INodeListSearchResult> {
	const [source, ...others] = picker.sources;
	const isPaged = others.length === 0 && source.list.paging !== 'none';
	if (!isPaged) {
		const items = await readAllPickerItems(context, picker, filter, withinMs);
		return cutPage(items, paginationToken);
	}
	const first = Number(paginationToken ?? 1);
	return await readWithinPatience(
		context,
		async (options) => await searchPages(context, source, filter, { ...options, first }),
		withinMs,
	);
}

/** One page of lists that the API can neither search nor page. */
function cutPage(items: INodeListSearchItems[], paginationToken?: string): INodeListSearchResult {
	const start = Number(paginationToken ?? 0);
	const next = start + maxItemsShown;
	return {
		results: items.slice(start, next),
		...(next < items.length && { paginationToken: String(next) }),
	};
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
		if (isEnough || next === undefined)
			return { results, ...(next !== undefined && { paginationToken: String(next) }) };
	}
	return { results: [] };
}
