import {
	computeHmac,
	createOffer,
	createProduct,
	get,
	getPath,
	type JsonObject,
	post,
	receiver,
	registerWebhook,
	sandbox,
	setUpSandbox,
} from './helpers';

setUpSandbox();

describe('The checkout page of the sandbox', () => {
	const urls = { successUrl: 'https://shop.example/ok?a=1', cancelUrl: 'https://shop.example/no' };

	async function session(body: JsonObject): Promise<string> {
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

	test('the checkout page shows what is bought, with everything escaped', async () => {
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
		expect(html).toContain('&lt;b>&quot;Tea&quot; &amp; more&lt;/b>');
		expect(html).not.toContain('<script>');
		expect(html).toContain('<span data-test="price">$36.00</span>');
		expect(html).toContain('Discount TEN applied');
		expect(html).toContain('Sandbox Store');
		for (const name of ['pay', 'cancel', 'email']) expect(html).toContain(`data-test="${name}"`);
		expect((await fetch(`${sandbox.url}/checkout?session=cs_none`)).status).toBe(404);
	});

	test('paying on the checkout page makes one order, delivers it, and leads to the success URL', async () => {
		const { secret } = await registerWebhook();
		const productId = await createProduct();
		const url = await session({
			productId,
			metadata: { external_order_id: 'A-1' },
			clientReferenceId: 'user-1',
		});
		expect((await press('pay', url, 'nonsense')).status).toBe(400);
		const paid = await press('pay', url);
		expect(paid).toEqual({ status: 303, location: 'https://shop.example/ok?a=1' });
		expect(await press('pay', url)).toEqual(paid);
		await sandbox.waitForDeliveries();
		expect(receiver.received).toHaveLength(1);
		const [{ headers, raw, body }] = receiver.received;
		expect(headers['x-pocketsflow-signature']).toBe(computeHmac(secret, raw));
		expect(body).toMatchObject({
			customer: { email: 'lee@example.com' },
			metadata: { external_order_id: 'A-1' },
			clientReferenceId: 'user-1',
		});
		const orders = (await get('/orders')).body.orders as JsonObject[];
		expect(orders).toEqual([
			expect.objectContaining({
				_id: getPath(body, 'order', 'id'),
				metadata: { external_order_id: 'A-1' },
			}),
		]);
	});

	test('the success URL of a subscription names what was bought', async () => {
		await registerWebhook(['customer.subscription.created', 'invoice.payment_succeeded']);
		const offerId = await createOffer();
		const paid = await press('pay', await session({ productId: offerId }));
		const target = new URL(paid.location ?? '');
		const { body } = await get('/subscriptions/subscribers');
		expect(Object.fromEntries(target.searchParams)).toEqual({
			a: '1',
			subscriptionId: offerId,
			subscriptionCustomer: (body.subscribers as JsonObject[])[0]._id,
			redirect_status: 'succeeded',
		});
		await sandbox.waitForDeliveries();
		expect(receiver.received.map((request) => request.headers['x-pocketsflow-event'])).toEqual([
			'customer.subscription.created',
			'invoice.payment_succeeded',
		]);
		expect(receiver.received[1].body).toMatchObject({ amount: 1500, currency: 'usd' });
	});

	test('a trial starts without a charge', async () => {
		await registerWebhook(['customer.subscription.created', 'invoice.payment_succeeded']);
		await press('pay', await session({ productId: await createOffer({ trialPeriod: 7 }) }));
		await sandbox.waitForDeliveries();
		expect(receiver.received.map(({ body }) => body.status)).toEqual(['trialing']);
		expect((await get('/payments')).body).toMatchObject({ payments: [] });
	});

	test('canceling on the checkout page leads to the cancel URL, and buys nothing', async () => {
		const url = await session({ productId: await createProduct() });
		expect(await press('cancel', url)).toEqual({
			status: 303,
			location: 'https://shop.example/no',
		});
		expect((await get('/orders')).body.orders).toEqual([]);
	});
});

describe('The discount codes of the sandbox', () => {
	test('a discount code is valid for its products until it expires', async () => {
		const productId = await createProduct();
		const discount = { name: 'D', code: 'TEN', value: 10, mainProductIds: [productId] };
		await post('/discounts', discount);
		await post('/discounts', { ...discount, code: 'OLD', expiration: '2020-01-01' });
		const check = async (body: JsonObject) => (await post('/discounts/validate', body)).status;
		expect(await post('/discounts/validate', { code: 'TEN', productId })).toMatchObject({
			status: 200,
			body: { message: 'Discount is valid' },
		});
		expect(await check({ code: 'TEN', productId: 'other' })).toBe(400);
		expect(await check({ code: 'OLD' })).toBe(400);
		expect(await check({ code: 'NONE' })).toBe(404);
	});
});
