import { lists } from '../../api/lists';
import { buildFilters } from '../../fields/shared/collections';
import { buildProductField } from '../../fields/locators';
import { productCheck } from '../filterChecks';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const reviews = new RecordOperations({ noun: 'review', endpoint: lists.reviews });

export const reviewResource: Resource = {
	option: { name: 'Review', value: 'review' },
	operations: [
		reviews.getMany(
			'Get the reviews by buyers',
			[buildFilters(buildProductField({ description: 'Only reviews of this product' }))],
			productCheck,
		),
	],
};
