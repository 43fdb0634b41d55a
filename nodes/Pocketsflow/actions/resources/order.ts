import { lists } from '../../api/lists';
import { readMetadata } from '../../events/metadata';
import { buildFilters, dateRangeFields } from '../../fields/shared/collections';
import { amountNotice, simplifyField } from '../../fields/shared/output';
import { buildProductField, orderField } from '../../fields/locators';
import { choiceField } from '../../fields/kinds/choice';
import { codeField, comparedTextField } from '../../fields/kinds/text';
import { productCheck } from '../filterChecks';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

// Which amounts an order carries depends on the endpoint. The node does not convert one into another
// (docs/pocketsflow-api.md#orders-and-payments).
const simplifiedKeys = [
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

const orderFilters = buildFilters(
	...dateRangeFields,
	buildProductField({ description: 'Only orders of this product' }),
);

const metadataKeyField = codeField({
	displayName: 'Metadata Key',
	name: 'metadataKey',
	required: true,
	placeholder: 'e.g. order_id',
	description: 'The metadata key from the checkout session',
});

const metadataValueField = comparedTextField({
	displayName: 'Metadata Value',
	name: 'metadataValue',
	required: true,
	placeholder: 'e.g. A-1001',
	description: 'The exact value of the key, compared as text',
});

const matchesField = choiceField({
	displayName: 'Matches',
	name: 'matches',
	description: 'Which of the matching orders to return',
	default: 'first',
	options: [
		{ name: 'All Matches', value: 'all', description: 'Read all orders in the date range' },
		{
			name: 'First Match',
			value: 'first',
			description: 'Stop reading at the first order that matches',
		},
	],
});

const orders = new RecordOperations({
	noun: 'order',
	endpoint: lists.orders,
	field: orderField,
	notices: [amountNotice],
	simplifiedKeys,
});

export const orderResource: Resource = {
	option: { name: 'Order', value: 'order' },
	operations: [
		{
			option: {
				name: 'Find by Metadata',
				value: 'findByMetadata',
				action: 'Find order by metadata',
				description:
					"Find an order by a metadata value of its checkout session, such as your own order ID. Pocketsflow can't search orders, so the node reads them one page at a time. Set a start date to read fewer.",
			},
			fields: [metadataKeyField, metadataValueField, matchesField, simplifyField, amountNotice],
			collections: [orderFilters],
			effect: 'read',
			list: lists.orders,
			filterChecks: productCheck,
			simplifiedKeys,
			search(item) {
				const key = item.require(metadataKeyField);
				const value = item.require(metadataValueField);
				return {
					matches(record) {
						const metadata = readMetadata(record) ?? {};
						return Object.hasOwn(metadata, key) && String(metadata[key]).trim() === value;
					},
					isSearchable: (record) => readMetadata(record) !== undefined,
					isFilled: (record) => Object.keys(readMetadata(record) ?? {}).length > 0,
					firstOnly: item.require(matchesField) === 'first',
					describeUnsearchable: (count) => ({
						message: `Pocketsflow returned ${count} ${count === 1 ? 'order' : 'orders'}, but none with metadata to compare`,
						description:
							'The order may still exist. Match on the metadata of the order.completed event instead, or widen the filters to include orders that have metadata.',
					}),
				};
			},
		},
		orders.get('Get one paid order: buyer, amounts, and whether it was refunded or disputed'),
		orders.getMany('Get the paid orders of the account', [orderFilters], productCheck),
	],
};
