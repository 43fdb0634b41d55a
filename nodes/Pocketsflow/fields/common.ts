import { dateField } from './dates';
import {
	InvalidInputError,
	booleanField,
	codeField,
	moneyField,
	noticeField,
	numberField,
	showFor,
	textField,
	urlField,
	type Collection,
	type CollectionValues,
	type Field,
} from './types';
import { urlListField } from './list';

export const returnAllField = booleanField({
	displayName: 'Return All',
	name: 'returnAll',
	description: 'Whether to return all results or only up to a given limit',
});

/** How many results a list brings where nothing else is set. */
export const defaultLimit = 50;

export const limitField = showFor(
	{ returnAll: [false] },
	numberField(
		{
			displayName: 'Limit',
			name: 'limit',
			description: 'Max number of results to return',
			default: defaultLimit,
		},
		{ min: 1, integer: true },
	),
);

export const simplifyField = booleanField({
	displayName: 'Simplify',
	name: 'simplify',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
});

/** Says in which unit the amounts of an output are (docs/pocketsflow-api.md#money). */
export const amountNotice = noticeField(
	'amountNotice',
	'Amounts in the output are in the main unit of the currency: 29 is $29.00. Only the amounts of invoice events are in cents, and those of order events may be.',
);

/** Optional fields of an operation that creates or does something. */
export const buildAdditionalFields = (...fields: Field[]): Collection => ({
	name: 'additionalFields',
	displayName: 'Additional Fields',
	addButton: 'Add Field',
	description:
		'A field that is added here and left blank is not sent. An expression that gives no value is refused.',
	fields,
});

/** The fields that an update can change. */
export const buildUpdateFields = (...fields: Field[]): Collection => ({
	name: 'updateFields',
	displayName: 'Update Fields',
	addButton: 'Add Field',
	description:
		'What is added here is sent, also when it is left blank, which empties it. What is not added stays as it is. An expression that gives no value is refused.',
	fields,
	sendsEmpty: true,
});

/** The filters of a list. */
export const buildFilters = (...fields: Field[]): Collection => ({
	name: 'filters',
	displayName: 'Filters',
	addButton: 'Add Filter',
	description:
		'A filter that is left blank is not applied. An expression that gives no value is refused.',
	fields,
});

const startDateField = dateField({
	displayName: 'Start Date',
	name: 'startDate',
	description:
		'Only what was created at or after this ISO 8601 date and time. A time without a zone is in the time zone of the workflow.',
});

const endDateField = dateField(
	{
		displayName: 'End Date',
		name: 'endDate',
		description:
			'Only what was created at or before this ISO 8601 date and time. A date without a time includes that day.',
	},
	'end',
);

/** The filters by date of creation. */
export const dateRangeFields = [startDateField, endDateField];

/**
 * Checks the values of `dateRangeFields` (ISO 8601 or calendar days) and gives all values back.
 * @throws InvalidInputError for a range that ends before it begins
 */
export function checkDateRange(values: CollectionValues): CollectionValues {
	const { startDate, endDate } = values;
	if (typeof startDate === 'string' && typeof endDate === 'string' && endDate < startDate)
		throw new InvalidInputError(
			"'End Date' lies before 'Start Date'",
			'Use an end date that is the same or later.',
		);
	return values;
}

export const descriptionField = textField(
	{
		displayName: 'Description',
		name: 'description',
		description: 'The description that buyers see',
	},
	{ rows: 4 },
);

export const currencyField = buildCurrencyField();

function buildCurrencyField(): Field<string> {
	const { property, read } = codeField({
		displayName: 'Currency',
		name: 'currency',
		placeholder: 'e.g. USD',
		description:
			'Three-letter ISO 4217 code of the currency. Where it is not set, Pocketsflow uses that of the account.',
	});
	return {
		property,
		read(raw) {
			const value = read(raw);
			if (value !== undefined && !/^[a-z]{3}$/i.test(value))
				throw new InvalidInputError(
					"'Currency' must be a code of three letters",
					'Use an ISO 4217 code such as USD.',
				);
			return value;
		},
	};
}

/** The optional fields that products and subscription offers have in common. */
export const pageFields: readonly Field[] = [
	urlField({
		displayName: 'Callback URL',
		name: 'callbackUrl',
		description: 'Where buyers are sent after paying',
	}),
	textField({
		displayName: 'Call to Action Text',
		name: 'ctaText',
		placeholder: 'e.g. Get it now',
		description: 'The text of the button that leads to the checkout',
	}),
	descriptionField,
	booleanField({
		displayName: 'Ask for First Name',
		name: 'hasFirstName',
		default: true,
		description: 'Whether the checkout asks for the first name of the buyer',
	}),
	booleanField({
		displayName: 'Ask for Last Name',
		name: 'hasLastName',
		default: true,
		description: 'Whether the checkout asks for the last name of the buyer',
	}),
	urlListField({
		displayName: 'Image URLs',
		name: 'images',
		placeholder: 'e.g. https://example.com/image.png',
		description: 'The pictures on the sales page',
	}),
	moneyField({
		displayName: 'Maximum Price',
		name: 'maxPrice',
		description: 'The most that a buyer can choose to pay where the price is theirs to choose',
	}),
	moneyField({
		displayName: 'Minimum Price',
		name: 'minPrice',
		description: 'The least that a buyer can choose to pay where the price is theirs to choose',
	}),
	textField(
		{
			displayName: 'Refund Policy',
			name: 'refundPolicy',
			placeholder: 'e.g. Money back within 14 days',
			description: 'The refund policy that buyers read',
		},
		{ rows: 3 },
	),
	booleanField({
		displayName: 'Published',
		name: 'published',
		default: true,
		description: 'Whether buyers can see and buy it',
	}),
	booleanField({
		displayName: 'Show Reviews',
		name: 'showReviews',
		default: true,
		description: 'Whether the sales page shows reviews',
	}),
	booleanField({
		displayName: 'Show Sales',
		name: 'showSales',
		default: true,
		description: 'Whether the sales page shows how often it was sold',
	}),
	codeField({
		displayName: 'Slug',
		name: 'slug',
		placeholder: 'e.g. icon-pack',
		description: 'The last part of the address of the sales page',
	}),
	textField({
		displayName: 'Subtitle',
		name: 'subtitle',
		placeholder: 'e.g. 200 icons in one file',
		description: 'A short line below the name',
	}),
	urlField({
		displayName: 'Thumbnail URL',
		name: 'thumbnail',
		placeholder: 'e.g. https://example.com/cover.png',
		description: 'The picture that stands for it in lists',
	}),
];

/**
 * Checks the prices among the values of `pageFields` (major units) and gives all values back.
 * @throws InvalidInputError for a minimum above the maximum
 */
export function checkPriceRange(values: CollectionValues): CollectionValues {
	const { minPrice, maxPrice } = values;
	if (typeof minPrice === 'number' && typeof maxPrice === 'number' && minPrice > maxPrice)
		throw new InvalidInputError(
			"'Minimum Price' is more than 'Maximum Price'",
			'Use a minimum price that is the same or less.',
		);
	return values;
}
