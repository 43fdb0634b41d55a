import type { INodeProperties } from 'n8n-workflow';

import { lists } from '../api/lists';
import { isRecord } from '../api/responses';
import {
	formatAmount,
	getIsoDay,
	formatText,
	getBuyerEmail,
	joinLabel,
	type Picker,
	type PickerSource,
} from './pickers';
import { InvalidInputError, quote, readId, type Field } from './types';
import { idListField } from './valueLists';

interface Address {
	placeholder: string;
	/** With the ID as its one group. */
	regex: string;
	errorMessage: string;
}

interface LocatorSettings {
	displayName: string;
	name: string;
	description: string;
	picker: Picker;
	placeholder?: string;
	/** The address that Pocketsflow shows of the thing, where it holds the ID. */
	address?: Address;
}

/** A thing at Pocketsflow, chosen from a list or named by its ID or an address. */
export function locatorField(settings: LocatorSettings): Field<string> {
	const { displayName, name, description, picker } = settings;
	return {
		property: {
			displayName,
			name,
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			required: true,
			description,
			...buildModes(settings),
		},
		picker,
		read: (raw) => readId(displayName, readLocator(settings, raw)),
	};
}

/**
 * Takes the ID out of what a locator holds. n8n could do it, but takes nothing but text where the mode is
 * By URL, and an expression may give an ID that is a number.
 * @throws InvalidInputError for an address without the ID
 */
function readLocator({ displayName, address }: LocatorSettings, raw: unknown): unknown {
	if (!isRecord(raw)) return raw;
	const { mode, value } = raw;
	if (mode !== 'url' || !address || typeof value !== 'string' || value === '') return value;
	const id = new RegExp(address.regex).exec(value.trim())?.[1];
	if (id === undefined)
		throw new InvalidInputError(
			`'${displayName}' has a URL that does not hold the ID: ${quote(value)}`,
			`${address.errorMessage.replace(/\.?$/, '')}.`,
		);
	return id;
}

function buildModes({
	picker,
	placeholder = 'e.g. 6a5000000000000000000aaa',
	address,
}: LocatorSettings): Pick<INodeProperties, 'modes'> {
	const byAddress = address && {
		placeholder: address.placeholder,
		// n8n extracts from any part of the text, but validates the whole of it.
		validation: [
			{
				type: 'regex',
				properties: { regex: `${address.regex}.*`, errorMessage: address.errorMessage },
			},
		],
		extractValue: { type: 'regex' as const, regex: address.regex },
	};
	return {
		modes: [
			{
				displayName: 'From List',
				name: 'list',
				type: 'list',
				typeOptions: { searchListMethod: picker.method, searchable: true },
			},
			{ displayName: 'By ID', name: 'id', type: 'string', placeholder },
			...(byAddress
				? [{ displayName: 'By URL', name: 'url', type: 'string' as const, ...byAddress }]
				: []),
		],
	};
}

/** The pattern of a checkout link up to the value of a parameter in its query. */
export const checkoutQueryPattern = (parameter: string) => `checkout\\?(?:[^#]*&)?${parameter}=`;

/** The pattern of an ID in an address: one group. */
export const idPattern = '([^/?&#]+)';

/** The products of the account. */
export const productSource: PickerSource = {
	list: lists.products,
	label: (record) =>
		joinLabel(
			record,
			formatText(record.name) ?? 'Unnamed',
			formatAmount(record.price, record.currency),
		),
};

/** The subscription offers of the account. */
export const offerSource: PickerSource = {
	list: lists.offers,
	label: (record) =>
		joinLabel(
			record,
			formatText(record.name) ?? 'Unnamed',
			formatAmount(record.price, record.currency),
			formatText(record.frequency),
		),
};

const productPicker: Picker = { method: 'searchProducts', sources: [productSource] };

/** A product; what it is used for decides the texts. */
export function buildProductField(
	texts: Partial<Pick<LocatorSettings, 'displayName' | 'name' | 'description'>> = {},
): Field<string> {
	return locatorField({
		displayName: 'Product',
		name: 'productId',
		description: 'The product to work with',
		picker: productPicker,
		address: {
			placeholder: 'e.g. https://store.pocketsflow.com/checkout?productId=6a50…',
			regex: `^https?://[^/]+/(?:prod/|${checkoutQueryPattern('productId')})${idPattern}`,
			errorMessage:
				'Use a checkout link with productId, or an affiliate link with /prod/. Product pages do not show the ID.',
		},
		...texts,
	});
}

/** Several products. */
export const mainProductsField = idListField(
	{
		displayName: 'Product Names or IDs',
		name: 'mainProductIds',
		required: true,
		description: 'The products that this applies to',
	},
	{ method: 'getProducts', sources: [productSource] },
);

/** An order. */
export const orderField = locatorField({
	displayName: 'Order',
	name: 'orderId',
	description: 'The order to work with',
	placeholder: 'e.g. 6a5200000000000000000bbb',
	picker: {
		method: 'searchOrders',
		sources: [
			{
				list: lists.orders,
				label: (record) =>
					joinLabel(
						record,
						getBuyerEmail(record) ?? 'Unknown buyer',
						formatAmount(
							record.grossAmount ?? record.amount ?? record.amountBeforeTax,
							record.currency,
						),
						getIsoDay(record.createdAt),
						record.isRefunded === true ? 'refunded' : undefined,
					),
			},
		],
	},
});
