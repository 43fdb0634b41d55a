import type { PocketsflowRequest, Query } from './request';

/**
 * How a list is paged: `none` answers everything immediately, `page` takes page and pageSize in the query,
 * `pageInBody` takes them in the JSON body, `offset` takes limit and offset in the query.
 */
export type Paging = 'none' | 'page' | 'pageInBody' | 'offset';

/** All that is needed to read one list of the API. */
export interface ListEndpoint {
	method: 'GET' | 'POST';
	path: string;
	paging: Paging;
	/** Keys under which the records may stand when the answer is an object. */
	keys: readonly string[];
	/** Keys under which a single record of this kind may be wrapped when it is read, made or changed. */
	recordKeys?: readonly string[];
	/** The filters that sort the list newest first, where it is not sorted so automatically. */
	newestFirst?: ListFilters;
}

/** Filters of a list by their names at the API, sent in the query or in the body. */
export type ListFilters = Query;

/** One page: the number of the page or, with `offset`, of its first record (both from 1), and its size. */
export interface PagePosition {
	position: number;
	size: number;
}

/** The number of records asked for per page; no maximum is documented, 100 is known to work. */
export const maxPageSize = 100;

/**
 * The lists of the API. Where its sources disagree about a key, all are tried
 * (docs/pocketsflow-api.md#lists-and-paging).
 */
export const lists = {
	customers: {
		method: 'GET',
		path: '/customers',
		paging: 'offset',
		keys: ['customers'],
		recordKeys: ['customer'],
		newestFirst: { sortBy: 'createdAt', sortOrder: 'desc' },
	},
	discounts: {
		method: 'GET',
		path: '/discounts',
		paging: 'none',
		keys: ['discounts'],
		recordKeys: ['discount'],
	},
	/** The subscriptions that customers have; no source describes this answer. */
	memberships: {
		method: 'POST',
		path: '/orders/subscriptions',
		paging: 'pageInBody',
		keys: ['subscriptions', 'subscribers', 'orders'],
		recordKeys: ['subscription', 'subscriptionCustomer'],
	},
	/** The subscriptions that the seller offers. */
	offers: {
		method: 'GET',
		path: '/subscriptions',
		paging: 'none',
		keys: ['subscriptions', 'offers'],
		recordKeys: ['subscription', 'offer'],
	},
	orders: {
		method: 'GET',
		path: '/orders',
		paging: 'page',
		keys: ['orders', 'sales'],
		recordKeys: ['sale', 'order'],
	},
	payments: { method: 'GET', path: '/payments', paging: 'page', keys: ['payments'] },
	products: {
		method: 'GET',
		path: '/products',
		paging: 'none',
		keys: ['products'],
		recordKeys: ['product'],
	},
	refunds: {
		method: 'GET',
		path: '/refunds',
		paging: 'none',
		keys: ['refunds'],
		recordKeys: ['refund'],
	},
	reviews: { method: 'GET', path: '/reviews', paging: 'none', keys: ['reviews'] },
	subscribers: {
		method: 'GET',
		path: '/subscriptions/subscribers',
		paging: 'page',
		keys: ['subscribers', 'subscriptions', 'customers'],
	},
	upsells: {
		method: 'GET',
		path: '/upsells',
		paging: 'none',
		keys: ['upsells'],
		recordKeys: ['upsell'],
	},
	webhooks: {
		method: 'GET',
		path: '/webhooks',
		paging: 'none',
		keys: ['webhooks'],
		recordKeys: ['webhook'],
	},
} as const satisfies Record<string, ListEndpoint>;

/** Builds the request for a list with filters, as yet without a page. */
export function buildListRequest(
	{ method, path, paging }: ListEndpoint,
	filters?: ListFilters,
): PocketsflowRequest {
	return {
		method,
		path,
		...(filters && { [paging === 'pageInBody' ? 'body' : 'query']: filters }),
	};
}

/** Builds the request for one page of a list; a list without pages is asked for whole, unless it says that it has them. */
export function buildPageRequest(
	{ paging }: ListEndpoint,
	request: PocketsflowRequest,
	{ position, size }: PagePosition,
): PocketsflowRequest {
	const { query, body } = request;
	switch (paging) {
		case 'page':
			return { ...request, query: { ...query, page: position, pageSize: size } };
		case 'pageInBody':
			return { ...request, body: { ...body, page: position, pageSize: size } };
		case 'offset':
			return { ...request, query: { ...query, limit: size, offset: position - 1 } };
		case 'none':
			// Without a size, because the first page was as long as the API likes.
			return position === 1 ? request : { ...request, query: { ...query, page: position } };
	}
}
