import { pollOften } from '../harness/n8n/workflows';
import { until } from '../harness/until';
import { setUpShop, shop } from './exampleShop';
import { readError, type RunningExample, withoutPolling } from './runningExample';

setUpShop();

const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();

const mailsTo = (email: string) => shop.mailsTo(email);

describe('an abandoned checkout', () => {
	const table = 'pocketsflow_checkouts';
	let example: RunningExample;

	beforeAll(async () => {
		const page = `${shop.environment.n8n.url}/healthz`;
		const values = { paidPage: page, canceledPage: page };
		const { productId } = shop;
		example = await shop.openExample('abandoned-checkout', { values, productId });
	});

	/** Begins a checkout so many hours ago; returns the address that the buyer was sent to. */
	const begin = async (order: string, email: string, hours: number) => {
		const { status, location } = await example.ask('Buyer wants to pay', { order, email });
		expect([status, location]).toEqual([302, expect.stringContaining('/checkout')]);
		await age(order, { startedAt: hoursAgo(hours) });
		return location;
	};
	const age = (order: string, data: Record<string, unknown>) =>
		example.edit(table, ['orderId', order], data);
	const remind = async () => readError(await example.run('Every hour'));

	test('an unpaid checkout brings one email after an hour, a second a day later, and no third', async () => {
		const link = await begin('A-1', 'one@example.com', 0.9);
		expect(await remind()).toBe('');
		expect(mailsTo('one@example.com')).toHaveLength(0);
		await age('A-1', { startedAt: hoursAgo(1.1) });
		expect(await remind()).toBe('');
		expect(await remind()).toBe('');
		expect(mailsTo('one@example.com')).toHaveLength(1);
		expect(mailsTo('one@example.com')[0].body).toContain(link);

		await age('A-1', { lastEmailAt: hoursAgo(23) });
		await remind();
		expect(mailsTo('one@example.com')).toHaveLength(1);
		await age('A-1', { startedAt: hoursAgo(26), lastEmailAt: hoursAgo(24.5) });
		await remind();
		expect(mailsTo('one@example.com').map(({ subject }) => subject)).toEqual([
			'Your order at Our shop',
			'Last reminder: your order at Our shop',
		]);
		await age('A-1', { lastEmailAt: hoursAgo(40) });
		expect(await remind()).toBe('');
		expect(mailsTo('one@example.com')).toHaveLength(2);
	});

	test('a paid checkout brings no email, even if another checkout was paid or no event arrived', async () => {
		shop.loseDeliveries();
		const query = { order: 'A-2', email: 'two@example.com' };
		await example.buy('Buyer wants to pay', query, 'another@example.com');
		await age('A-2', { startedAt: hoursAgo(2) });
		await begin('A-3', 'three@example.com', 2);
		await shop.sell({ email: 'Three@example.com' });
		expect(await remind()).toBe('');
		expect(mailsTo('two@example.com')).toHaveLength(0);
		expect(mailsTo('three@example.com')).toHaveLength(0);
	});

	test('a buyer who unsubscribed gets no email, not even for a later checkout', async () => {
		await begin('A-4', 'four@example.com', 2);
		await remind();
		const [{ body }] = mailsTo('four@example.com');
		const unsubscribe = /http\S+no-reminders\?checkout=(\S+)/.exec(body)?.[1] ?? '';
		const answer = await example.ask('Unsubscribe', { checkout: decodeURIComponent(unsubscribe) });
		expect(answer).toMatchObject({ status: 200, data: "You won't get any more reminders." });
		await example.settle();
		await begin('A-5', 'four@example.com', 2);
		expect(await remind()).toBe('');
		expect(mailsTo('four@example.com')).toHaveLength(1);
	});

	test('a link without a checkout unsubscribes nobody', async () => {
		const count = (await example.rows(table, { status: 'unsubscribed' })).length;
		await example.ask('Unsubscribe', {});
		await example.ask('Unsubscribe', { checkout: 'unknown' });
		await example.settle();
		expect(await example.rows(table, { status: 'unsubscribed' })).toHaveLength(count);
	});

	test('an address gets at most two emails, however many checkouts it starts', async () => {
		await begin('A-6', 'six@example.com', 3);
		await remind();
		await begin('A-7', 'six@example.com', 2);
		await remind();
		expect(mailsTo('six@example.com')).toHaveLength(1);
	});

	test('no email is sent if Pocketsflow does not say what was paid', async () => {
		await begin('A-8', 'eight@example.com', 2);
		shop.failReads('/orders*');
		expect(await remind()).not.toBe('');
		expect(mailsTo('eight@example.com')).toHaveLength(0);
		shop.recover();
		expect(await remind()).toBe('');
		expect(mailsTo('eight@example.com')).toHaveLength(1);
	});

	test('a reminder that the email server refuses is sent by the next hourly run', async () => {
		await begin('A-9', 'nine@example.com', 2);
		shop.mailServer.refuses = true;
		await remind();
		expect(await example.rows(table, { orderId: 'A-9' })).toMatchObject([
			{ emails: 0, problem: expect.stringContaining('550') as string },
		]);
		shop.mailServer.refuses = false;
		await remind();
		expect(mailsTo('nine@example.com')).toHaveLength(1);
		expect(await example.rows(table, { orderId: 'A-9' })).toMatchObject([
			{ emails: 1, problem: '' },
		]);
	});

	test('a checkout without an email address is sold and brings no reminder', async () => {
		const count = shop.mailServer.mails.length;
		await begin('A-10', '', 2);
		expect(await remind()).toBe('');
		expect(shop.mailServer.mails).toHaveLength(count);
	});
});

