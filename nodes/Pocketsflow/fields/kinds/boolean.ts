import { readFlag } from '../../api/responses';
import { defineField, InvalidInputError, type Field, type Presentation } from '../field';

/** A yes or no. Spreadsheets and expressions may also return it as text in any case, or as 1 and 0. */
export const booleanField = (shown: Presentation): Field<boolean> =>
	defineField({ type: 'boolean', default: false, ...shown }, (raw) => {
		const flag = readFlag(raw);
		if (flag !== undefined) return flag;
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
