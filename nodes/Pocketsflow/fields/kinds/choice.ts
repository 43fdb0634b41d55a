import type { INodePropertyOptions } from 'n8n-workflow';

import { defineField, InvalidInputError, type Field, type Presentation } from '../field';

export function choiceField(
	shown: Presentation & { options: readonly INodePropertyOptions[] },
): Field<string> {
	const options = [...shown.options];
	return defineField({ type: 'options', default: options[0].value, ...shown, options }, (raw) => {
		const chosen = options.find(({ value }) => value === raw);
		if (chosen) return String(chosen.value);
		throw new InvalidInputError(
			`'${shown.displayName}' must be one of ${options.map(({ value }) => value).join(', ')}`,
			'Select an option from the list, or use an expression that returns one of these values.',
		);
	});
}
