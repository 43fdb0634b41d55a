import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { sign } from '../../sandbox/deliveries';
import { endpoints } from '../../sandbox/endpoints';
import { type Sandbox, startSandbox } from '../../sandbox/sandbox';
import { switchRules, type SwitchesPatch } from '../../sandbox/switches';
import { type Received, type Receiver, startReceiver } from './receiver';

type Json = Record<string, unknown>;

interface Answer {
	status: number;
	body: Json;
	rows: Json[];
	text: string;
	headers: Headers;
}

const flipped = new Set<string>();
let sandbox: Sandbox;
let receiver: Receiver;

beforeAll(async () => {
	sandbox = await startSandbox({ switches: { rateLimit: false } });
	receiver = await startReceiver();
});

afterAll(async () => {
	await sandbox.close();
	await receiver.close();
});

beforeEach(() => {
	sandbox.reset();
	receiver.clear();
});

/** Sets switches and notes that a test asserts on them. */
function turn(patch: SwitchesPatch): void {
	for (const name of Object.keys(patch)) flipped.add(name);
	sandbox.setSwitches(patch);
}

async function call(
	method: string,
	path: string,
	body?: unknown,
	key: string = sandbox.testKey,
): Promise<Answer> {
	const response = await fetch(`${sandbox.url}${path}`, {
		method,
		redirect: 'manual',
		headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	const text = await response.text();
	let parsed: unknown;
	try {
		parsed = JSON.parse(text);
	} catch {
		parsed = undefined;
	}
	return {
		status: response.status,
		text,
		headers: response.headers,
		rows: Array.isArray(parsed) ? (parsed as Json[]) : [],
		body: (parsed ?? {}) as Json,
	};
}

const get = async (path: string, key?: string) => await call('GET', path, undefined, key);
const post = async (path: string, body?: unknown, key?: string) =>
	await call('POST', path, body, key);

async function newProduct(key?: string, price = 30): Promise<string> {
	const { body } = await post('/products', { name: 'Book', price }, key);
	return String(body._id);
}

async function newOffer(extra: Json = {}): Promise<string> {
	const offer = { name: 'Club', price: 15, frequency: 'monthly', ...extra };
	return String((await post('/subscriptions', offer)).body._id);
}

async function hook(
	events: string[] = ['order.completed'],
	key?: string,
): Promise<{ id: string; secret: string }> {
	const { status, body } = await post('/webhooks', { url: receiver.url, events }, key);
	expect(status).toBe(201);
	return { id: String(body._id), secret: String(body.secret) };
}

/** A sale of a new product, and what the endpoint got of it. */
async function sale(input: Json = {}): Promise<Received> {
	const productId = await newProduct();
	await sandbox.purchase({ productId, wait: true, ...input });
	return receiver.got[0];
}

const hmac = (secret: string, text: string) =>
	createHmac('sha256', Buffer.from(secret, 'utf8')).update(Buffer.from(text)).digest('hex');

const at = (value: unknown, ...path: string[]): unknown =>
	path.reduce<unknown>((inner, name) => (inner as Json | undefined)?.[name], value);

describe('the API', () => {
	test('has 44 endpoints, each of which needs a key', async () => {
		const rows = Object.values(endpoints);
		expect(rows).toHaveLength(44);
		expect(new Set(rows.map(({ method, path }) => `${method} ${path}`)).size).toBe(44);
		for (const { method, path } of rows) {
			const url = `${sandbox.url}${path.replace(':id', 'f'.repeat(24))}`;
			const response = await fetch(url, { method });
			expect(response.status).toBe(401);
			expect(await response.json()).toEqual({
				error: 'API key is required',
				code: 'MISSING_API_KEY',
			});
		}
	});

	test('answers 404 for every unknown id and 400 in words for every missing field', async () => {
		const nothing = 'f'.repeat(24);
		for (const { method, path } of Object.values(endpoints)) {
			if (!path.includes(':id')) continue;
			const { status, body } = await call(
				method,
				path.replace(':id', nothing),
				method === 'GET' ? undefined : {},
			);
			expect({ path, status, code: body.code }).toEqual({ path, status: 404, code: 'NOT_FOUND' });
		}
		const missing: Array<[string, Json, string]> = [
			['/products', { price: 1 }, 'name is required'],
			['/products', { name: 'x' }, 'price is required'],
			['/products', { name: 'x', price: '1' }, 'price must be a number of at least 0'],
			['/products/variants', { name: 'x', price: 1 }, 'productId is required'],
			['/discounts', { name: 'x', code: 'X', value: 1 }, 'mainProductIds is required'],
			['/discounts/validate', {}, 'code is required'],
			['/upsells', { mainProductIds: [], upsellPrice: 1 }, 'upsellProductId is required'],
			['/subscriptions', { name: 'x', price: 1 }, 'frequency is required'],
			[
				'/subscriptions',
				{ name: 'x', price: 1, frequency: 'daily' },
				'frequency must be one of weekly, monthly, yearly',
			],
			['/refunds', {}, 'orderId is required'],
			['/webhooks', { url: receiver.url }, 'events is required'],
			['/webhooks', { url: receiver.url, events: [] }, 'events must name at least one event'],
			['/checkout/sessions', {}, 'productId is required'],
			[
				'/orders/subscriptions',
				{ status: 'past_due' },
				'status must be one of active, canceled, paused',
			],
		];
		for (const [path, body, error] of missing) {
			expect(await post(path, body)).toMatchObject({ status: 400, body: { error } });
		}
		expect(await get('/orders?startDate=yesterday')).toMatchObject({
			status: 400,
			body: { error: 'startDate must be an ISO 8601 date' },
		});
		expect((await get('/v1/products')).status).toBe(404);
	});

	test('ignores unknown fields and refuses bodies that are no JSON', async () => {
		const { status, body } = await post('/products', { name: 'x', price: 1, surprise: true });
		expect(status).toBe(201);
		expect(body).not.toHaveProperty('surprise');
		const response = await fetch(`${sandbox.url}/products`, {
			method: 'POST',
			headers: { authorization: `Bearer ${sandbox.testKey}` },
			body: '{"name":',
		});
		expect(response.status).toBe(400);
	});

	test('keeps test and live data apart, and says which is which', async () => {
		const testProduct = await newProduct();
		const liveProduct = await newProduct(sandbox.liveKey);
		expect((await get('/products')).rows.map(({ _id }) => _id)).toEqual([testProduct]);
		expect((await get('/products', sandbox.liveKey)).rows).toEqual([
			expect.objectContaining({ _id: liveProduct, testMode: false }),
		]);
		expect((await get(`/products/${liveProduct}`)).status).toBe(404);
		await hook(['order.completed']);
		await sandbox.purchase({ productId: liveProduct, mode: 'live', wait: true });
		expect(receiver.got).toHaveLength(0);
		await sandbox.purchase({ productId: testProduct, wait: true });
		expect(receiver.got).toHaveLength(1);
	});

	test('filters and pages orders, newest first', async () => {
		const [one, other] = [await newProduct(), await newProduct()];
		const made = await sandbox.purchase({
			productId: one,
			count: 5,
			createdAt: '2026-03-01T12:00:00.000Z',
			spacingMs: 86_400_000,
		});
		await sandbox.purchase({ productId: other });
		const span = await get('/orders?startDate=2026-03-02&endDate=2026-03-04');
		expect((span.body.orders as Json[]).map(({ _id }) => _id)).toEqual(
			made.orderIds.slice(1, 4).reverse(),
		);
		const page = await get(`/orders?productId=${one}&pageSize=2&page=3`);
		expect(page.body).toMatchObject({
			orders: [{ _id: made.orderIds[0] }],
			pagination: { totalCount: 5, totalPages: 3, currentPage: 3, pageSize: 2, hasMore: false },
		});
		const late = await sandbox.purchase({ productId: one, createdAt: '2026-01-01' });
		const all = (await get('/orders')).body.orders as Json[];
		expect(all).toHaveLength(7);
		expect(all.at(-1)?._id).toBe(late.orderIds[0]);
	});

	test('lists payments, subscribers and customers', async () => {
		const productId = await newProduct();
		const offerId = await newOffer();
		await sandbox.purchase({ productId, count: 3, email: 'b{n}@example.com' });
		await sandbox.purchase({ productId, email: 'b2@example.com' });
		const { membershipIds } = await sandbox.purchase({ offerId, email: 'b9@example.com' });
		expect((await get('/payments?type=all')).body).toMatchObject({
			payments: [
				{ isSubscription: true, subscriptionId: offerId, amount: 15 },
				{ isSubscription: false, productId, amount: 30 },
				{},
				{},
				{},
			],
		});
		expect((await get('/payments?type=subscription')).body).toMatchObject({
			payments: [{ subscriptionId: offerId }],
			pagination: { totalCount: 1, hasMore: false },
		});
		expect((await get('/subscriptions/subscribers')).body).toMatchObject({
			subscribers: [{ _id: membershipIds[0], buyerEmail: 'b9@example.com', active: true }],
		});
		const emails = async (query: string) =>
			(await get(`/customers?${query}`)).rows.map(({ buyerEmail }) => buyerEmail);
		expect(await emails('sortBy=email&sortOrder=asc&limit=2&offset=1')).toEqual([
			'b2@example.com',
			'b3@example.com',
		]);
		expect((await emails('sortBy=numberOfOrders&sortOrder=desc'))[0]).toBe('b2@example.com');
		expect(await emails(`productId=${offerId}`)).toEqual(['b9@example.com']);
	});

	test('validates discounts', async () => {
		const productId = await newProduct();
		const discount = { name: 'D', code: 'TEN', value: 10, mainProductIds: [productId] };
		await post('/discounts', discount);
		await post('/discounts', { ...discount, code: 'OLD', expiration: '2020-01-01' });
		const check = async (body: Json) => (await post('/discounts/validate', body)).status;
		expect(await post('/discounts/validate', { code: 'TEN', productId })).toMatchObject({
			status: 200,
			body: { message: 'Discount is valid' },
		});
		expect(await check({ code: 'TEN', productId: 'other' })).toBe(400);
		expect(await check({ code: 'OLD' })).toBe(400);
		expect(await check({ code: 'NONE' })).toBe(404);
	});

	test('makes 10,000 orders in seconds and pages through them quickly', async () => {
		const productId = await newProduct();
		const started = Date.now();
		const { orderIds } = await sandbox.purchase({ productId, count: 10_000, spacingMs: 1 });
		const made = Date.now();
		expect(made - started).toBeLessThan(5_000);
		const seen: unknown[] = [];
		for (let page = 1; page <= 100; page += 1) {
			const { body } = await get(`/orders?pageSize=100&page=${page}`);
			seen.push(...(body.orders as Json[]).map(({ _id }) => _id));
		}
		expect(seen).toEqual([...orderIds].reverse());
		expect(Date.now() - made).toBeLessThan(10_000);
	});

	test('records requests without the key', async () => {
		await post('/products?x=1', { name: 'Book', price: 1 });
		expect(sandbox.requests).toEqual([
			expect.objectContaining({
				endpoint: 'products.create',
				method: 'POST',
				path: '/products',
				query: { x: '1' },
				body: { name: 'Book', price: 1 },
				mode: 'test',
				status: 201,
			}),
		]);
		expect(sandbox.requests[0].headers.authorization).toBe('Bearer pk_test_…');
		expect(JSON.stringify(sandbox.requests)).not.toContain(sandbox.testKey);
	});
});

describe('deliveries', () => {
	test("signatures agree with the contract's vector and an independent signer", async () => {
		const vector = '{"order":{"id":"o1"},"webhookId":"w1"}';
		const expected = 'ecfdff394c5d4953b02bf956c99a8917fab53bde796dd9df60e4a430740459ca';
		expect(sign('whsec_test', vector)).toBe(expected);
		expect(hmac('whsec_test', vector)).toBe(expected);

		const { id, secret } = await hook(['order.completed', 'customer.created']);
		const { headers, raw, body } = await sale({
			email: 'ana@example.com',
			firstName: 'Ana',
			metadata: { note: 'ünï · ☕' },
			clientReferenceId: 'user-77',
		});
		expect(headers['x-pocketsflow-signature']).toBe(hmac(secret, raw));
		expect(headers['x-pocketsflow-event']).toBe('order.completed');
		expect(headers['content-type']).toBe('application/json');
		const age = Date.now() - Number(headers['x-pocketsflow-timestamp']);
		expect(age).toBeGreaterThanOrEqual(0);
		expect(age).toBeLessThan(5_000);
		expect(body).toEqual({
			product: { id: expect.any(String), variantId: null },
			order: { id: expect.any(String) },
			currency: 'usd',
			customer: { email: 'ana@example.com', firstName: 'Ana' },
			tax: {
				amount: 0,
				rate: 0,
				ToCountry: 'US',
				ToZip: null,
				ToState: null,
				percentage: 0,
				vatNumber: null,
			},
			amount: 30,
			amountBeforeTax: 30,
			clientReferenceId: 'user-77',
			metadata: { note: 'ünï · ☕' },
			webhookId: id,
		});
		expect(receiver.got.map((got) => got.headers['x-pocketsflow-event'])).toEqual([
			'order.completed',
			'customer.created',
		]);
		expect(sandbox.deliveries[0]).toMatchObject({ outcome: 'delivered', status: 200, attempts: 1 });
	});

	test('one attempt, no redirect followed, only to active endpoints', async () => {
		const { id } = await hook();
		receiver.status = 500;
		await sale();
		expect(receiver.got).toHaveLength(1);
		expect(sandbox.deliveries[0]).toMatchObject({ outcome: 'failed', status: 500, attempts: 1 });
		receiver.status = 302;
		await sandbox.purchase({ wait: true });
		expect(receiver.got.map(({ path }) => path)).toEqual(['/hook', '/hook']);
		expect(sandbox.deliveries[1]).toMatchObject({ outcome: 'failed', status: 302 });
		await call('PUT', `/webhooks/${id}`, { active: false });
		await sandbox.purchase({ wait: true });
		expect(receiver.got).toHaveLength(2);
	});

	test('an endpoint has five seconds', async () => {
		await hook();
		receiver.delayMs = 6_000;
		await sale();
		expect(sandbox.deliveries[0]).toMatchObject({
			outcome: 'failed',
			error: 'timeout after 5000 ms',
			attempts: 1,
		});
		expect(sandbox.deliveries[0].ms).toBeGreaterThanOrEqual(4_990);
		expect(sandbox.deliveries[0].ms).toBeLessThan(5_900);
		expect(receiver.got).toHaveLength(1);
	});

	test('everything that happens is told', async () => {
		await hook([
			...['product.created', 'product.updated', 'product.deleted', 'review.created'],
			...['customer.subscription.created', 'customer.subscription.updated'],
			...['customer.subscription.pause', 'customer.subscription.resumed'],
			...['customer.subscription.trial_will_end', 'customer.subscription.deleted'],
			...['invoice.payment_succeeded', 'invoice.payment_failed', 'order.refunded'],
		]);
		const productId = await newProduct();
		await post(`/products/update/${productId}`, { price: 10 });
		await post('/_sandbox/reviews', { productId, rating: 3 });
		const { orderIds } = await sandbox.purchase({ productId });
		await post('/refunds', { orderId: orderIds[0], amount: 4 });
		await call('DELETE', `/products/${productId}`);
		const offerId = await newOffer();
		const { membershipIds } = await sandbox.purchase({ offerId });
		await sandbox.settled();
		for (const action of [
			...['pause', 'resume', 'renew', 'fail-payment', 'renew', 'trial-will-end'],
			...['cancel-at-period-end', 'end'],
		]) {
			expect((await post(`/_sandbox/memberships/${membershipIds[0]}/${action}`)).status).toBe(200);
			await sandbox.settled();
		}
		const events = receiver.got.map((got) => got.headers['x-pocketsflow-event']);
		expect(events.slice(0, 7).sort()).toEqual(
			[
				...['product.created', 'product.updated', 'review.created', 'order.refunded'],
				...['product.deleted', 'customer.subscription.created', 'invoice.payment_succeeded'],
			].sort(),
		);
		const statuses = receiver.got
			.slice(7)
			.map(
				({ headers, body }) => `${String(headers['x-pocketsflow-event'])} ${String(body.status)}`,
			);
		expect(statuses.sort()).toEqual(
			[
				'customer.subscription.pause paused',
				'customer.subscription.resumed active',
				'invoice.payment_succeeded active',
				'invoice.payment_failed past_due',
				'customer.subscription.updated past_due',
				'invoice.payment_succeeded active',
				'customer.subscription.updated active',
				'customer.subscription.trial_will_end active',
				'customer.subscription.updated active',
				'customer.subscription.deleted canceled',
			].sort(),
		);
		const ended = receiver.got.at(-1)?.body;
		expect(ended).toMatchObject({
			paymentMethod: null,
			subscription: { id: offerId },
			subscriptionCustomerId: membershipIds[0],
			subscriptionCustomer: { active: false, status: 'canceled' },
		});
	});

	test('hand-made deliveries can be forged, unsigned or anything else', async () => {
		const { id, secret } = await hook();
		const hand = async (extra: Json) => {
			receiver.clear();
			const answer = await post('/_sandbox/deliver', {
				webhookId: id,
				event: 'order.completed',
				...extra,
			});
			expect(answer.status).toBe(200);
			return receiver.got[0];
		};
		const signed = await hand({ data: { order: { id: 'o1' } } });
		expect(signed.raw).toBe(`{"order":{"id":"o1"},"webhookId":"${id}"}`);
		expect(signed.headers['x-pocketsflow-signature']).toBe(hmac(secret, signed.raw));
		const forged = await hand({ signing: 'forged' });
		expect(forged.headers['x-pocketsflow-signature']).toMatch(/^[0-9a-f]{64}$/);
		expect(forged.headers['x-pocketsflow-signature']).not.toBe(hmac(secret, forged.raw));
		expect((await hand({ signing: 'missing' })).headers).not.toHaveProperty(
			'x-pocketsflow-signature',
		);
		const odd = await hand({ body: '[1, 2]', headers: { 'x-pocketsflow-event': '' } });
		expect(odd.raw).toBe('[1, 2]');
		expect(odd.headers).not.toHaveProperty('x-pocketsflow-event');
	});
});

describe('the checkout page', () => {
	const urls = { successUrl: 'https://shop.example/ok?a=1', cancelUrl: 'https://shop.example/no' };

	async function session(body: Json): Promise<string> {
		const { status, body: made } = await post('/checkout/sessions', { ...urls, ...body });
		expect(status).toBe(201);
		return String(made.url);
	}

	async function press(button: 'pay' | 'cancel', url: string, email = 'lee@example.com') {
		const id = new URL(url).searchParams.get('session') ?? '';
		const response = await fetch(`${sandbox.url}/checkout/${button}`, {
			method: 'POST',
			redirect: 'manual',
			body: new URLSearchParams({ session: id, email }),
		});
		return { status: response.status, location: response.headers.get('location') };
	}

	test('shows what is bought, with everything escaped', async () => {
		const { body } = await post('/products', { name: '<b>"Tea" & more</b>', price: 40 });
		await post('/discounts', {
			name: 'D',
			code: 'TEN',
			value: 10,
			mainProductIds: [body._id],
		});
		const url = await session({
			productId: body._id,
			customerEmail: '"><script>@example.com',
			discountCode: 'TEN',
		});
		const response = await fetch(url);
		const html = await response.text();
		expect(response.status).toBe(200);
		expect(html).toContain('&lt;b&gt;&quot;Tea&quot; &amp; more&lt;/b&gt;');
		expect(html).not.toContain('<script>');
		expect(html).toContain('<span data-test="price">$36.00</span>');
		expect(html).toContain('Discount TEN applied');
		expect(html).toContain('Sandbox Store');
		for (const name of ['pay', 'cancel', 'email']) expect(html).toContain(`data-test="${name}"`);
		expect((await fetch(`${sandbox.url}/checkout?session=cs_none`)).status).toBe(404);
	});

	test('paying makes one order, delivers it, and leads to the success URL', async () => {
		const { secret } = await hook();
		const productId = await newProduct();
		const url = await session({
			productId,
			metadata: { external_order_id: 'A-1' },
			clientReferenceId: 'user-1',
		});
		expect((await press('pay', url, 'nonsense')).status).toBe(400);
		const paid = await press('pay', url);
		expect(paid).toEqual({ status: 303, location: 'https://shop.example/ok?a=1' });
		expect(await press('pay', url)).toEqual(paid);
		await sandbox.settled();
		expect(receiver.got).toHaveLength(1);
		const [{ headers, raw, body }] = receiver.got;
		expect(headers['x-pocketsflow-signature']).toBe(hmac(secret, raw));
		expect(body).toMatchObject({
			customer: { email: 'lee@example.com' },
			metadata: { external_order_id: 'A-1' },
			clientReferenceId: 'user-1',
		});
		const orders = (await get('/orders')).body.orders as Json[];
		expect(orders).toEqual([
			expect.objectContaining({
				_id: at(body, 'order', 'id'),
				metadata: { external_order_id: 'A-1' },
			}),
		]);
	});

	test('a subscription tells the success page what was bought', async () => {
		await hook(['customer.subscription.created', 'invoice.payment_succeeded']);
		const offerId = await newOffer();
		const paid = await press('pay', await session({ productId: offerId }));
		const target = new URL(paid.location ?? '');
		const { body } = await get('/subscriptions/subscribers');
		expect(Object.fromEntries(target.searchParams)).toEqual({
			a: '1',
			subscriptionId: offerId,
			subscriptionCustomer: (body.subscribers as Json[])[0]._id,
			redirect_status: 'succeeded',
		});
		await sandbox.settled();
		expect(receiver.got.map((got) => got.headers['x-pocketsflow-event'])).toEqual([
			'customer.subscription.created',
			'invoice.payment_succeeded',
		]);
		expect(receiver.got[1].body).toMatchObject({ amount: 1500, currency: 'usd' });
	});

	test('a trial starts without a charge', async () => {
		await hook(['customer.subscription.created', 'invoice.payment_succeeded']);
		await press('pay', await session({ productId: await newOffer({ trialPeriod: 7 }) }));
		await sandbox.settled();
		expect(receiver.got.map(({ body }) => body.status)).toEqual(['trialing']);
		expect((await get('/payments')).body).toMatchObject({ payments: [] });
	});

	test('cancelling leads to the cancel URL and buys nothing', async () => {
		const url = await session({ productId: await newProduct() });
		expect(await press('cancel', url)).toEqual({
			status: 303,
			location: 'https://shop.example/no',
		});
		expect((await get('/orders')).body.orders).toEqual([]);
	});
});

describe('switches', () => {
	test('unknown names and impossible values are refused and change nothing', async () => {
		expect(() => sandbox.setSwitches({ latencyMS: 5 } as SwitchesPatch)).toThrow(
			'Unknown switch "latencyMS"',
		);
		const answer = await call('PATCH', '/_sandbox/switches', { latencyMs: 9, orderById: 'x' });
		expect(answer).toMatchObject({
			status: 400,
			body: { error: 'Switch "orderById" must be: bare / sale / order' },
		});
		expect((await get('/_sandbox/switches')).body).toMatchObject({
			latencyMs: 0,
			orderById: 'sale',
		});
	});

	test('orderById, orderMetadata, idField', async () => {
		const productId = await newProduct();
		const { orderIds } = await sandbox.purchase({ productId, metadata: { _id: 'mine' } });
		const path = `/orders/${orderIds[0]}`;
		expect((await get(path)).body).toMatchObject({ sale: { _id: orderIds[0] } });
		turn({ orderById: 'order' });
		expect((await get(path)).body).toMatchObject({ order: { _id: orderIds[0] } });
		turn({ orderById: 'bare' });
		expect((await get(path)).body).toMatchObject({ _id: orderIds[0], metadata: { _id: 'mine' } });
		turn({ idField: 'id' });
		const renamed = (await get(path)).body;
		expect(renamed).toMatchObject({
			id: orderIds[0],
			product: { id: productId },
			metadata: { _id: 'mine' },
		});
		expect(renamed).not.toHaveProperty('_id');
		turn({ idField: 'both', orderMetadata: false });
		const both = (await get(path)).body;
		expect(both).toMatchObject({ id: orderIds[0], _id: orderIds[0] });
		expect(both).not.toHaveProperty('metadata');
	});

	test('listShape, emptyTotalPages, maxPageSize, overMaxPageSize', async () => {
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalPages: 0 } });
		turn({ emptyTotalPages: 1 });
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalPages: 1 } });
		await sandbox.purchase({ productId: await newProduct(), count: 5 });
		turn({ listShape: 'array' });
		expect((await get('/orders')).rows).toHaveLength(5);
		expect((await get('/upsells')).text).toBe('[]');
		turn({ listShape: 'object' });
		expect((await get('/products')).body.products).toHaveLength(1);
		turn({ listShape: 'data' });
		expect((await get('/products')).body.data).toHaveLength(1);
		expect((await post('/orders/subscriptions', {})).body.data).toEqual([]);
		turn({ listShape: 'items' });
		expect((await get('/customers')).body.items).toHaveLength(5);
		turn({ listShape: 'contract', maxPageSize: 2 });
		expect((await get('/orders?pageSize=50')).body).toMatchObject({
			orders: [{}, {}],
			pagination: { pageSize: 2, totalPages: 3 },
		});
		turn({ overMaxPageSize: 'reject' });
		expect(await get('/orders?pageSize=3')).toMatchObject({
			status: 400,
			body: { error: 'pageSize must not exceed 2' },
		});
	});

	test('errorText', async () => {
		const failed = async () => await get('/products/none');
		const code = 'NOT_FOUND';
		const text = 'Product not found';
		expect((await failed()).body).toEqual({ error: text, code });
		turn({ errorText: 'message' });
		expect((await failed()).body).toEqual({ message: text, code });
		turn({ errorText: 'both' });
		expect((await failed()).body).toEqual({ error: text, message: text, code });
		turn({ errorText: 'nonJson' });
		expect(await failed()).toMatchObject({ status: 404, text });
	});

	test('createStatus, deleteAnswer, productCurrencyRequired', async () => {
		turn({ createStatus: 200, deleteAnswer: 'empty', productCurrencyRequired: true });
		expect(await post('/products', { name: 'x', price: 1 })).toMatchObject({
			status: 400,
			body: { error: 'currency is required' },
		});
		const made = await post('/products', { name: 'x', price: 1, currency: 'eur' });
		expect(made).toMatchObject({ status: 200, body: { currency: 'EUR' } });
		const gone = await call('DELETE', `/products/${String(made.body._id)}`);
		expect(gone).toMatchObject({ status: 200, text: '' });
	});

	test('redirectUrlsRequired', async () => {
		const productId = await newProduct();
		expect(await post('/checkout/sessions', { productId })).toMatchObject({
			status: 400,
			body: { error: 'successUrl is required' },
		});
		turn({ redirectUrlsRequired: false });
		expect((await post('/checkout/sessions', { productId })).status).toBe(201);
	});

	test('stripeSubscriptionIds, acceptMembershipId, cancelTakesEffect', async () => {
		const { membershipIds } = await sandbox.purchase({ offerId: await newOffer() });
		const [id] = membershipIds;
		expect((await get(`/orders/subscriptions/${id}`)).body.stripeSubscriptionId).toMatch(/^sub_/);
		turn({ stripeSubscriptionIds: false });
		expect((await get(`/orders/subscriptions/${id}`)).body).not.toHaveProperty(
			'stripeSubscriptionId',
		);
		expect((await post(`/orders/subscriptions/cancel/${id}`)).status).toBe(404);
		turn({ acceptMembershipId: true, cancelTakesEffect: 'atPeriodEnd' });
		expect((await post(`/orders/subscriptions/cancel/${id}`)).status).toBe(200);
		expect((await get(`/orders/subscriptions/${id}`)).body).toMatchObject({
			status: 'active',
			cancelAtPeriodEnd: true,
		});
		turn({ cancelTakesEffect: 'atOnce' });
		await post(`/orders/subscriptions/cancel/${id}`);
		expect((await get(`/orders/subscriptions/${id}`)).body.status).toBe('canceled');
	});

	test('rate limit: burst, refill, scope, Retry-After', async () => {
		turn({
			rateLimit: true,
			rateLimitBurst: 3,
			rateLimitPerMinute: 60,
			rateLimitScope: 'key',
			retryAfter: 'none',
		});
		const statuses = async (count: number, key?: string) => {
			const answers = await Promise.all(Array.from({ length: count }, () => get('/users/me', key)));
			return answers.map(({ status }) => status).sort();
		};
		expect(await statuses(5)).toEqual([200, 200, 200, 429, 429]);
		expect(await statuses(1, sandbox.liveKey)).toEqual([200]);
		const plain = await get('/users/me');
		expect(plain).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
		expect(plain.headers.get('retry-after')).toBeNull();
		turn({ retryAfter: 'seconds' });
		expect((await get('/users/me')).headers.get('retry-after')).toBe('1');
		turn({ retryAfter: 'date' });
		const date = Date.parse((await get('/users/me')).headers.get('retry-after') ?? '');
		expect(date - Date.now()).toBeGreaterThan(-1_000);
		expect(date - Date.now()).toBeLessThan(3_000);
		await new Promise((resolve) => setTimeout(resolve, 1_100));
		expect(await statuses(2)).toEqual([200, 429]);
		turn({ rateLimitScope: 'ip', rateLimitPerMinute: 0 });
		expect([await statuses(3), await statuses(1, sandbox.liveKey)]).toEqual([
			[200, 200, 200],
			[429],
		]);
	});

	test('by default 200 requests at once pass, the next do not', async () => {
		expect(switchRules.rateLimit.initial).toBe(true);
		turn({ rateLimit: true });
		let passed = 0;
		for (let index = 0; index < 215; index += 1) {
			if ((await get('/users/me')).status === 200) passed += 1;
		}
		expect(passed).toBeGreaterThanOrEqual(200);
		expect(passed).toBeLessThan(215);
	});

	test('latencyMs and apiDown', async () => {
		turn({ latencyMs: 120 });
		const started = Date.now();
		await get('/users/me');
		expect(Date.now() - started).toBeGreaterThanOrEqual(115);
		turn({ latencyMs: 0, apiDown: true });
		const down = await get('/users/me');
		expect(down.status).toBe(503);
		expect(down.text).toContain('<html>');
		turn({ apiDown: 'unreachable' });
		await expect(get('/users/me')).rejects.toThrow('fetch failed');
		expect((await get('/_sandbox/switches')).status).toBe(200);
	});

	test('faults before and after processing', async () => {
		const create = async () => await post('/products', { name: 'Book', price: 1 });
		const count = async () => (await get('/products')).rows.length;
		turn({ faults: [{ method: 'POST', path: '/prod*', kind: 'answer', status: 502, count: 1 }] });
		expect(await create()).toMatchObject({ status: 502, body: { code: 'SANDBOX_FAULT' } });
		expect(await count()).toBe(0);
		expect((await create()).status).toBe(201);
		turn({
			faults: [{ path: '/products', kind: 'answer', when: 'after', body: 'html', count: 1 }],
		});
		const lost = await create();
		expect(lost).toMatchObject({ status: 500 });
		expect(lost.text).toContain('<html>');
		expect(await count()).toBe(2);
		turn({ faults: [{ method: 'POST', kind: 'reset', when: 'after', skip: 1, count: 1 }] });
		expect((await create()).status).toBe(201);
		await expect(create()).rejects.toThrow('fetch failed');
		expect(await count()).toBe(4);
		turn({ faults: [{ method: 'POST', kind: 'reset', count: 1 }] });
		await expect(create()).rejects.toThrow('fetch failed');
		expect(await count()).toBe(4);
		turn({ faults: [{ kind: 'hang' }] });
		const signal = AbortSignal.timeout(150);
		await expect(fetch(`${sandbox.url}/products`, { signal })).rejects.toThrow('timeout');
		expect(() => turn({ faults: [{ kind: 'explode' }] as never })).toThrow('Switch "faults"');
	});

	test('acceptInvoicePaid, acceptUnknownEvents, allowLoopbackWebhooks', async () => {
		const register = async (event: string, url = receiver.url) =>
			await post('/webhooks', { url, events: [event] });
		expect(await register('invoice.paid')).toMatchObject({
			status: 400,
			body: { error: 'events has unknown event: invoice.paid' },
		});
		expect((await register('order.created')).status).toBe(400);
		turn({ acceptInvoicePaid: true });
		expect((await register('invoice.paid')).status).toBe(201);
		expect((await register('order.created')).status).toBe(400);
		turn({ acceptUnknownEvents: true });
		expect((await register('order.created')).status).toBe(201);
		const https = {
			error: 'url must be a publicly reachable HTTPS URL',
			code: 'INVALID_REQUEST',
		};
		expect((await register('order.completed', 'http://shop.example/hook')).body).toEqual(https);
		expect((await register('order.completed', 'https://shop.example/hook')).status).toBe(201);
		turn({ allowLoopbackWebhooks: false });
		expect((await register('order.completed')).body).toEqual(https);
		expect((await register('order.completed', 'https://localhost/hook')).body).toEqual(https);
	});

	test('secretOnGet', async () => {
		const { id, secret } = await hook();
		const shown = async () => (await get(`/webhooks/${id}`)).body.secret;
		expect(await shown()).toBeUndefined();
		turn({ secretOnGet: 'present' });
		expect(await shown()).toBe(secret);
		turn({ secretOnGet: 'masked' });
		expect(await shown()).toBe(`whsec_****${secret.slice(-4)}`);
	});

	test('testDelivery', async () => {
		const { id, secret } = await hook();
		const tested = async () => {
			receiver.clear();
			await post(`/webhooks/${id}/test`);
			await sandbox.settled();
			return receiver.got[0];
		};
		const unknown = await tested();
		expect(unknown.headers['x-pocketsflow-event']).toBe('webhook.test');
		expect(unknown.headers['x-pocketsflow-signature']).toBe(hmac(secret, unknown.raw));
		turn({ testDelivery: 'sample' });
		expect(await tested()).toMatchObject({
			headers: { 'x-pocketsflow-event': 'order.completed' },
			body: { order: { id: expect.any(String) } },
		});
		turn({ testDelivery: 'unsigned' });
		expect((await tested()).headers).not.toHaveProperty('x-pocketsflow-signature');
	});

	test('eventIn, payload, webhookIdMeans', async () => {
		const { id } = await hook();
		expect((await sale()).body).not.toHaveProperty('event');
		const next = async () => {
			receiver.clear();
			await sandbox.purchase({ wait: true });
			return receiver.got[0];
		};
		turn({ eventIn: 'body' });
		const inBody = await next();
		expect(inBody.headers).not.toHaveProperty('x-pocketsflow-event');
		expect(inBody.body.event).toBe('order.completed');
		turn({ eventIn: 'both' });
		expect(await next()).toMatchObject({
			headers: { 'x-pocketsflow-event': 'order.completed' },
			body: { event: 'order.completed' },
		});
		turn({ eventIn: 'header', payload: 'flatWithEvent' });
		expect((await next()).body.event).toBe('order.completed');
		turn({ payload: 'enveloped' });
		expect((await next()).body).toMatchObject({
			type: 'order.completed',
			data: { order: { id: expect.any(String) } },
			webhookId: id,
		});
		turn({ webhookIdMeans: 'delivery' });
		expect((await next()).body.webhookId).not.toBe(id);
	});

	test('signed, timestamp', async () => {
		const { secret } = await hook();
		turn({ signed: 'timestampAndBody', timestamp: 's' });
		const { headers, raw } = await sale();
		const timestamp = String(headers['x-pocketsflow-timestamp']);
		expect(Number(timestamp)).toBeLessThan(1e12);
		expect(headers['x-pocketsflow-signature']).toBe(hmac(secret, `${timestamp}.${raw}`));
	});

	test('orderAmounts, orderRefunded', async () => {
		await hook(['order.completed', 'order.refunded']);
		turn({ orderAmounts: 'cents' });
		const { body } = await sale({ taxRate: 0.08 });
		expect(body).toMatchObject({ amount: 3240, amountBeforeTax: 3000, tax: { amount: 240 } });
		const orderId = at(body, 'order', 'id');
		await post('/refunds', { orderId, amount: 2.5 });
		await sandbox.settled();
		expect(receiver.got[1].body).toMatchObject({ amount: 3240, order: { id: orderId } });
		turn({ orderRefunded: 'withRefund', orderAmounts: 'major' });
		await post('/refunds', { orderId, amount: 2.5 });
		await sandbox.settled();
		expect(receiver.got[2].body).toMatchObject({
			order: { id: orderId },
			refund: { amount: 2.5, status: 'succeeded' },
		});
		expect(receiver.got[2].body).not.toHaveProperty('product');
	});

	test('invoiceAmounts, invoicePayload, subscriptionPayload, webhookMetadata', async () => {
		await hook(['invoice.payment_succeeded', 'customer.subscription.created']);
		const offerId = await newOffer();
		const bodies = async () => {
			receiver.clear();
			await sandbox.purchase({
				offerId,
				email: 'lee@example.com',
				metadata: { userId: '42', a: 'b c' },
				wait: true,
			});
			const of = (event: string) =>
				receiver.got.find(({ headers }) => headers['x-pocketsflow-event'] === event)?.body;
			return {
				created: of('customer.subscription.created'),
				invoice: of('invoice.payment_succeeded'),
			};
		};
		turn({ invoiceAmounts: 'major', webhookMetadata: 'urlEncoded' });
		expect(await bodies()).toMatchObject({
			created: { customer: { email: 'lee@example.com' }, metadata: 'userId=42&a=b+c' },
			invoice: { amount: 15 },
		});
		turn({ invoicePayload: 'rawStripe', subscriptionPayload: 'old' });
		const { created, invoice } = await bodies();
		expect(created).toMatchObject({ subscriptionCustomer: { buyerEmail: 'lee@example.com' } });
		expect(created).not.toHaveProperty('customer');
		expect(invoice).toMatchObject({
			object: 'invoice',
			subscription: expect.stringMatching(/^sub_/),
			customer: expect.stringMatching(/^cus_/),
			amount_paid: 1500,
			subscription_details: { metadata: { webhookMetadata: '"userId=42&a=b+c"' } },
		});
	});

	test('pauseEvent, echoClientReferenceId', async () => {
		await hook(['customer.subscription.pause']);
		const offerId = await newOffer();
		const { membershipIds } = await sandbox.purchase({ offerId, clientReferenceId: 'u{n}' });
		const pause = async () => {
			receiver.clear();
			await post(`/_sandbox/memberships/${membershipIds[0]}/pause`);
			await sandbox.settled();
			return receiver.got[0];
		};
		const first = await pause();
		expect(first.headers['x-pocketsflow-event']).toBe('customer.subscription.pause');
		expect(first.body.clientReferenceId).toBe('u1');
		turn({ pauseEvent: 'paused', echoClientReferenceId: false });
		const second = await pause();
		expect(second.headers['x-pocketsflow-event']).toBe('customer.subscription.paused');
		expect(second.body).not.toHaveProperty('clientReferenceId');
	});

	test('entityPayload', async () => {
		await hook(['product.created']);
		const id = await newProduct();
		turn({ entityPayload: 'top' });
		const other = await newProduct();
		await sandbox.settled();
		const bodies = receiver.got.map(({ body }) => body);
		expect(bodies).toContainEqual(
			expect.objectContaining({ product: expect.objectContaining({ id }) }),
		);
		expect(bodies).toContainEqual(expect.objectContaining({ id: other, name: 'Book' }));
	});

	test('deliverAcrossModes', async () => {
		await hook();
		turn({ deliverAcrossModes: true });
		const productId = await newProduct(sandbox.liveKey);
		await sandbox.purchase({ productId, mode: 'live', wait: true });
		expect(receiver.got).toHaveLength(1);
	});

	test('deliveryRetries, deliveryRetryDelayMs, deliveryTimeoutMs', async () => {
		await hook();
		receiver.delayMs = 400;
		turn({ deliveryRetries: 2, deliveryRetryDelayMs: 50, deliveryTimeoutMs: 100 });
		const started = Date.now();
		await sale();
		const took = Date.now() - started;
		expect(sandbox.deliveries[0]).toMatchObject({ attempts: 3, error: 'timeout after 100 ms' });
		expect(receiver.got).toHaveLength(3);
		expect(took).toBeGreaterThanOrEqual(380);
		expect(took).toBeLessThan(2_000);
	});

	test('nextDeliveryFaults, delayMs', async () => {
		const { secret } = await hook();
		const productId = await newProduct();
		const next = async (
			...nextDeliveryFaults: NonNullable<SwitchesPatch['nextDeliveryFaults']>
		) => {
			receiver.clear();
			turn({ nextDeliveryFaults });
			for (let index = 0; index < Math.max(1, nextDeliveryFaults.length); index += 1) {
				await sandbox.purchase({ productId, metadata: { index } });
			}
			await sandbox.settled();
			return receiver.got;
		};
		expect(await next('drop')).toHaveLength(0);
		expect(sandbox.deliveries.at(-1)?.outcome).toBe('dropped');
		const twice = await next('duplicate');
		expect(twice.map(({ raw }) => raw)).toEqual([twice[0].raw, twice[0].raw]);
		const [broken] = await next('malform');
		expect(() => JSON.parse(broken.raw) as unknown).toThrow('JSON');
		expect(broken.headers['x-pocketsflow-signature']).toBe(hmac(secret, broken.raw));
		const [forged] = await next('forge');
		expect(forged.headers['x-pocketsflow-signature']).not.toBe(hmac(secret, forged.raw));
		turn({ delayMs: 150 });
		const started = Date.now();
		const [late] = await next('delay');
		expect(late.at - started).toBeGreaterThanOrEqual(145);
		receiver.clear();
		turn({ nextDeliveryFaults: ['reorder'] });
		for (const index of [0, 1]) await sandbox.purchase({ productId, metadata: { index } });
		await sandbox.settled();
		expect(receiver.got.map(({ body }) => at(body, 'metadata', 'index'))).toEqual([1, 0]);
		expect(await next()).toHaveLength(1);
	});

	test('rates of delivery faults follow the seed', async () => {
		await hook();
		const productId = await newProduct();
		const draw = async (deliverySeed: number) => {
			turn({ deliverySeed });
			const before = sandbox.deliveries.length;
			await sandbox.purchase({ productId, count: 60, wait: true });
			return sandbox.deliveries.slice(before).map(({ fault }) => fault ?? 'none');
		};
		turn({
			...{ dropRate: 0.2, duplicateRate: 0.1, delayRate: 0.1, reorderRate: 0.1 },
			...{ malformRate: 0.1, forgeRate: 0.1, delayMs: 5 },
		});
		const spread = await draw(7);
		for (const fault of ['drop', 'duplicate', 'delay', 'reorder', 'malform', 'forge', 'none']) {
			expect(spread).toContain(fault);
		}
		turn({ dropRate: 0.5, duplicateRate: 0, delayRate: 0, reorderRate: 0 });
		turn({ malformRate: 0, forgeRate: 0 });
		const [one, other] = [await draw(3), await draw(4)];
		const again = await draw(3);
		expect(again).not.toEqual(other);
		expect(again).toHaveLength(60);
		expect(again).toEqual(one);
	});

	test('deliveryConcurrency', async () => {
		await hook();
		receiver.delayMs = 60;
		turn({ deliveryConcurrency: 1 });
		const started = Date.now();
		await sale({ count: 4 });
		expect(receiver.got).toHaveLength(4);
		expect(Date.now() - started).toBeGreaterThanOrEqual(230);
	});

	test('every switch is asserted on above, and described in the README', () => {
		expect([...flipped].sort()).toEqual(Object.keys(switchRules).sort());
		const readme = readFileSync(join(__dirname, '..', '..', 'sandbox', 'README.md'), 'utf8');
		for (const [name, { section, about, initial, allowed }] of Object.entries(switchRules)) {
			const cells = [`\`${name}\``, section, `\`${JSON.stringify(initial)}\``, allowed, about];
			expect(readme).toContain(`| ${cells.join(' | ')} |`);
		}
	});
});

