import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import axios from 'axios';
import type { Browser } from 'playwright-core';

import { openBrowser, openEditor } from '../harness/browser/browser';
import { Ledger } from '../chaos/ledger';
import type { Credential, N8nClient, StoredWorkflow, Workflow } from '../harness/n8n/client';
import type { RunningN8n } from '../harness/n8n/start';
import type { Sandbox } from '../../sandbox/sandbox';
import { openStage } from './stage';

const output = join(__dirname, 'output');
const installingMs = 20 * 60_000;
/** Two polls, one a minute, after the head start of the webhook. */
const polledMs = 200_000;

let sandbox: Sandbox;
let n8n: RunningN8n;
let client: N8nClient;
let credential: Credential;
/** The shop that hears of paid orders, and the one that fulfils them. */
let paid: Ledger;
let fulfilled: Ledger;
let byWebhook: StoredWorkflow;
let byPolling: StoredWorkflow;
let confirming: StoredWorkflow;
let productId: string;

async function importExample(name: string, shop: Ledger): Promise<StoredWorkflow> {
	const file = join(__dirname, '..', '..', 'examples', `${name}.json`);
	const text = (await readFile(file, 'utf8')).replaceAll('https://shop.example.com', shop.url);
	return await client.importWorkflow(JSON.parse(text) as Workflow, [credential]);
}

beforeAll(async () => {
	await mkdir(output, { recursive: true });
	({ sandbox, n8n, client, credential } = await openStage());
	paid = await Ledger.open();
	fulfilled = await Ledger.open('fulfilled');
	byWebhook = await importExample('reconcile-by-webhook', paid);
	byPolling = await importExample('reconcile-by-polling', paid);
	confirming = await importExample('confirm-paid-order', fulfilled);
	await client.runManually(byWebhook.id, 'Set up once');
	await client.waitForExecution(byWebhook.id, ({ status }) => status === 'success');
	for (const { id } of [byWebhook, byPolling, confirming]) await client.activate(id);
	const { data } = await axios.get<Array<{ _id: string }>>(`${sandbox.url}/products`, authorized());
	productId = data[0]._id;
}, installingMs);

afterAll(async () => {
	await n8n?.stop();
	await sandbox?.close();
	await paid?.close();
	await fulfilled?.close();
});

const authorized = () => ({
	headers: { authorization: `Bearer ${sandbox.testKey}` },
	proxy: false as const,
});

/** Sells once for each number, with the own order id `A-<number>`, and returns when all deliveries are answered. */
async function sell(firstNumber: number, count: number): Promise<string[]> {
	const metadata = { order_id: 'A-{n}' };
	const { orderIds } = await sandbox.purchase({
		productId,
		firstNumber,
		count,
		metadata,
		email: 'buyer{n}@example.com',
	});
	await sandbox.settled();
	return orderIds;
}

async function until(holds: () => boolean | Promise<boolean>, withinMs: number): Promise<void> {
	const deadline = Date.now() + withinMs;
	while (!(await holds()) && Date.now() < deadline) await wait(250);
}

/** Waits for every execution that there is. */
const idle = ({ id }: StoredWorkflow) =>
	until(
		async () => (await client.executions(id)).every(({ stoppedAt }) => stoppedAt !== null),
		60_000,
	);

const counts = (ledger: Ledger) =>
	Object.fromEntries([...ledger.entries].map(([id, { markedAt }]) => [id, markedAt.length]));

test('by webhook: each sale is settled once, although each delivery comes twice', async () => {
	sandbox.setSwitches({ duplicateRate: 1 });
	await sell(1, 3);
	sandbox.setSwitches({ duplicateRate: 0 });

	await until(() => paid.entries.size >= 3, 30_000);
	await idle(byWebhook);
	expect(sandbox.deliveries.filter(({ url }) => url.includes(webhookIdOf(byWebhook)))).toHaveLength(
		6,
	);
	expect(counts(paid)).toEqual({ 'A-1': 1, 'A-2': 1, 'A-3': 1 });
});

const webhookIdOf = ({ nodes }: StoredWorkflow) =>
	String(nodes.find(({ type }) => type.endsWith('.pocketsflowTrigger'))?.webhookId);

test('by webhook: an order without an own order id starts nothing', async () => {
	const before = await client.executions(byWebhook.id);
	await sandbox.purchase({ productId, email: 'stranger@example.com' });
	await sandbox.settled();
	// A sale of ours afterwards: once that is settled, the other would be in the list too.
	await sell(4, 1);

	await until(() => paid.entries.has('A-4'), 30_000);
	await idle(byWebhook);
	expect(await client.executions(byWebhook.id)).toHaveLength(before.length + 1);
	expect(Object.keys(counts(paid)).sort()).toEqual(['A-1', 'A-2', 'A-3', 'A-4']);
	expect(paid.strange).toEqual([]);
});

