import { showFor } from '../field';
import { booleanField } from '../kinds/boolean';
import { numberField } from '../kinds/number';

export const returnAllField = booleanField({
	displayName: 'Return All',
	name: 'returnAll',
	description: 'Whether to return all results or only up to a given limit',
});

export const defaultLimit = 50;

export const limitField = showFor(
	{ returnAll: [false] },
	numberField(
		{
			displayName: 'Limit',
			name: 'limit',
			description: 'Max number of results to return',
			default: defaultLimit,
		},
		{ min: 1, integer: true },
	),
);
