import { currencyField } from '../../fields/shared/salesPage';
import { codeField, emailField, textField } from '../../fields/kinds/text';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';

const accounts = new RecordOperations({
	noun: 'account',
	endpoint: { path: '/users/me', recordKeys: ['user'] },
	simplifiedKeys: [
		'email',
		'name',
		'firstName',
		'lastName',
		'subdomain',
		'currency',
		'country',
		'hasSales',
		'testMode',
	],
});

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
		accounts.get('Get the Pocketsflow account that the API key belongs to'),
		accounts.update('Change the name, store address, or defaults of the account', {
			folder: '/users/update',
			simplifiedKeys: updatedKeys,
			changes: [
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
			],
		}),
	],
};
