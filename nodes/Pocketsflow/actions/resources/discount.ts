import {
	additionalFields,
	discount as discountField,
	limit,
	mainProducts,
	productLocator,
	returnAll,
	simplify,
	updateFields,
} from '../../fields/common';
import { BadInput, boolean, choice, date, number, text } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

const simplified = [
	'name',
	'code',
	'value',
	'valueType',
	'active',
	'mainProductIds',
	'expiration',
	'used',
	'testMode',
];

const name = text({
	displayName: 'Name',
	name: 'name',
	required: true,
	placeholder: 'e.g. Spring sale',
	description: 'The name of the discount in your account',
});

const code = text({
	displayName: 'Code',
	name: 'code',
	required: true,
	placeholder: 'e.g. SPRING20',
	description: 'What buyers enter at the checkout',
});

const valueType = choice(
	{
		displayName: 'Value Type',
		name: 'valueType',
		description: 'Whether the value is a share of the price or an amount',
		default: 'percentage',
	},
	[
		{ name: 'Fixed Amount', value: 'fixed' },
		{ name: 'Percentage', value: 'percentage' },
	],
);

const value = number(
	{
		displayName: 'Value',
		name: 'value',
		required: true,
		description:
			'How much is taken off: 20 is 20% for a percentage, and $20 (major units) for a fixed amount',
	},
	{ min: 0.01, max: 999_999_999, decimals: 3 },
);

const active = boolean({
	displayName: 'Active',
	name: 'active',
	default: true,
	description: 'Whether buyers can use the discount',
});

const expiration = date(
	{
		displayName: 'Expiration',
		name: 'expiration',
		description:
			'When the discount ends, as an ISO 8601 date and time. A date without a time includes that day.',
	},
	'end',
);

/** A percentage beyond 100 cannot be meant: it is an amount, or a slip. */
function checkedValue(given: unknown, type: unknown): void {
	if (type === 'percentage' && typeof given === 'number' && given > 100)
		throw new BadInput('Value must not be more than 100 for a percentage');
}

export const discount: Resource = {
	option: { name: 'Discount', value: 'discount' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create a discount',
				description: 'Create a discount code for one or more products',
			},
			fields: [name, code, valueType, value, mainProducts],
			collections: [additionalFields(active, expiration)],
			request(item) {
				checkedValue(item.get(value), item.get(valueType));
				return {
					method: 'POST',
					path: '/discounts',
					body: {
						name: item.require(name),
						code: item.require(code),
						valueType: item.require(valueType),
						value: item.require(value),
						mainProductIds: item.require(mainProducts),
						...item.optional(),
					},
				};
			},
			effect: 'create',
			answer: { kind: 'record', wrappers: ['discount'] },
		},
		{
			option: {
				name: 'Delete',
				value: 'delete',
				action: 'Delete a discount',
				description: 'Delete a discount permanently, so that its code no longer works',
			},
			fields: [discountField],
			request: (item) => ({
				method: 'DELETE',
				path: path`/discounts/${item.require(discountField)}`,
			}),
			effect: 'change',
			answer: { kind: 'deleted', id: discountField },
		},
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get a discount',
				description: 'Get one discount',
			},
			fields: [discountField, simplify],
			request: (item) => ({ method: 'GET', path: path`/discounts/${item.require(discountField)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['discount'], simplified },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many discounts',
				description: 'Get the discounts of the account',
			},
			fields: [returnAll, limit, simplify],
			request: () => ({ method: 'GET', path: '/discounts' }),
			effect: 'read',
			answer: { kind: 'list', ...lists.discounts, simplified },
		},
		{
			option: {
				name: 'Update',
				value: 'update',
				action: 'Update a discount',
				description: 'Change a discount; what is not set stays as it is',
			},
			fields: [discountField],
			collections: [updateFields(active, code, expiration, mainProducts, name, value, valueType)],
			request(item) {
				const changes = item.changes();
				checkedValue(changes.value, changes.valueType);
				return {
					method: 'POST',
					path: path`/discounts/${item.require(discountField)}`,
					body: changes,
				};
			},
			effect: 'change',
			answer: { kind: 'record', wrappers: ['discount'] },
		},
		{
			option: {
				name: 'Validate',
				value: 'validate',
				action: 'Validate a discount code',
				description:
					'Check whether a discount code can be used. A code that cannot gives an error, which On Error can route.',
			},
			fields: [code],
			collections: [
				additionalFields(
					productLocator({ description: 'The product that the code is to be used for' }),
				),
			],
			request: (item) => ({
				method: 'POST',
				path: '/discounts/validate',
				body: { code: item.require(code), ...item.optional() },
			}),
			effect: 'read',
			answer: { kind: 'message', about: (item) => ({ code: item.require(code), valid: true }) },
		},
	],
};
