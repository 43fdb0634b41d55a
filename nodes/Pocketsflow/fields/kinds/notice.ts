import type { Field } from '../field';

/** A remark in the panel; no parameter. */
export function noticeField(name: string, text: string): Field<never> {
	return {
		property: { displayName: text, name, type: 'notice', default: '' },
		read: () => undefined,
	};
}
