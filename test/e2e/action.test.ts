import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { INodeProperties } from 'n8n-workflow';
import type { Browser, Page } from 'playwright-core';

import { sign } from '../../nodes/Pocketsflow/events/signature';
import { openBrowser, openEditor } from '../harness/browser/browser';
import { byTestId, closeNode, openNode, openWorkflow } from '../harness/browser/editor';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import { endpoints } from '../../sandbox/endpoints';
import type { Execution, StoredWorkflow, Workflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { buildAction, buildChain, byId, startNode } from '../harness/n8n/workflows';
import { orderCompleted } from '../harness/payloads';

const output = join(__dirname, 'output', 'action');
const schemas = join(__dirname, '../../nodes/Pocketsflow/__schema__/v1.0.0');

/** An expression for a field of an earlier node's first output item. */
const fieldOf = (node: string, field = '_id') => `={{ $('${node}').first().json.${field} }}`;

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

const createdProduct = { productId: byId(fieldOf('Create product')) };
const createdDiscount = { discountId: byId(fieldOf('Create discount')) };
const createdUpsell = { upsellId: byId(fieldOf('Create upsell')) };
const createdWebhook = { webhookEndpointId: byId(fieldOf('Create webhook')) };
const membership = byId(fieldOf('List subscriptions', 'stripeSubscriptionId'));

/** A delivery that another node would have received. */
const webhookSigningSecret = 'whsec_made_by_hand';
const deliveryBody = JSON.stringify({ ...orderCompleted, webhookId: undefined });

/** Every operation once: what is created is read, changed and deleted again. */
const steps: readonly Step[] = [
	step('Get account', 'account', 'get'),
	step('Update account', 'account', 'update', { updateFields: { firstName: 'Ana' } }),
	step('Create product', 'product', 'create', { name: 'Icons 🎉', price: 29.99 }),
	step('Get product', 'product', 'get', createdProduct),
	step('Update product', 'product', 'update', { ...createdProduct, updateFields: { price: 19 } }),
	step('List products', 'product', 'getAll', { returnAll: true }),
	step('Create variant', 'productVariant', 'create', {
		...createdProduct,
		name: 'Team',
		price: 49,
	}),
	step('Delete variant', 'productVariant', 'delete', { variantId: fieldOf('Create variant') }),
	step('Create discount', 'discount', 'create', {
		name: 'Spring',
		code: 'SPRING20',
		value: 20,
		mainProductIds: "={{ [$('Create product').first().json._id] }}",
	}),
	step('Get discount', 'discount', 'get', createdDiscount),
	step('List discounts', 'discount', 'getAll'),
	step('Update discount', 'discount', 'update', {
		...createdDiscount,
		updateFields: { value: 25, expiration: '={{ $now.plus({ days: 7 }) }}' },
	}),
	step('Validate discount', 'discount', 'validate', {
		code: 'SPRING20',
		additionalFields: createdProduct,
	}),
	step('Create offer', 'subscriptionOffer', 'create', { name: 'Club', price: 15 }),
	step('Get offer', 'subscriptionOffer', 'get', { offerId: byId(fieldOf('Create offer')) }),
	step('List offers', 'subscriptionOffer', 'getAll'),
	step('Create upsell', 'upsell', 'create', {
		mainProductIds: fieldOf('List products'),
		upsellProductId: byId(fieldOf('Create product')),
		upsellPrice: 4.5,
	}),
	step('Get upsell', 'upsell', 'get', createdUpsell),
	step('List upsells', 'upsell', 'getAll'),
	step('Update upsell', 'upsell', 'update', { ...createdUpsell, updateFields: { upsellPrice: 3 } }),
	step('Create checkout session', 'checkoutSession', 'create', {
		...createdProduct,
		successUrl: 'https://example.com/thanks',
		cancelUrl: 'https://example.com/cart',
		metadata: { entries: [{ key: 'order_id', value: 'A-1001' }] },
	}),
	step('Create webhook', 'webhook', 'create', {
		url: 'https://example.invalid/hook',
		events: ['order.completed'],
		additionalFields: { active: false },
	}),
	step('Get webhook', 'webhook', 'get', createdWebhook),
	step('List webhooks', 'webhook', 'getAll'),
	step('Update webhook', 'webhook', 'update', {
		...createdWebhook,
		updateFields: { description: 'Changed' },
	}),
	step('Test webhook', 'webhook', 'test', createdWebhook),
	step('Verify delivery', 'webhook', 'verifyDelivery', {
		bodyFrom: 'text',
		body: deliveryBody,
		headers: JSON.stringify({
			'x-pocketsflow-signature': sign(Buffer.from(deliveryBody), webhookSigningSecret),
			'x-pocketsflow-event': 'order.completed',
			'x-pocketsflow-timestamp': '1795608000000',
		}),
	}),
	step('List orders', 'order', 'getAll', {
		filters: { startDate: '={{ $now.minus({ years: 1 }) }}', endDate: '={{ $now.toMillis() }}' },
	}),
	step('Get order', 'order', 'get', { orderId: byId(fieldOf('List orders')) }),
	step('Find order', 'order', 'findByMetadata', {
		metadataKey: 'order_id',
		metadataValue: 'A-1003',
	}),
	step('List customers', 'customer', 'getAll', { sort: { sortBy: 'numberOfOrders' } }),
	step('Get customer', 'customer', 'get', { customerId: byId(fieldOf('List customers')) }),
	step('List payments', 'payment', 'getAll', { filters: { type: 'subscription' } }),
	step('Create refund', 'refund', 'create', {
		orderId: byId(fieldOf('Find order')),
		refundExtent: 'partial',
		amount: 1.5,
	}),
	step('Get refund', 'refund', 'get', { refundId: byId(fieldOf('Create refund')) }),
	step('List refunds', 'refund', 'getAll'),
	step('List reviews', 'review', 'getAll'),
	step('List subscriptions', 'subscription', 'getAll', { filters: { status: 'active' } }),
	step('Get subscription', 'subscription', 'get', {
		subscriptionId: byId(fieldOf('List subscriptions')),
	}),
	step('List subscribers', 'subscription', 'getSubscribers'),
	step('Refund subscription', 'subscription', 'refund', { subscriptionId: membership }),
	step('Cancel subscription', 'subscription', 'cancel', { subscriptionId: membership }),
	step('Delete upsell', 'upsell', 'delete', createdUpsell),
	step('Delete discount', 'discount', 'delete', createdDiscount),
	step('Delete webhook', 'webhook', 'delete', createdWebhook),
	step('Delete product', 'product', 'delete', createdProduct),
];

function buildWorkflow(chain: readonly Step[]): Workflow {
	const nodes = chain.map(({ name, resource, operation, parameters }, index) => ({
		...buildAction(name, { resource, operation, ...parameters }),
		position: [200 * ((index % 9) + 1), 200 * Math.floor(index / 9)],
		executeOnce: true,
	}));
	return buildChain('Every operation', [startNode, ...nodes]);
}

const findOperation = (resource: string, operation: string) =>
	resources
		.find(({ option }) => option.value === resource)
		?.operations.find(({ option }) => option.value === operation);

let environment: TestEnvironment;
let workflow: StoredWorkflow;

beforeAll(async () => {
	await mkdir(output, { recursive: true });
	environment = await startEnvironment({ sandbox: { seed: 'test' } });
	const { client, createCredential } = environment;
	const credential = await createCredential('With a signing secret', { webhookSigningSecret });
	workflow = await client.importWorkflow(buildWorkflow(steps), [credential]);
}, installationTimeoutMs);

afterAll(() => environment?.stop());

describe('a workflow through every operation', () => {
	let execution: Execution;

	beforeAll(async () => {
		execution = await environment.client.run(workflow.id);
	});

	it('the workflow has a step for every operation', () => {
		const expected = resources.flatMap(({ option, operations }) =>
			operations.map((row) => `${String(option.value)} ${String(row.option.value)}`),
		);
		const actual = steps.map(({ resource, operation }) => `${resource} ${operation}`);
		expect(actual.sort()).toEqual(expected.sort());
	});

	it('the workflow succeeds, and every step has output', () => {
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		const silent = steps.filter(({ name }) => execution.items(name).length === 0);
		expect(silent.map(({ name }) => name)).toEqual([]);
	});

	it('the workflow reaches every endpoint', () => {
		const patterns = Object.entries(endpoints).map(([name, { method, path }]) => ({
			name,
			method,
			path: new RegExp(`^${path.replace(':id', '[^/]+')}$`),
			isFixed: !path.includes(':id'),
		}));
		// A fixed path such as /orders/subscriptions wins over /orders/:id, as in the API's own router.
		patterns.sort((a, b) => Number(b.isFixed) - Number(a.isFixed));
		const { requests } = environment.sandbox;
		const reached = requests.map(
			(request) =>
				patterns.find(({ method, path }) => method === request.method && path.test(request.path))
					?.name,
		);
		expect(Object.keys(endpoints).filter((name) => !reached.includes(name))).toEqual([]);
		expect(requests.filter(({ status }) => status >= 400)).toEqual([]);
	});

	it('amounts, text and IDs pass from step to step', () => {
		const [product] = execution.items('Create product');
		expect(product).toMatchObject({ name: 'Icons 🎉', price: 29.99 });
		expect(execution.items('Update product')).toMatchObject([{ _id: product._id, price: 19 }]);
		expect(execution.items('Delete product')).toEqual([{ deleted: true, id: product._id }]);
		expect(execution.items('Find order')).toMatchObject([{ metadata: { order_id: 'A-1003' } }]);
		expect(execution.items('Create webhook')[0].secret).toMatch(/^whsec_/);
		expect(execution.items('Get webhook')[0]).not.toHaveProperty('secret');
	});

	it('a simplified output has only fields that the preview in the editor shows', async () => {
		const isSimplified = ({ resource, operation }: Step) =>
			findOperation(resource, operation)?.fields.some(
				({ property }) => property.name === 'simplify',
			);
		for (const { name, resource, operation } of steps.filter(isSimplified)) {
			const file = join(schemas, resource, `${operation}.json`);
			const schema = JSON.parse(await readFile(file, 'utf8')) as { properties: object };
			const previewed = Object.keys(schema.properties);
			for (const item of execution.items(name))
				expect([name, Object.keys(item).filter((key) => !previewed.includes(key))]).toEqual([
					name,
					[],
				]);
		}
	});
});

test('n8n serves the output schema of every operation', async () => {
	for (const { resource, operation } of steps) {
		const { status, data } = await environment.client.editorFile<{ type?: string }>(
			`/schemas/n8n-nodes-pocketsflow.pocketsflow/1.0.0/${resource}/${operation}.json`,
		);
		expect([resource, operation, status, data.type]).toEqual([resource, operation, 200, 'object']);
	}
});

describe("n8n's editor in a browser", () => {
	let browser: Browser;
	let page: Page;
	const pageErrors: string[] = [];

	beforeAll(async () => {
		const { n8n, client } = environment;
		browser = await openBrowser();
		const editor = await openEditor(browser, client, n8n.url, { width: 1400, height: 1000 });
		page = await editor.newPage();
		page.on('pageerror', (error) => pageErrors.push(error.message));
		await openWorkflow(page, n8n.url, workflow.id);
	}, 10 * 60_000);

	afterAll(async () => await browser?.close());

	it.each(steps.map((each): [string, Step] => [each.name, each]))(
		'the panel shows the fields of "%s" in the order of their table',
		async (name, each) => {
			await openNode(page, name);
			const panel = byTestId(page, 'node-parameters').first();
			const lines = (await panel.innerText()).split('\n');
			const positions = expectedLabels(each).map((label) => lines.indexOf(label));
			expect(positions).not.toContain(-1);
			expect(positions).toEqual([...positions].sort((a, b) => a - b));
			const file = `${name.toLowerCase().replaceAll(' ', '-')}.png`;
			await page.screenshot({ path: join(output, file) });
			await closeNode(page);
			expect(pageErrors).toEqual([]);
		},
	);

	it('the list of products can be searched in the editor', async () => {
		const { n8n, client, credential } = environment;
		const { id } = await client.importWorkflow(
			buildWorkflow([step('Get any product', 'product', 'get')]),
			[credential],
		);
		await openWorkflow(page, n8n.url, id);
		await openNode(page, 'Get any product');
		await byTestId(byTestId(page, 'resource-locator-productId'), 'rlc-input').click();
		const choices = byTestId(page, 'rlc-item');
		await choices.filter({ hasText: 'Invoice templates · 29.99 USD · test' }).waitFor();
		await page.screenshot({ path: join(output, 'list.png') });
		await byTestId(page, 'rlc-search').fill('night');
		await choices.filter({ hasText: 'Invoice templates' }).waitFor({ state: 'hidden' });
		await choices.filter({ hasText: 'Night Garden wallpapers · 9.00 USD · test' }).waitFor();
		await page.screenshot({ path: join(output, 'list-searched.png') });
		expect(pageErrors).toEqual([]);
	});
});

/** The labels of the fields and collections that n8n should show for a step, in their order. */
function expectedLabels({ resource, operation, parameters }: Step): string[] {
	const row = findOperation(resource, operation);
	const fields = row?.fields.map(({ property }) => property) ?? [];
	const defaults = Object.fromEntries(fields.map((field) => [field.name, field.default]));
	const isShown = ({ displayOptions }: INodeProperties) =>
		Object.entries(displayOptions?.show ?? {}).every(([other, values]) =>
			values?.some((value) => value === (parameters?.[other] ?? defaults[other])),
		);
	return [...fields.filter(isShown), ...(row?.collections ?? [])].map(
		({ displayName }) => displayName,
	);
}
