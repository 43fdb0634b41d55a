import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';
import type { INodeProperties } from 'n8n-workflow';
import type { Browser, Page } from 'playwright-core';

import { openBrowser, openEditor } from '../harness/browser/browser';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import {
	type N8nClient,
	type Credential,
	type Execution,
	type StoredWorkflow,
	type Workflow,
	type WorkflowNode,
} from '../harness/n8n/client';
import type { RunningN8n } from '../harness/n8n/start';
import { endpoints } from '../../sandbox/endpoints';
import type { Sandbox } from '../../sandbox/sandbox';
import { openStage } from './stage';

const output = join(__dirname, 'output', 'action');
const installingMs = 20 * 60_000;
const schemas = join(__dirname, '../../nodes/Pocketsflow/__schema__/v1.0.0');
const trigger = 'Start';

/** The value of an expression over the first item that an earlier node put out. */
const of = (node: string, field = '_id') => `={{ $('${node}').first().json.${field} }}`;
const byId = (value: string) => ({ __rl: true, mode: 'id', value });

interface Step {
	name: string;
	resource: string;
	operation: string;
	parameters?: Record<string, unknown>;
}

const step = (
	name: string,
	resource: string,
	operation: string,
	parameters?: Record<string, unknown>,
): Step => ({ name, resource, operation, parameters });

const madeProduct = { productId: byId(of('Create product')) };
const madeDiscount = { discountId: byId(of('Create discount')) };
const madeUpsell = { upsellId: byId(of('Create upsell')) };
const madeWebhook = { webhookEndpointId: byId(of('Create webhook')) };
const membership = byId(of('List subscriptions', 'stripeSubscriptionId'));

/** Every operation once: what is created is read, changed and deleted again. */
const steps: readonly Step[] = [
	step('Get account', 'account', 'get'),
	step('Update account', 'account', 'update', { updateFields: { firstName: 'Ana' } }),
	step('Create product', 'product', 'create', { name: 'Icons 🎉', price: 29.99 }),
	step('Get product', 'product', 'get', madeProduct),
	step('Update product', 'product', 'update', { ...madeProduct, updateFields: { price: 19 } }),
	step('List products', 'product', 'getAll', { returnAll: true }),
	step('Create variant', 'productVariant', 'create', { ...madeProduct, name: 'Team', price: 49 }),
	step('Delete variant', 'productVariant', 'delete', { variantId: of('Create variant') }),
	step('Create discount', 'discount', 'create', {
		name: 'Spring',
		code: 'SPRING20',
		value: 20,
		mainProductIds: "={{ [$('Create product').first().json._id] }}",
	}),
	step('Get discount', 'discount', 'get', madeDiscount),
	step('List discounts', 'discount', 'getAll'),
	step('Update discount', 'discount', 'update', {
		...madeDiscount,
		updateFields: { value: 25, expiration: '={{ $now.plus({ days: 7 }) }}' },
	}),
	step('Validate discount', 'discount', 'validate', {
		code: 'SPRING20',
		additionalFields: madeProduct,
	}),
	step('Create offer', 'subscriptionOffer', 'create', { name: 'Club', price: 15 }),
	step('Get offer', 'subscriptionOffer', 'get', { offerId: byId(of('Create offer')) }),
	step('List offers', 'subscriptionOffer', 'getAll'),
	step('Create upsell', 'upsell', 'create', {
		mainProductIds: of('List products'),
		upsellProductId: byId(of('Create product')),
		upsellPrice: 4.5,
	}),
	step('Get upsell', 'upsell', 'get', madeUpsell),
	step('List upsells', 'upsell', 'getAll'),
	step('Update upsell', 'upsell', 'update', { ...madeUpsell, updateFields: { upsellPrice: 3 } }),
	step('Create checkout session', 'checkoutSession', 'create', {
		...madeProduct,
		successUrl: 'https://example.com/thanks',
		cancelUrl: 'https://example.com/cart',
		metadata: { entries: [{ key: 'order_id', value: 'A-1001' }] },
	}),
	step('Create webhook', 'webhook', 'create', {
		url: 'https://example.invalid/hook',
		events: ['order.completed'],
		additionalFields: { active: false },
	}),
	step('Get webhook', 'webhook', 'get', madeWebhook),
	step('List webhooks', 'webhook', 'getAll'),
	step('Update webhook', 'webhook', 'update', {
		...madeWebhook,
		updateFields: { description: 'Changed' },
	}),
	step('Test webhook', 'webhook', 'test', madeWebhook),
	step('List orders', 'order', 'getAll', {
		filters: { startDate: '={{ $now.minus({ years: 1 }) }}', endDate: '={{ $now.toMillis() }}' },
	}),
	step('Get order', 'order', 'get', { orderId: byId(of('List orders')) }),
	step('Find order', 'order', 'findByMetadata', {
		metadataKey: 'external_order_id',
		metadataValue: 'A-1003',
	}),
	step('List customers', 'customer', 'getAll', { sort: { sortBy: 'numberOfOrders' } }),
	step('Get customer', 'customer', 'get', { customerId: byId(of('List customers')) }),
	step('List payments', 'payment', 'getAll', { filters: { type: 'subscription' } }),
	step('Create refund', 'refund', 'create', {
		orderId: byId(of('Find order')),
		refundExtent: 'partial',
		amount: 1.5,
	}),
	step('Get refund', 'refund', 'get', { refundId: byId(of('Create refund')) }),
	step('List refunds', 'refund', 'getAll'),
	step('List reviews', 'review', 'getAll'),
	step('List subscriptions', 'subscription', 'getAll', { filters: { status: 'active' } }),
	step('Get subscription', 'subscription', 'get', {
		subscriptionId: byId(of('List subscriptions')),
	}),
	step('List subscribers', 'subscription', 'getSubscribers'),
	step('Refund subscription', 'subscription', 'refund', { providerSubscriptionId: membership }),
	step('Cancel subscription', 'subscription', 'cancel', { providerSubscriptionId: membership }),
	step('Delete upsell', 'upsell', 'delete', madeUpsell),
	step('Delete discount', 'discount', 'delete', madeDiscount),
	step('Delete webhook', 'webhook', 'delete', madeWebhook),
	step('Delete product', 'product', 'delete', madeProduct),
];

