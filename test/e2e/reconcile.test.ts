import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';
import type { Browser } from 'playwright-core';

import { fillSetUp, readExample } from '../../demo/example-workflows';
import { openBrowser, openEditor } from '../harness/browser/browser';
import { byTestId, openNode, openWorkflow } from '../harness/browser/editor';
import { Ledger } from '../harness/ledger';
import type { Execution, StoredWorkflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { pollOften } from '../harness/n8n/workflows';
import { until } from '../harness/until';

const output = join(__dirname, 'output');
/** Some polls, after the head start of the webhook. */
const pollsMs = 120_000;

let environment: TestEnvironment;
/** The shop that receives paid orders, and the one that fulfils them. */
let paid: Ledger;
let fulfilled: Ledger;
let byWebhook: StoredWorkflow;
let byPolling: StoredWorkflow;
let confirming: StoredWorkflow;
let productId: string;

async function importExample(name: string, shop: Ledger): Promise<StoredWorkflow> {
	const { client, credential } = environment;
	const workflow = fillSetUp(await readExample(name), { shopUrl: shop.url });
	return await client.importWorkflow(pollOften(workflow), [credential]);
}

beforeAll(async () => {
	await mkdir(output, { recursive: true });
	environment = await startEnvironment({ sandbox: { seed: 'test' } });
	paid = await Ledger.open();
	fulfilled = await Ledger.open('fulfilled');
	byWebhook = await importExample('reconcile-by-webhook', paid);
	byPolling = await importExample('reconcile-by-polling', paid);
	confirming = await importExample('confirm-paid-order', fulfilled);
	const { api, client } = environment;
	for (const { id } of [byWebhook, byPolling, confirming]) await client.activate(id);
	const { data: products } = await api.get<Array<{ _id: string }>>('/products');
	productId = products[0]._id;
}, installationTimeoutMs);

afterAll(async () => {
	await environment?.stop();
	await paid?.close();
	await fulfilled?.close();
});

/** Sells once for each number, with the own order id `A-<number>`, and returns when all deliveries are answered. */
async function sell(firstNumber: number, count: number): Promise<string[]> {
	const { sandbox } = environment;
	const { orderIds } = await sandbox.purchase({
		productId,
		firstNumber,
		count,
		metadata: { order_id: 'A-{n}' },
		email: 'buyer{n}@example.com',
	});
	await sandbox.waitForDeliveries();
	return orderIds;
}

const waitUntilMarked = (ledger: Ledger, orderIds: string[], withinMs = 30_000) =>
	until(
		`the shop to hear of ${orderIds.join(', ')}`,
		() => orderIds.every((id) => ledger.entries.has(id)),
		{ withinMs },
	);

/** How often each order was reported to the shop. */
const countMarks = (ledger: Ledger) =>
	Object.fromEntries([...ledger.entries].map(([id, { markedAt }]) => [id, markedAt.length]));

const findWebhookId = ({ nodes }: StoredWorkflow) =>
	String(nodes.find(({ type }) => type.endsWith('.pocketsflowTrigger'))?.webhookId);

test('each sale is settled once by webhook, although each delivery comes twice', async () => {
	const { client, sandbox } = environment;
	sandbox.setSwitches({ duplicateRate: 1 });
	await sell(1, 3);
	sandbox.setSwitches({ duplicateRate: 0 });

	await waitUntilMarked(paid, ['A-1', 'A-2', 'A-3']);
	await client.waitUntilIdle(byWebhook.id);
	const delivered = sandbox.deliveries.filter(({ url }) => url.includes(findWebhookId(byWebhook)));
	expect(delivered).toHaveLength(6);
	expect(countMarks(paid)).toEqual({ 'A-1': 1, 'A-2': 1, 'A-3': 1 });
});

test('an order without an own order ID is kept to be looked at, not settled', async () => {
	const { client, sandbox } = environment;
	await sandbox.purchase({ productId, email: 'stranger@example.com' });
	await sandbox.waitForDeliveries();
	await sell(4, 1);

	await waitUntilMarked(paid, ['A-4']);
	const kept = await client.waitForExecution(
		byWebhook.id,
		(execution) => execution.items('Keep as other sale').length > 0,
	);
	expect(kept.items('Keep as other sale')).toMatchObject([
		{ status: 'no order ID', customerEmail: 'stranger@example.com' },
	]);
	await client.waitUntilIdle(byWebhook.id);
	expect(Object.keys(countMarks(paid)).sort()).toEqual(['A-1', 'A-2', 'A-3', 'A-4']);
	expect(paid.strange).toEqual([]);
});

describe('confirming an order against the API', () => {
	/** The buyer comes back to the shop, before or without any delivery. */
	const comeBack = async (order: string) => {
		const { client, n8n } = environment;
		const { data } = await axios.get<string>(`${n8n.url}/webhook/pocketsflow-thanks`, {
			params: { order },
			proxy: false,
			validateStatus: () => true,
		});
		// Anyone can open this page: it says nothing about the order.
		expect(data).toMatch(/^Thank you\. We are checking your payment/);
		await client.waitUntilIdle(confirming.id);
	};

	beforeAll(async () => {
		environment.sandbox.setSwitches({ dropRate: 1 });
		const [, orderId] = await sell(10, 2);
		await environment.api.post('/refunds', { orderId });
	});

	test('a reported sale is read again by its ID, then fulfilled', async () => {
		await waitUntilMarked(fulfilled, ['A-1', 'A-2', 'A-3', 'A-4']);
		expect(Object.keys(countMarks(fulfilled)).sort()).toEqual(['A-1', 'A-2', 'A-3', 'A-4']);
	});

	test('a sale with a lost delivery is found by its metadata when the buyer comes back', async () => {
		await comeBack('A-10');
		expect(countMarks(fulfilled)).toMatchObject({ 'A-10': 1 });
	});

	test.each([
		['a refunded order', 'A-11'],
		['an order that nobody paid', 'A-99'],
	])('%s is not fulfilled', async (_which, order) => {
		const { client } = environment;
		await comeBack(order);
		const [latest] = await client.executions(confirming.id);
		const execution = await client.execution(latest.id);
		expect(execution.items('Buyer returns')).toMatchObject([{ query: { order } }]);
		expect(execution.items('Paid and not refunded')).toEqual([]);
		expect(countMarks(fulfilled)).not.toHaveProperty(order);
	});
});

describe('by polling', () => {
	const trigger = 'Pocketsflow Polling Trigger';
	let poll: Execution;

	test(
		'a sale with a lost delivery is settled by a scheduled poll',
		async () => {
			const { client } = environment;
			await waitUntilMarked(paid, ['A-10'], pollsMs);
			await client.waitUntilIdle(byPolling.id);
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
		pollsMs + 60_000,
	);

	test('sales that the webhook settled are polled too, and the workflow drops them', async () => {
		const { client } = environment;
		const emitted: unknown[] = [];
		for (const { id } of await client.executions(byPolling.id))
			emitted.push(...(await client.execution(id)).items(trigger).map(({ metadata }) => metadata));
		expect(emitted).toEqual(
			expect.arrayContaining(['A-1', 'A-4', 'A-10', 'A-11'].map((order_id) => ({ order_id }))),
		);
		const settled = ['A-1', 'A-2', 'A-3', 'A-4', 'A-10', 'A-11'].map((id) => [id, 1]);
		expect(countMarks(paid)).toEqual(Object.fromEntries(settled));
	});

	describe("in n8n's editor", () => {
		let browser: Browser;

		beforeAll(async () => {
			browser = await openBrowser();
		}, 10 * 60_000);

		afterAll(() => browser?.close());

		test("the poll's execution shows its items in the editor", async () => {
			const { client, n8n } = environment;
			const editor = await openEditor(browser, client, n8n.url, { width: 1400, height: 1000 });
			const page = await editor.newPage();
			const pageErrors: string[] = [];
			page.on('pageerror', ({ message }) => pageErrors.push(message));
			await openWorkflow(page, n8n.url, `${byPolling.id}/executions/${poll.id}`);
			await page.screenshot({ path: join(output, 'poll-execution.png') });
			await openNode(page, trigger);
			await byTestId(page, 'output-panel').getByText('order.completed').first().waitFor();
			await page.screenshot({ path: join(output, 'poll-items.png') });
			expect(pageErrors).toEqual([]);
		});
	});
});

describe('confirming an order whose answer is odd', () => {
	let shop: Ledger;

	/** The example, with the answer to "Get order" given by a node of n8n's own. */
	async function importAnswered(answer: string): Promise<StoredWorkflow> {
		const { client, credential } = environment;
		const example = fillSetUp(await readExample('confirm-paid-order'), { shopUrl: shop.url });
		const nodes = example.nodes.map((node) =>
			node.name === 'Get order'
				? {
						...node,
						type: 'n8n-nodes-base.set',
						typeVersion: 3.4,
						parameters: { mode: 'raw', jsonOutput: answer, options: {} },
					}
				: node,
		);
		return await client.importWorkflow({ ...example, nodes }, [credential]);
	}

	const order = (id: string) =>
		`={{ { _id: ${id}, metadata: $json.metadata, buyerEmail: 'x@example.com' } }}`;

	beforeAll(async () => {
		shop = await Ledger.open('fulfilled');
		environment.sandbox.setSwitches({ dropRate: 0 });
		await environment.client.deactivate(confirming.id);
	});
	afterAll(async () => await shop?.close());

	test.each([
		['without the order', '{}', 30, 0],
		['with another order', order("'other'"), 31, 0],
		['with the order', order('$json.order.id'), 32, 1],
	])('an answer %s fulfills only the order that it confirms', async (_, answer, number, times) => {
		const { client } = environment;
		const workflow = await importAnswered(answer);
		await client.activate(workflow.id);
		await sell(number, 1);
		await client.waitForExecution(workflow.id, ({ status }) => status === 'success');
		await client.waitUntilIdle(workflow.id);
		await client.deactivate(workflow.id);
		expect(countMarks(shop)[`A-${number}`] ?? 0).toBe(times);
	});

	test('an empty answer fails the execution, and nothing is fulfilled', async () => {
		const { client, sandbox } = environment;
		const before = (await client.executions(confirming.id)).length;
		await client.activate(confirming.id);
		sandbox.setSwitches({
			faults: [{ method: 'GET', path: '/orders/*', kind: 'answer', status: 200, body: 'empty' }],
		});
		await sell(33, 1);
		await until('the execution', async () => {
			return (await client.executions(confirming.id)).length > before;
		});
		await client.waitUntilIdle(confirming.id);
		sandbox.setSwitches({ faults: [] });
		const [latest] = await client.executions(confirming.id);
		expect(latest.status).toBe('error');
		expect(countMarks(fulfilled)).not.toHaveProperty('A-33');
	});
});

test.each(['reconcile-by-webhook', 'reconcile-two-triggers'])(
	'%s: a step that is deactivated passes the sale on, and nothing is recorded as settled',
	async (name) => {
		const { client } = environment;
		const example = await readExample(name);
		const sample = example.pinData?.['Pocketsflow Trigger'] ?? [];
		const { id } = await client.importWorkflow({
			...example,
			name: `${name}, deactivated`,
			pinData: {
				// Another event than the sample's own, which an earlier run may have recorded.
				'Pocketsflow Trigger': sample.map(({ json }) => ({
					json: { ...json, eventId: `order.completed:SAMPLE-${name}` },
				})),
			},
			nodes: example.nodes.map((node) =>
				node.name === 'Mark order as paid' ? { ...node, disabled: true } : node,
			),
		});
		const execution = await client.run(id, 'Pocketsflow Trigger');
		expect(execution.error?.message).toMatch(/The shop did not accept .*: no response/);
		expect(execution.items('Record as settled')).toEqual([]);
	},
);
