import { Chat } from '../harness/services/chat';
import { setUpShop, shop } from './exampleShop';
import { readError, type RunningExample } from './runningExample';

setUpShop();

describe('the quick start', () => {
	let example: RunningExample;

	beforeAll(async () => {
		// Pages of this machine, because the buyer is followed there.
		const page = `${shop.environment.n8n.url}/healthz`;
		const values = { paidPage: `${page}?paid=yes`, canceledPage: page };
		const { productId } = shop;
		example = await shop.openExample('quick-start', { values, productId });
	});

	const visit = (params: Record<string, string>, email: string) =>
		example.buy('Buyer wants to pay', params, email);

	test('brings a sale back with the order ID that the buyer came with', async () => {
		const { checkout, finalUrl } = await visit({ order: 'A-1001' }, 'ana@example.com');
		expect(checkout).toContain(shop.environment.sandbox.url);
		expect(finalUrl).toContain('paid=yes');
		const execution = await example.settle();
		expect(readError(execution)).toBe('');
		const [sale] = execution.items('Replace with your step');
		expect(sale).toMatchObject({ orderId: 'A-1001', customerEmail: 'ana@example.com' });
		expect(sale.eventId).toBe(`order.completed:${String(sale.pocketsflowOrderId)}`);
	});

	test('gives a repeated event the same ID, and a sale elsewhere no order ID', async () => {
		const [first] = (await example.settle()).items('Replace with your step');
		await shop.redeliver('order.completed');
		const [second] = (await example.settle()).items('Replace with your step');
		expect(second.eventId).toBe(first.eventId);

		await shop.sell();
		const [other] = (await example.settle()).items('Replace with your step');
		expect(other.eventId).not.toBe(first.eventId);
		expect(other.orderId).toBeFalsy();
	});

	test('sells without an order ID in the address, under a new ID', async () => {
		await visit({}, 'ben@example.com');
		const [sale] = (await example.settle()).items('Replace with your step');
		expect(sale.orderId).toMatch(/^n8n-\d+$/);
	});

	test('the execution fails if Pocketsflow refuses the checkout', async () => {
		const path = '/checkout/sessions';
		shop.environment.sandbox.setSwitches({
			faults: [{ method: 'POST', path, kind: 'answer', status: 500, count: 9 }],
		});
		const answer = await example.ask('Buyer wants to pay', { order: 'A-1002' });
		expect(answer).toMatchObject({ status: 500, location: '' });
		expect((await example.settle()).status).toBe('error');
	});

	test('does nothing for a forged event', async () => {
		const before = await shop.environment.client.executions(example.workflow.id);
		await shop.control('/deliver', {
			event: 'order.completed',
			signing: 'forged',
			wait: true,
		});
		const after = await shop.environment.client.executions(example.workflow.id);
		expect(after).toHaveLength(before.length);
	});
});

describe('the thank-you page of "sell"', () => {
	let example: RunningExample;

	beforeAll(async () => {
		example = await shop.openExample('sell');
	});

	const read = async (query: Record<string, string>) =>
		String((await example.ask('Buyer returns', query)).data);

	test.each([
		['a buyer who paid', { order: 'A-1001' }, 'A-1001'],
		['a buyer who canceled', { canceled: 'yes' }, 'Nothing was charged'],
	])(
		'leads %s on, and promises nothing that the workflow does not do',
		async (_who, query, text) => {
			const page = await read(query);
			expect(page).toContain(text);
			expect(page).toContain(`<a href="${shop.environment.n8n.url}/webhook/sell">`);
			expect(page).not.toMatch(/receipt|download|email/i);
		},
	);
});

describe('a new sale in a chat', () => {
	let chat: Chat;
	let example: RunningExample;

	beforeAll(async () => {
		chat = await Chat.open();
		const values = { chatApp: 'slack', chatUrl: `${chat.url}/slack` };
		example = await shop.openExample('new-sale-to-chat', { values });
	});

	afterAll(() => chat?.close());

	const sell = async (purchase: Record<string, unknown> = {}) => {
		await shop.sell({ email: 'ana@example.com', ...purchase });
		return readError(await example.settle());
	};

	test('is one message with product, amount, buyer and order ID', async () => {
		expect(await sell({ metadata: { order_id: 'A-2001' } })).toBe('');
		const { data: product } = await shop.environment.api.get<{ name: string; price: number }>(
			`/products/${shop.productId}`,
		);
		const amount = product.price.toFixed(2);
		expect(chat.messages).toEqual([
			{
				text: `New sale: ${product.name} · ${amount} USD · ana@example.com · order A-2001 · (test, no money)`,
			},
		]);
	});

	test('names a subscription, which has no order', async () => {
		await shop.subscribe({ email: 'sub@example.com' });
		expect(readError(await example.settle())).toBe('');
		expect(chat.messages.at(-1)?.text).toBe(
			'New sale: a subscription · sub@example.com · (test, no money)',
		);
	});

	test('is posted without an amount when the order cannot be read', async () => {
		shop.failReads('/orders*');
		expect(await sell()).toBe('');
		expect(chat.messages.at(-1)?.text).toBe(
			'New sale: an order · ana@example.com · (test, no money)',
		);
	});

	test('a message is tried again if the chat does not answer, and then the execution fails', async () => {
		const count = chat.messages.length;
		const down = { method: 'POST', path: '/slack', status: 503, body: 'down' };
		chat.failNext({ ...down, times: 2 });
		expect(await sell()).toBe('');
		expect(chat.messages).toHaveLength(count + 1);
		chat.failNext({ ...down, times: 3 });
		expect(await sell()).not.toBe('');
		expect(chat.messages).toHaveLength(count + 1);
	});

	test('cannot be made to mention everybody by a buyer', async () => {
		const metadata = { order_id: '<!channel> @everyone' };
		await sell({ metadata });
		expect(chat.messages.at(-1)?.text).toContain('&lt;!channel&gt;');
		await example.setUp({ chatApp: 'discord', chatUrl: `${chat.url}/discord` });
		expect(await sell({ metadata })).toBe('');
		expect(chat.messages.at(-1)).toMatchObject({ allowed_mentions: { parse: [] } });
	});

	test('goes to Telegram, and says when the app is not known', async () => {
		await example.setUp({
			chatApp: 'telegram',
			chatUrl: `${chat.url}/telegram`,
			telegramChat: '-1',
		});
		expect(await sell()).toBe('');
		expect(chat.messages.at(-1)).toMatchObject({ chat_id: '-1' });
		await example.setUp({ chatApp: 'Teams' });
		expect(await sell()).toContain('Set it to slack, discord or telegram.');
	});
});
