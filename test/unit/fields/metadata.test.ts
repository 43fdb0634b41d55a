import fc from 'fast-check';

import { readMetadataJson, readMetadataRows } from '../../../nodes/Pocketsflow/fields/metadata';
import { anyText, readOrRefuse } from './inputs';

describe('metadata', () => {
	const key = fc.oneof(
		fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'prototype', '🎉', 'مفتاح'),
		fc.string({ minLength: 1 }).filter((name) => name.trim() !== '' && name !== '__proto__'),
	);
	const value = fc.oneof(
		anyText,
		fc.boolean(),
		fc.double({ noNaN: true, noDefaultInfinity: true }),
	);

	it('is sent exactly as given when its values are flat', () => {
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, minLength: 1 }),
				(entries) => {
					const given = JSON.stringify(Object.fromEntries(entries));
					expect(JSON.stringify(readMetadataJson('Metadata', given))).toBe(given);
					const rows = { entries: entries.map(([name, entry]) => ({ key: name, value: entry })) };
					expect(JSON.stringify(readMetadataRows('Metadata', rows))).toBe(given);
				},
			),
		);
	});

	it.each([
		['{"__proto__": "x"}', "the key '__proto__'"],
		['{"a": {"b": 1}}', "value of 'a'"],
		['{"a": [1]}', "value of 'a'"],
		['{"a": null}', "value of 'a'"],
		['{" ": "x"}', 'without a key'],
		['[1]', 'must be a JSON object'],
		['"text"', 'must be a JSON object'],
		['{', 'not valid JSON'],
	])('is refused as JSON: %s', (raw, message) => {
		expect(readOrRefuse(() => readMetadataJson('Metadata', raw)).refused).toContain(message);
	});

	it('leaves out rows without key and value', () => {
		expect(readMetadataRows('Metadata', { entries: [{ key: '', value: '' }] })).toBeUndefined();
		expect(readMetadataRows('Metadata', {})).toBeUndefined();
	});
});
