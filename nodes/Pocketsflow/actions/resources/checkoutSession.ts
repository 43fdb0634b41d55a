import type { IDataObject } from 'n8n-workflow';

import { locatorField, offerSource, productSource, sellableAddress } from '../../fields/locators';
import { readMetadataJson, readMetadataRows } from '../../fields/kinds/metadata';
import type { Field } from '../../fields/field';
import { choiceField } from '../../fields/kinds/choice';
import { codeField, emailField, textField, urlField } from '../../fields/kinds/text';
import type { ItemParameters } from '../itemParameters';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const sellableField = locatorField({
	displayName: 'Product',
	name: 'productId',
	description: 'The product or subscription offer that the buyer pays for',
	picker: { method: 'searchSellables', sources: [productSource, offerSource] },
	address: sellableAddress,
});

const successUrlField = urlField({
	displayName: 'Success URL',
	name: 'successUrl',
	required: true,
	description:
		'The page that buyers see after they pay. It is not proof of payment: wait for the order.completed event.',
});

const cancelUrlField = urlField({
	displayName: 'Cancel URL',
	name: 'cancelUrl',
	required: true,
	placeholder: 'e.g. https://example.com/cart',
	description: 'The page that buyers see if they leave without paying',
});

const metadataInputField = choiceField({
	displayName: 'Metadata Input',
	name: 'metadataInput',
	description: 'How to enter the metadata that Pocketsflow returns with the paid order',
	default: 'fields',
	options: [
		{ name: 'JSON', value: 'json' },
		{ name: 'Key-Value Pairs', value: 'fields' },
	],
});

const metadataRowsField: Field<IDataObject> = {
	property: {
		displayName: 'Metadata',
		name: 'metadata',
		type: 'fixedCollection',
		typeOptions: { multipleValues: true },
		placeholder: 'Add Metadata',
		default: {},
		description:
			'Add your own order ID here. Pocketsflow returns it in the metadata of the order.completed event. Every entry needs a value.',
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
	read: (raw) => readMetadataRows('Metadata', raw),
};

const metadataJsonField: Field<IDataObject> = {
	property: {
		displayName: 'Metadata (JSON)',
		name: 'metadataJson',
		type: 'json',
		default: '',
		placeholder: 'e.g. {"order_id": "A-1001"}',
		description:
			'A flat JSON object of strings, numbers, and booleans. Pocketsflow returns it in the metadata of the order.completed event. Every key needs a value.',
		displayOptions: { show: { metadataInput: ['json'] } },
	},
	read: (raw) => readMetadataJson('Metadata (JSON)', raw),
};

const getMetadata = (item: ItemParameters) =>
	item.get(item.require(metadataInputField) === 'json' ? metadataJsonField : metadataRowsField);

const sessions = new RecordOperations({
	noun: 'checkout session',
	endpoint: { path: '/checkout/sessions', recordKeys: ['session', 'checkoutSession'] },
});

export const checkoutSessionResource: Resource = {
	option: { name: 'Checkout Session', value: 'checkoutSession' },
	operations: [
		sessions.create(
			'Create a checkout session for one product and get the URL to send to the buyer',
			{
				fields: [
					sellableField,
					successUrlField,
					cancelUrlField,
					metadataInputField,
					metadataRowsField,
					metadataJsonField,
				],
				additional: [
					textField({
						displayName: 'Client Reference ID',
						name: 'clientReferenceId',
						placeholder: 'e.g. user-77',
						description: 'Your own ID for the buyer or cart; events include it with the metadata',
					}),
					{
						...emailField({
							displayName: 'Customer Email',
							name: 'customerEmail',
							description:
								'The email address to prefill on the checkout page; not sent if the expression returns nothing',
						}),
						// It only saves the buyer some typing. If it is missing, the sale must still go through.
						mayBeMissing: true,
					},
					codeField({
						displayName: 'Discount Code',
						name: 'discountCode',
						placeholder: 'e.g. SPRING20',
						description: 'The discount code to apply when the checkout page opens',
					}),
				],
				body: (item) => ({
					productId: item.require(sellableField),
					successUrl: item.require(successUrlField),
					cancelUrl: item.require(cancelUrlField),
					metadata: getMetadata(item),
					...item.getOptional(),
				}),
				hint: ({ body }) =>
					body?.metadata === undefined && body?.clientReferenceId === undefined
						? "A checkout session has neither Metadata nor a Client Reference ID, so you can't match its sale to your order. If your metadata is an object, set Metadata Input to JSON."
						: undefined,
				requires: 'url',
			},
		),
	],
};
