import type { IDataObject, INodePropertyMode } from 'n8n-workflow';

import {
	BadInput,
	boolean,
	checkedId,
	date,
	idList,
	money,
	number,
	text,
	url,
	urlList,
	type Field,
} from './types';
import type { Collection, ItemParameters } from '../actions/operation';
import type { PocketsflowRequest } from '../api/request';
import { isRecord } from '../api/responses';

export const returnAll = boolean({
	displayName: 'Return All',
	name: 'returnAll',
	description: 'Whether to return all results or only up to a given limit',
});

export const limit: Field<number> = (() => {
	const field = number(
		{
			displayName: 'Limit',
			name: 'limit',
			description: 'Max number of results to return',
			default: 50,
		},
		{ min: 1, integer: true },
	);
	return {
		...field,
		property: { ...field.property, displayOptions: { show: { returnAll: [false] } } },
	};
})();

export const simplify = boolean({
	displayName: 'Simplify',
	name: 'simplify',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
});

/** Optional fields of an operation that creates or does something. */
export const additionalFields = (...fields: Field[]): Collection => ({
	name: 'additionalFields',
	displayName: 'Additional Fields',
	addButton: 'Add Field',
	fields,
});

/** The fields that an update can change. */
export const updateFields = (...fields: Field[]): Collection => ({
	name: 'updateFields',
	displayName: 'Update Fields',
	addButton: 'Add Field',
	fields,
});

/** What a list can be narrowed by. */
export const filters = (...fields: Field[]): Collection => ({
	name: 'filters',
	displayName: 'Filters',
	addButton: 'Add Filter',
	fields,
});

const startDate = date({
	displayName: 'Start Date',
	name: 'startDate',
	description:
		'Only what was created at or after this ISO 8601 date and time. A time without a zone is in the time zone of the workflow.',
});

const endDate = date(
	{
		displayName: 'End Date',
		name: 'endDate',
		description:
			'Only what was created at or before this ISO 8601 date and time. A date without a time includes that day.',
	},
	'end',
);

export const dateRange = [startDate, endDate];

/**
 * The set filters, as query or body.
 * @throws BadInput for a range that ends before it begins
 */
export function filtersOf(item: ItemParameters): NonNullable<PocketsflowRequest['query']> {
	const { startDate: start, endDate: end, ...others } = item.optional();
	if (typeof start === 'string' && typeof end === 'string' && end < start)
		throw new BadInput('End Date lies before Start Date');
	return { ...others, startDate: start, endDate: end } as NonNullable<PocketsflowRequest['query']>;
}

interface LocatorSettings {
	displayName: string;
	description: string;
	/** Method in `pickers.ts` that fills the list. */
	searchListMethod: string;
	name?: string;
	placeholder?: string;
	/** Further ways to name the thing, such as by URL. */
	modes?: INodePropertyMode[];
}

type Choice = Partial<LocatorSettings>;

/** A thing at Pocketsflow, chosen from a list or by its ID. */
export function locator(settings: LocatorSettings & { name: string }): Field<string> {
	const { displayName, name, description, searchListMethod } = settings;
	const { read } = text({ displayName, name });
	return {
		property: {
			displayName,
			name,
			type: 'resourceLocator',
			default: { mode: 'list', value: '' },
			required: true,
			description,
			modes: [
				{
					displayName: 'From List',
					name: 'list',
					type: 'list',
					typeOptions: { searchListMethod, searchable: true },
				},
				{
					displayName: 'By ID',
					name: 'id',
					type: 'string',
					placeholder: settings.placeholder ?? 'e.g. 6a5000000000000000000aaa',
				},
				...(settings.modes ?? []),
			],
		},
		read(raw) {
			const value = read(isRecord(raw) ? raw.value : raw)?.trim();
			return value === undefined ? undefined : checkedId(displayName, value);
		},
	};
}

/** Naming a thing by an address that Pocketsflow shows; `regex` has the ID as its one group. */
function byUrl(placeholder: string, regex: string, errorMessage: string): Choice {
	return {
		modes: [
			{
				displayName: 'By URL',
				name: 'url',
				type: 'string',
				placeholder,
				// n8n extracts from any part of the text, but validates the whole of it.
				validation: [{ type: 'regex', properties: { regex: `${regex}.*`, errorMessage } }],
				extractValue: { type: 'regex', regex },
			},
		],
	};
}

