import { filters, filtersOf, limit, returnAll, simplify } from '../../fields/common';
import { choice, day } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';

const simplified = [
	'isSubscription',
	'productId',
	'subscriptionId',
	'amount',
	'amountBeforeTax',
	'currency',
	'isRefunded',
	'isDisputed',
	'createdAt',
];

export const payment: Resource = {
	option: { name: 'Payment', value: 'payment' },
	operations: [
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many payments',
				description: 'Get the payments of the account: orders and every renewal of subscriptions',
			},
			fields: [returnAll, limit, simplify],
			collections: [
				filters(
					day({
						displayName: 'End Date',
						name: 'endDate',
						description: 'Only payments up to this day. A time is not taken into account.',
					}),
					day({
						displayName: 'Start Date',
						name: 'startDate',
						description: 'Only payments from this day on. A time is not taken into account.',
					}),
					choice(
						{
							displayName: 'Type',
							name: 'type',
							description: 'Which payments to return',
							default: 'all',
						},
						[
							{ name: 'All', value: 'all' },
							{ name: 'Subscription', value: 'subscription' },
						],
					),
				),
			],
			request: (item) => ({ method: 'GET', path: '/payments', query: filtersOf(item) }),
			effect: 'read',
			answer: { kind: 'list', ...lists.payments, simplified },
		},
	],
};
