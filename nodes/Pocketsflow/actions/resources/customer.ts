import { lists } from '../../api/lists';
import { buildFilters } from '../../fields/shared/collections';
import { buildProductField, locatorField } from '../../fields/locators';
import { getBuyerEmail, buildPicker } from '../../fields/pickers';
import { choiceField } from '../../fields/kinds/choice';
import { emailField } from '../../fields/kinds/text';
import { emailCheck } from '../filterChecks';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const customerField = locatorField({
	displayName: 'Customer',
	name: 'customerId',
	placeholder: 'e.g. 6a5400000000000000000ccc',
	picker: buildPicker('searchCustomers', lists.customers, (record) => [
		getBuyerEmail(record) ?? 'Unknown buyer',
		record.numberOfOrders === undefined ? undefined : `orders: ${String(record.numberOfOrders)}`,
	]),
});

const customers = new RecordOperations({
	noun: 'customer',
	endpoint: lists.customers,
	field: customerField,
});

export const customerResource: Resource = {
	option: { name: 'Customer', value: 'customer' },
	operations: [
		customers.get('Get one customer with their email address, number of orders, and total spent'),
		customers.getMany(
			'Get many customers of the account',
			[
				buildFilters(
					emailField({
						displayName: 'Email',
						name: 'email',
						description: 'Only the customer with this email address',
					}),
					buildProductField({ description: 'Only customers who bought this product' }),
				),
				{
					name: 'sort',
					displayName: 'Sort',
					addButton: 'Add Sort Option',
					description: 'How to sort the customers',
					fields: [
						choiceField({
							displayName: 'Sort By',
							name: 'sortBy',
							description: 'The field to sort the customers by',
							default: 'createdAt',
							options: [
								{ name: 'Country', value: 'country' },
								{ name: 'Created At', value: 'createdAt' },
								{ name: 'Email', value: 'email' },
								{ name: 'Number of Orders', value: 'numberOfOrders' },
							],
						}),
						choiceField({
							displayName: 'Sort Order',
							name: 'sortOrder',
							description: 'The order to sort the customers in',
							default: 'desc',
							options: [
								{ name: 'Ascending', description: 'Smallest value first', value: 'asc' },
								{ name: 'Descending', description: 'Largest value first', value: 'desc' },
							],
						}),
					],
				},
			],
			emailCheck,
		),
	],
};
