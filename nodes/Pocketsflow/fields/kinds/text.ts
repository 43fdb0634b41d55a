import type { INodeProperties } from 'n8n-workflow';

import { checkField, defineField, quote, readText, type Field, type Presentation } from '../field';

/** Text, sent exactly as entered. Text that is only whitespace counts as not set. */
export const textField = (
	shown: Presentation,
	typeOptions?: INodeProperties['typeOptions'],
): Field<string> => ({
	...defineField(
		{ type: 'string', default: '', ...shown, ...(typeOptions && { typeOptions }) },
		(raw) => {
			const value = readText(shown.displayName, raw);
			return value.trim() === '' ? undefined : value;
		},
	),
	// A value that is required on creation cannot be cleared later.
	emptyValue: shown.required ? undefined : '',
});

export const longTextField = (
	displayName: string,
	name: string,
	description: string,
	rows = 3,
): Field<string> => textField({ displayName, name, description }, { rows });

/** Text such as a code or a key, from which surrounding whitespace is removed. */
export function codeField(shown: Presentation): Field<string> {
	const field = textField(shown);
	return { ...field, read: (raw) => field.read(raw)?.trim() };
}

/** Text to compare with other text. A boolean is compared as text, too. */
export function comparedTextField(shown: Presentation): Field<string> {
	const field = codeField(shown);
	return { ...field, read: (raw) => field.read(typeof raw === 'boolean' ? String(raw) : raw) };
}

/** An absolute http or https URL, without surrounding whitespace. */
export const urlField = (shown: Presentation): Field<string> =>
	checkField(
		codeField({ placeholder: 'e.g. https://example.com/thanks', ...shown }),
		(value) => /^https?:\/\/[^\s/]/i.test(value) && URL.canParse(value),
		(value) => `must be a complete URL, not ${quote(value)}`,
		'Use an address that begins with https:// or http://.',
	);

/** One email address. Refuses only text that is certainly not one; Pocketsflow decides the rest. */
export const emailField = (shown: Presentation): Field<string> =>
	checkField(
		codeField({ placeholder: 'e.g. name@email.com', ...shown }),
		(value) => /^[^\s@]+@[^\s@]+$/.test(value),
		(value) => `must be an email address, not ${quote(value)}`,
		'Use one address, such as name@email.com.',
	);
