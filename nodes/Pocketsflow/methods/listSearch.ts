import type { ILoadOptionsFunctions, INodeListSearchResult } from 'n8n-workflow';

import type { Picker } from '../fields/pickers';
import type { Field } from '../fields/field';

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

const buildSearch = (picker: Picker): ListSearch =>
	async function (filter, paginationToken) {
		const { searchPicker } = await import('./searchPicker');
		return await searchPicker(this, picker, filter, paginationToken);
	};
