import type { INodePropertyOptions } from 'n8n-workflow';

import { InvalidInputError, isUnset, type Field, type Presentation } from '../field';

/** One of a fixed set of values. */
export function choiceField(shown: Presentation, options: INodePropertyOptions[]): Field<string> {
	return {
		property: { type: 'options', default: options[0].value, ...shown, options },
		read(raw) {
			if (isUnset(raw)) return undefined;
			const chosen = options.find(({ value }) => value === raw);
			if (!chosen)
				throw new InvalidInputError(
					`'${shown.displayName}' must be one of ${options.map(({ value }) => value).join(', ')}`,
					'Select an option from the list, or use an expression that returns one of these values.',
				);
			return String(chosen.value);
		},
	};
}
