import fc from 'fast-check';

import { path } from '../../../nodes/Pocketsflow/api/request';
import { currencyField } from '../../../nodes/Pocketsflow/fields/shared/salesPage';
import { dateField, dayField } from '../../../nodes/Pocketsflow/fields/kinds/date';
import { jsonField } from '../../../nodes/Pocketsflow/fields/kinds/json';
import {
	buildProductField,
	mainProductsField,
	orderField,
} from '../../../nodes/Pocketsflow/fields/locators';
import type { Field } from '../../../nodes/Pocketsflow/fields/field';
import { booleanField } from '../../../nodes/Pocketsflow/fields/kinds/boolean';
import { choiceField } from '../../../nodes/Pocketsflow/fields/kinds/choice';
import { idField } from '../../../nodes/Pocketsflow/fields/kinds/id';
import { moneyField } from '../../../nodes/Pocketsflow/fields/kinds/number';
import {
	codeField,
	emailField,
	textField,
	urlField,
} from '../../../nodes/Pocketsflow/fields/kinds/text';
import { productIdsField } from '../../../nodes/Pocketsflow/fields/triggerFields';
import { nameListField, urlListField } from '../../../nodes/Pocketsflow/fields/list';
import { anyText, anything, readOrRefuse } from './inputs';

const shown = { displayName: 'The Field', name: 'field', description: 'A field' };

const fields: Record<string, Field> = {
	boolean: booleanField({ ...shown }),
	choice: choiceField({
		...shown,
		options: [
			{ name: 'A', value: 'a' },
			{ name: 'B', value: 'b' },
		],
	}),
	currency: currencyField,
	date: dateField({ ...shown }),
	day: dayField({ ...shown }),
	email: emailField({ ...shown }),
	idList: mainProductsField,
	jsonObject: jsonField({ ...shown }),
	locator: orderField,
	money: moneyField({ ...shown }),
	text: textField({ ...shown }),
	url: urlField({ ...shown }),
	urlList: urlListField({ ...shown }),
};

describe.each(Object.entries(fields))('a field of the kind %s', (_name, field) => {
	it('takes any input, or refuses it with a message that names the field', () => {
		fc.assert(
			fc.property(anything, (raw) => {
				const { refused } = readOrRefuse(() => field.read(raw));
				if (refused === undefined) return;
				expect(refused.startsWith(`'${field.property.displayName}' `)).toBe(true);
				expect(refused.length).toBeLessThan(400);
			}),
		);
	});

	it.each([undefined, null, ''])('counts %p as not set', (raw) => {
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
		expect(readOrRefuse(() => fields.money.read(wrong)).refused).toBeDefined();
});

test('an ID that is taken stays one segment of the path', () => {
	const locators = [orderField, buildProductField()];
	fc.assert(
		fc.property(anyText, fc.constantFrom(...locators), (raw, field) => {
			const { value } = readOrRefuse(() => field.read(raw));
			if (value === undefined) return;
			const address = new URL(`https://api.example.com${path`/orders/${value}`}`);
			expect(address.pathname.split('/')).toHaveLength(3);
			expect(address.search + address.hash).toBe('');
			expect(decodeURIComponent(address.pathname.split('/')[2])).toBe(value);
		}),
	);
});

test('JSON objects are sent exactly as given, whatever their keys, or refused for a number', () => {
	fc.assert(
		fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.jsonValue()), (given) => {
			const asText = JSON.stringify(given);
			for (const raw of [asText, given]) {
				const { value, refused } = readOrRefuse(() => fields.jsonObject.read(raw));
				if (refused === undefined) expect(JSON.stringify(value)).toBe(asText);
				else expect(asText).toMatch(/\d{16}|\de\+/);
			}
		}),
	);
});

