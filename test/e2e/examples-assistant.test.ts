import { randomUUID } from 'node:crypto';

import axios from 'axios';

import type { Execution, StoredWorkflow } from '../harness/n8n/client';
import { until } from '../harness/until';
import { setUpShop, shop } from './exampleShop';
import { finalText, StubModel, type ToolCall } from './stubModel';

const approver = 'owner@shop.example';

let model: StubModel;
let workflow: StoredWorkflow;

setUpShop({ seed: 'test' });

beforeAll(async () => {
	model = await StubModel.start();
	workflow = await shop.importExample('sales-assistant', {
		values: { approver },
		credentials: { openAiApi: { apiKey: 'sk-stub', url: model.url } },
	});
});

afterAll(() => model?.close());

beforeEach(() => {
	shop.mailServer.mails.length = 0;
});

/** Says something in the chat of the editor, whose agent then makes these calls. */
async function chat(...calls: ToolCall[]): Promise<string> {
	model.setCalls(...calls);
	const { client } = shop.environment;
	const started = await client.post<{ executionId: string }>(`/workflows/${workflow.id}/run`, {
		workflowData: await client.workflow(workflow.id),
		triggerToStartFrom: {
			name: 'Chat',
			data: {
				startTime: Date.now(),
				executionTime: 0,
				executionIndex: 0,
				executionStatus: 'success',
				source: [],
				data: {
					main: [
						[{ json: { sessionId: randomUUID(), action: 'sendMessage', chatInput: 'Please.' } }],
					],
				},
			},
		},
	});
	return started.executionId;
}

async function waitForEnd(executionId: string): Promise<Execution> {
	const execution = await shop.environment.client.waitForExecution(
		workflow.id,
		({ id }) => id === executionId,
		60_000,
	);
	expect(execution.error).toBeUndefined();
	expect(execution.items('AI Agent').at(-1)).toMatchObject({ output: finalText });
	return execution;
}

const countRequests = (method: string, path: string) =>
	shop.environment.sandbox.requests.filter(
		(request) => request.method === method && request.path === path,
	).length;

test('answers from the products and the orders of the shop', async () => {
	await waitForEnd(
		await chat(
			{ tool: 'Find_products', args: {} },
			{ tool: 'Find_orders', args: { start_date: '2020-01-01', end_date: '2099-01-01' } },
		),
	);
	const [products, orders] = model.toolResults.map((text) => JSON.parse(text) as object[]);
	expect(products).toContainEqual(expect.objectContaining({ price: 29.99, currency: 'USD' }));
	expect(orders).toContainEqual(
		expect.objectContaining({ buyerEmail: expect.any(String), isRefunded: expect.any(Boolean) }),
	);
	expect(countRequests('GET', '/orders')).toBeGreaterThan(0);
});

test('creates a checkout link that carries your own order ID', async () => {
	const { data } = await shop.environment.api.get<Array<{ _id: string }>>('/products');
	await waitForEnd(
		await chat({
			tool: 'Create_checkout_link',
			args: { product_id: data[0]._id, order_id: 'A-1001' },
		}),
	);
	const [[{ url }]] = model.toolResults.map((text) => JSON.parse(text) as Array<{ url: string }>);
	const page = await axios.get<string>(url, { proxy: false });
	expect(page.status).toBe(200);
	expect(
		shop.environment.sandbox.requests.find(({ path }) => path === '/checkout/sessions'),
	).toMatchObject({ body: { productId: data[0]._id, metadata: { order_id: 'A-1001' } } });
});

describe('a refund', () => {
	let orderId: string;
	let executionId: string;

	/** Has the agent ask for a refund, and returns the links of the email to the approver. */
	async function askForRefund(): Promise<{ approve: string; decline: string }> {
		const { client, sandbox } = shop.environment;
		({
			orderIds: [orderId],
		} = await sandbox.purchase({ email: 'ana@example.org' }));
		executionId = await chat({
			tool: 'Refund_an_order',
			args: {
				toolParameters: { order_id: orderId, amount: 9, reason: 'Bought twice' },
				hitlParameters: {},
			},
		});
		const asked = await until(
			'the email to the approver',
			() => shop.mailServer.mails[0] ?? false,
			{
				withinMs: 60_000,
			},
		);
		expect(asked).toMatchObject({ to: [approver], subject: `Refund order ${orderId}?` });
		expect(asked.body).toContain(`wants to refund 9 of order ${orderId}`);
		await until('the execution to wait', async () => {
			const all = await client.executions(workflow.id);
			return all.some(({ id, status }) => id === executionId && status === 'waiting');
		});
		const links = [...asked.body.matchAll(/href="([^"]+)"/g)].map(([, link]) =>
			link.replaceAll('&amp;', '&'),
		);
		const find = (approved: boolean) => {
			const link = links.find((each) => each.includes(`approved=${approved}`));
			if (link === undefined) throw new Error(`No link with approved=${approved}: ${links.join()}`);
			return link;
		};
		return { approve: find(true), decline: find(false) };
	}

	/** Opens the link as a person's browser does. Email scanners, which n8n turns away, name themselves. */
	const open = (url: string) =>
		axios.get(url, {
			proxy: false,
			headers: { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
			validateStatus: () => true,
		});

	test('is not sent while nobody has decided, and never once it was declined', async () => {
		const before = countRequests('POST', '/refunds');
		const { decline } = await askForRefund();
		expect(countRequests('POST', '/refunds')).toBe(before);

		await open(decline);
		await waitForEnd(executionId);
		expect(countRequests('POST', '/refunds')).toBe(before);
		expect(model.toolResults).toEqual([expect.stringContaining('rejected')]);
	});

	test('is sent once after it was approved, however often the link is opened', async () => {
		const before = countRequests('POST', '/refunds');
		const { approve, decline } = await askForRefund();
		await open(approve);
		await waitForEnd(executionId);
		await open(approve);
		await open(decline);

		expect(countRequests('POST', '/refunds')).toBe(before + 1);
		expect(
			shop.environment.sandbox.requests.findLast(({ path }) => path === '/refunds'),
		).toMatchObject({
			status: 201,
			body: { orderId, amount: 9, reason: 'Bought twice' },
		});
	});
});
