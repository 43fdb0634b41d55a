import { buildUpdateFields } from '../../fields/shared/collections';
import { simplifyField } from '../../fields/shared/output';
import { currencyField } from '../../fields/shared/salesPage';
import { codeField, emailField, textField } from '../../fields/kinds/text';
import type { Resource } from '../operation';

const simplifiedKeys = [
	'email',
	'name',
	'firstName',
	'lastName',
	'subdomain',
	'currency',
	'country',
	'hasSales',
	'testMode',
];

/** Keys that an update can change come first. */
const updatedKeys = [
	'email',
	'contactEmail',
	'name',
	'firstName',
	'lastName',
	'subdomain',
	'currency',
	'country',
	'testMode',
];

export const accountResource: Resource = {
	option: { name: 'Account', value: 'account' },
	operations: [
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get account',
				description: 'Get the Pocketsflow account that the API key belongs to',
			},
			fields: [simplifyField],
			request: () => ({ method: 'GET', path: '/users/me' }),
			effect: 'read',
			response: { kind: 'record', recordKeys: ['user'], simplifiedKeys },
		},
		{
			option: {
				name: 'Update',
				value: 'update',
				action: 'Update account',
				description: 'Change the name, store address, or defaults of the account',
			},
			fields: [simplifyField],
			collections: [
				buildUpdateFields(
					emailField({
						displayName: 'Contact Email',
						name: 'contactEmail',
						description: 'The email address where buyers can reach the seller',
					}),
					codeField({
						displayName: 'Country',
						name: 'country',
						placeholder: 'e.g. US',
						description: 'The country of the seller',
					}),
					currencyField,
					textField({
						displayName: 'First Name',
						name: 'firstName',
						placeholder: 'e.g. Nathan',
						description: 'The first name of the seller',
					}),
					textField({
						displayName: 'Last Name',
						name: 'lastName',
						placeholder: 'e.g. Smith',
						description: 'The last name of the seller',
					}),
					codeField({
						displayName: 'Subdomain',
						name: 'subdomain',
						placeholder: 'e.g. my-store',
						description:
							"The part before .pocketsflow.com in the store's address. If you change it, old links may stop working.",
					}),
				),
			],
			request: (item) => ({ method: 'POST', path: '/users/update', body: item.requireChanges() }),
			effect: 'change',
			response: { kind: 'record', recordKeys: ['user'], simplifiedKeys: updatedKeys },
		},
	],
};