describe('a number whose digits JavaScript cannot hold', () => {
	it.each([
		'12345678901234567890',
		'9007199254740993',
		'-9007199254740993',
		'0.1e400',
		'1e-400',
		'0.10000000000000000555',
		'1e22',
	])('is refused in JSON: %s', (number) => {
		for (const raw of [`{"a": ${number}}`, `{"a": {"b": [1, ${number}]}}`]) {
			const { refused } = readOrRefuse(() => fields.jsonObject.read(raw));
			expect(refused).toBe(
				`'The Field' has a number that is too large or too precise to be sent exactly: '${number}'`,
			);
		}
		const text = `{"a": "${number}"}`;
		expect(JSON.stringify(fields.jsonObject.read(text))).toBe(`{"a":"${number}"}`);
	});

	it.each([
		'0',
		'-0',
		'1.50',
		'1e3',
		'1E+2',
		'100',
		'9007199254740991',
		'0.1',
		'1.7e-7',
		'0.30000000000000004',
	])('the number %s is not too large or too precise', (number) => {
		expect(fields.jsonObject.read(`{"a": ${number}}`)).toEqual({ a: Number(number) });
	});

	it.each(['text', 'locator', 'idList', 'email', 'url'])(
		'is refused in a field of the kind %s',
		(kind) => {
			const raw = kind === 'locator' ? { __rl: true, mode: 'id', value: 2 ** 53 } : 2 ** 53;
			const { refused } = readOrRefuse(() => fields[kind].read(raw));
			expect(refused).toMatch(/is too large to be sent exactly$/);
		},
	);

	it('is refused in a list of IDs, however it is given', () => {
		for (const raw of [[2 ** 53], '["a", 9007199254740993]', '[9007199254740993]'])
			expect(readOrRefuse(() => fields.idList.read(raw)).refused).toMatch(/to be sent exactly/);
		expect(fields.idList.read('["9007199254740993"]')).toEqual(['9007199254740993']);
	});

	it('is refused in a price', () => {
		expect(readOrRefuse(() => fields.money.read('29.990000000000000001')).refused).toMatch(
			/decimal/,
		);
	});
});

test('numbers are accepted as text if no digit was lost', () => {
	expect(fields.text.read(123)).toBe('123');
	expect(fields.idList.read([123, 'a'])).toEqual(['123', 'a']);
});

test('a boolean is neither a text nor an ID', () => {
	for (const kind of ['text', 'locator', 'idList'])
		expect(readOrRefuse(() => fields[kind].read(true)).refused).toMatch(/must be text$/);
});

test('a key that stands twice in JSON is refused, at any depth and however it is written', () => {
	for (const raw of ['{"a": 1, "a": 2}', '{"x": [{"a": 1, "\\u0061": 2}]}'])
		expect(readOrRefuse(() => fields.jsonObject.read(raw)).refused).toBe(
			"'The Field' has the key 'a' twice",
		);
	const distinct = '{"a": {"a": 1}, "b": [{"a": 1}, {"a": "a:{"}], "c": "\\"a\\":"}';
	expect(fields.jsonObject.read(distinct)).toEqual(JSON.parse(distinct));
});

test('what an expression gave and JSON does not have is refused with its key', () => {
	for (const lost of [undefined, NaN, Infinity, 2 ** 53, () => 1, 1n])
		expect(readOrRefuse(() => fields.jsonObject.read({ outer: [{ lost }] })).refused).toBe(
			"'The Field' has a value for 'lost' that cannot be sent as JSON",
		);
	const circular: { name: string; self?: unknown } = { name: 'x' };
	circular.self = circular;
	expect(readOrRefuse(() => fields.jsonObject.read(circular)).value).toBe(circular);
});

const a = 'https://example.com/a.png?w=1,h=2;x';
const b = 'http://example.com/b.png';
describe.each<[string, unknown]>([
	['an array', (one: string, two: string) => [one, ` ${two} `, '', one]],
	['JSON', (one: string, two: string) => JSON.stringify([one, two])],
	['text with commas', (one: string, two: string) => `${one}, ${two},`],
	['text with commas only', (one: string, two: string) => `${one},${two}`],
	['text with semicolons', (one: string, two: string) => `${one}; ${two};`],
	['text with blanks', (one: string, two: string) => `  ${one} ${two}`],
	['text with lines', (one: string, two: string) => `${one}\r\n${two}\n\n`],
	['a text in an array', (one: string, two: string) => [`${one}, ${two}`]],
])('a list that is given as %s', (_about, write) => {
	const give = write as (one: string, two: string) => unknown;

	it('is read as the same URLs, IDs and names', () => {
		expect(urlListField(shown).read(give(a, b))).toEqual([a, b]);
		for (const field of [mainProductsField, productIdsField, nameListField(shown)])
			expect(field.read(give('one', 'two.x'))).toEqual(['one', 'two.x']);
	});
});

