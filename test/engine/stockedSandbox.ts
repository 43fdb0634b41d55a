import type { EndpointName } from '../../sandbox/endpoints';
import { endpoints } from '../../sandbox/endpoints';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';

type JsonRecord = Record<string, unknown>;

/** The secret in the credential of an endpoint that was created by hand. */
export const webhookSigningSecret = 'whsec_made_by_hand';

/** A sandbox with one of everything that an operation can be about. */
export interface StockedSandbox {
	sandbox: Sandbox;
	credential: { apiKey: string; baseUrl: string; webhookSigningSecret: string };
	productIds: string[];
	offerId: string;
	discountId: string;
	orderIds: string[];
	membershipId: string;
	providerId: string;
	customerId: string;
	variantId: string;
	upsellId: string;
	webhookId: string;
	refundId: string;
	/** Calls an endpoint without n8n. */
	call(name: EndpointName, id?: string, body?: JsonRecord): Promise<JsonRecord>;
}

/** The path of an endpoint for one thing. */
export const buildEndpointPath = (name: EndpointName, id = '') =>
	endpoints[name].path.replace(':id', encodeURIComponent(id));

/** Opens a sandbox without rate limit. */
export const openSandbox = async () =>
	await startSandbox({ switches: { rateLimit: false }, seed: 'test' });

/** Stocks the sandbox afresh: what an earlier operation did is gone. */
export async function stockSandbox(sandbox: Sandbox): Promise<StockedSandbox> {
	sandbox.reset();
	const credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url, webhookSigningSecret };
	const call: StockedSandbox['call'] = async (name, id, body) => {
		const response = await fetch(sandbox.url + buildEndpointPath(name, id), {
			method: endpoints[name].method,
			headers: { authorization: `Bearer ${sandbox.testKey}`, 'content-type': 'application/json' },
			...(body && { body: JSON.stringify(body) }),
		});
		const json = (await response.json()) as JsonRecord;
		if (!response.ok)
			throw new Error(`${name} answered ${response.status} ${JSON.stringify(json)}`);
		return json;
	};
	const list = async (name: EndpointName, key?: string) => {
		const body = await call(name);
		return (key ? body[key] : body) as JsonRecord[];
	};
	const ids = (rows: JsonRecord[]) => rows.map((row) => String(row._id));

	const productIds = ids(await list('products.list'));
	const orderIds = ids(await list('orders.list', 'orders'));
	const [membership] = (await call('memberships.list', undefined, {}))
		.subscriptions as JsonRecord[];
	const upsell = await call('upsells.create', undefined, {
		name: 'Templates with wallpapers',
		mainProductIds: [productIds[0]],
		upsellProductId: productIds[1],
		upsellPrice: 4.5,
		offer: 'Half price, only here',
		upsellDescription: 'All templates',
		primaryButtonText: 'Yes, add this!',
		secondaryButtonText: 'No thanks',
	});
	const webhook = await call('webhooks.create', undefined, {
		url: 'https://example.com/hook',
		events: ['order.completed'],
		description: 'Accounting',
	});
	const variant = await call('variants.create', undefined, {
		productId: productIds[0],
		name: 'Team',
		price: 19,
	});
	const refund = await call('refunds.create', undefined, {
		orderId: orderIds[0],
		amount: 1.5,
		reason: 'requested_by_customer',
	});
	return {
		sandbox,
		credential,
		call,
		productIds,
		orderIds,
		offerId: ids(await list('offers.list'))[0],
		discountId: ids(await list('discounts.list'))[0],
		customerId: ids(await list('customers.list'))[0],
		membershipId: String(membership._id),
		providerId: String(membership.stripeSubscriptionId),
		upsellId: String(upsell._id),
		webhookId: String(webhook._id),
		variantId: String(variant._id),
		refundId: String(refund._id),
	};
}