describe('controls', () => {
	test('seed, backdate, delete, reset', async () => {
		const { body: seeded } = await post('/_sandbox/seed');
		expect((await get('/products')).rows).toHaveLength(3);
		expect((await get('/subscriptions')).rows).toHaveLength(1);
		expect((await get('/discounts')).rows).toHaveLength(2);
		expect((await get('/reviews')).rows).toHaveLength(2);
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalCount: 8 } });
		const [first, second] = seeded.orderIds as string[];
		await post(`/_sandbox/orders/${second}/backdate`, { createdAt: '2020-01-01T00:00:00Z' });
		const oldest = await get('/orders?endDate=2020-01-01');
		expect(oldest.body).toMatchObject({ orders: [{ _id: second }] });
		await call('DELETE', `/_sandbox/orders/${first}`);
		expect((await get(`/orders/${first}`)).status).toBe(404);
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalCount: 7 } });
		expect((await get('/_sandbox/requests')).rows).toHaveLength(sandbox.requests.length);
		await post('/_sandbox/reset');
		expect(sandbox.requests).toHaveLength(0);
		expect((await get('/products')).rows).toEqual([]);
	});

	test('purchases number their texts and go through a list of metadata', async () => {
		await post('/products', { name: 'Book', price: 1 });
		const { body } = await post('/_sandbox/purchases', {
			count: 3,
			firstNumber: 5,
			email: 'x{n}@example.com',
			metadata: [{ id: 'A-{n}' }, { id: 'B-{n}' }],
		});
		expect(body.orderIds).toHaveLength(3);
		const orders = (await get('/orders')).body.orders as Json[];
		expect(orders.map(({ buyerEmail, metadata }) => [buyerEmail, at(metadata, 'id')])).toEqual([
			['x7@example.com', 'A-7'],
			['x6@example.com', 'B-6'],
			['x5@example.com', 'A-5'],
		]);
	});
});

describe('the command', () => {
	test('prints address and keys, and stops when told', async () => {
		const entry = join(__dirname, '..', '..', 'sandbox', 'start.ts');
		const command = spawn(process.execPath, ['--import', 'tsx', entry, '--port', '0', '--seed']);
		let printed = '';
		command.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
		while (!printed.includes('Stop with')) await once(command.stdout, 'data');
		const [, url] = /address\s+(\S+)/.exec(printed) ?? [];
		const [, key] = /live key\s+(\S+)/.exec(printed) ?? [];
		const response = await fetch(`${url}/users/me`, {
			headers: { authorization: `Bearer ${key}` },
		});
		expect(await response.json()).toMatchObject({ testMode: false, hasSales: true });
		command.kill('SIGTERM');
		const [code] = (await once(command, 'exit')) as [number | null];
		expect(code).toBe(0);
	});
});
