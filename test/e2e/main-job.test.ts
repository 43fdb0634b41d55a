import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';
import type { Browser } from 'playwright-core';

import { buy, importExamples, type ExampleWorkflows } from '../../demo/example-workflows';
import { openBrowser } from '../harness/browser/browser';
import type { Execution } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';

const output = join(__dirname, 'output');

let environment: TestEnvironment;
let workflows: ExampleWorkflows;

beforeAll(async () => {
	await mkdir(output, { recursive: true });
	environment = await startEnvironment();
	const { client, sandbox } = environment;
	workflows = await importExamples(client, { apiKey: sandbox.testKey, baseUrl: sandbox.url });
}, installationTimeoutMs);

afterAll(() => environment?.stop());

const readMetadata = (execution: Execution) => execution.items('Pocketsflow Trigger')[0]?.metadata;

const waitUntilSettled = (orderId: string) =>
	environment.client.waitForExecution(workflows.settle.id, (execution) =>
		execution.items('Mark order as paid').some((item) => item.orderId === orderId),
	);

const findRequests = (method: string, path: string) =>
	environment.sandbox.requests.filter(
		(request) => request.method === method && request.path === path,
	);

describe('the main job', () => {
	let paid: Execution;

	test('a workflow creates product and checkout session and sends the buyer to the checkout page', async () => {
		const { checkout, finalUrl: landed } = await buy(
			workflows.getSellUrl('A-1001'),
			'buyer@example.com',
		);

		expect(new URL(checkout).origin).toBe(environment.sandbox.url);
		expect(landed).toBe(`${environment.n8n.url}/webhook/thanks?order=A-1001`);
		expect(findRequests('POST', '/products').map(({ body }) => body)).toEqual([
			expect.objectContaining({ name: 'Icon pack', price: 29 }),
		]);
		const selling = await environment.client.waitForExecution(workflows.sell.id, (execution) =>
			execution.items('Create checkout session').some(({ url }) => url === checkout),
		);
		expect(selling.status).toBe('success');
		const [product] = selling.items('Create product');
		expect(findRequests('POST', '/checkout/sessions').map(({ body }) => body)).toEqual([
			expect.objectContaining({ productId: product._id, metadata: { order_id: 'A-1001' } }),
		]);
	});

	test("the own order id is in the settled workflow's execution data", async () => {
		paid = await waitUntilSettled('A-1001');

		expect(paid).toMatchObject({
			status: 'success',
			mode: 'webhook',
			workflowId: workflows.settle.id,
		});
		expect(readMetadata(paid)).toEqual({ order_id: 'A-1001' });
		const [event] = paid.items('Pocketsflow Trigger');
		expect(event).toMatchObject({ event: 'order.completed', testMode: true });
		expect(paid.items('Mark order as paid')).toEqual([
			expect.objectContaining({
				orderId: 'A-1001',
				status: 'paid',
				pocketsflowOrderId: (event.order as { id: string }).id,
				customerEmail: 'buyer@example.com',
				eventId: event.eventId,
			}),
		]);
	});

	test('the delivery was signed, accepted, and carried the raw bytes that were signed', () => {
		const delivered = environment.sandbox.deliveries.filter(
			({ event }) => event === 'order.completed',
		);

		expect(delivered).toHaveLength(1);
		expect(delivered[0]).toMatchObject({
			outcome: 'delivered',
			status: 200,
			url: environment.client.webhookUrl(workflows.settle, 'Pocketsflow Trigger'),
		});
	});

	test('a sale without an own order id is kept to be looked at', async () => {
		const { client, sandbox } = environment;
		await sandbox.purchase({ email: 'stranger@example.com' });
		const kept = await client.waitForExecution(
			workflows.settle.id,
			(execution) => execution.items('Keep as other sale').length > 0,
		);
		expect(kept.status).toBe('success');
		expect(kept.items('Keep as other sale')).toMatchObject([
			{ orderId: '', status: 'no order ID', customerEmail: 'stranger@example.com' },
		]);
		expect(kept.items('Mark order as paid')).toEqual([]);
	});

	test('a second sale creates no second product', async () => {
		await buy(workflows.getSellUrl('A-1002'), 'buyer@example.com');

		expect(readMetadata(await waitUntilSettled('A-1002'))).toEqual({ order_id: 'A-1002' });
		expect(findRequests('POST', '/products')).toHaveLength(1);
		expect(findRequests('POST', '/checkout/sessions')).toHaveLength(2);
	});
});

