import { boolean, choice, money, text, url } from '../input';
import { limit, product as productField, returnAll, simplify } from '../fields';
import type { Resource } from '../operation';
import { path } from '../transport/request';

const simplified = [
	'_id',
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

const description = text(
	{ displayName: 'Description', name: 'description', description: 'The description that buyers see' },
	{ rows: 4 },
);

const currency = text({
	displayName: 'Currency',
	name: 'currency',
	placeholder: 'e.g. USD',
	description: "Three-letter code of the currency. Empty uses the account's own.",
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
			optional: {
				name: 'additionalFields',
				displayName: 'Additional Fields',
				fields: [
					currency,
					description,
					published,
					text({ displayName: 'Subtitle', name: 'subtitle' }),
					text({ displayName: 'Slug', name: 'slug', description: 'The last part of the product page address' }),
					url({ displayName: 'Thumbnail URL', name: 'thumbnail', placeholder: 'e.g. https://example.com/cover.png' }),
					choice({ displayName: 'Type', name: 'type', description: 'How the product is sold. For recurring payments create a subscription offer instead.' }, [
						{ name: 'One-Time', value: 'one-time' },
						{ name: 'Subscription', value: 'subscription' },
					]),
				],
			},
			request: (item) => ({
				method: 'POST',
				path: '/products',
				body: { name: item.require(name), price: item.require(price), ...item.optional() },
			}),
			effect: 'create',
			answer: { kind: 'record', wrappers: ['product'] },
		},
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get a product',
				description: 'Get one product by its ID',
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
			answer: { kind: 'list', paging: 'none', keys: ['products'], simplified },
		},
	],
};