function workflowOf(chain: readonly Step[]): Workflow {
	const nodes: WorkflowNode[] = [
		{
			name: trigger,
			type: 'n8n-nodes-base.manualTrigger',
			typeVersion: 1,
			position: [0, 0],
			parameters: {},
		},
		...chain.map(
			({ name, resource, operation, parameters }, index): WorkflowNode => ({
				name,
				type: 'n8n-nodes-pocketsflow.pocketsflow',
				typeVersion: 1,
				position: [200 * ((index % 9) + 1), 200 * Math.floor(index / 9)],
				executeOnce: true,
				parameters: { resource, operation, ...parameters },
			}),
		),
	];
	const connections = nodes
		.slice(1)
		.map(({ name }, index) => [
			nodes[index].name,
			{ main: [[{ node: name, type: 'main', index: 0 }]] },
		]);
	return { name: 'Every operation', nodes, connections: Object.fromEntries(connections) };
}

const rowOf = (resource: string, operation: string) =>
	resources
		.find(({ option }) => option.value === resource)
		?.operations.find(({ option }) => option.value === operation);

let sandbox: Sandbox;
let n8n: RunningN8n;
let client: N8nClient;
let credential: Credential;
let workflow: StoredWorkflow;

beforeAll(async () => {
	await mkdir(output, { recursive: true });
	({ sandbox, n8n, client, credential } = await openStage());
	workflow = await client.importWorkflow(workflowOf(steps), [credential]);
}, installingMs);

afterAll(async () => {
	await n8n?.stop();
	await sandbox?.close();
});

describe('a workflow through every operation', () => {
	let execution: Execution;

	beforeAll(async () => {
		await client.runManually(workflow.id, trigger);
		execution = await client.waitForExecution(workflow.id);
	});

	it('has a step for every operation', () => {
		const wanted = resources.flatMap(({ option, operations }) =>
			operations.map((row) => `${String(option.value)} ${String(row.option.value)}`),
		);
		const taken = steps.map(({ resource, operation }) => `${resource} ${operation}`);
		expect(taken.sort()).toEqual(wanted.sort());
	});

	it('succeeds, and every step puts something out', () => {
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		const silent = steps.filter(({ name }) => execution.items(name).length === 0);
		expect(silent.map(({ name }) => name)).toEqual([]);
	});

	it('reaches every endpoint', () => {
		const patterns = Object.entries(endpoints).map(([name, { method, path }]) => ({
			name,
			method,
			path: new RegExp(`^${path.replace(':id', '[^/]+')}$`),
			isFixed: !path.includes(':id'),
		}));
		// A fixed path such as /orders/subscriptions wins over /orders/:id, as in the API's own router.
		patterns.sort((a, b) => Number(b.isFixed) - Number(a.isFixed));
		const reached = sandbox.requests.map(
			(request) =>
				patterns.find(({ method, path }) => method === request.method && path.test(request.path))
					?.name,
		);
		expect(Object.keys(endpoints).filter((name) => !reached.includes(name))).toEqual([]);
		expect(sandbox.requests.filter(({ status }) => status >= 400)).toEqual([]);
	});

	it('passes amounts, text and ids from step to step', () => {
		const [product] = execution.items('Create product');
		expect(product).toMatchObject({ name: 'Icons 🎉', price: 29.99 });
		expect(execution.items('Update product')).toMatchObject([{ _id: product._id, price: 19 }]);
		expect(execution.items('Delete product')).toEqual([{ deleted: true, id: product._id }]);
		expect(execution.items('Find order')).toMatchObject([
			{ metadata: { external_order_id: 'A-1003' } },
		]);
		expect(execution.items('Create webhook')[0].secret).toMatch(/^whsec_/);
		expect(execution.items('Get webhook')[0]).not.toHaveProperty('secret');
	});

	it('puts out nothing simplified that its preview does not promise', async () => {
		const isSimplified = ({ resource, operation }: Step) =>
			rowOf(resource, operation)?.fields.some(({ property }) => property.name === 'simplify');
		for (const { name, resource, operation } of steps.filter(isSimplified)) {
			const file = join(schemas, resource, `${operation}.json`);
			const schema = JSON.parse(await readFile(file, 'utf8')) as { properties: object };
			const promised = Object.keys(schema.properties);
			for (const item of execution.items(name))
				expect([name, Object.keys(item).filter((key) => !promised.includes(key))]).toEqual([
					name,
					[],
				]);
		}
	});
});

