import { lists } from '../api/lists';
import { isRecord, readFlag } from '../api/responses';
import {
	formatAmount,
	formatActive,
	formatMinute,
	formatText,
	getBuyerEmail,
	type Picker,
	type PickerSource,
} from './pickers';
import type { Field } from './field';
import { readPathId, readPastedId, type Address } from './kinds/id';
import { idListField } from './list';

interface LocatorSettings {
	displayName: string;
	name: string;
	description?: string;
	picker: Picker;
	placeholder?: string;
	/** The record's URL in Pocketsflow, if it contains the ID. */
	address?: Address;
}

/** A record in Pocketsflow, selected from a list or identified by its ID or a URL in any mode. */
export function locatorField({
	displayName,
	name,
	description = `The ${displayName.toLowerCase()} to work with`,
	picker,
	placeholder = 'e.g. 6a5000000000000000000aaa',
	address,
}: LocatorSettings): Field<string> {
	const typeOptions = { searchListMethod: picker.method, searchable: true };
	const byUrl = address && {
		placeholder: address.placeholder,
		validation: [
			{
				type: 'regex',
				properties: { regex: `${address.regex}.*`, errorMessage: address.errorMessage },
			},
		],
	};
	return {
		property: {
			displayName,
			name,
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			required: true,
			description,
			modes: [
				{ displayName: 'From List', name: 'list', type: 'list', typeOptions },
				{ displayName: 'By ID', name: 'id', type: 'string', placeholder },
				...(byUrl
					? [{ displayName: 'By URL', name: 'url', type: 'string' as const, ...byUrl }]
					: []),
			],
		},
		picker,
		read(raw) {
			const isLocator = isRecord(raw) && ('__rl' in raw || 'mode' in raw);
			return readPathId(
				displayName,
				readPastedId(displayName, isLocator ? raw.value : raw, address),
			);
		},
	};
}

/** The pattern of a checkout link up to the value of a query parameter. */
export const checkoutQueryPattern = (parameter: string) => `checkout\\?(?:[^#]*&)?${parameter}=`;

/** The pattern of an ID in a URL, as one group. */
export const idPattern = '([^/?&#]+)';

export const productSource: PickerSource = {
	list: lists.products,
	label: (record) => [
		formatText(record.name) ?? 'Unnamed',
		formatAmount(record.price, record.currency),
		formatActive(record),
	],
};

export const offerSource: PickerSource = {
	list: lists.offers,
	label: (record) => [
		formatText(record.name) ?? 'Unnamed',
		formatAmount(record.price, record.currency),
		formatText(record.frequency),
		formatActive(record),
	],
};

const productAddress: Address = {
	placeholder: 'e.g. https://store.pocketsflow.com/checkout?productId=6a50…',
	regex: `^https?://[^/]+/(?:prod/|${checkoutQueryPattern('productId')})${idPattern}`,
	errorMessage:
		'Use a checkout link with productId, or an affiliate link with /prod/. Product pages do not show the ID.',
};

export const sellableAddress: Address = {
	placeholder: productAddress.placeholder,
	regex: `^https?://[^/]+/(?:prod/|${checkoutQueryPattern('(?:productId|subscriptionId)')})${idPattern}`,
	errorMessage:
		'Use a checkout link with productId or subscriptionId, or an affiliate link with /prod/',
};

const productPicker: Picker = { method: 'searchProducts', sources: [productSource] };

/** A product. The texts depend on what it is used for. */
export function buildProductField(
	texts: Partial<Pick<LocatorSettings, 'displayName' | 'name' | 'description'>> = {},
): Field<string> {
	return locatorField({
		displayName: 'Product',
		name: 'productId',
		picker: productPicker,
		address: productAddress,
		...texts,
	});
}

export const mainProductsField = idListField(
	{
		displayName: 'Product Names or IDs',
		name: 'mainProductIds',
		required: true,
		description: 'The products that this applies to',
	},
	{ method: 'getProducts', sources: [productSource] },
	productAddress,
);

/** Distinguishing parts come first, because the end of a long label is cut off. */
const orderSource: PickerSource = {
	list: lists.orders,
	label: (record) => [
		formatMinute(record.createdAt),
		formatAmount(record.grossAmount ?? record.amount ?? record.amountBeforeTax, record.currency),
		readFlag(record.isRefunded) ? 'refunded' : undefined,
		readFlag(record.isDisputed) ? 'disputed' : undefined,
		isRecord(record.product) ? formatText(record.product.name) : undefined,
		getBuyerEmail(record) ?? 'Unknown buyer',
	],
};

export const orderField = locatorField({
	displayName: 'Order',
	name: 'orderId',
	placeholder: 'e.g. 6a5200000000000000000bbb',
	picker: { method: 'searchOrders', sources: [orderSource] },
});
