import type { Field } from '../field';

/** A box in the panel, not a parameter. */
export function noticeField(name: string, text: string): Field<never> {
	return {
		property: { displayName: text, name, type: 'notice', default: '' },
		read: () => undefined,
	};
}
