import { lists } from '../../api/lists';
import {
	buildNameField,
	checkPriceRange,
	currencyField,
	descriptionField,
	pageFields,
	publishedField,
} from '../../fields/shared/salesPage';
import { buildProductField } from '../../fields/locators';
import {
	buildPriceFields,
	makeFreeField,
	priceField,
	readPrice,
	readPriceChange,
} from '../../fields/kinds/price';
import { switchField } from '../../fields/kinds/boolean';
import { choiceField } from '../../fields/kinds/choice';
import { noticeField } from '../../fields/kinds/notice';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const productField = buildProductField();

const nameField = buildNameField('e.g. Icon pack');

const productPriceField = priceField({
	displayName: 'Price',
	name: 'price',
	description:
		'The price, in the currency of the account unless you set another one: 29.99 is $29.99. With Pay What You Want, buyers choose the price.',
});

// No field of the API takes a file (docs/pocketsflow-api.md#products).
const fileNotice = noticeField(
	'fileNotice',
	'Products created here have no file. Add one in Pocketsflow, or deliver the file with a workflow that starts on order.completed.',
);

const activeField = switchField('Active', 'active', 'Whether the product is active');

const products = new RecordOperations({
	noun: 'product',
	endpoint: lists.products,
	field: productField,
	simplifiedKeys: [
		'name',
		'price',
		'currency',
		'type',
		'published',
		'slug',
		'testMode',
		'createdAt',
		'updatedAt',
	],
});

export const productResource: Resource = {
	option: { name: 'Product', value: 'product' },
	operations: [
		products.create('Create a product that can be sold through a checkout session', {
			fields: [fileNotice, nameField, ...buildPriceFields(productPriceField)],
			additional: [
				...pageFields,
				activeField,
				choiceField({
					displayName: 'Billing Interval',
					name: 'billingInterval',
					description: 'How often buyers pay for a product of the type Subscription',
					default: 'month',
					options: [
						{ name: 'Month', value: 'month' },
						{ name: 'Year', value: 'year' },
					],
				}),
				currencyField,
				switchField(
					'Pay What You Want',
					'payWant',
					'Whether buyers choose the price, between Minimum Price and Maximum Price',
				),
				choiceField({
					displayName: 'Type',
					name: 'type',
					description: "How the product is sold; you can't change this later",
					default: 'one-time',
					options: [
						{ name: 'One-Time', value: 'one-time', description: 'Paid once' },
						{
							name: 'Subscription',
							value: 'subscription',
							description: 'For recurring payments, use the resource Subscription Offer instead',
						},
					],
				}),
			],
			body: (item) => ({
				name: item.require(nameField),
				price: readPrice(item, productPriceField),
				...checkPriceRange(item.getOptional()),
			}),
		}),
		products.delete('Delete a product permanently. Buyers can no longer buy it.'),
		products.get(),
		products.getMany(),
		products.update("Update a product. Fields that you don't set keep their values.", {
			folder: '/products/update',
			changes: [
				activeField,
				currencyField,
				descriptionField,
				makeFreeField,
				nameField,
				productPriceField,
				publishedField,
			],
			body: (changes) => readPriceChange(changes, productPriceField),
		}),
	],
};