test('n8n serves the output schemas', async () => {
	const { name, value } = client.session;
	for (const { resource, operation } of steps) {
		const answer = await axios.get<Record<string, unknown>>(
			`${n8n.url}/schemas/n8n-nodes-pocketsflow.pocketsflow/1.0.0/${resource}/${operation}.json`,
			{
				headers: { cookie: `${name}=${value}`, 'browser-id': client.browserId },
				proxy: false,
				validateStatus: () => true,
			},
		);
		expect([resource, operation, answer.status, answer.data.type]).toEqual([
			resource,
			operation,
			200,
			'object',
		]);
	}
});

describe('the panels in a browser', () => {
	let browser: Browser;
	let page: Page;
	const problems: string[] = [];

	beforeAll(async () => {
		browser = await openBrowser();
		const editor = await openEditor(browser, client, n8n.url, { width: 1400, height: 1000 });
		page = await editor.newPage();
		page.on('pageerror', (error) => problems.push(error.message));
		await page.goto(`${n8n.url}/workflow/${workflow.id}`);
		await page.locator('[data-test-id=canvas-node]').first().waitFor();
		await page.locator('[data-test-id=zoom-to-fit]').click();
	}, 10 * 60_000);

	afterAll(async () => await browser?.close());

	async function open(name: string): Promise<void> {
		await page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`).dblclick();
		await page.locator('[data-test-id=node-parameters]').first().waitFor();
	}

	async function close(): Promise<void> {
		await page.keyboard.press('Escape');
		await page.locator('[data-test-id=node-parameters]').first().waitFor({ state: 'hidden' });
	}

	it.each(steps.map((each): [string, Step] => [each.name, each]))('%s', async (name, each) => {
		await open(name);
		const panel = await page.locator('[data-test-id=node-parameters]').first().innerText();
		const row = rowOf(each.resource, each.operation);
		const isShown = ({ displayOptions }: INodeProperties) =>
			Object.entries(displayOptions?.show ?? {}).every(([other, values]) => {
				const initial = row?.fields.find(({ property }) => property.name === other)?.property
					.default;
				return values?.some((value) => value === (each.parameters?.[other] ?? initial));
			});
		const labels = [
			...(row?.fields ?? []).flatMap(({ property }) =>
				isShown(property) ? property.displayName : [],
			),
			...(row?.collections ?? []).map(({ displayName }) => displayName),
		];
		const places = labels.map((label) => panel.split('\n').indexOf(label));
		expect(places).not.toContain(-1);
		expect(places).toEqual([...places].sort((a, b) => a - b));
		await page.screenshot({ path: join(output, `${name.toLowerCase().replaceAll(' ', '-')}.png`) });
		await close();
		expect(problems).toEqual([]);
	});

	it('choose a product from a list that loads and searches', async () => {
		const fresh = await client.importWorkflow(
			workflowOf([step('Get any product', 'product', 'get')]),
			[credential],
		);
		await page.goto(`${n8n.url}/workflow/${fresh.id}`);
		await open('Get any product');
		await page
			.locator('[data-test-id="resource-locator-productId"] [data-test-id=rlc-input]')
			.click();
		const choices = page.locator('[data-test-id=rlc-item]');
		await choices.filter({ hasText: 'Invoice templates · 29.99 USD · test' }).waitFor();
		await page.screenshot({ path: join(output, 'list.png') });
		await page.locator('[data-test-id=rlc-search]').fill('night');
		await choices.filter({ hasText: 'Invoice templates' }).waitFor({ state: 'hidden' });
		await choices.filter({ hasText: 'Night Garden wallpapers · 9 USD · test' }).waitFor();
		await page.screenshot({ path: join(output, 'list-searched.png') });
		expect(problems).toEqual([]);
	});
});
