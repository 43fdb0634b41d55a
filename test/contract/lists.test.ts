import { createOffer, createProduct, get, type JsonObject, sandbox, setUpSandbox } from './helpers';

setUpSandbox();

describe('The lists of the sandbox', () => {
	test('the list of orders filters and pages, newest first', async () => {
		const [one, other] = [await createProduct(), await createProduct()];
		const purchased = await sandbox.purchase({
			productId: one,
			count: 5,
			createdAt: '2026-03-01T12:00:00.000Z',
			spacingMs: 86_400_000,
		});
		await sandbox.purchase({ productId: other });
		const span = await get('/orders?startDate=2026-03-02&endDate=2026-03-04');
		expect((span.body.orders as JsonObject[]).map(({ _id }) => _id)).toEqual(
			purchased.orderIds.slice(1, 4).reverse(),
		);
		const page = await get(`/orders?productId=${one}&pageSize=2&page=3`);
		expect(page.body).toMatchObject({
			orders: [{ _id: purchased.orderIds[0] }],
			pagination: { totalCount: 5, totalPages: 3, currentPage: 3, pageSize: 2, hasMore: false },
		});
		const earlier = await sandbox.purchase({ productId: one, createdAt: '2026-01-01' });
		const all = (await get('/orders')).body.orders as JsonObject[];
		expect(all).toHaveLength(7);
		expect(all.at(-1)?._id).toBe(earlier.orderIds[0]);
	});

	test('each purchase is in the lists of payments, subscribers and customers', async () => {
		const productId = await createProduct();
		const offerId = await createOffer();
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
		const listEmails = async (query: string) =>
			(await get(`/customers?${query}`)).rows.map(({ buyerEmail }) => buyerEmail);
		expect(await listEmails('sortBy=email&sortOrder=asc&limit=2&offset=1')).toEqual([
			'b2@example.com',
			'b3@example.com',
		]);
		expect((await listEmails('sortBy=numberOfOrders&sortOrder=desc'))[0]).toBe('b2@example.com');
		expect(await listEmails(`productId=${offerId}`)).toEqual(['b9@example.com']);
	});

	test('10,000 orders are made in seconds, and paged through in seconds', async () => {
		const productId = await createProduct();
		const startedAtMs = Date.now();
		const { orderIds } = await sandbox.purchase({ productId, count: 10_000, spacingMs: 1 });
		const made = Date.now();
		expect(made - startedAtMs).toBeLessThan(5_000);
		const pagedIds: unknown[] = [];
		for (let page = 1; page <= 100; page += 1) {
			const { body } = await get(`/orders?pageSize=100&page=${page}`);
			pagedIds.push(...(body.orders as JsonObject[]).map(({ _id }) => _id));
		}
		expect(pagedIds).toEqual([...orderIds].reverse());
		expect(Date.now() - made).toBeLessThan(10_000);
	});
});
