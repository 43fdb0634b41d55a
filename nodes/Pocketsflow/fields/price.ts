import {
	booleanField,
	choiceField,
	InvalidInputError,
	moneyField,
	showFor,
	type CollectionValues,
	type Field,
	type Presentation,
} from './types';

/** Whether a new thing has a price, so that none is free because its price was forgotten. */
const pricingField = choiceField(
	{
		displayName: 'Pricing',
		name: 'pricing',
		description: 'Whether buyers pay for it',
		default: 'paid',
	},
	[
		{ name: 'Free', value: 'free', description: 'Sets the price to 0' },
		{ name: 'Paid', value: 'paid', description: 'Buyers pay the price that you set' },
	],
);

/** A price in major units. A price of 0 is refused: being free is a choice of its own. */
export function priceField(shown: Presentation): Field<number> {
	const field = moneyField({ ...shown, required: true });
	return {
		...field,
		read(raw) {
			const price = field.read(raw);
			if (price === 0)
				throw new InvalidInputError(
					`'${shown.displayName}' is 0`,
					"Enter a price. To offer it for free, set 'Pricing' to 'Free', or add 'Make Free' in an update.",
				);
			return price;
		},
	};
}

/** The fields for the price of a new thing, in the order of the panel. */
export const buildPriceFields = (price: Field<number>): readonly Field[] => [
	pricingField,
	showFor({ pricing: ['paid'] }, price),
];

/** The price that `buildPriceFields` were given: 0 only where Free was chosen. @throws InvalidInputError */
export const readPrice = (
	item: { require<T>(field: Field<T>): T },
	price: Field<number>,
): number => (item.require(pricingField) === 'free' ? 0 : item.require(price));

/** Makes an existing thing free, which no price can do. */
export const makeFreeField = booleanField({
	displayName: 'Make Free',
	name: 'makeFree',
	default: true,
	description: 'Whether to set the price to 0',
});

/**
 * The body of an update whose fields include `makeFreeField`.
 * @param field the one that holds the price
 * @throws InvalidInputError where a price and being free are both asked for, or nothing is
 */
export function readPriceChange(
	{ makeFree, ...changes }: CollectionValues,
	{ property: { name, displayName } }: Field,
): CollectionValues {
	if (makeFree === true && changes[name] !== undefined)
		throw new InvalidInputError(
			`'${displayName}' and 'Make Free' cannot be set together`,
			'Remove one of the two.',
		);
	const body = makeFree === true ? { ...changes, [name]: 0 } : changes;
	if (Object.keys(body).length === 0)
		throw new InvalidInputError(
			"'Update Fields' has no field to change",
			"Turn on 'Make Free', or add another field.",
		);
	return body;
}