describe('a license key', () => {
	const table = 'pocketsflow_licenses';
	let keys: RunningExample;
	let check: RunningExample;

	beforeAll(async () => {
		keys = await shop.openExample('license-keys', {
			values: { acceptTestPurchases: true },
			credentials: { crypto: { hmacSecret: 'a-long-secret' } },
			change: withoutPolling,
		});
		check = await shop.openExample('license-check');
	});

	// The tests that follow count emails.
	afterAll(() => keys.close());

	const settle = async () => readError(await keys.settle());
	const keyOf = async (purchase: string) =>
		String((await keys.rows(table, { purchase }))[0]?.key ?? '');
	const sell = (email: string) => shop.sell({ email });
	const ask = async (key: string, device: string) =>
		(await check.ask('App asks', { key, device })).data;

	test('a license key is emailed once, even if the event comes twice, and opens the app', async () => {
		const order = await sell('key@example.com');
		expect(await settle()).toBe('');
		await shop.redeliver('order.completed');
		expect(await settle()).toBe('');
		const key = await keyOf(order);
		expect(key).toMatch(/^([0-9A-F]{8}-){3}[0-9A-F]{8}$/);
		expect(mailsTo('key@example.com')).toHaveLength(1);
		expect(mailsTo('key@example.com')[0].body).toContain(key);
		expect(await ask(key.toLowerCase(), 'laptop')).toEqual({ valid: true, devices: 1 });
	});

	test('the license key differs from sale to sale', async () => {
		const orders = [await sell('many@example.com'), await sell('many@example.com')];
		await settle();
		const [one, other] = [await keyOf(orders[0]), await keyOf(orders[1])];
		expect(one).not.toBe('');
		expect(one).not.toBe(other);
	});

	test('a license key opens the app on the allowed number of devices, and on a known one again', async () => {
		const order = await sell('devices@example.com');
		await settle();
		const key = await keyOf(order);
		for (const device of ['one', 'two', 'three']) await ask(key, device);
		expect(await ask(key, 'four')).toEqual({ valid: false, reason: 'too many devices' });
		expect(await ask(key, 'two')).toEqual({ valid: true, devices: 3 });
		expect(await ask(key, '')).toEqual({ valid: false, reason: 'no device' });
		expect(await ask('NOT-A-KEY', 'one')).toEqual({ valid: false, reason: 'unknown' });
		expect(await ask('', 'one')).toEqual({ valid: false, reason: 'unknown' });
	});

	test('a full refund revokes a license key, and a partial refund does not', async () => {
		const order = await sell('refund@example.com');
		await settle();
		const key = await keyOf(order);
		await shop.refund(order, 1);
		expect(await settle()).toBe('');
		expect(await ask(key, 'one')).toEqual({ valid: true, devices: 1 });
		await shop.refund(order);
		expect(await settle()).toBe('');
		expect(await ask(key, 'one')).toEqual({ valid: false, reason: 'revoked' });
		expect(mailsTo('refund@example.com')).toHaveLength(1);
	});

	test('the license key of a subscription ends with the subscription', async () => {
		const membership = await shop.subscribe({ email: 'member@example.com' });
		expect(await settle()).toBe('');
		const key = await keyOf(membership);
		expect(await ask(key, 'one')).toEqual({ valid: true, devices: 1 });
		await shop.happen(membership, 'end');
		expect(await settle()).toBe('');
		expect(await ask(key, 'one')).toEqual({ valid: false, reason: 'revoked' });
	});

	test('no license key is sent for a sale that arrives after its refund', async () => {
		shop.loseDeliveries();
		const order = await sell('late@example.com');
		shop.recover();
		await shop.refund(order);
		expect(await settle()).toBe('');
		await shop.redeliver('order.completed');
		expect(await settle()).toBe('');
		expect(mailsTo('late@example.com')).toHaveLength(0);
	});

	test('a license key that the email server refuses is sent unchanged later', async () => {
		shop.mailServer.refuses = true;
		const order = await sell('refused@example.com');
		expect(await settle()).not.toBe('');
		const key = await keyOf(order);
		expect(await keys.rows(table, { purchase: order })).toMatchObject([{ state: 'to send' }]);
		shop.mailServer.refuses = false;
		await shop.redeliver('order.completed');
		expect(await settle()).toBe('');
		expect(mailsTo('refused@example.com')[0].body).toContain(key);
	});

	test('no license key is created while the order cannot be read, and the execution fails', async () => {
		shop.failReads('/orders*');
		const order = await sell('unread@example.com');
		expect(await settle()).not.toBe('');
		expect(await keyOf(order)).toBe('');
	});

	test('a license key is emailed once for a sale whose event was lost', async () => {
		const polled = await shop.openExample('license-keys', {
			values: { acceptTestPurchases: true },
			credentials: { crypto: { hmacSecret: 'a-long-secret' } },
			change: pollOften,
		});
		shop.loseDeliveries();
		// Each poll brings one sale.
		const orders = [await sell('lost-1@example.com'), await sell('lost-2@example.com')];
		const isSent = async (purchase: string) =>
			(await polled.rows(table, { purchase, state: 'active' })).length === 1;
		for (const order of orders)
			await until('the key to be sent', () => isSent(order), { withinMs: 120_000 });
		for (const email of ['lost-1@example.com', 'lost-2@example.com'])
			expect(mailsTo(email)).toHaveLength(1);
		await polled.close();
	});

	test('a test purchase gets no license key unless that is set up', async () => {
		await keys.setUp({ acceptTestPurchases: false });
		const order = await sell('test@example.com');
		expect(await settle()).toBe('');
		expect(await keyOf(order)).toBe('');
		await keys.setUp({ acceptTestPurchases: true });
	});
});

