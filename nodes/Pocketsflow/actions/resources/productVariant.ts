import { buildProductField } from '../../fields/locators';
import { buildPriceFields, priceField, readPrice } from '../../fields/kinds/price';
import { idField } from '../../fields/kinds/id';
import { longTextField } from '../../fields/kinds/text';
import { buildNameField } from '../../fields/shared/salesPage';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const productField = buildProductField({ description: 'The product to add the variant to' });

const nameField = buildNameField('e.g. Team license');

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

const variants = new RecordOperations({
	noun: 'product variant',
	endpoint: { path: '/products/variants', recordKeys: ['variant', 'productVariant'] },
	field: variantIdField,
});

export const productVariantResource: Resource = {
	option: { name: 'Product Variant', value: 'productVariant' },
	operations: [
		variants.create('Add a product variant with its own name and price', {
			fields: [productField, nameField, ...buildPriceFields(variantPriceField)],
			additional: [
				longTextField(
					'Description',
					'description',
					'The description of the variant that buyers see',
					4,
				),
			],
			body: (item) => ({
				productId: item.require(productField),
				name: item.require(nameField),
				price: readPrice(item, variantPriceField),
				...item.getOptional(),
			}),
		}),
		variants.delete('Delete a product variant permanently. Buyers can no longer buy it.'),
	],
};
