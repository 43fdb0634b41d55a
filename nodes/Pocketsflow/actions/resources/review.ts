import { filters, filtersOf, limit, productLocator, returnAll } from '../../fields/common';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';

export const review: Resource = {
	option: { name: 'Review', value: 'review' },
	operations: [
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many reviews',
				description: 'Get the reviews that buyers wrote',
			},
			fields: [returnAll, limit],
			collections: [filters(productLocator({ description: 'Only reviews of this product' }))],
			request: (item) => ({ method: 'GET', path: '/reviews', query: filtersOf(item) }),
			effect: 'read',
			answer: { kind: 'list', ...lists.reviews },
		},
	],
};
