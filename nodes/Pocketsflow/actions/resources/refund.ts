import { lists } from '../../api/lists';
import { amountNotice } from '../../fields/shared/output';
import { locatorField, orderField } from '../../fields/locators';
import { formatAmount, formatMinute, formatText, buildPicker } from '../../fields/pickers';
import { showFor } from '../../fields/field';
import { choiceField } from '../../fields/kinds/choice';
import { moneyField, notCents } from '../../fields/kinds/number';
import { textField } from '../../fields/kinds/text';
import { refusedStatuses } from '../denial';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const refundField = locatorField({
	displayName: 'Refund',
	name: 'refundId',
	placeholder: 'e.g. 6a5300000000000000000eee',
	picker: buildPicker('searchRefunds', lists.refunds, (record) => [
		formatAmount(record.amount, record.currency) ?? 'Refund',
		formatText(record.status),
		formatMinute(record.createdAt),
		formatText(record.reason),
		formatText(record.orderId) && `order ${String(record.orderId)}`,
	]),
});

// The API only has an optional amount. With this choice, an expression that returns nothing by accident
// can't turn a partial refund into a full one.
const extentField = choiceField({
	displayName: 'Refund',
	name: 'refundExtent',
	description: 'How much of the payment to refund',
	default: 'full',
	options: [
		{ name: 'Full', value: 'full', description: 'Refund the whole payment' },
		{ name: 'Partial', value: 'partial', description: 'Refund only the amount that you set' },
	],
});

const amountField = showFor(
	{ refundExtent: ['partial'] },
	moneyField(
		{
			displayName: 'Amount',
			name: 'amount',
			required: true,
			hint: `In the currency of the order: ${notCents}`,
			description: 'The amount to refund, in the currency of the order: 29.99 is $29.99',
		},
		{ min: 0.01 },
	),
);

const refunds = new RecordOperations({
	noun: 'refund',
	endpoint: lists.refunds,
	field: refundField,
	notices: [amountNotice],
});

export const refundResource: Resource = {
	option: { name: 'Refund', value: 'refund' },
	operations: [
		refunds.create('Create a full or partial refund of an order. This cannot be undone.', {
			action: 'Create irreversible refund in main currency units with real money in live mode',
			fields: [amountNotice, orderField, extentField, amountField],
			additional: [
				textField({
					displayName: 'Reason',
					name: 'reason',
					placeholder: 'e.g. requested_by_customer',
					description: 'The reason for the refund',
				}),
			],
			body: (item) => ({
				orderId: item.require(orderField),
				amount: item.require(extentField) === 'partial' ? item.require(amountField) : undefined,
				...item.getOptional(),
			}),
			denial: {
				keys: ['refunded'],
				statuses: [...refusedStatuses, 'canceled', 'cancelled', 'voided'],
				message: 'Pocketsflow responded that the refund failed',
			},
		}),
		refunds.get(),
		refunds.getMany(),
	],
};
