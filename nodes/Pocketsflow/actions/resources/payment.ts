import { lists } from '../../api/lists';
import { buildFilters } from '../../fields/shared/collections';
import { amountNotice } from '../../fields/shared/output';
import { dayField } from '../../fields/kinds/date';
import { choiceField } from '../../fields/kinds/choice';
import { paymentTypeCheck } from '../filterChecks';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const payments = new RecordOperations({
	noun: 'payment',
	endpoint: lists.payments,
	notices: [amountNotice],
	simplifiedKeys: [
		'isSubscription',
		'productId',
		'subscriptionId',
		'amount',
		'amountBeforeTax',
		'currency',
		'isRefunded',
		'isDisputed',
		'createdAt',
	],
});

export const paymentResource: Resource = {
	option: { name: 'Payment', value: 'payment' },
	operations: [
		payments.getMany(
			'Get the payments of the account: orders and subscription renewals',
			[
				buildFilters(
					dayField({
						displayName: 'End Date',
						name: 'endDate',
						description: 'Only payments up to this day. The time is ignored.',
					}),
					dayField({
						displayName: 'Start Date',
						name: 'startDate',
						description: 'Only payments from this day on. The time is ignored.',
					}),
					choiceField({
						displayName: 'Type',
						name: 'type',
						description: 'Which payments to return',
						default: 'all',
						options: [
							{ name: 'All', value: 'all' },
							{ name: 'Subscription', value: 'subscription' },
						],
					}),
				),
			],
			paymentTypeCheck,
		),
	],
};
