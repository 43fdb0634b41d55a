import type { ILoadOptionsFunctions, INodePropertyOptions } from 'n8n-workflow';

import type { Picker } from '../fields/pickers';
import type { Field } from '../fields/field';

type LoadOptions = (this: ILoadOptionsFunctions) => Promise<INodePropertyOptions[]>;

/** Builds the methods that fill the lists of the fields that take several values, by name. */
export function buildLoadOptions(fields: readonly Field[]): Record<string, LoadOptions> {
	const pickers = fields.flatMap(({ property, picker }) =>
		picker && property.type === 'multiOptions' ? picker : [],
	);
	return Object.fromEntries(pickers.map((picker) => [picker.method, buildLoader(picker)]));
}

/** Compares many names in a fraction of the time that `localeCompare` takes. */
const collator = new Intl.Collator();

const buildLoader = (picker: Picker): LoadOptions =>
	async function () {
		const { readAllPickerItems } = await import('./pickerItems');
		const items = await readAllPickerItems(this, picker);
		return items.sort((a, b) => collator.compare(a.name, b.name));
	};
