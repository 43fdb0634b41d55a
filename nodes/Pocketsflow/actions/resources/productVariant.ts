import { additionalFields, productLocator } from '../../fields/common';
import { id, money, text } from '../../fields/types';
import type { Resource } from '../operation';
import { path } from '../../api/request';

const product = productLocator({ description: 'The product that gets the variant' });

const name = text({
	displayName: 'Name',
	name: 'name',
	required: true,
	placeholder: 'e.g. Team license',
	description: 'The name that buyers see',
});

const price = money({
	displayName: 'Price',
	name: 'price',
	required: true,
	description: 'The price in major units: 29.99 is $29.99. A price of 0 makes the variant free.',
});

const variant = id({
	displayName: 'Variant ID',
	name: 'variantId',
	required: true,
	placeholder: 'e.g. 6a5700000000000000000abc',
	description:
		'The ID of the variant. Pocketsflow has no list of variants: take it from the answer that created it, or from product.variantId of an order event.',
});

export const productVariant: Resource = {
	option: { name: 'Product Variant', value: 'productVariant' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create a product variant',
				description: 'Add a variant with its own name and price to a product',
			},
			fields: [product, name, price],
			collections: [
				additionalFields(
					text(
						{
							displayName: 'Description',
							name: 'description',
							description: 'What buyers read about the variant',
						},
						{ rows: 4 },
					),
				),
			],
			request: (item) => ({
				method: 'POST',
				path: '/products/variants',
				body: {
					productId: item.require(product),
					name: item.require(name),
					price: item.require(price),
					...item.optional(),
				},
			}),
			effect: 'create',
			answer: { kind: 'record', wrappers: ['variant', 'productVariant'] },
		},
		{
			option: {
				name: 'Delete',
				value: 'delete',
				action: 'Delete a product variant',
				description: 'Delete a variant permanently, so that it can no longer be bought',
			},
			fields: [variant],
			request: (item) => ({
				method: 'DELETE',
				path: path`/products/variants/${item.require(variant)}`,
			}),
			effect: 'change',
			answer: { kind: 'deleted', id: variant },
		},
	],
};
