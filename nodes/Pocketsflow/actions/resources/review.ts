import { lists } from '../../api/lists';
import { buildFilters } from '../../fields/shared/collections';
import { buildProductField } from '../../fields/locators';
import type { Resource } from '../operation';
import { buildGetManyRow } from '../rows';

export const reviewResource: Resource = {
	option: { name: 'Review', value: 'review' },
	operations: [
		buildGetManyRow({
			action: 'Get many reviews',
			description: 'Get the reviews by buyers',
			list: lists.reviews,
			collections: [
				buildFilters(buildProductField({ description: 'Only reviews of this product' })),
			],
		}),
	],
};
