import type {
	ILoadOptionsFunctions,
	INodeListSearchResult,
	INodePropertyOptions,
	NodePropertyTypes,
} from 'n8n-workflow';

import type { Field } from '../fields/field';
import type { Picker } from '../fields/pickers';

/** Builds the methods, by name, that fill the lists of the fields that are resource locators. */
export const buildListSearch = (fields: readonly Field[]) =>
	buildMethods(
		fields,
		'resourceLocator',
		(picker) =>
			async function (
				this: ILoadOptionsFunctions,
				filter?: string,
				paginationToken?: string,
			): Promise<INodeListSearchResult> {
				const { searchPicker } = await import('./searchPicker');
				return await searchPicker(this, picker, filter, paginationToken);
			},
	);

/** Compares many names in a fraction of the time that `localeCompare` needs. */
const collator = new Intl.Collator();

/** Builds the methods, by name, that fill the lists of the fields that accept several values. */
export const buildLoadOptions = (fields: readonly Field[]) =>
	buildMethods(
		fields,
		'multiOptions',
		(picker) =>
			async function (this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
				const { readAllPickerItems } = await import('./searchPicker');
				const items = await readAllPickerItems(this, picker);
				return items.sort((a, b) => collator.compare(a.name, b.name));
			},
	);

function buildMethods<M>(
	fields: readonly Field[],
	type: NodePropertyTypes,
	build: (picker: Picker) => M,
): Record<string, M> {
	const pickers = fields.flatMap(({ property, picker }) =>
		picker && property.type === type ? picker : [],
	);
	return Object.fromEntries(pickers.map((picker) => [picker.method, build(picker)]));
}
