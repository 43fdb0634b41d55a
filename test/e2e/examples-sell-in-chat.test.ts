import axios from 'axios';

import { buy } from '../../demo/example-workflows';
import { TelegramBot } from '../harness/services/telegramBot';
import { pollOften } from '../harness/n8n/workflows';
import { until } from '../harness/until';
import { setUpShop, shop } from './exampleShop';
import type { RunningExample } from './runningExample';

const table = 'pocketsflow_chat_sales';
const delivery = 'Here it is: <b>your file</b>';

let bot: TelegramBot;
let example: RunningExample;

setUpShop();

beforeAll(async () => {
	bot = await TelegramBot.open();
	const page = `${shop.environment.n8n.url}/healthz`;
	example = await shop.openExample('sell-in-chat', {
		values: { delivery, paidPage: page, canceledPage: page },
		credentials: { telegramApi: bot.credential },
		productId: shop.productId,
		change: pollOften,
	});
});

afterAll(() => bot?.close());

/** Somebody writes to the bot and gets a link, at which the bot waits; returns the link. */
async function ask(chat: number): Promise<string> {
	const before = bot.readChat(chat).length;
	await bot.write(chat, '/start');
	const text = (await answersTo(chat, before + 1))[before];
	await until('the bot to wait', async () => {
		const executions = await shop.environment.client.executions(example.workflow.id);
		return executions[0].status === 'waiting';
	});
	return readLink(text);
}

const readLink = (text: string) => /https?:\S+/.exec(text)?.[0].replaceAll('&amp;', '&') ?? '';

/** n8n looks once a minute for executions whose time is out. */
const withinMs = 80_000;

function answersTo(chat: number, count: number): Promise<string[]> {
	const read = () => {
		const messages = bot.readChat(chat);
		if (messages.length < count) throw new Error(JSON.stringify(messages));
		return messages;
	};
	return until(`${count} messages to chat ${chat}`, read, { withinMs });
}

const orderOf = async (chat: number) => (await example.rows(table, { chat: String(chat) }))[0];
const waitForState = (chat: number, state: string) =>
	until(`the order to be ${state}`, async () => (await orderOf(chat)).state === state);

/** Waits until no execution runs; those that wait for a buyer may. */
const settle = () =>
	until('the executions to end', async () => {
		await shop.environment.sandbox.waitForDeliveries();
		const executions = await shop.environment.client.executions(example.workflow.id);
		return executions.every(({ status }) => status !== 'new' && status !== 'running');
	});

test('delivers in the chat as soon as it is paid, and only there', async () => {
	const link = await ask(11);
	await ask(12);
	await buy(link, 'ana@example.com');
	expect(await answersTo(11, 2)).toEqual([expect.stringContaining(link.slice(0, 30)), delivery]);
	await waitForState(11, 'delivered');
	expect(bot.readChat(12)).toHaveLength(1);
});

test('delivers once, though the event comes twice', async () => {
	await shop.redeliver('order.completed');
	await settle();
	expect(bot.readChat(11)).toHaveLength(2);
});

test('says that the time is out, and delivers a sale that comes after it', async () => {
	await example.setUp({ waitHours: 0.0005 });
	await bot.write(13, '/start');
	const [text] = await answersTo(13, 1);
	const link = readLink(text);
	const [, timeOut] = await answersTo(13, 2);
	expect(timeOut).toContain('This link has expired');
	await waitForState(13, 'timed out');

	await buy(link, 'late@example.com');
	expect((await answersTo(13, 3))[2]).toBe(delivery);
	await waitForState(13, 'delivered');
	await shop.redeliver('order.completed');
	await settle();
	expect(bot.readChat(13)).toHaveLength(3);
	await example.setUp({ waitHours: 24 });
});

test('a delivery that Telegram refused fails, and is made once its claim has expired', async () => {
	const link = await ask(14);
	const path = '/sendMessage';
	bot.failNext({ method: 'POST', path, status: 500, body: { ok: false }, times: 3 });
	await buy(link, 'refused@example.com');
	await until('the failed execution', async () => {
		const executions = await shop.environment.client.executions(example.workflow.id);
		return executions.some(({ status }) => status === 'error');
	});
	expect(await orderOf(14)).toMatchObject({ state: 'paid' });
	// Another run may still be delivering.
	await shop.redeliver('order.completed');
	await settle();
	expect(bot.readChat(14)).toHaveLength(1);

	await example.edit(table, ['chat', '14'], { claimedUntil: Date.now() - 1 });
	await shop.redeliver('order.completed');
	expect((await answersTo(14, 2))[1]).toBe(delivery);
	await waitForState(14, 'delivered');
});

test('delivers once, though the event comes twice at the same moment', async () => {
	const link = await ask(16);
	shop.loseDeliveries();
	await buy(link, 'twice@example.com');
	await shop.environment.sandbox.waitForDeliveries();
	shop.recover();
	await Promise.all([1, 2, 3].map(() => shop.redeliver('order.completed')));
	expect((await answersTo(16, 2))[1]).toBe(delivery);
	await waitForState(16, 'delivered');
	await settle();
	expect(bot.readChat(16)).toHaveLength(2);
});

test('delivers a sale whose event was lost', async () => {
	const link = await ask(17);
	shop.loseDeliveries();
	await buy(link, 'lost@example.com');
	expect((await answersTo(17, 2))[1]).toBe(delivery);
	await waitForState(17, 'delivered');
});

test('leaves a sale from elsewhere alone, and takes no order from a stranger', async () => {
	const before = bot.sent.length;
	await shop.sell();
	await settle();
	const trigger = await axios.post(
		shop.environment.client.webhookUrl(example.workflow, 'Telegram Trigger'),
		{ message: { chat: { id: 15 } } },
		{ proxy: false, validateStatus: () => true },
	);
	expect(trigger.status).toBe(403);
	expect(bot.sent).toHaveLength(before);
});
