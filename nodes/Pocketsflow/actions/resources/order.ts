import { metadataOf } from '../../events/output';
import {
	dateRange,
	filters,
	filtersOf,
	limit,
	order as orderField,
	productLocator,
	returnAll,
	simplify,
} from '../../fields/common';
import { choice, text } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

// Which amount an order carries depends on the endpoint (contract H1): none is turned into another.
const simplified = [
	'productId',
	['buyerEmail', 'customer.buyerEmail', 'customer.email', 'email'],
	'createdAt',
	'grossAmount',
	'amountBeforeTax',
	'currency',
	'isRefunded',
	'isDisputed',
	'metadata',
	'testMode',
] as const;

const orderFilters = filters(
	...dateRange,
	productLocator({ description: 'Only orders of this product' }),
);

const metadataKey = text({
	displayName: 'Metadata Key',
	name: 'metadataKey',
	required: true,
	placeholder: 'e.g. order_id',
	description: 'The key that the checkout session put into the metadata',
});

const metadataValue = text({
	displayName: 'Metadata Value',
	name: 'metadataValue',
	required: true,
	placeholder: 'e.g. A-1001',
	description: 'The value that the key must have, compared as text and in full',
});

const matches = choice(
	{
		displayName: 'Matches',
		name: 'matches',
		description: 'How many of the matching orders to return',
		default: 'first',
	},
	[
		{ name: 'All Matches', value: 'all', description: 'Reads all orders in the date range' },
		{
			name: 'First Match',
			value: 'first',
			description: 'Stops reading at the first order that matches',
		},
	],
);

export const order: Resource = {
	option: { name: 'Order', value: 'order' },
	operations: [
		{
			option: {
				name: 'Find by Metadata',
				value: 'findByMetadata',
				action: 'Find an order by metadata',
				description:
					'Find the order whose checkout session carried a certain metadata value, such as your own order ID. Reads through the orders, because Pocketsflow cannot search them: set a start date to read fewer.',
			},
			fields: [metadataKey, metadataValue, matches, simplify],
			collections: [orderFilters],
			request(item) {
				item.require(metadataKey);
				item.require(metadataValue);
				return { method: 'GET', path: '/orders', query: filtersOf(item) };
			},
			effect: 'read',
			answer: {
				kind: 'search',
				...lists.orders,
				simplified,
				search(item) {
					const key = item.require(metadataKey);
					const value = item.require(metadataValue);
					return {
						matches(record) {
							const metadata = metadataOf(record);
							return (
								metadata !== undefined &&
								Object.hasOwn(metadata, key) &&
								String(metadata[key]) === value
							);
						},
						isSearchable: (record) => metadataOf(record) !== undefined,
						first: item.get(matches) !== 'all',
						nothingSearchable: (read) => ({
							message: `Pocketsflow returned ${read} ${read === 1 ? 'order' : 'orders'} without metadata, so none could be compared`,
							description:
								'This does not mean that the order does not exist. Match on the metadata of the order.completed event instead, or widen the filters to orders whose checkout session carried metadata.',
						}),
					};
				},
			},
		},
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get an order',
				description: 'Get one paid order: buyer, amounts, and whether it was refunded or disputed',
			},
			fields: [orderField, simplify],
			request: (item) => ({ method: 'GET', path: path`/orders/${item.require(orderField)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['sale', 'order'], simplified },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many orders',
				description: 'Get the paid orders of the account',
			},
			fields: [returnAll, limit, simplify],
			collections: [orderFilters],
			request: (item) => ({ method: 'GET', path: '/orders', query: filtersOf(item) }),
			effect: 'read',
			answer: { kind: 'list', ...lists.orders, simplified },
		},
	],
};
