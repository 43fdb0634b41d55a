import type { PocketsflowRequest, Query } from './request';

/**
 * How a list is paged: `none` returns everything in one response, `page` takes page and pageSize in the
 * query, `pageInBody` takes them in the JSON body, `offset` takes limit and offset in the query.
 */
export type Paging = 'none' | 'page' | 'pageInBody' | 'offset';

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

const define = (
	paging: Paging,
	path: string,
	keys: readonly string[],
	recordKeys: readonly string[] = [],
) => ({
	method: paging === 'pageInBody' ? ('POST' as const) : ('GET' as const),
	path,
	paging,
	keys,
	recordKeys,
});

/** If sources disagree about a key, all are tried (docs/pocketsflow-api.md#lists-and-paging). */
export const lists = {
	customers: {
		...define('offset', '/customers', ['customers'], ['customer']),
		newestFirst: { sortBy: 'createdAt', sortOrder: 'desc' },
	},
	discounts: define('none', '/discounts', ['discounts'], ['discount']),
	/** The subscriptions of customers. No source describes this response. */
	memberships: define(
		'pageInBody',
		'/orders/subscriptions',
		['subscriptions', 'subscribers', 'orders'],
		['subscription', 'subscriptionCustomer'],
	),
	/** The subscriptions that the seller offers. */
	offers: define('none', '/subscriptions', ['subscriptions', 'offers'], ['subscription', 'offer']),
	orders: define('page', '/orders', ['orders', 'sales'], ['sale', 'order']),
	payments: define('page', '/payments', ['payments']),
	products: define('none', '/products', ['products'], ['product']),
	refunds: define('none', '/refunds', ['refunds'], ['refund']),
	reviews: define('none', '/reviews', ['reviews']),
	subscribers: define('page', '/subscriptions/subscribers', [
		'subscribers',
		'subscriptions',
		'customers',
	]),
	upsells: define('none', '/upsells', ['upsells'], ['upsell']),
	webhooks: define('none', '/webhooks', ['webhooks'], ['webhook']),
} satisfies Record<string, ListEndpoint>;

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

/** Builds the request for one page of a list. */
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
			// Later pages exist only if a response reported them. The first had the API's default size.
			return position === 1 ? request : { ...request, query: { ...query, page: position } };
	}
}
