import { Pocketsflow, PocketsflowError } from 'pocketsflow';

import { endpoints } from '../../sandbox/endpoints';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox';
import { type Receiver, startReceiver } from './receiver';

const id = expect.stringMatching(/^[0-9a-f]{24}$/);

/** Every call the SDK instance has, found by looking at it, e.g. `products.list`. */
function listCalls(sdk: Pocketsflow): string[] {
	return Object.entries(sdk as unknown as Record<string, unknown>).flatMap(([name, resource]) => {
		if (typeof resource !== 'object' || resource === null) return [];
		const prototype: object = Object.getPrototypeOf(resource);
		return Object.getOwnPropertyNames(prototype)
			.filter((method) => method !== 'constructor')
			.map((method) => `${name}.${method}`);
	});
}

/** Adds the name of each call of the SDK to a set, then makes the call. */
function recordCalls(sdk: Pocketsflow, names: Set<string>): void {
	for (const call of listCalls(sdk)) {
		const [name, method] = call.split('.');
		const resources = sdk as unknown as Record<string, Record<string, unknown>>;
		const original = resources[name][method];
		if (typeof original !== 'function') throw new Error(`${call} is no function`);
		resources[name][method] = async (...args: unknown[]): Promise<unknown> => {
			names.add(call);
			return (await original.apply(resources[name], args)) as unknown;
		};
	}
}