describe('a failed renewal', () => {
	const table = 'pocketsflow_dunning';
	let example: RunningExample;

	beforeAll(async () => {
		example = await shop.openExample('dunning');
	});

	const subscribe = async (email: string) => {
		const membership = await shop.subscribe({ email });
		await example.settle();
		return membership;
	};
	const happen = async (membership: string, what: 'renew' | 'fail-payment' | 'end') => {
		await shop.happen(membership, what);
		return readError(await example.settle());
	};
	const openedDaysAgo = (membership: string, days: number) =>
		example.edit(table, ['membership', membership], { openedAt: hoursAgo(24 * days) });
	const lookInTheMorning = async () => readError(await example.run('Every morning'));
	const casesOf = (membership: string) => example.rows(table, { membership });
	const owner = 'owner@example.com';

	test('a failed renewal brings emails on days 0, 3 and 7, and the owner gets one on day 10', async () => {
		const email = 'unpaid@example.com';
		const membership = await subscribe(email);
		expect(await happen(membership, 'fail-payment')).toBe('');
		expect(await happen(membership, 'fail-payment')).toBe('');
		expect(await lookInTheMorning()).toBe('');
		expect(mailsTo(email)).toHaveLength(1);
		for (const [days, count] of [
			[2.9, 1],
			[3.1, 2],
			[6.9, 2],
			[7.1, 3],
			[9.9, 3],
		]) {
			await openedDaysAgo(membership, days);
			expect(await lookInTheMorning()).toBe('');
			expect([days, mailsTo(email).length]).toEqual([days, count]);
		}
		expect(mailsTo(email).map(({ subject }) => subject)).toEqual([
			'Your payment to Our shop did not go through',
			'Please update your card at Our shop',
			'Last reminder: your subscription to Our shop',
		]);
		expect(mailsTo(owner)).toHaveLength(0);
		await openedDaysAgo(membership, 10.1);
		await lookInTheMorning();
		await lookInTheMorning();
		expect(mailsTo(owner)).toHaveLength(1);
		expect(mailsTo(owner)[0].body).toContain(membership);
		expect(await casesOf(membership)).toMatchObject([{ status: 'given up', emails: 3 }]);
	});

	test('a payment closes a failed renewal, and the next failure starts over', async () => {
		const email = 'paid@example.com';
		const membership = await subscribe(email);
		await happen(membership, 'fail-payment');
		expect(await happen(membership, 'renew')).toBe('');
		await openedDaysAgo(membership, 4);
		expect(await lookInTheMorning()).toBe('');
		expect(mailsTo(email)).toHaveLength(1);
		expect(await casesOf(membership)).toMatchObject([{ status: 'paid' }]);
		await happen(membership, 'fail-payment');
		expect(mailsTo(email)).toHaveLength(2);
	});

	test('the daily run closes a failed renewal if the event of the payment was lost', async () => {
		const email = 'lost@example.com';
		const membership = await subscribe(email);
		await happen(membership, 'fail-payment');
		shop.loseDeliveries();
		await happen(membership, 'renew');
		await openedDaysAgo(membership, 4);
		expect(await lookInTheMorning()).toBe('');
		expect(mailsTo(email)).toHaveLength(1);
		expect(await casesOf(membership)).toMatchObject([{ status: 'paid' }]);
	});

	test('a failed renewal that is reported after its payment brings no email', async () => {
		const email = 'late-failure@example.com';
		const membership = await subscribe(email);
		shop.loseDeliveries();
		await happen(membership, 'fail-payment');
		await happen(membership, 'renew');
		shop.recover();
		await shop.redeliver('invoice.payment_failed');
		expect(readError(await example.settle())).toBe('');
		expect(await lookInTheMorning()).toBe('');
		expect(mailsTo(email)).toHaveLength(0);
		expect(await casesOf(membership)).toMatchObject([{ status: 'paid' }]);
	});

	test('the owner gets an email about a subscription that ends, and the buyer gets no more', async () => {
		const email = 'ended@example.com';
		const membership = await subscribe(email);
		await happen(membership, 'fail-payment');
		await happen(membership, 'end');
		const before = mailsTo(owner).length;
		await openedDaysAgo(membership, 4);
		expect(await lookInTheMorning()).toBe('');
		expect(mailsTo(email)).toHaveLength(1);
		expect(mailsTo(owner)).toHaveLength(before + 1);
		expect(await casesOf(membership)).toMatchObject([{ status: 'ended' }]);
	});

	test('a failed renewal brings no email while Pocketsflow does not answer, and brings it the next morning', async () => {
		const email = 'unread-member@example.com';
		const membership = await subscribe(email);
		shop.failReads('/orders/subscriptions/*');
		expect(await happen(membership, 'fail-payment')).toBe('');
		expect(mailsTo(email)).toHaveLength(0);
		const problem = expect.stringContaining('could not be read') as string;
		expect(await casesOf(membership)).toMatchObject([{ status: 'open', problem }]);
		shop.recover();
		expect(await lookInTheMorning()).toBe('');
		expect(mailsTo(email)).toHaveLength(1);
		expect(await casesOf(membership)).toMatchObject([{ emails: 1, problem: '' }]);
	});

	test('an email about a failed renewal that the email server refuses is sent the next morning', async () => {
		const email = 'refused-member@example.com';
		const membership = await subscribe(email);
		shop.mailServer.refuses = true;
		await happen(membership, 'fail-payment');
		const problem = expect.stringContaining('550') as string;
		expect(await casesOf(membership)).toMatchObject([{ emails: 0, problem }]);
		shop.mailServer.refuses = false;
		await lookInTheMorning();
		expect(mailsTo(email)).toHaveLength(1);
		expect(await casesOf(membership)).toMatchObject([{ emails: 1, problem: '' }]);
	});
});
