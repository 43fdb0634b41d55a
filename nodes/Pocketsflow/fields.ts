import type { INodePropertyMode } from 'n8n-workflow';

import { boolean, number, text, type Field } from './input';
import { isRecord } from './transport/answers';

export const returnAll = boolean({
	displayName: 'Return All',
	name: 'returnAll',
	description: 'Whether to return all results or only up to a given limit',
});

export const limit: Field<number> = (() => {
	const field = number(
		{
			displayName: 'Limit',
			name: 'limit',
			description: 'Max number of results to return',
			default: 50,
		},
		{ min: 1, integer: true },
	);
	return {
		...field,
		property: { ...field.property, displayOptions: { show: { returnAll: [false] } } },
	};
})();

export const simplify = boolean({
	displayName: 'Simplify',
	name: 'simplify',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
});

interface LocatorSettings {
	displayName: string;
	name: string;
	description: string;
	/** Method in `pickers.ts` that fills the list. */
	searchListMethod: string;
	placeholder?: string;
	/** Further ways to name the thing, such as by URL. */
	modes?: INodePropertyMode[];
}

/** A thing at Pocketsflow, chosen from a list or by its ID. IDs are not checked for a form (contract A). */
export function locator(settings: LocatorSettings): Field<string> {
	const { displayName, name, description, searchListMethod } = settings;
	const { read } = text({ displayName, name });
	return {
		property: {
			displayName,
			name,
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			required: true,
			description,
			modes: [
				{
					displayName: 'From List',
					name: 'list',
					type: 'list',
					typeOptions: { searchListMethod, searchable: true },
				},
				{
					displayName: 'By ID',
					name: 'id',
					type: 'string',
					placeholder: settings.placeholder ?? 'e.g. 6a5000000000000000000aaa',
				},
				...(settings.modes ?? []),
			],
		},
		read: (raw) => read(isRecord(raw) ? raw.value : raw)?.trim(),
	};
}

export const product = locator({
	displayName: 'Product',
	name: 'productId',
	description: 'The product to work with',
	searchListMethod: 'searchProducts',
});
