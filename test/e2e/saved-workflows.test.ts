import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { byTestId, readParameters } from '../harness/browser/editor';
import type { StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { pollOften } from '../harness/n8n/workflows';
import { until, untilHolds } from '../harness/until';
import { finalText } from './stubModel';
import { buildWorkflows } from './workflows/build';
import { ShownParameters } from './workflows/shownParameters';
import { isOfPocketsflow, Stage } from './workflows/stage';

// Workflows as the editor saves them now, and as it saved them with each release:
// docs/releasing.md#how-the-version-of-a-node-grows

const folder = join(__dirname, 'workflows');
const saved = [
	...buildWorkflows().map((workflow) => ({
		release: 'this source',
		name: workflow.name,
		text: JSON.stringify(workflow),
	})),
	...readdirSync(folder, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.flatMap(({ name: release }) =>
			readdirSync(join(folder, release)).map((file) => ({
				release,
				name: basename(file, '.json'),
				text: readFileSync(join(folder, release, file), 'utf8'),
			})),
		),
];

let stage: Stage;
let shownParameters: ShownParameters;

beforeAll(async () => {
	stage = await Stage.open();
	shownParameters = await ShownParameters.read(stage);
}, installationTimeoutMs);

afterEach(() => stage?.editor.takePicture());
afterAll(() => stage?.stop());

/** Expects that the panel that is open shows all that was saved, and no mark of an issue. */
async function expectPanel(node: WorkflowNode): Promise<void> {
	const { page } = stage.editor;
	const expected = shownParameters.list('parameters', node.parameters);
	await untilHolds(`the panel of "${node.name}" to show what was saved`, async () => {
		const shown = await readParameters(page);
		const missing = expected.filter(
			([path, texts]) => !texts.some((text) => shown[path]?.includes(text)),
		);
		expect(missing).toEqual([]);
	});
	expect(await page.locator('[class*=parameter-issues]').count()).toBe(0);
}

const listNodes = ({ nodes }: Pick<StoredWorkflow, 'nodes'>) =>
	nodes.filter(isOfPocketsflow).map(({ name, type, typeVersion, parameters }) => ({
		name,
		type,
		typeVersion,
		parameters,
	}));

const pollingTrigger = 'Pocketsflow Polling Trigger';

/** The events that polling triggers have emitted, by their workflows. */
const polled = new Map<string, string>();

async function poll({ id, nodes }: StoredWorkflow): Promise<void> {
	const { client, sandbox } = stage.editor.environment;
	await client.update(id, pollOften({ nodes }));
	const [orderId] = await Promise.all(
		stage.productIds.map(async (productId) => {
			const purchase = { productId, metadata: { order_id: id }, deliver: false };
			return (await sandbox.purchase(purchase)).orderIds[0];
		}),
	);
	await client.activate(id);
	const { items } = await client.waitForExecution(
		id,
		(execution) => execution.items(pollingTrigger).length > 0,
	);
	const sales = items(pollingTrigger).filter(
		({ metadata }) => (metadata as { order_id?: string }).order_id === id,
	);
	const eventId = `order.completed:${orderId}`;
	// Not the other product's, which the trigger leaves out.
	expect(sales).toEqual([
		expect.objectContaining({ eventId, record: expect.objectContaining({ _id: orderId }) }),
	]);
	polled.set(id, eventId);
}

async function receive(workflow: StoredWorkflow): Promise<void> {
	const { api, client, n8n, sandbox } = stage.editor.environment;
	const [productId] = stage.productIds;
	const sell = async (order_id: string) =>
		(await sandbox.purchase({ productId, metadata: { order_id }, wait: true })).orderIds[0];
	await stage.makeEndpoints(workflow);
	await client.activate(workflow.id);
	const first = [`order.completed:${await sell('A-5003')}`, { order_id: 'A-5003' }];
	const second = [`order.completed:${await sell('A-5004')}`, { order_id: 'A-5004' }];
	const expected = {
		'Version 1': [first, second],
		// Its option asks for the metadata of the first.
		'Version 2': [first],
		Paid: [first, second],
		Refunded: [],
		Verify: [first, second],
	};
	await client.waitUntilIdle(workflow.id);
	const executions = await until('seven executions', async () => {
		const all = await client.executions(workflow.id);
		expect(all.map(({ status }) => status)).toEqual(Array(7).fill('success'));
		return await Promise.all(all.reverse().map(({ id }) => client.execution(id)));
	});
	const received = Object.keys(expected).map((node) => [
		node,
		executions
			.flatMap(({ items }) => items(node))
			.map(({ eventId, metadata }) => [eventId, metadata])
			.sort(),
	]);
	expect(Object.fromEntries(received)).toEqual(expected);
	await client.deactivate(workflow.id);
	const { data } = await api.get<Array<{ _id: string; url: string }>>('/webhooks');
	const left = data.filter(({ url }) => url.startsWith(n8n.url));
	for (const { _id } of left) await api.delete(`/webhooks/${_id}`);
	// The one that was created by hand; the triggers have removed their own.
	expect(left).toHaveLength(1);
}

async function sell({ id }: StoredWorkflow): Promise<void> {
	const { client, sandbox } = stage.editor.environment;
	const [productId, otherProductId] = stage.productIds;
	const before = sandbox.requests.length;
	const execution = await client.run(id);
	expect(execution.error).toBeUndefined();
	const pages = {
		successUrl: 'https://example.com/thanks?order={{ $json.order_id }}',
		cancelUrl: 'https://example.com/cart',
	};
	const created = sandbox.requests.slice(before).filter(({ method }) => method === 'POST');
	expect(created.map(({ path, body }) => [path, body])).toEqual([
		[
			'/checkout/sessions',
			{
				...pages,
				productId,
				successUrl: 'https://example.com/thanks?order=A-5001',
				metadata: { order_id: 'A-5001', campaign: 'spring' },
				clientReferenceId: 'a-5001',
				customerEmail: 'ada@example.com',
				discountCode: 'WELCOME10',
			},
		],
		[
			'/checkout/sessions',
			{ ...pages, productId: otherProductId, metadata: { order_id: 'A-5001', copies: 2 } },
		],
		['/checkout/sessions', { ...pages, productId, metadata: { order_id: 'A-5002' } }],
		[`/products/update/${otherProductId}`, { active: true, description: '', price: 19.5 }],
		[
			'/discounts',
			{
				name: 'Spring sale',
				code: 'SPRING-5001',
				valueType: 'fixed',
				value: 5,
				mainProductIds: [productId, otherProductId],
				active: false,
				// In n8n's own time zone.
				expiration: '2040-01-31T05:00:00.000Z',
			},
		],
		[
			'/webhooks',
			{
				url: 'https://example.com/pocketsflow',
				events: [
					...['order.completed', 'customer.subscription.updated'],
					...['review.created', 'customer.created'],
				],
				active: false,
			},
		],
	]);
	expect(execution.items('Find order')).toEqual([
		expect.objectContaining({ productId, metadata: { order_id: 'A-1004' } }),
	]);
	expect(execution.items('List orders')).toHaveLength(3);
	expect(execution.items('List products').map(({ _id }) => _id)).toEqual(
		expect.arrayContaining([productId, otherProductId]),
	);
}

async function useTool({ id }: StoredWorkflow): Promise<void> {
	const { client, sandbox } = stage.editor.environment;
	const [productId] = stage.productIds;
	const before = sandbox.requests.length;
	stage.model.setCalls(
		{ tool: 'Get_product', args: { product_id: productId } },
		{ tool: 'Create_product', args: { name: 'Icons', price: 5 } },
	);
	const execution = await client.run(id);
	expect(execution.items('AI Agent')).toEqual([{ output: finalText }]);
	// The polling triggers stay published, and ask for other things meanwhile.
	const sent = sandbox.requests.slice(before).filter(({ path }) => path.startsWith('/products'));
	expect(sent.map(({ method, path, body }) => [method, path, body])).toEqual([
		['GET', `/products/${productId}`, undefined],
		['POST', '/products', { name: 'Icons', price: 5, currency: 'USD' }],
	]);
	expect(JSON.parse(stage.model.toolResults[0])).toMatchObject([
		{ _id: productId, name: 'Night Garden wallpapers', price: 9 },
	]);
}

/** What a workflow does, by its name. */
const runs: Record<string, (workflow: StoredWorkflow) => Promise<void>> = {
	poll,
	receive,
	sell,
	tool: useTool,
};

describe.each(saved)('$name, saved by $release', ({ name, text }) => {
	let workflow: StoredWorkflow;

	it('a panel shows what was saved, and the editor saves it again as it was', async () => {
		workflow = await stage.import(text);
		const stored = await stage.saveInEditor(workflow, expectPanel);
		expect(await byTestId(stage.editor.page, 'node-issues').count()).toBe(0);
		const original = JSON.parse(stage.fillIn(text)) as StoredWorkflow;
		expect(listNodes(stored)).toEqual(listNodes(original));
		expect(listNodes(stored).length).toBeGreaterThan(0);
	});

	it('the workflow does what it did', () => runs[name](workflow));
});

it('the poll after the first of a saved polling trigger emits nothing twice', async () => {
	const { client } = stage.editor.environment;
	expect(polled.size).toBeGreaterThan(0);
	for (const [id, eventId] of polled) {
		const executions = await until(
			'the execution after that of the activation',
			async () => {
				await client.waitUntilIdle(id);
				const all = await client.executions(id);
				return all.length > 1 && all;
			},
			{ withinMs: 90_000 },
		);
		const read = await Promise.all(executions.map((one) => client.execution(one.id)));
		const emitted = read.flatMap(({ items }) => items(pollingTrigger));
		expect(emitted.filter((item) => item.eventId === eventId)).toHaveLength(1);
	}
});
