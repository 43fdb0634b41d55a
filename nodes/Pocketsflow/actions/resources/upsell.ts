import {
	additionalFields,
	limit,
	mainProducts,
	productLocator,
	returnAll,
	simplify,
	updateFields,
	upsell as upsellField,
} from '../../fields/common';
import { boolean, money, text } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

const simplified = [
	'name',
	'mainProductIds',
	'upsellProductId',
	'upsellPrice',
	'offer',
	'active',
	'testMode',
	'createdAt',
];

const upsellProduct = productLocator({
	displayName: 'Upsell Product',
	name: 'upsellProductId',
	description: 'The product that is offered in addition',
});

const upsellPrice = money({
	displayName: 'Upsell Price',
	name: 'upsellPrice',
	required: true,
	description: 'The price of the upsell product in major units: 29.99 is $29.99',
});

const details = [
	boolean({
		displayName: 'Active',
		name: 'active',
		default: true,
		description: 'Whether buyers see the upsell',
	}),
	text(
		{
			displayName: 'Description',
			name: 'upsellDescription',
			description: 'What buyers read about the upsell',
		},
		{ rows: 4 },
	),
	text({
		displayName: 'Headline',
		name: 'offer',
		placeholder: 'e.g. Add the templates for half the price',
		description: 'The line that presents the upsell',
	}),
	text({
		displayName: 'Name',
		name: 'name',
		placeholder: 'e.g. Templates with icons',
		description: 'The name of the upsell in your account',
	}),
	text({
		displayName: 'Primary Button Text',
		name: 'primaryButtonText',
		placeholder: 'e.g. Yes, add this!',
		description: 'The text of the button that takes the upsell',
	}),
	text({
		displayName: 'Secondary Button Text',
		name: 'secondaryButtonText',
		placeholder: 'e.g. No thanks',
		description: 'The text of the button that leaves it out',
	}),
];

export const upsell: Resource = {
	option: { name: 'Upsell', value: 'upsell' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create an upsell',
				description: 'Offer buyers of some products another product in addition',
			},
			fields: [mainProducts, upsellProduct, upsellPrice],
			collections: [additionalFields(...details)],
			request: (item) => ({
				method: 'POST',
				path: '/upsells',
				body: {
					mainProductIds: item.require(mainProducts),
					upsellProductId: item.require(upsellProduct),
					upsellPrice: item.require(upsellPrice),
					...item.optional(),
				},
			}),
			effect: 'create',
			answer: { kind: 'record', wrappers: ['upsell'] },
		},
		{
			option: {
				name: 'Delete',
				value: 'delete',
				action: 'Delete an upsell',
				description: 'Delete an upsell permanently, so that buyers no longer see it',
			},
			fields: [upsellField],
			request: (item) => ({ method: 'DELETE', path: path`/upsells/${item.require(upsellField)}` }),
			effect: 'change',
			answer: { kind: 'deleted', id: upsellField },
		},
		{
			option: { name: 'Get', value: 'get', action: 'Get an upsell', description: 'Get one upsell' },
			fields: [upsellField, simplify],
			request: (item) => ({ method: 'GET', path: path`/upsells/${item.require(upsellField)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['upsell'], simplified },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many upsells',
				description: 'Get the upsells of the account',
			},
			fields: [returnAll, limit, simplify],
			request: () => ({ method: 'GET', path: '/upsells' }),
			effect: 'read',
			answer: { kind: 'list', ...lists.upsells, simplified },
		},
		{
			option: {
				name: 'Update',
				value: 'update',
				action: 'Update an upsell',
				description: 'Change an upsell; what is not set stays as it is',
			},
			fields: [upsellField],
			collections: [updateFields(...details, mainProducts, upsellPrice, upsellProduct)],
			request: (item) => ({
				method: 'POST',
				path: path`/upsells/${item.require(upsellField)}`,
				body: item.changes(),
			}),
			effect: 'change',
			answer: { kind: 'record', wrappers: ['upsell'] },
		},
	],
};
