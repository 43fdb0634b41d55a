import fc from 'fast-check';

import { momentOf } from '../../../nodes/Pocketsflow/api/dates';
import {
	currency,
	mainProducts,
	order,
	productLocator,
} from '../../../nodes/Pocketsflow/fields/common';
import {
	BadInput,
	boolean,
	choice,
	date,
	day,
	email,
	jsonObject,
	metadataFromJson,
	metadataFromRows,
	money,
	text,
	url,
	urlList,
	type Field,
} from '../../../nodes/Pocketsflow/fields/types';
import { path } from '../../../nodes/Pocketsflow/api/request';

const shown = { displayName: 'The Field', name: 'field', description: 'A field' };

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
const anyText = fc.oneof(awkward, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }));
const anything = fc.oneof(
	anyText,
	fc.anything({ withDate: true, withNullPrototype: true, withBigInt: true, withMap: true }),
);

const fields: Record<string, Field> = {
	boolean: boolean({ ...shown }),
	choice: choice({ ...shown }, [
		{ name: 'A', value: 'a' },
		{ name: 'B', value: 'b' },
	]),
	currency,
	date: date({ ...shown }),
	day: day({ ...shown }),
	email: email({ ...shown }),
	idList: mainProducts,
	jsonObject: jsonObject({ ...shown }),
	locator: order,
	money: money({ ...shown }),
	text: text({ ...shown }),
	url: url({ ...shown }),
	urlList: urlList({ ...shown }),
};

/** The value, or the words with which it was refused. */
function readWith<T>(read: () => T): { value?: T; refused?: string } {
	try {
		return { value: read() };
	} catch (error) {
		if (error instanceof BadInput) return { refused: error.message };
		throw error;
	}
}

describe.each(Object.entries(fields))('%s', (_name, field) => {
	it('takes or refuses anything in words that name it', () => {
		fc.assert(
			fc.property(anything, (raw) => {
				const { refused } = readWith(() => field.read(raw));
				if (refused === undefined) return;
				expect(refused.startsWith(field.property.displayName)).toBe(true);
				expect(refused.length).toBeLessThan(400);
			}),
		);
	});

	it.each([undefined, null, ''])('is not set by %p', (raw) => {
		expect(field.read(raw)).toBeUndefined();
	});
});

test('text is sent exactly as given', () => {
	fc.assert(
		fc.property(anyText, (raw) => {
			expect(fields.text.read(raw)).toBe(raw.trim() === '' ? undefined : raw);
		}),
	);
});

test('amounts of money are sent exactly as given', () => {
	fc.assert(
		fc.property(fc.integer({ min: 0, max: 99_999_999 }), (cents) => {
			const amount = cents / 100;
			expect(fields.money.read(amount)).toBe(amount);
			expect(fields.money.read(String(amount))).toBe(amount);
		}),
	);
	for (const wrong of [
		-1,
		NaN,
		Infinity,
		1e10,
		0.1 + 0.2,
		'1,5',
		'$5',
		'0x10',
		'1e3',
		true,
		[],
		{},
	])
		expect(readWith(() => fields.money.read(wrong)).refused).toBeDefined();
});

test('whatever ID is taken stays one segment of the path', () => {
	const locators = [order, productLocator()];
	fc.assert(
		fc.property(anyText, fc.constantFrom(...locators), (raw, field) => {
			const { value } = readWith(() => field.read(raw));
			if (value === undefined) return;
			const address = new URL(`https://api.example.com${path`/orders/${value}`}`);
			expect(address.pathname.split('/')).toHaveLength(3);
			expect(address.search + address.hash).toBe('');
			expect(decodeURIComponent(address.pathname.split('/')[2])).toBe(value);
		}),
	);
});

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

	it('of flat values is sent exactly as given', () => {
		fc.assert(
			fc.property(
				fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, minLength: 1 }),
				(entries) => {
					const given = JSON.stringify(Object.fromEntries(entries));
					expect(JSON.stringify(metadataFromJson('Metadata', given))).toBe(given);
					const rows = { entries: entries.map(([name, entry]) => ({ key: name, value: entry })) };
					expect(JSON.stringify(metadataFromRows('Metadata', rows))).toBe(given);
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
	])('refuses %s', (raw, words) => {
		expect(readWith(() => metadataFromJson('Metadata', raw)).refused).toContain(words);
	});

	it('leaves rows out that are empty', () => {
		expect(metadataFromRows('Metadata', { entries: [{ key: '', value: '' }] })).toBeUndefined();
		expect(metadataFromRows('Metadata', {})).toBeUndefined();
	});
});

test('objects are sent exactly as given, whatever their keys', () => {
	fc.assert(
		fc.property(
			fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue(), { minKeys: 1 }),
			(given) => {
				const asText = JSON.stringify(given);
				expect(JSON.stringify(fields.jsonObject.read(asText))).toBe(asText);
			},
		),
	);
});

describe('dates', () => {
	it('of any moment come back as they were', () => {
		fc.assert(
			fc.property(
				fc.date({ min: new Date('1974-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
				(moment) => {
					const iso = moment.toISOString();
					for (const raw of [iso, moment, moment.getTime(), String(moment.getTime())])
						expect(momentOf(raw, 'Asia/Kathmandu')?.toISOString()).toBe(iso);
				},
			),
		);
	});

	it.each([
		['2026-11-23', 'UTC', 'start', '2026-11-23T00:00:00.000Z'],
		['2026-11-23', 'UTC', 'end', '2026-11-23T23:59:59.999Z'],
		['2026-11-23', 'Europe/Berlin', 'end', '2026-11-23T22:59:59.999Z'],
		['2026-10-25', 'Europe/Berlin', 'start', '2026-10-24T22:00:00.000Z'],
		['2026-10-25', 'Europe/Berlin', 'end', '2026-10-25T22:59:59.999Z'],
		['2026-11-23 09:30', 'Asia/Kolkata', 'end', '2026-11-23T04:00:00.000Z'],
		['2026-11-23T09:30:00.5', 'UTC', 'start', '2026-11-23T09:30:00.500Z'],
	] as const)('%s in %s, %s', (raw, zone, edge, wanted) => {
		expect(momentOf(raw, zone, edge)?.toISOString()).toBe(wanted);
	});

	it.each([
		'2026-02-29',
		'2026-13-01',
		'2026-11-23T25:00',
		'tomorrow',
		'23.11.2026',
		'11/23/2026',
		-1,
		NaN,
		{},
		[],
	])('%p is none', (raw) => {
		expect(momentOf(raw, 'UTC')).toBeUndefined();
	});

	it('of payments are days in the time zone of the workflow', () => {
		expect(fields.day.read('2026-11-23T23:30:00Z', 'Asia/Tokyo')).toBe('2026-11-24');
		expect(fields.day.read('2026-11-23', 'America/New_York')).toBe('2026-11-23');
	});
});