describe('the official SDK `pocketsflow@1.2.1` against the sandbox', () => {
	const callsMade = new Set<string>();
	let sandbox: Sandbox;
	let receiver: Receiver;
	let sdk: Pocketsflow;

	beforeAll(async () => {
		// The SDK's types have the bare order; production responds with `{ sale }`.
		sandbox = await startSandbox({ switches: { orderById: 'bare' }, storeName: 'SDK Store' });
		receiver = await startReceiver();
		sdk = new Pocketsflow({ apiKey: sandbox.testKey, baseUrl: sandbox.url });
		recordCalls(sdk, callsMade);
	});

	afterAll(async () => {
		await sandbox.close();
		await receiver.close();
	});

	const createProduct = async () => await sdk.products.create({ name: 'Book', price: 29.99 });

	test('the SDK creates, reads, changes and deletes products and variants', async () => {
		const product = await sdk.products.create({ name: 'E-book', price: 12.5, subtitle: 'New' });
		expect(product).toMatchObject({
			_id: id,
			name: 'E-book',
			price: 12.5,
			currency: 'USD',
			type: 'one-time',
			active: true,
			published: true,
			testMode: true,
		});
		expect(await sdk.products.get(product._id)).toEqual(product);
		const updated = await sdk.products.update(product._id, { price: 15, published: false });
		expect(updated).toMatchObject({ name: 'E-book', price: 15, published: false });
		expect((await sdk.products.list()).map(({ _id }) => _id)).toContain(product._id);

		const variant = await sdk.variants.create({
			productId: product._id,
			name: 'Team license',
			price: 99,
		});
		expect(variant).toMatchObject({ _id: id, productId: product._id, price: 99, active: true });
		expect(await sdk.variants.delete(variant._id)).toEqual({
			message: 'Product variant deleted successfully',
		});
		expect(await sdk.products.delete(product._id)).toEqual({
			message: 'Product deleted successfully',
		});
		await expect(sdk.products.get(product._id)).rejects.toMatchObject({
			name: 'PocketsflowError',
			message: 'Product not found',
			code: 'NOT_FOUND',
			status: 404,
		});
	});

	test('the SDK pages orders, finds customers, and refunds an order in parts', async () => {
		const product = await createProduct();
		const { orderIds } = await sandbox.purchase({
			productId: product._id,
			count: 3,
			email: 'ana{n}@example.com',
			metadata: { external_order_id: 'A-{n}' },
		});
		const page = await sdk.orders.list({ productId: product._id, page: 1, pageSize: 2 });
		expect(page.orders.map(({ _id }) => _id)).toEqual([orderIds[2], orderIds[1]]);
		expect(page.pagination).toEqual({
			totalCount: 3,
			totalPages: 2,
			currentPage: 1,
			pageSize: 2,
			hasMore: true,
		});
		const order = await sdk.orders.get(orderIds[0]);
		expect(order).toMatchObject({
			_id: orderIds[0],
			buyerEmail: 'ana1@example.com',
			grossAmount: 29.99,
			isRefunded: false,
			product: { _id: product._id },
			metadata: { external_order_id: 'A-1' },
		});

		const [customer] = await sdk.customers.list({ email: 'ana1@example.com' });
		expect(customer).toMatchObject({ numberOfOrders: 1, totalSpent: 29.99 });
		expect(await sdk.customers.get(customer._id)).toEqual(customer);
		expect(order.customer).toEqual({ _id: customer._id, buyerEmail: 'ana1@example.com' });

		const partial = await sdk.refunds.create({ orderId: order._id, amount: 10, reason: 'late' });
		expect(partial).toMatchObject({ _id: id, amount: 10, reason: 'late', status: 'completed' });
		await expect(sdk.refunds.create({ orderId: order._id, amount: 20 })).rejects.toMatchObject({
			status: 400,
			message: 'amount must not exceed 19.99, what is left of the order',
		});
		const rest = await sdk.refunds.create({ orderId: order._id });
		expect(rest.amount).toBe(19.99);
		expect(await sdk.refunds.get(rest._id)).toEqual(rest);
		expect((await sdk.refunds.list()).map(({ _id }) => _id)).toEqual([rest._id, partial._id]);
		expect((await sdk.orders.get(order._id)).isRefunded).toBe(true);
	});

	test('the SDK lists reviews, and reads and changes the seller', async () => {
		const seeded = sandbox.seed('test');
		const reviews = await sdk.reviews.list({ productId: seeded.productIds[0] });
		expect(reviews).toEqual([
			expect.objectContaining({ _id: seeded.reviewIds[0], rating: 5, testMode: true }),
		]);
		expect(await sdk.users.me()).toMatchObject({
			_id: id,
			subdomain: 'sdkstore',
			hasSales: true,
			testMode: true,
		});
		const user = await sdk.users.update({ firstName: 'Kim', subdomain: 'kims' });
		expect(user).toMatchObject({ firstName: 'Kim', name: 'Kim Seller', subdomain: 'kims' });
		expect(await sdk.users.me()).toEqual(user);
	});

	test('the SDK creates, reads, changes and deletes discounts and upsells', async () => {
		const [first, second] = [await createProduct(), await createProduct()];
		const discount = await sdk.discounts.create({
			name: 'Spring',
			code: 'SPRING',
			value: 20,
			mainProductIds: [first._id],
		});
		expect(discount).toMatchObject({ valueType: 'percentage', active: true, used: 0 });
		expect(await sdk.discounts.get(discount._id)).toEqual(discount);
		expect(await sdk.discounts.update(discount._id, { value: 25 })).toEqual({
			...discount,
			value: 25,
		});
		expect((await sdk.discounts.list())[0]).toMatchObject({ _id: discount._id, value: 25 });
		expect(await sdk.discounts.delete(discount._id)).toEqual({
			message: 'Discount deleted successfully',
		});
		await expect(sdk.discounts.get(discount._id)).rejects.toBeInstanceOf(PocketsflowError);

		const upsell = await sdk.upsells.create({
			mainProductIds: [first._id],
			upsellProductId: second._id,
			upsellPrice: 5,
		});
		expect(upsell).toMatchObject({ _id: id, upsellPrice: 5, active: true, testMode: true });
		expect(await sdk.upsells.get(upsell._id)).toEqual(upsell);
		expect(await sdk.upsells.update(upsell._id, { active: false })).toEqual({
			...upsell,
			active: false,
		});
		expect(await sdk.upsells.list()).toEqual({
			upsells: [{ ...upsell, active: false }],
			salesWithUpsells: [],
		});
		expect(await sdk.upsells.delete(upsell._id)).toEqual({
			message: 'Upsell deleted successfully',
		});
		expect((await sdk.upsells.list()).upsells).toEqual([]);
	});

	test('the SDK creates offers, and lists, refunds and cancels memberships', async () => {
		const offer = await sdk.subscriptionOffers.create({
			name: 'Club',
			price: 15,
			frequency: 'monthly',
		});
		expect(offer).toMatchObject({ _id: id, frequency: 'monthly', currency: 'USD' });
		expect(await sdk.subscriptionOffers.get(offer._id)).toEqual(offer);
		expect((await sdk.subscriptionOffers.list())[0]).toEqual(offer);

		const { membershipIds } = await sandbox.purchase({ offerId: offer._id });
		const membership = await sdk.subscriptions.get(membershipIds[0]);
		expect(membership).toMatchObject({ productId: offer._id, status: 'active' });
		const listed = (await sdk.subscriptions.list({ status: 'active', pageSize: 1 })) as unknown;
		expect(listed).toMatchObject({
			subscriptions: [membership],
			pagination: { currentPage: 1, pageSize: 1 },
		});
		const providerId = membership.stripeSubscriptionId ?? '';
		expect(providerId).toMatch(/^sub_/);
		expect(await sdk.subscriptions.refund(providerId)).toEqual({
			message: 'Subscription refunded successfully',
		});
		await expect(sdk.subscriptions.refund(providerId)).rejects.toMatchObject({ status: 400 });
		expect(await sdk.subscriptions.cancel(providerId)).toEqual({
			message: 'Subscription canceled successfully',
		});
		expect((await sdk.subscriptions.get(membership._id)).status).toBe('canceled');
		await expect(sdk.subscriptions.cancel(membership._id)).rejects.toMatchObject({ status: 404 });
	});

	test('the SDK creates, tests, changes and deletes webhook endpoints', async () => {
		const webhook = await sdk.webhooks.create({
			url: receiver.url,
			events: ['order.completed'],
			description: 'first',
		});
		expect(webhook).toMatchObject({ _id: id, active: true, testMode: true });
		expect(webhook.secret).toMatch(/^whsec_[0-9a-f]{48}$/);
		const withoutSecret: Record<string, unknown> = { ...webhook };
		delete withoutSecret.secret;
		expect(await sdk.webhooks.get(webhook._id)).toEqual(withoutSecret);
		const updated = await sdk.webhooks.update(webhook._id, { events: ['order.refunded'] });
		expect(updated).toEqual({ ...withoutSecret, events: ['order.refunded'] });
		expect(await sdk.webhooks.list()).toEqual([updated]);
		expect(await sdk.webhooks.test(webhook._id)).toEqual({ message: 'Test webhook sent' });
		await sandbox.waitForDeliveries();
		expect(receiver.received.at(-1)?.body).toMatchObject({ webhookId: webhook._id });
		expect(await sdk.webhooks.delete(webhook._id)).toEqual({
			message: 'Webhook deleted successfully',
		});
		expect(await sdk.webhooks.list()).toEqual([]);
	});

	test('the SDK creates a checkout session', async () => {
		const product = await createProduct();
		const session = await sdk.checkout.create({
			productId: product._id,
			successUrl: 'https://shop.example/thanks',
			cancelUrl: 'https://shop.example/cart',
		});
		expect(session).toEqual({
			id: expect.stringMatching(/^cs_[0-9a-f]{48}$/),
			url: `${sandbox.url}/checkout?session=${session.id}`,
		});
	});

	test('a wrong key is refused in words that the SDK can read', async () => {
		const sdkWithWrongKey = new Pocketsflow({ apiKey: 'pk_test_nobody', baseUrl: sandbox.url });
		// The SDK takes `error` when there is no `message`.
		await expect(sdkWithWrongKey.users.me()).rejects.toMatchObject({
			status: 401,
			code: 'INVALID_API_KEY',
			message: 'Invalid API key',
		});
	});

	test('all 41 calls were made, and they reached 41 of the 44 endpoints', () => {
		const calls = listCalls(sdk);
		expect(calls).toHaveLength(41);
		expect([...callsMade].sort()).toEqual([...calls].sort());
		const entries = Object.entries(endpoints);
		expect(entries).toHaveLength(44);
		const reachedNames = entries
			.filter(([name]) =>
				sandbox.requests.some(
					({ endpoint, status }) => endpoint === name && status >= 200 && status < 300,
				),
			)
			.map(([name]) => name);
		const expected = entries.filter(([, { inSdk }]) => inSdk).map(([name]) => name);
		expect(reachedNames.sort()).toEqual(expected.sort());
		expect(expected).toHaveLength(41);
	});
});
