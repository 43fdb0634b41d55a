import { setUpShop, shop } from './exampleShop';
import { readError, type RunningExample } from './runningExample';

const table = 'pocketsflow_books';

let example: RunningExample;
let productId: string;
let offerId: string;

setUpShop({ switches: { rateLimit: false } });

/** The middle of last month, when everything here is sold. */
const lastMonth = (() => {
	const date = new Date();
	return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1, 15, 12));
})();
const createdAt = lastMonth.toISOString();
const month = createdAt.slice(0, 7);

beforeAll(async () => {
	const { api } = shop.environment;
	const product = { name: 'Brushes', price: 20, currency: 'EUR', published: true };
	productId = (await api.post<{ _id: string }>('/products', product)).data._id;
	const offer = { name: 'Club', price: 15, currency: 'USD', frequency: 'monthly' };
	offerId = (await api.post<{ _id: string }>('/subscriptions', offer)).data._id;
	example = await shop.openExample('bookkeeping', { values: { includeTest: true, sendOnDay: 1 } });
});

const runAtNight = async () => readError(await example.run('Every night'));
const sell = async (purchase: Record<string, unknown>) =>
	await shop.environment.sandbox.purchase({ createdAt, deliver: false, ...purchase });

let orderId: string;

test('sends nothing while a list cannot be read', async () => {
	const { orderIds } = await sell({ productId, email: 'ana@example.com', taxRate: 0.19 });
	[orderId] = orderIds;
	await sell({ offerId, email: 'ben@example.com' });
	for (const path of ['/orders', '/payments', '/customers', '/refunds']) {
		shop.failReads(path, 403);
		expect([path, await runAtNight()]).not.toEqual([path, '']);
	}
	expect(shop.mailServer.mails).toHaveLength(0);
	expect(await example.rows(table)).toEqual([]);
});

test('writes one row for each payment and refund, with tax and country', async () => {
	const refund = await shop.refund(orderId, 11.9);
	await shop.control(`/refunds/${refund}/status`, { status: 'completed', createdAt });
	shop.mailServer.refuses = true;
	expect(await runAtNight()).not.toBe('');
	const rows = await example.rows(table);
	expect(rows).toHaveLength(3);
	expect(rows).toEqual(
		expect.arrayContaining([
			expect.objectContaining({
				record: `order:${orderId}`,
				month,
				email: 'ana@example.com',
				product: 'Brushes',
				country: 'US',
				currency: 'EUR',
				gross: 23.8,
				tax: 3.8,
				net: 20,
			}),
			expect.objectContaining({ kind: 'payment', currency: 'USD', gross: 15, tax: 0, net: 15 }),
			expect.objectContaining({
				record: `refund:${refund}`,
				orderId,
				country: 'US',
				currency: 'EUR',
				gross: -11.9,
				tax: -1.9,
				net: -10,
				test: 'yes',
			}),
		]),
	);
	expect(rows.find(({ kind }) => kind === 'payment')?.country).not.toBe('');
});

test('sends the month that the email server refused in the next night, and only once', async () => {
	expect(shop.mailServer.mails).toHaveLength(0);
	expect(await runAtNight()).toBe('');
	expect(await runAtNight()).toBe('');
	expect(shop.mailServer.mails).toHaveLength(1);
	const [{ subject, body }] = shop.mailServer.mails;
	expect(subject).toBe(`Payments and refunds of ${month}`);
	expect(body).toContain('3 rows');
	expect(body).toContain(`order:${orderId}`);
	expect(await example.rows(table, { kind: 'order' })).toHaveLength(1);
});

test('keeps no formula that a buyer wrote, no failed refund and no other month', async () => {
	const before = (await example.rows(table)).length;
	const { orderIds } = await sell({ productId, email: '=cmd@example.com' });
	const refund = await shop.refund(orderIds[0]);
	await shop.control(`/refunds/${refund}/status`, { status: 'failed', createdAt });
	const old = new Date(lastMonth.getTime() - 60 * 24 * 3_600_000).toISOString();
	await sell({ productId, email: 'old@example.com', createdAt: old });
	expect(await runAtNight()).toBe('');
	const rows = await example.rows(table);
	expect(rows).toHaveLength(before + 1);
	expect(rows.map(({ email }) => email)).toContain("'=cmd@example.com");
});

test('keeps no test data unless that is set up', async () => {
	await example.setUp({ includeTest: false });
	const before = (await example.rows(table)).length;
	await sell({ productId, email: 'test@example.com' });
	expect(await runAtNight()).toBe('');
	expect(await example.rows(table)).toHaveLength(before);
});
