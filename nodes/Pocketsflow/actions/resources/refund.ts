import {
	additionalFields,
	limit,
	order,
	refund as refundField,
	returnAll,
} from '../../fields/common';
import { choice, money, text, type Field } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

// A choice of its own, although the API only has an optional amount: an expression that happens to give
// nothing must not turn a partial refund into a full one.
const extent = choice(
	{
		displayName: 'Refund',
		name: 'refundExtent',
		description: 'How much of the payment goes back to the buyer',
		default: 'full',
	},
	[
		{ name: 'Full', value: 'full', description: 'The whole payment: no amount is sent' },
		{ name: 'Partial', value: 'partial', description: 'The amount that is set here' },
	],
);

const amount: Field<number> = (() => {
	const field = money(
		{
			displayName: 'Amount',
			name: 'amount',
			required: true,
			description: 'How much goes back, in major units: 29.99 is $29.99',
		},
		{ min: 0.01 },
	);
	return {
		...field,
		property: { ...field.property, displayOptions: { show: { refundExtent: ['partial'] } } },
	};
})();

export const refund: Resource = {
	option: { name: 'Refund', value: 'refund' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create a refund',
				description:
					'Send money of an order back to the buyer. This cannot be undone; without an amount it is a full refund.',
			},
			fields: [order, extent, amount],
			collections: [
				additionalFields(
					text({
						displayName: 'Reason',
						name: 'reason',
						placeholder: 'e.g. requested_by_customer',
						description: 'Why the money goes back',
					}),
				),
			],
			request: (item) => ({
				method: 'POST',
				path: '/refunds',
				body: {
					orderId: item.require(order),
					amount: item.require(extent) === 'partial' ? item.require(amount) : undefined,
					...item.optional(),
				},
			}),
			effect: 'create',
			answer: { kind: 'record', wrappers: ['refund'] },
		},
		{
			option: { name: 'Get', value: 'get', action: 'Get a refund', description: 'Get one refund' },
			fields: [refundField],
			request: (item) => ({ method: 'GET', path: path`/refunds/${item.require(refundField)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['refund'] },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many refunds',
				description: 'Get the refunds of the account',
			},
			fields: [returnAll, limit],
			request: () => ({ method: 'GET', path: '/refunds' }),
			effect: 'read',
			answer: { kind: 'list', ...lists.refunds },
		},
	],
};
