import type {
	ILoadOptionsFunctions,
	INodeListSearchItems,
	INodeListSearchResult,
} from 'n8n-workflow';

import type { Picker, PickerSource } from '../fields/pickers';
import type { Field } from '../fields/types';
import { readPages, type ReadPagesOptions } from '../transport/pagination';
import { readWithinPatience } from './patience';
import { buildPickerItems, readAllPickerItems, readRelated, tellApart } from './pickerItems';

const maxItemsShown = 100;

/** Pages that one search reads at most when nothing matches; scrolling reads on. */
const maxPagesRead = 10;

type ListSearch = (
	this: ILoadOptionsFunctions,
	filter?: string,
	paginationToken?: string,
) => Promise<INodeListSearchResult>;

/** Builds the methods that fill the lists of the resource locators among the fields, by name. */
export function buildListSearch(fields: readonly Field[]): Record<string, ListSearch> {
	const pickers = fields.flatMap(({ property, picker }) =>
		picker && property.type === 'resourceLocator' ? picker : [],
	);
	return Object.fromEntries(pickers.map((picker) => [picker.method, buildSearch(picker)]));
}

function buildSearch(picker: Picker): ListSearch {
	const [source, ...others] = picker.sources;
	const isPaged = others.length === 0 && source.list.paging !== 'none';
	return isPaged ? buildPageSearch(source) : buildFullSearch(picker);
}

/** Searches lists that the API neither searches nor pages. */
const buildFullSearch = (picker: Picker): ListSearch =>
	async function (filter, paginationToken) {
		return cutPage(await readAllPickerItems(this, picker, filter), paginationToken);
	};

function cutPage(items: INodeListSearchItems[], paginationToken?: string): INodeListSearchResult {
	const start = Number(paginationToken ?? 0);
	const next = start + maxItemsShown;
	return {
		results: items.slice(start, next),
		...(next < items.length && { paginationToken: String(next) }),
	};
}

const buildPageSearch = (source: PickerSource): ListSearch =>
	async function (filter, paginationToken) {
		const first = Number(paginationToken ?? 1);
		return await readWithinPatience(
			this,
			async (options) => await searchPages(this, source, filter, { ...options, first }),
		);
	};

/** Reads pages until one holds a match, so that a list is never empty while there is more to read. */
async function searchPages(
	context: ILoadOptionsFunctions,
	source: PickerSource,
	filter: string | undefined,
	options: ReadPagesOptions,
): Promise<INodeListSearchResult> {
	const related = readRelated(context, source, { limits: options.limits, stop: options.stop });
	let pagesRead = 0;
	for await (const { records, next } of readPages(context, source.list, options)) {
		const results = tellApart(buildPickerItems(source, records, filter, await related));
		const isEnough = results.length > 0 || ++pagesRead >= maxPagesRead;
		if (isEnough || next === undefined)
			return { results, ...(next !== undefined && { paginationToken: String(next) }) };
	}
	return { results: [] };
}
