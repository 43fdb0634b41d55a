import { buildListRequest, lists } from '../../api/lists';
import { buildFilters, limitField, returnAllField } from '../../fields/common';
import { buildProductField } from '../../fields/locators';
import type { Resource } from '../operation';

export const reviewResource: Resource = {
	option: { name: 'Review', value: 'review' },
	operations: [
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many reviews',
				description: 'Get the reviews that buyers wrote',
			},
			fields: [returnAllField, limitField],
			collections: [
				buildFilters(buildProductField({ description: 'Only reviews of this product' })),
			],
			request: (item) => buildListRequest(lists.reviews, item.getFilters()),
			effect: 'read',
			response: { kind: 'list', list: lists.reviews },
		},
	],
};