describe('a buyer whom Pocketsflow does not take', () => {
	afterEach(() => {
		environment.sandbox.setSwitches({ faults: [] });
	});

	test.each([
		['the list of products', 'GET', '/products', 403],
		['the checkout session', 'POST', '/checkout/sessions', 500],
	])(
		'a buyer is asked to try again when %s fails, and the execution says why',
		async (...[, ...fault]) => {
			const [method, path, status] = fault;
			environment.sandbox.setSwitches({
				faults: [{ method, path, kind: 'answer', status, count: 9 }],
			});
			const products = findRequests('POST', '/products').length;
			const orderId = `F-${status}`;
			const page = await axios.get<string>(workflows.getSellUrl(orderId), {
				proxy: false,
				validateStatus: () => true,
			});
			expect(page.status).toBe(503);
			expect(page.data).toContain('Please try again in a minute');
			expect(page.data).toContain('Nothing was charged');
			const failed = await environment.client.waitForExecution(workflows.sell.id, (execution) =>
				execution.items('Set order ID').some((item) => item.orderId === orderId),
			);
			expect(failed.status).toBe('error');
			expect(failed.error?.message).toMatch(
				new RegExp(`^A buyer could not pay for order ${orderId}: .`),
			);
			expect(findRequests('POST', '/products')).toHaveLength(products);
		},
	);
});

describe('a buyer with a browser', () => {
	let browser: Browser;

	beforeAll(async () => {
		browser = await openBrowser();
	}, 10 * 60_000);

	afterAll(() => browser?.close());

	test('a buyer pays on the hosted page, and the workflow has the order ID', async () => {
		const page = await browser.newPage({ viewport: { width: 900, height: 700 } });
		const pageErrors: Error[] = [];
		page.on('pageerror', (error) => pageErrors.push(error));

		await page.goto(workflows.getSellUrl('B-2001'));
		expect(new URL(page.url()).origin).toBe(environment.sandbox.url);
		expect(await page.locator('[data-test=product]').textContent()).toBe('Icon pack');
		expect(await page.locator('[data-test=price]').textContent()).toContain('29.00');
		await page.fill('[data-test=email]', 'browser@example.com');
		await page.screenshot({ path: join(output, 'checkout.png') });
		await page.click('[data-test=pay]');
		await page.waitForURL(`${environment.n8n.url}/webhook/thanks?order=B-2001`);
		expect(await page.locator('main').textContent()).toContain('B-2001');
		await page.screenshot({ path: join(output, 'thanks.png') });

		const execution = await waitUntilSettled('B-2001');
		expect(readMetadata(execution)).toEqual({ order_id: 'B-2001' });
		expect(execution.items('Mark order as paid')).toMatchObject([
			{ customerEmail: 'browser@example.com' },
		]);
		expect(pageErrors).toEqual([]);
		await page.close();
	});

	test('a buyer who cancels is sent back and not charged, and nothing is settled', async () => {
		const before = await environment.client.executions(workflows.settle.id);
		const page = await browser.newPage();

		await page.goto(workflows.getSellUrl('B-2002'));
		await page.click('[data-test=cancel]');
		await page.waitForURL(`${environment.n8n.url}/webhook/thanks?canceled=yes`);

		expect(await page.locator('main').textContent()).toContain('Nothing was charged');
		expect((await environment.client.executions(workflows.settle.id)).length).toBe(before.length);
		await page.close();
	});
});