const queryOf = (name: string) => `checkout\\?(?:[^#]*&)?${name}=`;
const idInUrl = '([^/?&#]+)';

const productUrl = byUrl(
	'e.g. https://store.pocketsflow.com/checkout?productId=6a50…',
	`^https?://[^/]+/(?:prod/|${queryOf('productId')})${idInUrl}`,
	'Use a checkout link with productId, or an affiliate link with /prod/. Product pages do not show the ID.',
);

const offerUrl = byUrl(
	'e.g. https://store.pocketsflow.com/checkout?subscriptionId=6a40…',
	`^https?://[^/]+/${queryOf('subscriptionId')}${idInUrl}`,
	'Use a checkout link with subscriptionId',
);

const sellableUrl = byUrl(
	'e.g. https://store.pocketsflow.com/checkout?productId=6a50…',
	`^https?://[^/]+/(?:prod/|${queryOf('(?:productId|subscriptionId)')})${idInUrl}`,
	'Use a checkout link with productId or subscriptionId, or an affiliate link with /prod/',
);

const membershipUrl = byUrl(
	'e.g. https://app.pocketsflow.com/portal/6a40…/6a41…',
	`^https?://[^/]+/portal/[^/?#]+/${idInUrl}`,
	"Use the buyer's portal link: it ends with the ID of the offer and the ID of the subscription",
);

export const productLocator = (choice: Choice = {}) =>
	locator({
		displayName: 'Product',
		name: 'productId',
		description: 'The product to work with',
		searchListMethod: 'searchProducts',
		...productUrl,
		...choice,
	});

export const sellable = locator({
	displayName: 'Product',
	name: 'productId',
	description: 'What the buyer pays for: a product, or a subscription offer',
	searchListMethod: 'searchSellables',
	...sellableUrl,
});

export const offer = locator({
	displayName: 'Subscription Offer',
	name: 'offerId',
	description: 'The recurring product to work with',
	searchListMethod: 'searchOffers',
	placeholder: 'e.g. 6a4000000000000000000f1a',
	...offerUrl,
});

export const order = locator({
	displayName: 'Order',
	name: 'orderId',
	description: 'The order to work with',
	searchListMethod: 'searchOrders',
	placeholder: 'e.g. 6a5200000000000000000bbb',
});

export const customer = locator({
	displayName: 'Customer',
	name: 'customerId',
	description: 'The customer to work with',
	searchListMethod: 'searchCustomers',
	placeholder: 'e.g. 6a5400000000000000000ccc',
});

export const discount = locator({
	displayName: 'Discount',
	name: 'discountId',
	description: 'The discount to work with',
	searchListMethod: 'searchDiscounts',
	placeholder: 'e.g. 6a5500000000000000000ddd',
});

export const refund = locator({
	displayName: 'Refund',
	name: 'refundId',
	description: 'The refund to work with',
	searchListMethod: 'searchRefunds',
	placeholder: 'e.g. 6a5300000000000000000eee',
});

export const upsell = locator({
	displayName: 'Upsell',
	name: 'upsellId',
	description: 'The upsell to work with',
	searchListMethod: 'searchUpsells',
	placeholder: 'e.g. 6a5600000000000000000fff',
});

export const webhook = locator({
	displayName: 'Webhook',
	name: 'webhookEndpointId',
	description: 'The registered endpoint to work with',
	searchListMethod: 'searchWebhooks',
	placeholder: 'e.g. 6a5100000000000000000001',
});

export const membership = locator({
	displayName: 'Subscription',
	name: 'subscriptionId',
	description: "A buyer's subscription, which webhooks carry as subscriptionCustomerId",
	searchListMethod: 'searchMemberships',
	placeholder: 'e.g. 6a410000000000000000c0de',
	...membershipUrl,
});

