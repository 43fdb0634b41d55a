import fc from 'fast-check';

import {
	readMetadataJson,
	readMetadataRows,
} from '../../../nodes/Pocketsflow/fields/kinds/metadata';
import { anyText, readOrRefuse } from './inputs';

describe('metadata', () => {
	const key = fc.oneof(
		fc.constantFrom('constructor', 'toString', 'hasOwnProperty', 'prototype', '🎉', 'مفتاح'),
		fc
			.string({ minLength: 1 })
			.filter((name) => name.trim() === name && name !== '' && name !== '__proto__'),
	);
	const value = fc.oneof(
		anyText.filter((text) => text.trim() !== ''),
		fc.boolean(),
		fc
			.double({ noNaN: true, noDefaultInfinity: true })
			.filter((number) => !Number.isInteger(number) || Number.isSafeInteger(number)),
	);

	it('metadata with flat values is sent exactly as given', () => {
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
		['{"a": {"b": 1}}', "value for 'a' that is not text"],
		['{"a": [1]}', "value for 'a' that is not text"],
		['{"a": null}', "no value for 'a'"],
		['{"a": ""}', "no value for 'a'"],
		['{"a": " "}', "no value for 'a'"],
		['{"a": 1, "a": 2}', "the key 'a' twice"],
		['{"a": {"b": 1, "b": 2}}', "the key 'b' twice"],
		['{"a": 12345678901234567890}', "too precise to be sent exactly: '12345678901234567890'"],
		['{"a": 9007199254740993}', "too precise to be sent exactly: '9007199254740993'"],
		['{"a": 0.1e400}', "too precise to be sent exactly: '0.1e400'"],
		['{" ": "x"}', 'without a key'],
		['[1]', 'must be a JSON object'],
		['"text"', 'must be a JSON object'],
		['{', 'not valid JSON'],
	])('metadata is refused as JSON: %s', (raw, message) => {
		expect(readOrRefuse(() => readMetadataJson('Metadata', raw)).refused).toContain(message);
	});

	it.each([
		[{ a: undefined }, "no value for 'a'"],
		[{ a: null }, "no value for 'a'"],
		[{ a: '' }, "no value for 'a'"],
		[{ a: 2 ** 53 }, "number for 'a' that is too large"],
		[{ a: Infinity }, "number for 'a' that is too large"],
		[undefined, 'has no value'],
		[null, 'has no value'],
		[[{ a: 1 }], 'must be a JSON object'],
	])('metadata from an expression is refused as JSON: %p', (raw, message) => {
		expect(readOrRefuse(() => readMetadataJson('Metadata', raw)).refused).toContain(message);
	});

	it.each([
		[{ key: 'a', value: undefined }, "no value for 'a'"],
		[{ key: 'a', value: null }, "no value for 'a'"],
		[{ key: 'a', value: '' }, "no value for 'a'"],
		[{ key: 'a' }, "no value for 'a'"],
		[{ key: 'a', value: 2 ** 53 }, "number for 'a' that is too large"],
		[{ key: 'a', value: { b: 1 } }, "value for 'a' that is not text"],
		[{ key: undefined, value: 'x' }, 'without a key'],
		[{ key: undefined, value: undefined }, 'without a key'],
		[{ key: '', value: 'x' }, 'without a key'],
		[{ key: '', value: '' }, 'without a key'],
		[{}, 'without a key'],
		[{ key: {}, value: 'x' }, 'must be text'],
		[{ name: 'a', content: 'x' }, 'without a key'],
	])('metadata is refused with the row %p', (row, message) => {
		const raw = { entries: [row] };
		expect(readOrRefuse(() => readMetadataRows('Metadata', raw)).refused).toContain(message);
	});

	it.each([undefined, null, 'x', { entries: 'x' }, { entries: ['x'] }])(
		'metadata without a list of rows is refused: %p',
		(raw) => {
			expect(readOrRefuse(() => readMetadataRows('Metadata', raw)).refused).toMatch(
				/^'Metadata' must be a list of rows/,
			);
		},
	);

	it('metadata loses the blanks around its keys', () => {
		const wanted = { order_id: ' A-1 ' };
		expect(readMetadataJson('Metadata', '{" order_id\\n": " A-1 "}')).toEqual(wanted);
		const rows = { entries: [{ key: 'order_id ', value: ' A-1 ' }] };
		expect(readMetadataRows('Metadata', rows)).toEqual(wanted);
		expect(() => readMetadataJson('Metadata', '{"a": 1, "a ": 2}')).toThrow("the key 'a' twice");
	});

	it.each([{ order_id: 'A-1' }, { values: [{ key: 'a', value: 'x' }] }])(
		'metadata rows are refused if an object has none: %p',
		(raw) => {
			expect(readOrRefuse(() => readMetadataRows('Metadata', raw)).refused).toMatch(
				/^'Metadata' must be a list of rows/,
			);
		},
	);

	it('metadata rows take numbers as keys and values', () => {
		const rows = [
			{ key: 'order_id', value: 'A-1' },
			{ key: 7, value: 3 },
		];
		expect(readMetadataRows('Metadata', { entries: rows })).toEqual({ order_id: 'A-1', '7': 3 });
	});

	it('metadata is left out if nothing was added', () => {
		expect(readMetadataRows('Metadata', {})).toBeUndefined();
		expect(readMetadataRows('Metadata', { entries: [] })).toBeUndefined();
		expect(readMetadataRows('Metadata', '')).toBeUndefined();
		expect(readMetadataJson('Metadata', '')).toBeUndefined();
	});
});
