/** One endpoint of the public API (docs/pocketsflow-api.md). */
export interface Endpoint {
	readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	readonly path: string;
	/** Whether the official SDK calls it; three endpoints are known from elsewhere only. */
	readonly inSdk: boolean;
}

const endpoint = (method: Endpoint['method'], path: string, inSdk = true): Endpoint => ({
	method,
	path,
	inSdk,
});

/** All 44 endpoints by name: the routes are registered from this table and from nothing else. */
export const endpoints = {
	'products.list': endpoint('GET', '/products'),
	'products.get': endpoint('GET', '/products/:id'),
	'products.create': endpoint('POST', '/products'),
	'products.update': endpoint('POST', '/products/update/:id'),
	'products.delete': endpoint('DELETE', '/products/:id'),
	'variants.create': endpoint('POST', '/products/variants'),
	'variants.delete': endpoint('DELETE', '/products/variants/:id'),
	'orders.list': endpoint('GET', '/orders'),
	'orders.get': endpoint('GET', '/orders/:id'),
	'payments.list': endpoint('GET', '/payments', false),
	'customers.list': endpoint('GET', '/customers'),
	'customers.get': endpoint('GET', '/customers/:id'),
	'reviews.list': endpoint('GET', '/reviews'),
	'users.me': endpoint('GET', '/users/me'),
	'users.update': endpoint('POST', '/users/update'),
	'discounts.list': endpoint('GET', '/discounts'),
	'discounts.get': endpoint('GET', '/discounts/:id'),
	'discounts.create': endpoint('POST', '/discounts'),
	'discounts.update': endpoint('POST', '/discounts/:id'),
	'discounts.delete': endpoint('DELETE', '/discounts/:id'),
	'discounts.validate': endpoint('POST', '/discounts/validate', false),
	'upsells.list': endpoint('GET', '/upsells'),
	'upsells.get': endpoint('GET', '/upsells/:id'),
	'upsells.create': endpoint('POST', '/upsells'),
	'upsells.update': endpoint('POST', '/upsells/:id'),
	'upsells.delete': endpoint('DELETE', '/upsells/:id'),
	'offers.list': endpoint('GET', '/subscriptions'),
	'offers.get': endpoint('GET', '/subscriptions/:id'),
	'offers.create': endpoint('POST', '/subscriptions'),
	'memberships.list': endpoint('POST', '/orders/subscriptions'),
	'memberships.get': endpoint('GET', '/orders/subscriptions/:id'),
	'memberships.cancel': endpoint('POST', '/orders/subscriptions/cancel/:id'),
	'memberships.refund': endpoint('POST', '/orders/subscriptions/refund/:id'),
	'memberships.subscribers': endpoint('GET', '/subscriptions/subscribers', false),
	'refunds.list': endpoint('GET', '/refunds'),
	'refunds.get': endpoint('GET', '/refunds/:id'),
	'refunds.create': endpoint('POST', '/refunds'),
	'webhooks.list': endpoint('GET', '/webhooks'),
	'webhooks.get': endpoint('GET', '/webhooks/:id'),
	'webhooks.create': endpoint('POST', '/webhooks'),
	'webhooks.update': endpoint('PUT', '/webhooks/:id'),
	'webhooks.delete': endpoint('DELETE', '/webhooks/:id'),
	'webhooks.test': endpoint('POST', '/webhooks/:id/test'),
	'checkout.create': endpoint('POST', '/checkout/sessions'),
} as const satisfies Record<string, Endpoint>;

/** The name of an endpoint in the table. */
export type EndpointName = keyof typeof endpoints;
