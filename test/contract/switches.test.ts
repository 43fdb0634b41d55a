import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { switchRules, type SwitchesPatch } from '../../sandbox/switches';
import {
	call,
	computeHmac,
	createOffer,
	createProduct,
	get,
	getPath,
	post,
	receiver,
	registerWebhook,
	sandbox,
	sell,
	setUpSandbox,
} from './helpers';

setUpSandbox();

const turned = new Set<string>();

/** Changes switches, and notes that a test asserts on them. */
function setSwitches(patch: SwitchesPatch): void {
	for (const name of Object.keys(patch)) turned.add(name);
	sandbox.setSwitches(patch);
}

describe('The switches for the API', () => {
	test('orderById, orderMetadata and idField shape an order', async () => {
		const productId = await createProduct();
		const { orderIds } = await sandbox.purchase({ productId, metadata: { _id: 'mine' } });
		const path = `/orders/${orderIds[0]}`;
		expect((await get(path)).body).toMatchObject({ sale: { _id: orderIds[0] } });
		setSwitches({ orderById: 'order' });
		expect((await get(path)).body).toMatchObject({ order: { _id: orderIds[0] } });
		setSwitches({ orderById: 'bare' });
		expect((await get(path)).body).toMatchObject({ _id: orderIds[0], metadata: { _id: 'mine' } });
		setSwitches({ idField: 'id' });
		const renamed = (await get(path)).body;
		expect(renamed).toMatchObject({
			id: orderIds[0],
			product: { id: productId },
			metadata: { _id: 'mine' },
		});
		expect(renamed).not.toHaveProperty('_id');
		setSwitches({ idField: 'both', orderMetadata: false });
		const both = (await get(path)).body;
		expect(both).toMatchObject({ id: orderIds[0], _id: orderIds[0] });
		expect(both).not.toHaveProperty('metadata');
	});

	test('listShape, emptyTotalPages, maxPageSize and overMaxPageSize shape a list', async () => {
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalPages: 0 } });
		setSwitches({ emptyTotalPages: 1 });
		expect((await get('/orders')).body).toMatchObject({ pagination: { totalPages: 1 } });
		await sandbox.purchase({ productId: await createProduct(), count: 5 });
		setSwitches({ listShape: 'array' });
		expect((await get('/orders')).rows).toHaveLength(5);
		expect((await get('/upsells')).text).toBe('[]');
		setSwitches({ listShape: 'object' });
		expect((await get('/products')).body.products).toHaveLength(1);
		setSwitches({ listShape: 'data' });
		expect((await get('/products')).body.data).toHaveLength(1);
		expect((await post('/orders/subscriptions', {})).body.data).toEqual([]);
		setSwitches({ listShape: 'items' });
		expect((await get('/customers')).body.items).toHaveLength(5);
		setSwitches({ listShape: 'contract', maxPageSize: 2 });
		expect((await get('/orders?pageSize=50')).body).toMatchObject({
			orders: [{}, {}],
			pagination: { pageSize: 2, totalPages: 3 },
		});
		setSwitches({ overMaxPageSize: 'reject' });
		expect(await get('/orders?pageSize=3')).toMatchObject({
			status: 400,
			body: { error: 'pageSize must not exceed 2' },
		});
	});

	test('errorText sets the field that holds the text of an error', async () => {
		const getMissing = async () => await get('/products/none');
		const code = 'NOT_FOUND';
		const text = 'Product not found';
		expect((await getMissing()).body).toEqual({ error: text, code });
		setSwitches({ errorText: 'message' });
		expect((await getMissing()).body).toEqual({ message: text, code });
		setSwitches({ errorText: 'both' });
		expect((await getMissing()).body).toEqual({ error: text, message: text, code });
		setSwitches({ errorText: 'nonJson' });
		expect(await getMissing()).toMatchObject({ status: 404, text });
	});

	test('createStatus, deleteAnswer and productCurrencyRequired change creates and deletes', async () => {
		setSwitches({ createStatus: 200, deleteAnswer: 'empty', productCurrencyRequired: true });
		expect(await post('/products', { name: 'x', price: 1 })).toMatchObject({
			status: 400,
			body: { error: 'currency is required' },
		});
		const made = await post('/products', { name: 'x', price: 1, currency: 'eur' });
		expect(made).toMatchObject({ status: 200, body: { currency: 'EUR' } });
		const gone = await call('DELETE', `/products/${String(made.body._id)}`);
		expect(gone).toMatchObject({ status: 200, text: '' });
	});

	test('redirectUrlsRequired decides whether a checkout session needs URLs', async () => {
		const productId = await createProduct();
		expect(await post('/checkout/sessions', { productId })).toMatchObject({
			status: 400,
			body: { error: 'successUrl is required' },
		});
		setSwitches({ redirectUrlsRequired: false });
		expect((await post('/checkout/sessions', { productId })).status).toBe(201);
	});

	test('stripeSubscriptionIds, acceptMembershipId and cancelTakesEffect change memberships', async () => {
		const { membershipIds } = await sandbox.purchase({ offerId: await createOffer() });
		const [id] = membershipIds;
		expect((await get(`/orders/subscriptions/${id}`)).body.stripeSubscriptionId).toMatch(/^sub_/);
		setSwitches({ stripeSubscriptionIds: false });
		expect((await get(`/orders/subscriptions/${id}`)).body).not.toHaveProperty(
			'stripeSubscriptionId',
		);
		expect((await post(`/orders/subscriptions/cancel/${id}`)).status).toBe(404);
		setSwitches({ acceptMembershipId: true, cancelTakesEffect: 'atPeriodEnd' });
		expect((await post(`/orders/subscriptions/cancel/${id}`)).status).toBe(200);
		expect((await get(`/orders/subscriptions/${id}`)).body).toMatchObject({
			status: 'active',
			cancelAtPeriodEnd: true,
		});
		setSwitches({ cancelTakesEffect: 'atOnce' });
		await post(`/orders/subscriptions/cancel/${id}`);
		expect((await get(`/orders/subscriptions/${id}`)).body.status).toBe('canceled');
	});

	test('acceptInvoicePaid, acceptUnknownEvents and allowLoopbackWebhooks decide which endpoints can be registered', async () => {
		const register = async (event: string, url = receiver.url) =>
			await post('/webhooks', { url, events: [event] });
		expect(await register('invoice.paid')).toMatchObject({
			status: 400,
			body: { error: 'events has unknown event: invoice.paid' },
		});
		expect((await register('order.created')).status).toBe(400);
		setSwitches({ acceptInvoicePaid: true });
		expect((await register('invoice.paid')).status).toBe(201);
		expect((await register('order.created')).status).toBe(400);
		setSwitches({ acceptUnknownEvents: true });
		expect((await register('order.created')).status).toBe(201);
		const https = {
			error: 'url must be a publicly reachable HTTPS URL',
			code: 'INVALID_REQUEST',
		};
		expect((await register('order.completed', 'http://shop.example/hook')).body).toEqual(https);
		expect((await register('order.completed', 'https://shop.example/hook')).status).toBe(201);
		setSwitches({ allowLoopbackWebhooks: false });
		expect((await register('order.completed')).body).toEqual(https);
		expect((await register('order.completed', 'https://localhost/hook')).body).toEqual(https);
	});

	test('secretOnGet decides whether an endpoint shows its secret', async () => {
		const { id, secret } = await registerWebhook();
		const getSecret = async () => (await get(`/webhooks/${id}`)).body.secret;
		expect(await getSecret()).toBeUndefined();
		setSwitches({ secretOnGet: 'present' });
		expect(await getSecret()).toBe(secret);
		setSwitches({ secretOnGet: 'masked' });
		expect(await getSecret()).toBe(`whsec_****${secret.slice(-4)}`);
	});

	test('webhookUrls and sameUrlTwice decide how the URL of an endpoint is kept', async () => {
		const register = async (url: string) =>
			await post('/webhooks', { url, events: ['order.completed'] });
		const sent = 'https://N8N.example.com:443/hook';
		expect((await register(sent)).body.url).toBe(sent);
		setSwitches({ webhookUrls: 'normalised' });
		expect((await register(sent)).body.url).toBe('https://n8n.example.com/hook');
		setSwitches({ webhookUrls: 'withSlash', sameUrlTwice: false });
		const { status, body } = await register(sent);
		expect(body.url).toBe('https://n8n.example.com/hook/');
		expect(status).toBe(201);
		expect((await register(sent)).status).toBe(400);
		const changed = await call('PUT', `/webhooks/${String(body._id)}`, {
			url: 'https://X.example/a',
		});
		expect(changed.body.url).toBe('https://x.example/a/');
	});

	test('webhookDescriptions decides whether a description is kept', async () => {
		const description = `${'"(x)"'.repeat(30)}`;
		const register = async () =>
			(
				await post('/webhooks', {
					url: 'https://n8n.example.com/hook',
					events: ['order.completed'],
					description,
				})
			).body.description;
		expect(await register()).toBe(description);
		setSwitches({ webhookDescriptions: 'cut' });
		expect(await register()).toBe(description.slice(0, 100));
		setSwitches({ webhookDescriptions: 'escaped' });
		expect(await register()).toBe('&#34;&#40;x&#41;&#34;'.repeat(30));
		setSwitches({ webhookDescriptions: 'dropped' });
		expect(await register()).toBeUndefined();
	});

	test('webhookPageSize makes GET /webhooks a list of pages', async () => {
		for (let n = 0; n < 3; n++) await registerWebhook();
		expect((await get('/webhooks')).rows).toHaveLength(3);
		setSwitches({ webhookPageSize: 2 });
		expect((await get('/webhooks')).body).toMatchObject({
			webhooks: [{}, {}],
			pagination: { totalCount: 3, hasMore: true },
		});
		expect((await get('/webhooks?page=2')).body).toMatchObject({
			webhooks: [{}],
			pagination: { hasMore: false },
		});
	});
});

