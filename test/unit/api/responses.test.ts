import {
	findRecords,
	readErrorParts,
	readId,
	readPagination,
	unwrapRecord,
} from '../../../nodes/Pocketsflow/api/responses';

const record = { _id: 'a1', name: 'Ebook' };

test.each([
	[{ _id: 'a1', id: 'b2' }, 'a1'],
	[{ id: 'b2' }, 'b2'],
	[{ id: 7 }, '7'],
	[{ id: null }, undefined],
	[{ name: 'Ebook' }, undefined],
])('The ID of the record %j is %j', (value, id) => {
	expect(readId(value)).toBe(id);
});

test.each([
	['bare', record, record],
	['under a key of its kind', { sale: record }, record],
	['under data', { data: record }, record],
	['bare next to a key of its kind', { ...record, sale: { _id: 'b2' } }, undefined],
	['absent', [record], {}],
])('A record is read if it is %s', (_, response, expected) => {
	expect(unwrapRecord(response, ['sale', 'order'])).toEqual(expected ?? response);
});

test.each([
	['bare', [record, null, 'text'], [record]],
	['under a key of its kind', { orders: [record] }, [record]],
	['under a common key', { items: [record] }, [record]],
	['nested', { data: { orders: [record] } }, [record]],
	['absent', { message: 'Later' }, undefined],
	['under an unknown key', { salesWithUpsells: [record] }, undefined],
])('The records of a list are found if they are %s', (_, response, records) => {
	expect(findRecords(response, ['orders'])).toEqual(records);
});

test('What a page says about its list counts only if it has the documented type', () => {
	const pagination = { totalCount: 3, totalPages: '2', hasMore: 'yes' };
	expect(readPagination({ orders: [], pagination })).toEqual({ totalCount: 3 });
	expect(readPagination([])).toEqual({});
});

test.each([
	[
		{ message: ' Boom ', code: 'E1' },
		{ text: 'Boom', code: 'E1' },
	],
	[{ error: 'Boom' }, { text: 'Boom' }],
	[{ message: '', error: { message: 'Boom' } }, { text: 'Boom' }],
	[{ error: 500, code: 7 }, {}],
	['Boom', { text: 'Boom' }],
	[
		{ message: ['price must be a number', 'name is required'] },
		{ text: 'price must be a number; name is required' },
	],
	[
		{
			error: 'Bad Request',
			message: [{ property: 'price', constraints: { isNumber: 'must be a number' } }],
		},
		{ text: 'price: isNumber: must be a number' },
	],
	[
		{ errors: ['Boom', { field: 'price', message: 'is negative' }] },
		{ text: 'Boom; price: is negative' },
	],
	[
		{ errors: { price: ['is negative'], name: { message: 'is required' } } },
		{ text: 'price: is negative; name: is required' },
	],
	[
		{ message: 'Invalid', errors: { price: 'is negative' } },
		{ text: 'Invalid: price: is negative' },
	],
	[
		{
			error: {
				name: 'ZodError',
				issues: [{ path: ['body', 'price'], message: 'Expected number', code: 'invalid_type' }],
			},
		},
		{ text: 'body.price: Expected number' },
	],
	[
		{
			success: false,
			error: { name: 'ZodError', message: '[{"path":["price"],"message":"Expected number"}]' },
		},
		{ text: 'price: Expected number' },
	],
	[
		{ type: 'about:blank', title: 'Not allowed', detail: 'The store is closed' },
		{ text: 'The store is closed' },
	],
	[{ error: { code: 'E2', message: 'Boom' } }, { text: 'Boom', code: 'E2' }],
	['{"message":"Boom"}', { text: 'Boom' }],
	['{ not JSON', { text: '{ not JSON' }],
	[{ error: { error: { error: { error: { error: { error: { error: 'Deep' } } } } } } }, {}],
	[{ ok: false, price: 1 }, {}],
	[7, {}],
])('The error body %j holds the text and code %j', (body, parts) => {
	expect(readErrorParts(body)).toEqual(parts);
});
