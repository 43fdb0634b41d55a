import { buildAdditionalFields } from '../../fields/shared/collections';
import { buildProductField } from '../../fields/locators';
import { buildPriceFields, priceField, readPrice } from '../../fields/kinds/price';
import { idField } from '../../fields/kinds/id';
import { longTextField, textField } from '../../fields/kinds/text';
import type { Resource } from '../operation';
import { buildDeleteRow } from '../rows';

const productField = buildProductField({ description: 'The product to add the variant to' });

const nameField = textField({
	displayName: 'Name',
	name: 'name',
	required: true,
	placeholder: 'e.g. Team license',
	description: 'The name that buyers see',
});

const variantPriceField = priceField({
	displayName: 'Price',
	name: 'price',
	description: 'The price, in the currency of the product: 29.99 is $29.99',
});

const variantIdField = idField({
	displayName: 'Variant ID',
	name: 'variantId',
	required: true,
	placeholder: 'e.g. 6a5700000000000000000abc',
	description:
		"The ID of the variant. Pocketsflow can't list variants. Use the ID from the output of Create, or product.variantId from an order event.",
});

export const productVariantResource: Resource = {
	option: { name: 'Product Variant', value: 'productVariant' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create product variant',
				description: 'Add a product variant with its own name and price',
			},
			fields: [productField, nameField, ...buildPriceFields(variantPriceField)],
			collections: [
				buildAdditionalFields(
					longTextField(
						'Description',
						'description',
						'The description of the variant that buyers see',
						4,
					),
				),
			],
			request: (item) => ({
				method: 'POST',
				path: '/products/variants',
				body: {
					productId: item.require(productField),
					name: item.require(nameField),
					price: readPrice(item, variantPriceField),
					...item.getOptional(),
				},
			}),
			effect: 'create',
			response: { kind: 'record', recordKeys: ['variant', 'productVariant'] },
		},
		buildDeleteRow({
			action: 'Delete product variant permanently',
			description: 'Delete a product variant permanently. Buyers can no longer buy it.',
			field: variantIdField,
			path: '/products/variants',
		}),
	],
};
