import fc from 'fast-check';

import { path } from '../../../nodes/Pocketsflow/api/request';
import { currencyField } from '../../../nodes/Pocketsflow/fields/common';
import { dateField, dayField } from '../../../nodes/Pocketsflow/fields/dates';
import { jsonField } from '../../../nodes/Pocketsflow/fields/json';
import {
	buildProductField,
	mainProductsField,
	orderField,
} from '../../../nodes/Pocketsflow/fields/locators';
import {
	booleanField,
	choiceField,
	emailField,
	moneyField,
	textField,
	urlField,
	type Field,
} from '../../../nodes/Pocketsflow/fields/types';
import { urlListField } from '../../../nodes/Pocketsflow/fields/valueLists';
import { anyText, anything, readOrRefuse } from './inputs';

const shown = { displayName: 'The Field', name: 'field', description: 'A field' };

const fields: Record<string, Field> = {
	boolean: booleanField({ ...shown }),
	choice: choiceField({ ...shown }, [
		{ name: 'A', value: 'a' },
		{ name: 'B', value: 'b' },
	]),
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
				expect(refused.startsWith(field.property.displayName)).toBe(true);
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

test('JSON objects are sent exactly as given, whatever their keys', () => {
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
