import {
	additionalFields,
	currency,
	description,
	limit,
	pageFields,
	pageFieldsOf,
	productLocator,
	returnAll,
	simplify,
	updateFields,
} from '../../fields/common';
import { boolean, choice, money, text } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

const simplified = [
	'name',
	'price',
	'currency',
	'type',
	'published',
	'slug',
	'testMode',
	'createdAt',
	'updatedAt',
];

const productField = productLocator();

const name = text({
	displayName: 'Name',
	name: 'name',
	required: true,
	placeholder: 'e.g. Icon pack',
	description: 'The name that buyers see',
});

const price = money({
	displayName: 'Price',
	name: 'price',
	required: true,
	description: 'The price in major units: 29.99 is $29.99. A price of 0 makes the product free.',
});

const active = boolean({
	displayName: 'Active',
	name: 'active',
	default: true,
	description: 'Whether the product is active',
});

const published = boolean({
	displayName: 'Published',
	name: 'published',
	default: true,
	description: 'Whether buyers can see and buy the product',
});

export const product: Resource = {
	option: { name: 'Product', value: 'product' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create a product',
				description: 'Create a product that can be sold through a checkout session',
			},
			fields: [name, price],
			collections: [
				additionalFields(
					...pageFields,
					active,
					choice(
						{
							displayName: 'Billing Interval',
							name: 'billingInterval',
							description: 'How often a product of the type Subscription is paid',
							default: 'month',
						},
						[
							{ name: 'Month', value: 'month' },
							{ name: 'Year', value: 'year' },
						],
					),
					currency,
					boolean({
						displayName: 'Pay What You Want',
						name: 'payWant',
						description:
							'Whether buyers choose the price, between the minimum and the maximum price',
					}),
					choice(
						{
							displayName: 'Type',
							name: 'type',
							description:
								'How the product is sold; it cannot be changed later. For recurring payments create a subscription offer instead.',
							default: 'one-time',
						},
						[
							{ name: 'One-Time', value: 'one-time' },
							{ name: 'Subscription', value: 'subscription' },
						],
					),
				),
			],
			request: (item) => ({
				method: 'POST',
				path: '/products',
				body: { name: item.require(name), price: item.require(price), ...pageFieldsOf(item) },
			}),
			effect: 'create',
			answer: { kind: 'record', wrappers: ['product'] },
		},
		{
			option: {
				name: 'Delete',
				value: 'delete',
				action: 'Delete a product',
				description: 'Delete a product permanently, so that it can no longer be bought',
			},
			fields: [productField],
			request: (item) => ({
				method: 'DELETE',
				path: path`/products/${item.require(productField)}`,
			}),
			effect: 'change',
			answer: { kind: 'deleted', id: productField },
		},
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get a product',
				description: 'Get one product',
			},
			fields: [productField, simplify],
			request: (item) => ({ method: 'GET', path: path`/products/${item.require(productField)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['product'], simplified },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many products',
				description: 'Get the products of the account',
			},
			fields: [returnAll, limit, simplify],
			request: () => ({ method: 'GET', path: '/products' }),
			effect: 'read',
			answer: { kind: 'list', ...lists.products, simplified },
		},
		{
			option: {
				name: 'Update',
				value: 'update',
				action: 'Update a product',
				description: 'Change a product; what is not set stays as it is',
			},
			fields: [productField],
			collections: [updateFields(active, currency, description, name, price, published)],
			request: (item) => ({
				method: 'POST',
				path: path`/products/update/${item.require(productField)}`,
				body: item.changes(),
			}),
			effect: 'change',
			answer: { kind: 'record', wrappers: ['product'] },
		},
	],
};
