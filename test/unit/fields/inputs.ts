import fc from 'fast-check';

import { InvalidInputError } from '../../../nodes/Pocketsflow/fields/field';

const awkward = fc.constantFrom(
	'',
	' ',
	'\u0000',
	'‮مرحبا',
	'👩‍👩‍👧 🎉',
	'<script>alert(1)</script>',
	'"; DROP TABLE x; --',
	'{{ 7 * 7 }}',
	'../../users/me',
	'a/b?c=d#e',
	'__proto__',
	'NaN',
	'\ud800',
	'x'.repeat(100_000),
);

/** Any text, what breaks careless code included. */
export const anyText = fc.oneof(
	awkward,
	fc.string({ unit: 'binary' }),
	fc.string({ unit: 'grapheme' }),
);

/** Any value that a parameter could hold. */
export const anything = fc.oneof(
	anyText,
	fc.anything({ withDate: true, withNullPrototype: true, withBigInt: true, withMap: true }),
);

/** Reads a parameter: its value, or the message with which it was refused. */
export function readOrRefuse<T>(read: () => T): { value?: T; refused?: string } {
	try {
		return { value: read() };
	} catch (error) {
		if (error instanceof InvalidInputError) return { refused: error.message };
		throw error;
	}
}
