import {
	call,
	createOffer,
	createProduct,
	expectAllSwitchesSet,
	get,
	post,
	receiver,
	registerWebhook,
	sandbox,
	setSwitches,
	setUpSandbox,
} from './helpers';

setUpSandbox();

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

	test('errorText decides where an error has its text', async () => {
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

	test('webhookDescriptions decides what becomes of a description', async () => {
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

	test('each of these switches is turned by a test above', () => {
		expectAllSwitchesSet('api');
	});
});