/** Cancel and refund are known to take the payment provider's ID only (contract B, H21). */
export const providerMembership = locator({
	displayName: 'Subscription',
	name: 'providerSubscriptionId',
	description:
		"The payment provider's ID of the buyer's subscription: stripeSubscriptionId of a subscription, not its _id",
	searchListMethod: 'searchProviderMemberships',
	placeholder: 'e.g. sub_1Qk2x9',
});

export const mainProducts = idList(
	{
		displayName: 'Product Names or IDs',
		name: 'mainProductIds',
		required: true,
		description: 'The products that this applies to',
	},
	'getProducts',
);

export const description = text(
	{
		displayName: 'Description',
		name: 'description',
		description: 'The description that buyers see',
	},
	{ rows: 4 },
);

export const currency: Field<string> = (() => {
	const { property, read } = text({
		displayName: 'Currency',
		name: 'currency',
		placeholder: 'e.g. USD',
		description: 'Three-letter ISO 4217 code of the currency',
	});
	return {
		property,
		read(raw) {
			const value = read(raw)?.trim();
			if (value !== undefined && !/^[a-z]{3}$/i.test(value))
				throw new BadInput('Currency must be a code of three letters such as USD');
			return value;
		},
	};
})();

/** What the sales pages of products and subscription offers have in common. */
export const pageFields: readonly Field[] = [
	url({
		displayName: 'Callback URL',
		name: 'callbackUrl',
		description: 'Where buyers are sent after paying',
	}),
	text({
		displayName: 'Call to Action Text',
		name: 'ctaText',
		placeholder: 'e.g. Get it now',
		description: 'The text of the button that leads to the checkout',
	}),
	description,
	boolean({
		displayName: 'Ask for First Name',
		name: 'hasFirstName',
		description: 'Whether the checkout asks for the first name of the buyer',
	}),
	boolean({
		displayName: 'Ask for Last Name',
		name: 'hasLastName',
		description: 'Whether the checkout asks for the last name of the buyer',
	}),
	urlList({
		displayName: 'Image URLs',
		name: 'images',
		placeholder: 'e.g. https://example.com/image.png',
		description: 'The pictures on the sales page',
	}),
	money({
		displayName: 'Maximum Price',
		name: 'maxPrice',
		description: 'The most that a buyer can choose to pay, in major units: 29.99 is $29.99',
	}),
	money({
		displayName: 'Minimum Price',
		name: 'minPrice',
		description: 'The least that a buyer can choose to pay, in major units: 29.99 is $29.99',
	}),
	text(
		{
			displayName: 'Refund Policy',
			name: 'refundPolicy',
			placeholder: 'e.g. Money back within 14 days',
			description: 'The refund policy that buyers read',
		},
		{ rows: 3 },
	),
	boolean({
		displayName: 'Published',
		name: 'published',
		default: true,
		description: 'Whether buyers can see and buy it',
	}),
	boolean({
		displayName: 'Show Reviews',
		name: 'showReviews',
		default: true,
		description: 'Whether the sales page shows reviews',
	}),
	boolean({
		displayName: 'Show Sales',
		name: 'showSales',
		default: true,
		description: 'Whether the sales page shows how often it was sold',
	}),
	text({
		displayName: 'Slug',
		name: 'slug',
		placeholder: 'e.g. icon-pack',
		description: 'The last part of the address of the sales page',
	}),
	text({
		displayName: 'Subtitle',
		name: 'subtitle',
		placeholder: 'e.g. 200 icons in one file',
		description: 'A short line below the name',
	}),
	url({
		displayName: 'Thumbnail URL',
		name: 'thumbnail',
		placeholder: 'e.g. https://example.com/cover.png',
		description: 'The picture that stands for it in lists',
	}),
];

/**
 * The set optional fields of something that is sold.
 * @throws BadInput for a span of prices without any price in it
 */
export function pageFieldsOf(item: ItemParameters): IDataObject {
	const values = item.optional();
	const { minPrice, maxPrice } = values;
	if (typeof minPrice === 'number' && typeof maxPrice === 'number' && minPrice > maxPrice)
		throw new BadInput('Minimum Price is more than Maximum Price');
	return values;
}
