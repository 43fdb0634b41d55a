import type { PocketsflowRequest, Query } from './request';

/**
 * How a list is paged: `none` returns everything in one response, `page` takes page and pageSize in the
 * query, `pageInBody` takes them in the JSON body, `offset` takes limit and offset in the query.
 */
export type Paging = 'none' | 'page' | 'pageInBody' | 'offset';

/** Everything that is needed to read one list of the API. */
export interface ListEndpoint {
	method: 'GET' | 'POST';
	path: string;
	paging: Paging;
	/** Keys that may hold the records if the response is an object. */
	keys: readonly string[];
	/** Keys that may wrap a single record of this kind when it is read, created, or changed. */
	recordKeys?: readonly string[];
	/** The filters that sort the list newest first, if that is not the default. */
	newestFirst?: ListFilters;
}

/** Filters of a list by their API names, sent in the query or in the body. */
export type ListFilters = Query;

/** One page: its size, and the number of the page or, with `offset`, of its first record (both from 1). */
export interface PagePosition {
	position: number;
	size: number;
}

/** The number of records to request per page. No maximum is documented; 100 is known to work. */
export const maxPageSize = 100;

/**
 * The lists of the API. If its sources disagree about a key, the node tries all of them
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
	/** The subscriptions of customers. No source describes this response. */
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

/** Builds the request for a list with filters, without a page. */
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

/**
 * Builds the request for one page of a list. A list without pages is requested as a whole, unless a
 * response reported pages.
 */
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
			// Without a size, because the first page had the API's default size.
			return position === 1 ? request : { ...request, query: { ...query, page: position } };
	}
}
