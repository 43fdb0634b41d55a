import { checkField, InvalidInputError, type CollectionValues, type Field } from '../field';
import { switchField } from '../kinds/boolean';
import { moneyField } from '../kinds/number';
import { codeField, longTextField, textField, urlField } from '../kinds/text';
import { urlListField } from '../list';

/** The name of something for sale. */
export const buildNameField = (placeholder: string): Field<string> =>
	textField({
		displayName: 'Name',
		name: 'name',
		required: true,
		placeholder,
		description: 'The name that buyers see',
	});

export const descriptionField = longTextField(
	'Description',
	'description',
	'The description that buyers see',
	4,
);

export const currencyField: Field<string> = {
	...checkField(
		codeField({
			displayName: 'Currency',
			name: 'currency',
			placeholder: 'e.g. USD',
			description:
				'Three-letter ISO 4217 code of the currency. Default: the currency of the account.',
		}),
		(value) => /^[a-z]{3}$/i.test(value),
		() => 'must be a three-letter code',
		'Use an ISO 4217 code such as USD.',
	),
	emptyValue: undefined,
};

export const publishedField = switchField(
	'Published',
	'published',
	'Whether buyers can see and buy the product',
);

/** The optional fields that products and subscription offers share. */
export const pageFields: readonly Field[] = [
	urlField({
		displayName: 'Callback URL',
		name: 'callbackUrl',
		description: 'The page that buyers see after they pay',
	}),
	textField({
		displayName: 'Call to Action Text',
		name: 'ctaText',
		placeholder: 'e.g. Get it now',
		description: 'The text of the button that leads to the checkout',
	}),
	descriptionField,
	switchField(
		'Ask for First Name',
		'hasFirstName',
		"Whether the checkout asks for the buyer's first name",
	),
	switchField(
		'Ask for Last Name',
		'hasLastName',
		"Whether the checkout asks for the buyer's last name",
	),
	urlListField({
		displayName: 'Image URLs',
		name: 'images',
		placeholder: 'e.g. https://example.com/image.png',
		description: 'The images on the sales page',
	}),
	moneyField({
		displayName: 'Maximum Price',
		name: 'maxPrice',
		description: 'The highest price that buyers can choose with Pay What You Want',
	}),
	moneyField({
		displayName: 'Minimum Price',
		name: 'minPrice',
		description: 'The lowest price that buyers can choose with Pay What You Want',
	}),
	textField(
		{
			displayName: 'Refund Policy',
			name: 'refundPolicy',
			placeholder: 'e.g. Money back within 14 days',
			description: 'The refund policy for buyers',
		},
		{ rows: 3 },
	),
	publishedField,
	switchField('Show Reviews', 'showReviews', 'Whether the sales page shows reviews'),
	switchField('Show Sales', 'showSales', 'Whether the sales page shows the number of sales'),
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
		description: 'The image to show in lists',
	}),
];

/** Returns the values. @throws InvalidInputError if the minimum price is above the maximum */
export function checkPriceRange(values: CollectionValues): CollectionValues {
	const { minPrice, maxPrice } = values;
	if (typeof minPrice === 'number' && typeof maxPrice === 'number' && minPrice > maxPrice)
		throw new InvalidInputError(
			"'Minimum Price' is higher than 'Maximum Price'",
			'Use the same or a lower minimum price.',
		);
	return values;
}
