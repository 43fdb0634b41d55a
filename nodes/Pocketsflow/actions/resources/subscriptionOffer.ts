import {
	additionalFields,
	limit,
	offer,
	pageFields,
	pageFieldsOf,
	returnAll,
	simplify,
} from '../../fields/common';
import {
	boolean,
	choice,
	jsonObject,
	money,
	number,
	text,
	textOrObject,
	url,
} from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

const simplified = [
	'name',
	'price',
	'currency',
	'frequency',
	'trialPeriod',
	'published',
	'slug',
	'testMode',
	'createdAt',
];

const name = text({
	displayName: 'Name',
	name: 'name',
	required: true,
	placeholder: 'e.g. Pro membership',
	description: 'The name that buyers see',
});

const price = money({
	displayName: 'Price',
	name: 'price',
	required: true,
	description: 'The price of each period in USD and major units: 15 is $15.00',
});

const frequency = choice(
	{
		displayName: 'Frequency',
		name: 'frequency',
		description: 'How often the price is charged',
		default: 'monthly',
	},
	[
		{ name: 'Monthly', value: 'monthly' },
		{ name: 'Weekly', value: 'weekly' },
		{ name: 'Yearly', value: 'yearly' },
	],
);

const style = (displayName: string, fieldName: string, description: string) =>
	jsonObject({
		displayName,
		name: fieldName,
		description,
		placeholder: 'e.g. {"primary": "#5B3DF5"}',
	});

const ownFields = [
	style('Checkout Colors', 'checkoutColors', 'Colors of the checkout page, as a JSON object'),
	style('Checkout Style', 'checkoutStyle', 'Look of the checkout page, as a JSON object'),
	text(
		{
			displayName: 'Checkout Text',
			name: 'checkoutText',
			description: 'What buyers read on the checkout page',
		},
		{ rows: 3 },
	),
	style('Colors', 'colors', 'Colors of the sales page, as a JSON object'),
	style('Design', 'design', 'Design of the sales page, as a JSON object'),
	url({
		displayName: 'External URL',
		name: 'url',
		placeholder: 'e.g. https://example.com/members',
		description: 'Where subscribers find what they pay for',
	}),
	textOrObject({
		displayName: 'File',
		name: 'file',
		placeholder: 'e.g. https://example.com/guide.pdf',
		description:
			'URL of the file that subscribers get, or a JSON object that refers to an uploaded file',
	}),
	boolean({
		displayName: 'Has Callback URL',
		name: 'hasCallbackUrl',
		description: 'Whether buyers are sent to the callback URL after paying',
	}),
	boolean({
		displayName: 'Has Product Page',
		name: 'hasProductPage',
		default: true,
		description: 'Whether the offer has a page of its own',
	}),
	boolean({
		displayName: 'Is File',
		name: 'isFile',
		description: 'Whether subscribers get a file to download',
	}),
	style('Page Style', 'pageStyle', 'Look of the sales page, as a JSON object'),
	text(
		{
			displayName: 'Portal Text',
			name: 'portalText',
			description: 'What subscribers read in the billing portal',
		},
		{ rows: 3 },
	),
	text(
		{
			displayName: 'Privacy Policy',
			name: 'privacyPolicy',
			description: 'The privacy policy that buyers read',
		},
		{ rows: 3 },
	),
	url({
		displayName: 'Redirect Back URL',
		name: 'redirectBackUrl',
		placeholder: 'e.g. https://example.com/account',
		description: 'Where the billing portal sends subscribers back to',
	}),
	text(
		{
			displayName: 'Terms of Service',
			name: 'termsOfService',
			description: 'The terms of service that buyers read',
		},
		{ rows: 3 },
	),
	text(
		{
			displayName: 'Thank You Text',
			name: 'thankYouText',
			description: 'What buyers read after paying',
		},
		{ rows: 3 },
	),
	number(
		{
			displayName: 'Trial Period',
			name: 'trialPeriod',
			description: 'Number of days before the first charge',
		},
		{ min: 0, integer: true },
	),
];

export const subscriptionOffer: Resource = {
	option: {
		name: 'Subscription Offer',
		value: 'subscriptionOffer',
		description: 'A recurring product that buyers can subscribe to',
	},
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create a subscription offer',
				description: 'Create a recurring product. Its ID can be sold through a checkout session.',
			},
			fields: [name, price, frequency],
			collections: [additionalFields(...pageFields, ...ownFields)],
			request: (item) => ({
				method: 'POST',
				path: '/subscriptions',
				body: {
					name: item.require(name),
					price: item.require(price),
					frequency: item.require(frequency),
					...pageFieldsOf(item),
				},
			}),
			effect: 'create',
			answer: { kind: 'record', wrappers: ['subscription', 'offer'] },
		},
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get a subscription offer',
				description: 'Get one recurring product',
			},
			fields: [offer, simplify],
			request: (item) => ({ method: 'GET', path: path`/subscriptions/${item.require(offer)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['subscription', 'offer'], simplified },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many subscription offers',
				description: 'Get the recurring products of the account',
			},
			fields: [returnAll, limit, simplify],
			request: () => ({ method: 'GET', path: '/subscriptions' }),
			effect: 'read',
			answer: { kind: 'list', ...lists.offers, simplified },
		},
	],
};
