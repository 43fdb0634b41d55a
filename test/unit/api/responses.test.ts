import {
	findRecords,
	isErrorBody,
	readCount,
	readErrorParts,
	readFlag,
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
	['bare', [record], [record]],
	['next to a list of something else', { orders: ['a1'], items: [record] }, [record]],
	['under a key of its kind', { orders: [record] }, [record]],
	['under a common key', { items: [record] }, [record]],
	['nested', { data: { orders: [record] } }, [record]],
	['absent', { message: 'Later' }, undefined],
	['under an unknown key', { salesWithUpsells: [record] }, undefined],
])('The records of a list are found if they are %s', (_, response, records) => {
	expect(findRecords(response, ['orders'])).toEqual(records);
});

test.each<[unknown, number | undefined]>([
	[57, 57],
	['57', 57],
	[' 0 ', 0],
	[-1, undefined],
	[1.5, undefined],
	['', undefined],
	['1e3', undefined],
	['57 records', undefined],
	['9'.repeat(16), undefined],
	[null, undefined],
	[[57], undefined],
	[{ toString: 5 }, undefined],
])('The count %j is read as %j', (value, count) => {
	expect(readCount(value)).toBe(count);
});

test.each<[unknown, boolean | undefined]>([
	[true, true],
	['true', true],
	[' TRUE ', true],
	[1, true],
	['1', true],
	[false, false],
	['False', false],
	[0, false],
	['0', false],
	['', undefined],
	['yes', undefined],
	[2, undefined],
	['constructor', undefined],
	[null, undefined],
	[[true], undefined],
])('The flag %j is read as %j', (value, flag) => {
	expect(readFlag(value)).toBe(flag);
});

test('What a page says about its list is read as numbers or as text, next to the list or around it', () => {
	const pagination = { totalCount: 3, totalPages: '2', pageSize: ' 2', hasMore: 'True' };
	const read = { totalCount: 3, totalPages: 2, pageSize: 2, hasMore: true };
	expect(readPagination({ orders: [], pagination })).toEqual(read);
	expect(readPagination({ data: { orders: [], pagination } })).toEqual(read);
	expect(readPagination({ orders: [], pagination: { totalCount: 3, hasMore: 'yes' } })).toEqual({
		totalCount: 3,
	});
	for (const response of [[], 'text', { data: [] }, { pagination: [1] }])
		expect(readPagination(response)).toEqual({});
});

test.each([
	[{ total: 45 }, { totalCount: 45 }],
	[{ totalCount: '45' }, { totalCount: 45 }],
	[{ count: 45 }, { totalCount: 45 }],
	[{ meta: { total: 45 } }, { totalCount: 45 }],
	[{ meta: { pagination: { total: 45 } } }, { totalCount: 45 }],
	[{ pagination: { total: 45, page: 1 } }, { totalCount: 45 }],
	[{ pagination: { totalCount: 45 }, total: 2 }, { totalCount: 45 }],
	[{ data: { total: 45 } }, { totalCount: 45 }],
	[{ pagination: { total_pages: 3 } }, { totalPages: 3 }],
	[{ has_more: true }, { hasMore: true }],
	[{ hasMore: false }, { hasMore: false }],
	[{ pageInfo: { hasNextPage: true } }, { hasMore: true }],
	[{ next: '/products?page=2' }, { hasMore: true }],
	[{ next: null }, { hasMore: false }],
	[{ nextCursor: 'c2' }, { hasMore: true }],
	[{ links: { next: '/products?page=2' } }, { hasMore: true }],
	[{ hasMore: false, next: '/products?page=2' }, { hasMore: true }],
	[{ count: 20 }, {}],
	[{ meta: { count: 20 } }, {}],
	[{ hasMore: null }, {}],
])('A page of 20 records with %j says %j about its list', (said, read) => {
	expect(readPagination({ products: [], ...said }, 20)).toEqual(read);
});

test.each([[[record, null]], [[record, 'text']], [{ orders: [[record], record] }]])(
	'The list %j, which holds something else than records, is not read',
	(response) => {
		expect(findRecords(response, ['orders'])).toBeUndefined();
	},
);

test.each([
	[{ success: 'false' }, true],
	[{ ok: 0 }, true],
	[{ error: '1' }, true],
	[{ errors: '2' }, true],
	[{ statusCode: '404' }, true],
	[{ success: 'true', ok: 1, error: 'false', errors: '0', statusCode: '200' }, false],
])('The body %j with flags and numbers as text reports an error: %j', (body, isError) => {
	expect(isErrorBody(body)).toBe(isError);
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
