import type { ListRequest } from '../transport/pagination';

/** How a list is paged, and under which keys its records may stand in an object answer. */
export type Listing = Pick<ListRequest, 'paging' | 'keys'>;

/** The lists of the API (contract, sections A and B, H2). */
export const lists = {
	customers: { paging: 'offset', keys: ['customers'] },
	discounts: { paging: 'none', keys: ['discounts'] },
	/** Buyers' subscriptions. No source types this answer (contract B), so several keys are tried. */
	memberships: { paging: 'pageInBody', keys: ['subscriptions', 'subscribers', 'orders'] },
	offers: { paging: 'none', keys: ['subscriptions', 'offers'] },
	orders: { paging: 'page', keys: ['orders', 'sales'] },
	payments: { paging: 'page', keys: ['payments'] },
	products: { paging: 'none', keys: ['products'] },
	refunds: { paging: 'none', keys: ['refunds'] },
	reviews: { paging: 'none', keys: ['reviews'] },
	subscribers: { paging: 'page', keys: ['subscribers', 'subscriptions', 'customers'] },
	upsells: { paging: 'none', keys: ['upsells'] },
	webhooks: { paging: 'none', keys: ['webhooks'] },
} as const satisfies Record<string, Listing>;