describe('The switch for a list that lags', () => {
	test('webhookListLags empties GET /webhooks, and GET /webhooks/:id still finds an endpoint', async () => {
		const { id } = await registerWebhook();
		setSwitches({ webhookListLags: true });
		expect((await get('/webhooks')).rows).toEqual([]);
		expect((await get(`/webhooks/${id}`)).body).toMatchObject({ _id: id });
	});
});

describe('The switches for the content of deliveries', () => {
	test('testDelivery decides what a test delivery is', async () => {
		const { id, secret } = await registerWebhook();
		const sendTest = async () => {
			receiver.clear();
			await post(`/webhooks/${id}/test`);
			await sandbox.waitForDeliveries();
			return receiver.received[0];
		};
		const unknown = await sendTest();
		expect(unknown.headers['x-pocketsflow-event']).toBe('webhook.test');
		expect(unknown.headers['x-pocketsflow-signature']).toBe(computeHmac(secret, unknown.raw));
		setSwitches({ testDelivery: 'sample' });
		expect(await sendTest()).toMatchObject({
			headers: { 'x-pocketsflow-event': 'order.completed' },
			body: { order: { id: expect.any(String) } },
		});
		setSwitches({ testDelivery: 'unsigned' });
		expect((await sendTest()).headers).not.toHaveProperty('x-pocketsflow-signature');
	});

	test('eventIn, payload and webhookIdMeans shape the body', async () => {
		const { id } = await registerWebhook();
		expect((await sell()).body).not.toHaveProperty('event');
		const purchaseNext = async () => {
			receiver.clear();
			await sandbox.purchase({ wait: true });
			return receiver.received[0];
		};
		setSwitches({ eventIn: 'body' });
		const inBody = await purchaseNext();
		expect(inBody.headers).not.toHaveProperty('x-pocketsflow-event');
		expect(inBody.body.event).toBe('order.completed');
		setSwitches({ eventIn: 'both' });
		expect(await purchaseNext()).toMatchObject({
			headers: { 'x-pocketsflow-event': 'order.completed' },
			body: { event: 'order.completed' },
		});
		setSwitches({ eventIn: 'header', payload: 'flatWithEvent' });
		expect((await purchaseNext()).body.event).toBe('order.completed');
		setSwitches({ payload: 'enveloped' });
		expect((await purchaseNext()).body).toMatchObject({
			type: 'order.completed',
			data: { order: { id: expect.any(String) } },
			webhookId: id,
		});
		setSwitches({ webhookIdMeans: 'delivery' });
		expect((await purchaseNext()).body.webhookId).not.toBe(id);
	});

	test('signed and timestamp change what is signed', async () => {
		const { secret } = await registerWebhook();
		setSwitches({ signed: 'timestampAndBody', timestamp: 's' });
		const { headers, raw } = await sell();
		const timestamp = String(headers['x-pocketsflow-timestamp']);
		expect(Number(timestamp)).toBeLessThan(1e12);
		expect(headers['x-pocketsflow-signature']).toBe(computeHmac(secret, `${timestamp}.${raw}`));
	});

	test('orderAmounts and orderRefunded change order events', async () => {
		await registerWebhook(['order.completed', 'order.refunded']);
		setSwitches({ orderAmounts: 'cents' });
		const { body } = await sell({ taxRate: 0.08 });
		expect(body).toMatchObject({ amount: 3240, amountBeforeTax: 3000, tax: { amount: 240 } });
		const orderId = getPath(body, 'order', 'id');
		await post('/refunds', { orderId, amount: 2.5 });
		await sandbox.waitForDeliveries();
		expect(receiver.received[1].body).toMatchObject({ amount: 3240, order: { id: orderId } });
		setSwitches({ orderRefunded: 'withRefund', orderAmounts: 'major' });
		await post('/refunds', { orderId, amount: 2.5 });
		await sandbox.waitForDeliveries();
		expect(receiver.received[2].body).toMatchObject({
			order: { id: orderId },
			refund: { amount: 2.5, status: 'succeeded' },
		});
		expect(receiver.received[2].body).not.toHaveProperty('product');
	});

	test('invoiceAmounts, invoicePayload, subscriptionPayload and webhookMetadata change subscription events', async () => {
		await registerWebhook(['invoice.payment_succeeded', 'customer.subscription.created']);
		const offerId = await createOffer();
		const getBodies = async () => {
			receiver.clear();
			await sandbox.purchase({
				offerId,
				email: 'lee@example.com',
				metadata: { userId: '42', a: 'b c' },
				wait: true,
			});
			const findBody = (event: string) =>
				receiver.received.find(({ headers }) => headers['x-pocketsflow-event'] === event)?.body;
			return {
				created: findBody('customer.subscription.created'),
				invoice: findBody('invoice.payment_succeeded'),
			};
		};
		setSwitches({ invoiceAmounts: 'major', webhookMetadata: 'urlEncoded' });
		expect(await getBodies()).toMatchObject({
			created: { customer: { email: 'lee@example.com' }, metadata: 'userId=42&a=b+c' },
			invoice: { amount: 15 },
		});
		setSwitches({ invoicePayload: 'rawStripe', subscriptionPayload: 'old' });
		const { created, invoice } = await getBodies();
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

	test('pauseEvent and echoClientReferenceId change the event of a pause', async () => {
		await registerWebhook(['customer.subscription.pause']);
		const offerId = await createOffer();
		const { membershipIds } = await sandbox.purchase({ offerId, clientReferenceId: 'u{n}' });
		const pauseMembership = async () => {
			receiver.clear();
			await post(`/_sandbox/memberships/${membershipIds[0]}/pause`);
			await sandbox.waitForDeliveries();
			return receiver.received[0];
		};
		const first = await pauseMembership();
		expect(first.headers['x-pocketsflow-event']).toBe('customer.subscription.pause');
		expect(first.body.clientReferenceId).toBe('u1');
		setSwitches({ pauseEvent: 'paused', echoClientReferenceId: false });
		const second = await pauseMembership();
		expect(second.headers['x-pocketsflow-event']).toBe('customer.subscription.paused');
		expect(second.body).not.toHaveProperty('clientReferenceId');
	});

	test('entityPayload sets the place of the product in product events', async () => {
		await registerWebhook(['product.created']);
		const id = await createProduct();
		setSwitches({ entityPayload: 'top' });
		const other = await createProduct();
		await sandbox.waitForDeliveries();
		const bodies = receiver.received.map(({ body }) => body);
		expect(bodies).toContainEqual(
			expect.objectContaining({ product: expect.objectContaining({ id }) }),
		);
		expect(bodies).toContainEqual(expect.objectContaining({ id: other, name: 'Book' }));
	});

	test('deliverAcrossModes lets a test endpoint get live events', async () => {
		await registerWebhook();
		setSwitches({ deliverAcrossModes: true });
		const productId = await createProduct(sandbox.liveKey);
		await sandbox.purchase({ productId, mode: 'live', wait: true });
		expect(receiver.received).toHaveLength(1);
	});
});

describe('The switches for the fate of deliveries', () => {
	test('deliveryRetries, deliveryRetryDelayMs and deliveryTimeoutMs decide when a delivery is given up', async () => {
		await registerWebhook();
		receiver.delayMs = 400;
		setSwitches({ deliveryRetries: 2, deliveryRetryDelayMs: 50, deliveryTimeoutMs: 100 });
		const startedAtMs = Date.now();
		await sell();
		const tookMs = Date.now() - startedAtMs;
		expect(sandbox.deliveries[0]).toMatchObject({ attempts: 3, error: 'timeout after 100 ms' });
		expect(receiver.received).toHaveLength(3);
		expect(tookMs).toBeGreaterThanOrEqual(380);
		expect(tookMs).toBeLessThan(2_000);
	});

	test('nextDeliveryFaults and delayMs make the next deliveries fail', async () => {
		const { secret } = await registerWebhook();
		const productId = await createProduct();
		const purchaseNext = async (
			...nextDeliveryFaults: NonNullable<SwitchesPatch['nextDeliveryFaults']>
		) => {
			receiver.clear();
			setSwitches({ nextDeliveryFaults });
			for (let index = 0; index < Math.max(1, nextDeliveryFaults.length); index += 1) {
				await sandbox.purchase({ productId, metadata: { index } });
			}
			await sandbox.waitForDeliveries();
			return receiver.received;
		};
		expect(await purchaseNext('drop')).toHaveLength(0);
		expect(sandbox.deliveries.at(-1)?.outcome).toBe('dropped');
		const twice = await purchaseNext('duplicate');
		expect(twice.map(({ raw }) => raw)).toEqual([twice[0].raw, twice[0].raw]);
		const [broken] = await purchaseNext('malform');
		expect(() => JSON.parse(broken.raw) as unknown).toThrow('JSON');
		expect(broken.headers['x-pocketsflow-signature']).toBe(computeHmac(secret, broken.raw));
		const [forged] = await purchaseNext('forge');
		expect(forged.headers['x-pocketsflow-signature']).not.toBe(computeHmac(secret, forged.raw));
		setSwitches({ delayMs: 150 });
		const startedAtMs = Date.now();
		const [late] = await purchaseNext('delay');
		expect(late.receivedAtMs - startedAtMs).toBeGreaterThanOrEqual(145);
		receiver.clear();
		setSwitches({ nextDeliveryFaults: ['reorder'] });
		for (const index of [0, 1]) await sandbox.purchase({ productId, metadata: { index } });
		await sandbox.waitForDeliveries();
		expect(receiver.received.map(({ body }) => getPath(body, 'metadata', 'index'))).toEqual([1, 0]);
		expect(await purchaseNext()).toHaveLength(1);
	});

	test('the rates of delivery faults follow deliverySeed', async () => {
		await registerWebhook();
		const productId = await createProduct();
		const draw = async (deliverySeed: number) => {
			setSwitches({ deliverySeed });
			const before = sandbox.deliveries.length;
			await sandbox.purchase({ productId, count: 60, wait: true });
			return sandbox.deliveries.slice(before).map(({ fault }) => fault ?? 'none');
		};
		setSwitches({
			...{ dropRate: 0.2, duplicateRate: 0.1, delayRate: 0.1, reorderRate: 0.1 },
			...{ malformRate: 0.1, forgeRate: 0.1, delayMs: 5 },
		});
		const spread = await draw(7);
		for (const fault of ['drop', 'duplicate', 'delay', 'reorder', 'malform', 'forge', 'none']) {
			expect(spread).toContain(fault);
		}
		setSwitches({ dropRate: 0.5, duplicateRate: 0, delayRate: 0, reorderRate: 0 });
		setSwitches({ malformRate: 0, forgeRate: 0 });
		const [one, other] = [await draw(3), await draw(4)];
		const again = await draw(3);
		expect(again).not.toEqual(other);
		expect(again).toHaveLength(60);
		expect(again).toEqual(one);
	});

	test('deliveryConcurrency bounds the deliveries in flight', async () => {
		await registerWebhook();
		receiver.delayMs = 60;
		setSwitches({ deliveryConcurrency: 1 });
		const startedAtMs = Date.now();
		await sell({ count: 4 });
		expect(receiver.received).toHaveLength(4);
		expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(230);
	});
});

describe('The switches for rate limits and faults of the API', () => {
	test('rateLimit, rateLimitBurst, rateLimitPerMinute, rateLimitScope and retryAfter limit requests', async () => {
		setSwitches({
			rateLimit: true,
			rateLimitBurst: 3,
			rateLimitPerMinute: 60,
			rateLimitScope: 'key',
			retryAfter: 'none',
		});
		const getStatuses = async (count: number, key?: string) => {
			const answers = await Promise.all(Array.from({ length: count }, () => get('/users/me', key)));
			return answers.map(({ status }) => status).sort();
		};
		expect(await getStatuses(5)).toEqual([200, 200, 200, 429, 429]);
		expect(await getStatuses(1, sandbox.liveKey)).toEqual([200]);
		const plain = await get('/users/me');
		expect(plain).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
		expect(plain.headers.get('retry-after')).toBeNull();
		setSwitches({ retryAfter: 'seconds' });
		expect((await get('/users/me')).headers.get('retry-after')).toBe('1');
		setSwitches({ retryAfter: 'date' });
		const date = Date.parse((await get('/users/me')).headers.get('retry-after') ?? '');
		expect(date - Date.now()).toBeGreaterThan(-1_000);
		expect(date - Date.now()).toBeLessThan(3_000);
		await new Promise((resolve) => setTimeout(resolve, 1_100));
		expect(await getStatuses(2)).toEqual([200, 429]);
		setSwitches({ rateLimitScope: 'ip', rateLimitPerMinute: 0 });
		expect([await getStatuses(3), await getStatuses(1, sandbox.liveKey)]).toEqual([
			[200, 200, 200],
			[429],
		]);
	});

	test('rateLimit allows 200 simultaneous requests by default, and no more', async () => {
		expect(switchRules.rateLimit.initial).toBe(true);
		setSwitches({ rateLimit: true });
		let passed = 0;
		for (let index = 0; index < 215; index += 1) {
			if ((await get('/users/me')).status === 200) passed += 1;
		}
		expect(passed).toBeGreaterThanOrEqual(200);
		expect(passed).toBeLessThan(215);
	});

	test('latencyMs and apiDown slow the API and take it down', async () => {
		setSwitches({ latencyMs: 120 });
		const startedAtMs = Date.now();
		await get('/users/me');
		expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(115);
		setSwitches({ latencyMs: 0, apiDown: true });
		const down = await get('/users/me');
		expect(down.status).toBe(503);
		expect(down.text).toContain('<html>');
		setSwitches({ apiDown: 'unreachable' });
		await expect(get('/users/me')).rejects.toThrow('fetch failed');
		expect((await get('/_sandbox/switches')).status).toBe(200);
	});

	test('faults strike requests before or after they are processed', async () => {
		const create = async () => await post('/products', { name: 'Book', price: 1 });
		const countProducts = async () => (await get('/products')).rows.length;
		setSwitches({
			faults: [{ method: 'POST', path: '/prod*', kind: 'answer', status: 502, count: 1 }],
		});
		expect(await create()).toMatchObject({ status: 502, body: { code: 'SANDBOX_FAULT' } });
		expect(await countProducts()).toBe(0);
		expect((await create()).status).toBe(201);
		setSwitches({
			faults: [{ path: '/products', kind: 'answer', when: 'after', body: 'html', count: 1 }],
		});
		const lost = await create();
		expect(lost).toMatchObject({ status: 500 });
		expect(lost.text).toContain('<html>');
		expect(await countProducts()).toBe(2);
		setSwitches({ faults: [{ method: 'POST', kind: 'reset', when: 'after', skip: 1, count: 1 }] });
		expect((await create()).status).toBe(201);
		await expect(create()).rejects.toThrow('fetch failed');
		expect(await countProducts()).toBe(4);
		setSwitches({ faults: [{ method: 'POST', kind: 'reset', count: 1 }] });
		await expect(create()).rejects.toThrow('fetch failed');
		expect(await countProducts()).toBe(4);
		setSwitches({ faults: [{ kind: 'hang' }] });
		const signal = AbortSignal.timeout(150);
		await expect(fetch(`${sandbox.url}/products`, { signal })).rejects.toThrow('timeout');
		expect(() => setSwitches({ faults: [{ kind: 'explode' }] as never })).toThrow(
			'Switch "faults"',
		);
	});
});

const readText = (path: string) => readFileSync(join(__dirname, '..', '..', path), 'utf8');

describe('The switches of the sandbox', () => {
	test('a switch is refused under an unknown name or with an impossible value, and nothing changes', async () => {
		expect(() => sandbox.setSwitches({ latencyMS: 5 } as SwitchesPatch)).toThrow(
			'Unknown switch "latencyMS"',
		);
		const response = await call('PATCH', '/_sandbox/switches', { latencyMs: 9, orderById: 'x' });
		expect(response).toMatchObject({
			status: 400,
			body: { error: 'Switch "orderById" must be: bare / sale / order' },
		});
		expect((await get('/_sandbox/switches')).body).toMatchObject({
			latencyMs: 0,
			orderById: 'sale',
		});
	});

	test('each switch is described in a row of sandbox/README.md', () => {
		const readme = readText('sandbox/README.md');
		for (const [name, { section, about, initial, allowed }] of Object.entries(switchRules)) {
			const cells = [
				`\`${name}\``,
				`[${section}](../docs/pocketsflow-api.md#${section})`,
				`\`${JSON.stringify(initial)}\``,
				allowed,
				about,
			];
			expect(readme).toContain(`| ${cells.join(' | ')} |`);
		}
	});

	test('each switch links to a heading of docs/pocketsflow-api.md that exists', () => {
		const headings = readText('docs/pocketsflow-api.md').matchAll(/^## (.*)$/gm);
		const anchors = [...headings].map(([, heading]) =>
			heading.toLowerCase().replaceAll(',', '').replaceAll(' ', '-'),
		);
		for (const { section } of Object.values(switchRules)) expect(anchors).toContain(section);
	});
});

test('each switch of the sandbox is turned by a test above', () => {
	expect([...turned].sort()).toEqual(Object.keys(switchRules).sort());
});
