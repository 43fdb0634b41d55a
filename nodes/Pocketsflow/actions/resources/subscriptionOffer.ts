import { lists } from '../../api/lists';
import { buildNameField, checkPriceRange, pageFields } from '../../fields/shared/salesPage';
import { jsonField, textOrJsonField } from '../../fields/kinds/json';
import { checkoutQueryPattern, idPattern, locatorField, offerSource } from '../../fields/locators';
import { buildPriceFields, priceField, readPrice } from '../../fields/kinds/price';
import { switchField } from '../../fields/kinds/boolean';
import { choiceField } from '../../fields/kinds/choice';
import { numberField } from '../../fields/kinds/number';
import { longTextField, urlField } from '../../fields/kinds/text';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const offerField = locatorField({
	displayName: 'Subscription Offer',
	name: 'offerId',
	placeholder: 'e.g. 6a4000000000000000000f1a',
	picker: { method: 'searchOffers', sources: [offerSource] },
	address: {
		placeholder: 'e.g. https://store.pocketsflow.com/checkout?subscriptionId=6a40…',
		regex: `^https?://[^/]+/${checkoutQueryPattern('subscriptionId')}${idPattern}`,
		errorMessage: 'Use a checkout link with subscriptionId',
	},
});

const nameField = buildNameField('e.g. Pro membership');

const offerPriceField = priceField({
	displayName: 'Price',
	name: 'price',
	placeholder: 'e.g. 15',
	hint: 'In US dollars: 15 is $15.00, not cents',
	description: 'The price of each period in US dollars: 15 is $15.00',
});

const frequencyField = choiceField({
	displayName: 'Frequency',
	name: 'frequency',
	description: 'How often the price is charged',
	default: 'monthly',
	options: [
		{ name: 'Monthly', value: 'monthly' },
		{ name: 'Weekly', value: 'weekly' },
		{ name: 'Yearly', value: 'yearly' },
	],
});

const styleExample = '{"primary": "#5B3DF5"}';

const buildStyleField = (displayName: string, name: string, purpose: string) =>
	jsonField(
		{
			displayName,
			name,
			description: `${purpose}, as a JSON object`,
			placeholder: `e.g. ${styleExample}`,
		},
		styleExample,
	);

const offerFields = [
	buildStyleField('Checkout Colors', 'checkoutColors', 'Colors of the checkout page'),
	buildStyleField('Checkout Style', 'checkoutStyle', 'Style of the checkout page'),
	longTextField('Checkout Text', 'checkoutText', 'The text on the checkout page'),
	buildStyleField('Colors', 'colors', 'Colors of the sales page'),
	buildStyleField('Design', 'design', 'Design of the sales page'),
	urlField({
		displayName: 'External URL',
		name: 'url',
		placeholder: 'e.g. https://example.com/members',
		description: 'The page where subscribers find the content',
	}),
	textOrJsonField({
		displayName: 'File',
		name: 'file',
		placeholder: 'e.g. https://example.com/guide.pdf',
		description:
			'URL of the file for subscribers, or a JSON object that refers to an uploaded file',
	}),
	switchField(
		'Has Callback URL',
		'hasCallbackUrl',
		'Whether to send buyers to the callback URL after they pay',
	),
	switchField('Has Product Page', 'hasProductPage', 'Whether the offer has its own page'),
	switchField('Is File', 'isFile', 'Whether subscribers can download a file'),
	buildStyleField('Page Style', 'pageStyle', 'Style of the sales page'),
	longTextField('Portal Text', 'portalText', 'The text in the billing portal'),
	longTextField('Privacy Policy', 'privacyPolicy', 'The privacy policy for buyers'),
	urlField({
		displayName: 'Redirect Back URL',
		name: 'redirectBackUrl',
		placeholder: 'e.g. https://example.com/account',
		description: 'The page that the billing portal returns subscribers to',
	}),
	longTextField('Terms of Service', 'termsOfService', 'The terms of service for buyers'),
	longTextField('Thank You Text', 'thankYouText', 'The text that buyers see after they pay'),
	numberField(
		{
			displayName: 'Trial Period',
			name: 'trialPeriod',
			placeholder: 'e.g. 14',
			description: 'Number of days before the first charge',
		},
		{ min: 0, integer: true },
	),
];

const offers = new RecordOperations({
	noun: 'subscription offer',
	endpoint: lists.offers,
	field: offerField,
	simplifiedKeys: [
		'name',
		'price',
		'currency',
		'frequency',
		'trialPeriod',
		'published',
		'slug',
		'testMode',
		'createdAt',
	],
});

export const subscriptionOfferResource: Resource = {
	option: {
		name: 'Subscription Offer',
		value: 'subscriptionOffer',
		description: 'A recurring product that buyers can subscribe to',
	},
	operations: [
		offers.create(
			'Create a subscription offer, a recurring product that you sell through a checkout session',
			{
				fields: [nameField, ...buildPriceFields(offerPriceField), frequencyField],
				additional: [...pageFields, ...offerFields],
				body: (item) => ({
					name: item.require(nameField),
					price: readPrice(item, offerPriceField),
					frequency: item.require(frequencyField),
					...checkPriceRange(item.getOptional()),
				}),
			},
		),
		offers.get(),
		offers.getMany(),
	],
};
