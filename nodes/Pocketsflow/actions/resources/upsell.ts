import { lists } from '../../api/lists';
import { buildProductField, locatorField, mainProductsField } from '../../fields/locators';
import { formatActive, formatAmount, formatText, buildPicker } from '../../fields/pickers';
import {
	buildPriceFields,
	makeFreeField,
	priceField,
	readPrice,
	readPriceChange,
} from '../../fields/kinds/price';
import { switchField } from '../../fields/kinds/boolean';
import { longTextField, textField } from '../../fields/kinds/text';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const upsellField = locatorField({
	displayName: 'Upsell',
	name: 'upsellId',
	placeholder: 'e.g. 6a5600000000000000000fff',
	picker: buildPicker('searchUpsells', lists.upsells, (record) => [
		formatText(record.name) ?? formatText(record.offer) ?? 'Unnamed',
		formatAmount(record.upsellPrice, record.currency),
		formatActive(record),
	]),
});

const upsellProductField = buildProductField({
	displayName: 'Upsell Product',
	name: 'upsellProductId',
	description: 'The additional product to offer',
});

const upsellPriceField = priceField({
	displayName: 'Upsell Price',
	name: 'upsellPrice',
	description:
		'The price of the upsell product for buyers who accept the offer, in the currency of that product: 29.99 is $29.99',
});

const detailFields = [
	switchField('Active', 'active', 'Whether buyers see the upsell'),
	longTextField(
		'Description',
		'upsellDescription',
		'The description of the upsell that buyers see',
		4,
	),
	textField({
		displayName: 'Headline',
		name: 'offer',
		placeholder: 'e.g. Add the templates for half the price',
		description: 'The headline of the upsell',
	}),
	textField({
		displayName: 'Name',
		name: 'name',
		placeholder: 'e.g. Templates with icons',
		description: 'The name of the upsell in your account',
	}),
	textField({
		displayName: 'Primary Button Text',
		name: 'primaryButtonText',
		placeholder: 'e.g. Yes, add this!',
		description: 'The text of the button that accepts the upsell',
	}),
	textField({
		displayName: 'Secondary Button Text',
		name: 'secondaryButtonText',
		placeholder: 'e.g. No thanks',
		description: 'The text of the button that declines the upsell',
	}),
];

const upsells = new RecordOperations({
	noun: 'upsell',
	endpoint: lists.upsells,
	field: upsellField,
	simplifiedKeys: [
		'name',
		'mainProductIds',
		'upsellProductId',
		'upsellPrice',
		'offer',
		'active',
		'testMode',
		'createdAt',
	],
});

export const upsellResource: Resource = {
	option: { name: 'Upsell', value: 'upsell' },
	operations: [
		upsells.create(
			'Create an upsell that offers another product to buyers of the selected products',
			{
				fields: [mainProductsField, upsellProductField, ...buildPriceFields(upsellPriceField)],
				additional: detailFields,
				body: (item) => ({
					mainProductIds: item.require(mainProductsField),
					upsellProductId: item.require(upsellProductField),
					upsellPrice: readPrice(item, upsellPriceField),
					...item.getOptional(),
				}),
			},
		),
		upsells.delete('Delete an upsell permanently. Buyers no longer see it.'),
		upsells.get(),
		upsells.getMany(),
		upsells.update("Update an upsell. Fields that you don't set keep their values.", {
			changes: [
				...detailFields,
				mainProductsField,
				makeFreeField,
				upsellPriceField,
				upsellProductField,
			],
			body: (changes) => readPriceChange(changes, upsellPriceField),
		}),
	],
};
