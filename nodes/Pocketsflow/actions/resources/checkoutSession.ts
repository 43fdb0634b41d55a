import type { IDataObject } from 'n8n-workflow';

import { additionalFields, sellable } from '../../fields/common';
import {
	email,
	metadataFromJson,
	metadataFromRows,
	text,
	url,
	choice,
	type Field,
} from '../../fields/types';
import type { ItemParameters, Resource } from '../operation';

const successUrl = url({
	displayName: 'Success URL',
	name: 'successUrl',
	required: true,
	description:
		'Where the buyer lands after paying. It is no proof of payment: wait for the order.completed event.',
});

const cancelUrl = url({
	displayName: 'Cancel URL',
	name: 'cancelUrl',
	required: true,
	placeholder: 'e.g. https://example.com/cart',
	description: 'Where the buyer lands after leaving without paying',
});

const metadataInput = choice(
	{
		displayName: 'Metadata Input',
		name: 'metadataInput',
		description: 'How to give the metadata that comes back with the paid order',
		default: 'fields',
	},
	[
		{ name: 'JSON', value: 'json' },
		{ name: 'Key-Value Pairs', value: 'fields' },
	],
);

const metadata: Field<IDataObject> = {
	property: {
		displayName: 'Metadata',
		name: 'metadata',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		placeholder: 'Add Metadata',
		default: {},
		description:
			'Put your own order ID here: it comes back in the metadata of the order.completed event',
		displayOptions: { show: { metadataInput: ['fields'] } },
		options: [
			{
				displayName: 'Entry',
				name: 'entries',
				values: [
					{
						displayName: 'Key',
						name: 'key',
						type: 'string',
						default: '',
						placeholder: 'e.g. order_id',
					},
					{
						displayName: 'Value',
						name: 'value',
						type: 'string',
						default: '',
						placeholder: 'e.g. A-1001',
					},
				],
			},
		],
	},
	read: (raw) => metadataFromRows('Metadata', raw),
};

const metadataJson: Field<IDataObject> = {
	property: {
		displayName: 'Metadata (JSON)',
		name: 'metadataJson',
		type: 'json',
		default: '',
		placeholder: 'e.g. {"order_id": "A-1001"}',
		description:
			'A flat JSON object of text, numbers and booleans. It comes back in the metadata of the order.completed event.',
		displayOptions: { show: { metadataInput: ['json'] } },
	},
	read: (raw) => metadataFromJson('Metadata (JSON)', raw),
};

const metadataOf = (item: ItemParameters) =>
	item.get(item.get(metadataInput) === 'json' ? metadataJson : metadata);

export const checkoutSession: Resource = {
	option: { name: 'Checkout Session', value: 'checkoutSession' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create a checkout session',
				description:
					'Create a hosted checkout for one product and get the URL to send the buyer to',
			},
			fields: [sellable, successUrl, cancelUrl, metadataInput, metadata, metadataJson],
			collections: [
				additionalFields(
					text({
						displayName: 'Client Reference ID',
						name: 'clientReferenceId',
						placeholder: 'e.g. user-77',
						description: 'Your own ID of the buyer or cart; events carry it beside the metadata',
					}),
					email({
						displayName: 'Customer Email',
						name: 'customerEmail',
						description: "Fills in the buyer's email address on the checkout page",
					}),
					text({
						displayName: 'Discount Code',
						name: 'discountCode',
						placeholder: 'e.g. SPRING20',
						description: 'The discount that is already applied when the page opens',
					}),
				),
			],
			request: (item) => ({
				method: 'POST',
				path: '/checkout/sessions',
				body: {
					productId: item.require(sellable),
					successUrl: item.require(successUrl),
					cancelUrl: item.require(cancelUrl),
					metadata: metadataOf(item),
					...item.optional(),
				},
			}),
			effect: 'create',
			answer: { kind: 'record', wrappers: ['session', 'checkoutSession'] },
		},
	],
};
