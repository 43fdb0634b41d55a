import { defineField, InvalidInputError, type Field, type Presentation } from '../field';

/** A yes or no. Spreadsheets and expressions may also return it as text in any case, or as 1 and 0. */
export const booleanField = (shown: Presentation): Field<boolean> =>
	defineField({ type: 'boolean', default: false, ...shown }, (raw) => {
		const text = ['boolean', 'string', 'number'].includes(typeof raw) ? String(raw) : '';
		if (/^\s*(true|1)\s*$/i.test(text)) return true;
		if (/^\s*(false|0)\s*$/i.test(text)) return false;
		throw new InvalidInputError(
			`'${shown.displayName}' must be true or false`,
			'Use true or false.',
		);
	});

/** A toggle that is on when a user adds it, because users add what they want to enable. */
export const switchField = (
	displayName: string,
	name: string,
	description: string,
): Field<boolean> => booleanField({ displayName, name, description, default: true });
