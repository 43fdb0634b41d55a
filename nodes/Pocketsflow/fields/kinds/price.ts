import {
	checkField,
	InvalidInputError,
	showFor,
	type CollectionValues,
	type Field,
	type Presentation,
} from '../field';
import { switchField } from './boolean';
import { choiceField } from './choice';
import { moneyField } from './number';

/** Whether a new product has a price, so that none is free because someone forgot its price. */
const pricingField = choiceField({
	displayName: 'Pricing',
	name: 'pricing',
	description: 'The pricing of the product: paid or free',
	default: 'paid',
	options: [
		{ name: 'Free', value: 'free', description: 'Sets the price to 0' },
		{ name: 'Paid', value: 'paid', description: 'Buyers pay the price that you set' },
	],
});

/** A price in major units. A price of 0 is refused, because free is a separate choice. */
export const priceField = (shown: Presentation): Field<number> =>
	checkField(
		moneyField({ ...shown, required: true }, { min: -Infinity }),
		(price) => price > 0,
		(price) => (price === 0 ? 'is 0' : 'must be more than 0'),
		"Enter a price. To offer the product for free, set 'Pricing' to 'Free', or add 'Make Free' when you update it.",
	);

export const buildPriceFields = (price: Field<number>): readonly Field[] => [
	pricingField,
	showFor({ pricing: ['paid'] }, price),
];

/** The price: 0 only if Free was selected. @throws InvalidInputError */
export const readPrice = (
	item: { require<T>(field: Field<T>): T },
	price: Field<number>,
): number => (item.require(pricingField) === 'free' ? 0 : item.require(price));

const freeSwitch = switchField('Make Free', 'makeFree', 'Whether to set the price to 0');

/** Makes an existing product free, which a price cannot do. Off is the same as blank. */
export const makeFreeField: Field<boolean> = {
	...freeSwitch,
	read: (raw) => freeSwitch.read(raw) || undefined,
};

/** The body of an update with Make Free and a price. @throws InvalidInputError if both are set */
export function readPriceChange(
	{ makeFree, ...changes }: CollectionValues,
	{ property: { name, displayName } }: Field,
): CollectionValues {
	if (makeFree && changes[name] !== undefined)
		throw new InvalidInputError(
			`'${displayName}' and 'Make Free' cannot be set together`,
			'Remove one of the two.',
		);
	return makeFree ? { ...changes, [name]: 0 } : changes;
}