test('yes and no are taken as spreadsheets write them, and nothing else is', () => {
	for (const yes of [true, 'true', 'TRUE', ' True ', 1, '1'])
		expect(fields.boolean.read(yes)).toBe(true);
	for (const no of [false, 'false', 'FALSE', 'False', 0, '0'])
		expect(fields.boolean.read(no)).toBe(false);
	for (const wrong of [2, -1, 'ja', '10', 'truefalse', [], [true], {}])
		expect(readOrRefuse(() => fields.boolean.read(wrong)).refused).toBeDefined();
});

test('a code has no blanks around it', () => {
	expect(codeField(shown).read(' SPRING 20\n')).toBe('SPRING 20');
	expect(codeField(shown).read('  ')).toBeUndefined();
});

test('an entry of a list that an expression left empty is refused', () => {
	for (const kind of ['idList', 'urlList'])
		for (const empty of [undefined, null])
			expect(readOrRefuse(() => fields[kind].read(['https://example.com', empty])).refused).toMatch(
				/has an entry without a value$/,
			);
});

test('a URL that was pasted instead of an ID is read wherever an ID is typed', () => {
	const id = '6a50'.repeat(6);
	const link = `https://store.pocketsflow.com/checkout?productId=${id}`;
	expect(idField({ displayName: 'ID', name: 'id' }).read(`https://x.example/a/${id}`)).toBe(id);
	expect(mainProductsField.read([link, id, 'p2'])).toEqual([id, 'p2']);
	expect(mainProductsField.read(`${link}, p2`)).toEqual([id, 'p2']);
	expect(productIdsField.read(`${link.replace('productId', 'subscriptionId')} p2`)).toEqual([
		id,
		'p2',
	]);
	expect(() => idField({ displayName: 'ID', name: 'id' }).read('https://x.example/a')).toThrow(
		expect.objectContaining({
			message: "'ID' is a URL that does not contain the ID: 'https://x.example/a'",
			description: 'Use the ID as Pocketsflow shows it, not a URL.',
		}),
	);
});

describe('a resource locator', () => {
	const product = buildProductField();
	it.each([
		[123, 'id', '123'],
		[123, 'list', '123'],
		[123, 'url', '123'],
		['https://store.pocketsflow.com/checkout?x=1&productId=abc&y=2', 'url', 'abc'],
		[' https://app.pocketsflow.com/prod/abc?a=partner ', 'url', 'abc'],
		['https://store.pocketsflow.com/checkout?productId=abc', 'id', 'abc'],
		['store.pocketsflow.com/checkout?productId=abc', 'id', 'abc'],
		[`https://app.pocketsflow.com/products/${'6a50'.repeat(6)}/edit#top`, 'id', '6a50'.repeat(6)],
		['v1.2', 'id', 'v1.2'],
	])('takes %p in the mode %s as %s', (value, mode, wanted) => {
		expect(product.read({ __rl: true, mode, value })).toBe(wanted);
		if (typeof value === 'number') expect(product.read(value)).toBe(wanted);
	});

	it.each(['id', 'list', 'url'])('refuses a URL of two things in the mode %s', (mode) => {
		const value = `https://example.com/${'6a50'.repeat(6)}/${'6a51'.repeat(6)}`;
		expect(() => product.read({ __rl: true, mode, value })).toThrow(/does not contain the ID/);
	});

	it.each([
		{ _id: 'p1', name: 'Icons' },
		{ id: 7, value: 20 },
		{ __rl: true, mode: 'id', value: { _id: 'p1' } },
	])('refuses a whole record, and says what to use of it: %p', (raw) => {
		expect(() => product.read(raw)).toThrow(
			expect.objectContaining({
				message: "'Product' is an object, not an ID",
				description: expect.stringContaining('{{ $json._id }}'),
			}),
		);
	});

	it('refuses an address without the ID, and says which addresses have it', () => {
		const value = 'https://example.com/icons';
		expect(() => product.read({ __rl: true, mode: 'url', value })).toThrow(
			expect.objectContaining({
				message: `'Product' is a URL that does not contain the ID: '${value}'`,
				description: expect.stringMatching(/^Use a checkout link with productId/),
			}),
		);
	});
});
