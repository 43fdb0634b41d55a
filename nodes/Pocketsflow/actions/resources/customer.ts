import {
	customer as customerField,
	filters,
	filtersOf,
	limit,
	productLocator,
	returnAll,
} from '../../fields/common';
import { choice, email } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

export const customer: Resource = {
	option: { name: 'Customer', value: 'customer' },
	operations: [
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get a customer',
				description: 'Get one customer: email address, number of orders and total spent',
			},
			fields: [customerField],
			request: (item) => ({ method: 'GET', path: path`/customers/${item.require(customerField)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['customer'] },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many customers',
				description: 'Get the customers who bought from the account',
			},
			fields: [returnAll, limit],
			collections: [
				filters(
					email({
						displayName: 'Email',
						name: 'email',
						description: 'Only the customer with this email address',
					}),
					productLocator({ description: 'Only customers who bought this product' }),
				),
				{
					name: 'sort',
					displayName: 'Sort',
					addButton: 'Add Sort Option',
					fields: [
						choice(
							{
								displayName: 'Sort By',
								name: 'sortBy',
								description: 'What decides the order of the customers',
								default: 'createdAt',
							},
							[
								{ name: 'Country', value: 'country' },
								{ name: 'Created At', value: 'createdAt' },
								{ name: 'Email', value: 'email' },
								{ name: 'Number of Orders', value: 'numberOfOrders' },
							],
						),
						choice(
							{
								displayName: 'Sort Order',
								name: 'sortOrder',
								description: 'Whether the smallest or the largest comes first',
								default: 'desc',
							},
							[
								{ name: 'Ascending', value: 'asc' },
								{ name: 'Descending', value: 'desc' },
							],
						),
					],
				},
			],
			request: (item) => ({ method: 'GET', path: '/customers', query: filtersOf(item) }),
			effect: 'read',
			answer: { kind: 'list', ...lists.customers },
		},
	],
};
