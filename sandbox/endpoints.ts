/** One endpoint of the public API, as the contract lists it. */
export interface Endpoint {
	readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	readonly path: string;
	readonly section: string;
	/** Whether the official SDK has a call for it; three endpoints are known from elsewhere only. */
	readonly inSdk: boolean;
}

const row = (
	method: Endpoint['method'],
	path: string,
	section: string,
	inSdk = true,
): Endpoint => ({ method, path, section, inSdk });

/** All 44 endpoints by name: the routes are registered from this table and from nothing else. */
export const endpoints = {
	'products.list': row('GET', '/products', 'B Products'),
	'products.get': row('GET', '/products/:id', 'B Products'),
	'products.create': row('POST', '/products', 'B Products'),
	'products.update': row('POST', '/products/update/:id', 'B Products'),
	'products.delete': row('DELETE', '/products/:id', 'B Products'),
	'variants.create': row('POST', '/products/variants', 'B Products'),
	'variants.delete': row('DELETE', '/products/variants/:id', 'B Products'),
	'orders.list': row('GET', '/orders', 'B Orders'),
	'orders.get': row('GET', '/orders/:id', 'B Orders'),
	'payments.list': row('GET', '/payments', 'B Orders', false),
	'customers.list': row('GET', '/customers', 'B Customers'),
	'customers.get': row('GET', '/customers/:id', 'B Customers'),
	'reviews.list': row('GET', '/reviews', 'B Customers'),
	'users.me': row('GET', '/users/me', 'B Customers'),
	'users.update': row('POST', '/users/update', 'B Customers'),
	'discounts.list': row('GET', '/discounts', 'B Discounts'),
	'discounts.get': row('GET', '/discounts/:id', 'B Discounts'),
	'discounts.create': row('POST', '/discounts', 'B Discounts'),
	'discounts.update': row('POST', '/discounts/:id', 'B Discounts'),
	'discounts.delete': row('DELETE', '/discounts/:id', 'B Discounts'),
	'discounts.validate': row('POST', '/discounts/validate', 'B Discounts', false),
	'upsells.list': row('GET', '/upsells', 'B Discounts'),
	'upsells.get': row('GET', '/upsells/:id', 'B Discounts'),
	'upsells.create': row('POST', '/upsells', 'B Discounts'),
	'upsells.update': row('POST', '/upsells/:id', 'B Discounts'),
	'upsells.delete': row('DELETE', '/upsells/:id', 'B Discounts'),
	'offers.list': row('GET', '/subscriptions', 'B Subscriptions'),
	'offers.get': row('GET', '/subscriptions/:id', 'B Subscriptions'),
	'offers.create': row('POST', '/subscriptions', 'B Subscriptions'),
	'memberships.list': row('POST', '/orders/subscriptions', 'B Subscriptions'),
	'memberships.get': row('GET', '/orders/subscriptions/:id', 'B Subscriptions'),
	'memberships.cancel': row('POST', '/orders/subscriptions/cancel/:id', 'B Subscriptions'),
	'memberships.refund': row('POST', '/orders/subscriptions/refund/:id', 'B Subscriptions'),
	'memberships.subscribers': row('GET', '/subscriptions/subscribers', 'B Subscriptions', false),
	'refunds.list': row('GET', '/refunds', 'B Refunds'),
	'refunds.get': row('GET', '/refunds/:id', 'B Refunds'),
	'refunds.create': row('POST', '/refunds', 'B Refunds'),
	'webhooks.list': row('GET', '/webhooks', 'C1'),
	'webhooks.get': row('GET', '/webhooks/:id', 'C1'),
	'webhooks.create': row('POST', '/webhooks', 'C1'),
	'webhooks.update': row('PUT', '/webhooks/:id', 'C1'),
	'webhooks.delete': row('DELETE', '/webhooks/:id', 'C1'),
	'webhooks.test': row('POST', '/webhooks/:id/test', 'C1'),
	'checkout.create': row('POST', '/checkout/sessions', 'D'),
} as const satisfies Record<string, Endpoint>;

/** The name of an endpoint in the table. */
export type EndpointName = keyof typeof endpoints;
