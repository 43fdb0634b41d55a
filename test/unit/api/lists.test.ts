import {
	buildListRequest,
	buildPageRequest,
	lists,
	type ListEndpoint,
} from '../../../nodes/Pocketsflow/api/lists';

const filters = { startDate: '2026-11-01', productId: undefined };

test.each([
	['none', lists.reviews, { query: { ...filters, page: 3 } }],
	['page', lists.orders, { query: { ...filters, page: 3, pageSize: 50 } }],
	['pageInBody', lists.memberships, { body: { ...filters, page: 3, pageSize: 50 } }],
	['offset', lists.customers, { query: { ...filters, limit: 50, offset: 2 } }],
] as Array<[string, ListEndpoint, object]>)(
	'The request for a page keeps the filters next to what asks for the page (paging "%s")',
	(paging, list, parts) => {
		const { method, path } = list;
		const request = buildListRequest(list, filters);
		expect(list.paging).toBe(paging);
		expect(buildPageRequest(list, request, { position: 3, size: 50 })).toEqual({
			method,
			path,
			...parts,
		});
	},
);

test('A list that is believed to come whole is asked for whole', () => {
	const request = buildListRequest(lists.reviews, filters);
	expect(buildPageRequest(lists.reviews, request, { position: 1, size: 50 })).toEqual(request);
});

test('A list is asked for without query or body where there are no filters', () => {
	expect(buildListRequest(lists.orders)).toEqual({ method: 'GET', path: '/orders' });
	expect(buildListRequest(lists.memberships)).toEqual({
		method: 'POST',
		path: '/orders/subscriptions',
	});
});
