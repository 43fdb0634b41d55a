import { endpoints } from '../../sandbox/endpoints';
import {
	call,
	createProduct,
	get,
	type JsonObject,
	post,
	receiver,
	registerWebhook,
	sandbox,
	setUpSandbox,
} from './helpers';

setUpSandbox();

describe('The API of the sandbox', () => {
	test('the sandbox has 44 endpoints, and each needs a key', async () => {
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

	test('an update empties each field that it sends empty', async () => {
		const productId = await createProduct();
		await post(`/products/update/${productId}`, { description: 'Old' });
		const emptied = await post(`/products/update/${productId}`, { description: '' });
		expect(emptied.body).toMatchObject({ description: '' });
		const discount = await post('/discounts', {
			name: 'Spring',
			code: 'SPRING20',
			value: 20,
			mainProductIds: [productId],
			expiration: '2030-01-31T12:00:00Z',
		});
		const path = `/discounts/${String(discount.body._id)}`;
		expect((await post(path, { mainProductIds: [] })).body).toMatchObject({ mainProductIds: [] });
		expect((await post(path, { expiration: null })).body).not.toHaveProperty('expiration');
		expect((await get(path)).body).not.toHaveProperty('expiration');
	});

	test('the sandbox answers 404 for every unknown ID, and 400 in words for every missing field', async () => {
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
		const missing: Array<[string, JsonObject, string]> = [
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
			['/webhooks', { url: receiver.url, events: [] }, 'events must not be empty'],
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

	test('the sandbox ignores unknown fields and refuses bodies that are no JSON', async () => {
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

	test('the sandbox keeps test and live data apart, and marks each with testMode', async () => {
		const testProduct = await createProduct();
		const liveProduct = await createProduct(sandbox.liveKey);
		expect((await get('/products')).rows.map(({ _id }) => _id)).toEqual([testProduct]);
		expect((await get('/products', sandbox.liveKey)).rows).toEqual([
			expect.objectContaining({ _id: liveProduct, testMode: false }),
		]);
		expect((await get(`/products/${liveProduct}`)).status).toBe(404);
		await registerWebhook(['order.completed']);
		await sandbox.purchase({ productId: liveProduct, mode: 'live', wait: true });
		expect(receiver.received).toHaveLength(0);
		await sandbox.purchase({ productId: testProduct, wait: true });
		expect(receiver.received).toHaveLength(1);
	});

	test('the sandbox records requests without the key', async () => {
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