describe('confirmed against the API', () => {
	/** The buyer returns to the shop before, or without, any delivery. */
	const comeBack = async (order: string) => {
		await axios.get(`${n8n.url}/webhook/pocketsflow-thanks`, {
			params: { order },
			proxy: false,
			validateStatus: () => true,
		});
		await idle(confirming);
	};

	beforeAll(async () => {
		sandbox.setSwitches({ dropRate: 1 });
		const [, givenBack] = await sell(10, 2);
		await axios.post(`${sandbox.url}/refunds`, { orderId: givenBack }, authorized());
	});

	test('a reported sale is read again by its id, then fulfilled', async () => {
		await until(() => fulfilled.entries.size >= 4, 30_000);
		expect(Object.keys(counts(fulfilled)).sort()).toEqual(['A-1', 'A-2', 'A-3', 'A-4']);
	});

	test('a sale whose delivery was lost is found by its metadata when the buyer comes back', async () => {
		await comeBack('A-10');
		expect(counts(fulfilled)).toMatchObject({ 'A-10': 1 });
	});

	test.each([
		['a refunded order', 'A-11'],
		['an order that nobody paid', 'A-99'],
	])('%s is not fulfilled', async (_which, order) => {
		await comeBack(order);
		const [latest] = await client.executions(confirming.id);
		const execution = await client.execution(latest.id);
		expect(execution.items('Buyer came back')).toMatchObject([{ query: { order } }]);
		expect(execution.items('Paid and not given back')).toEqual([]);
		expect(counts(fulfilled)).not.toHaveProperty(order);
	});
});

describe('by polling', () => {
	const trigger = 'Pocketsflow Polling Trigger';
	let poll: Awaited<ReturnType<N8nClient['execution']>>;

	test(
		'a sale whose delivery was lost is settled by a scheduled poll',
		async () => {
			await until(() => paid.entries.has('A-10'), polledMs);
			await idle(byPolling);
			poll = await client.waitForExecution(byPolling.id, (one) =>
				one
					.items('Not settled yet')
					.some(({ metadata }) => (metadata as { order_id: string }).order_id === 'A-10'),
			);
			expect(poll).toMatchObject({ status: 'success', mode: 'trigger' });
			expect(poll.items(trigger)).toContainEqual(
				expect.objectContaining({ event: 'order.completed', source: 'poll', testMode: true }),
			);
		},
		polledMs + 60_000,
	);

	test('what the webhook settled is handed over too, and dropped by the check', async () => {
		const handedOver: unknown[] = [];
		for (const { id } of await client.executions(byPolling.id))
			handedOver.push(
				...(await client.execution(id)).items(trigger).map(({ metadata }) => metadata),
			);
		expect(handedOver).toEqual(
			expect.arrayContaining(['A-1', 'A-4', 'A-10', 'A-11'].map((order_id) => ({ order_id }))),
		);
		const settled = ['A-1', 'A-2', 'A-3', 'A-4', 'A-10', 'A-11'].map((id) => [id, 1]);
		expect(counts(paid)).toEqual(Object.fromEntries(settled));
	});

	describe('in a browser', () => {
		let browser: Browser;

		beforeAll(async () => {
			browser = await openBrowser();
		}, 10 * 60_000);

		afterAll(() => browser?.close());

		test("the poll's execution shows its items", async () => {
			const editor = await openEditor(browser, client, n8n.url, { width: 1400, height: 1000 });
			const page = await editor.newPage();
			const problems: string[] = [];
			page.on('pageerror', ({ message }) => problems.push(message));
			await page.goto(`${n8n.url}/workflow/${byPolling.id}/executions/${poll.id}`);
			await page.locator('[data-test-id=canvas-node]').first().waitFor();
			await page.screenshot({ path: join(output, 'poll-execution.png') });
			await page.locator(`[data-test-id=canvas-node][data-node-name="${trigger}"]`).dblclick();
			const shown = page
				.locator('[data-test-id=ndv-data-container], [data-test-id=output-panel]')
				.first();
			await shown.getByText('order.completed').first().waitFor();
			await page.screenshot({ path: join(output, 'poll-items.png') });
			expect(problems).toEqual([]);
		});
	});
});
