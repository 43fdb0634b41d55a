import type { Page } from 'playwright-core';

import {
	byTestId,
	closeNode,
	executeNode,
	fillParameter,
	findsNode,
	openNewCredential,
	openNode,
	openWorkflow,
	saveCredential,
} from '../harness/browser/editor';
import { startEditor, type EditorSetup } from '../harness/browser/editorSetup';
import type { Workflow } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { until } from '../harness/until';

let setup: EditorSetup;
let environment: EditorSetup['environment'];
let page: Page;

beforeAll(async () => {
	setup = await startEditor();
	({ environment, page } = setup);
}, installationTimeoutMs);

afterEach(() => setup?.takePicture());
afterAll(() => setup?.stop());

const pocketsflow = (name: string, x: number, parameters: Record<string, unknown>) => ({
	name,
	type: 'n8n-nodes-pocketsflow.pocketsflow',
	typeVersion: 1,
	position: [x, 0],
	parameters,
});

const chain = (name: string, nodes: Workflow['nodes']): Workflow => ({
	name,
	nodes,
	connections: Object.fromEntries(
		nodes
			.slice(1)
			.map((node, index) => [
				nodes[index].name,
				{ main: [[{ node: node.name, type: 'main', index: 0 }]] },
			]),
	),
});

const start = {
	name: 'Start',
	type: 'n8n-nodes-base.manualTrigger',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

test('the form of the credential says that a good key works', async () => {
	const { n8n, sandbox } = environment;
	await openNewCredential(page, n8n.url, 'Pocketsflow API');
	await fillParameter(page, 'apiKey', sandbox.testKey);
	await fillParameter(page, 'baseUrl', sandbox.url);
	expect(await saveCredential(page)).toContain('Connection tested successfully');
});

test('the panel of nodes finds Pocketsflow by what a shop owner looks for', async () => {
	const { n8n, client } = environment;
	const { id } = await client.importWorkflow(chain('Search', [start]));
	await openWorkflow(page, n8n.url, id);
	const words = [
		...['checkout', 'payment', 'sell', 'subscription', 'invoice', 'store'],
		...['digital products', 'e-commerce', 'ecommerce'],
	];
	const missing: string[] = [];
	for (const word of words) {
		if (!(await findsNode(page, word, 'Pocketsflow'))) missing.push(word);
	}
	expect(missing).toEqual([]);
});

describe('a node that makes a checkout session', () => {
	beforeAll(async () => {
		const { client, credential, n8n } = environment;
		const parameters = {
			resource: 'checkoutSession',
			operation: 'create',
			productId: { __rl: true, mode: 'list', value: '' },
			successUrl: 'https://example.com/thanks',
			cancelUrl: 'https://example.com/cart',
			metadataInput: 'fields',
			metadata: {},
			additionalFields: {},
		};
		const workflow = chain('Session', [
			start,
			pocketsflow('Create checkout session', 220, parameters),
			pocketsflow('With JSON', 440, { ...parameters, metadataInput: 'json', metadataJson: '' }),
		]);
		const { id } = await client.importWorkflow(workflow, [credential]);
		await openWorkflow(page, n8n.url, id);
	});

	async function chooseProduct(search: string): Promise<void> {
		const locator = byTestId(page, 'resource-locator-productId');
		await byTestId(locator, 'rlc-input').click();
		await byTestId(page, 'rlc-search').fill(search);
		await byTestId(page, 'rlc-item').filter({ hasText: /night/i }).first().click();
	}

	const getLastBody = () =>
		environment.sandbox.requests.filter(({ path }) => path === '/checkout/sessions').at(-1)?.body;

	test('offers the products, takes metadata in fields, and shows the session', async () => {
		await openNode(page, 'Create checkout session');
		await chooseProduct('night');
		await byTestId(page, 'fixed-collection-add').first().click();
		await fillParameter(page, 'key', 'order_id');
		await fillParameter(page, 'value', 'A-1001');
		await executeNode(page, /cs_[0-9a-f]+/);
		expect(getLastBody()).toMatchObject({ metadata: { order_id: 'A-1001' } });
		await closeNode(page);
	});

	test('takes metadata as JSON', async () => {
		await openNode(page, 'With JSON');
		await chooseProduct('night');
		const editor = byTestId(page, 'parameter-input-metadataJson').locator('.cm-content').first();
		await editor.fill('{"order_id": "A-1002"}');
		await executeNode(page, /cs_[0-9a-f]+/);
		expect(getLastBody()).toMatchObject({ metadata: { order_id: 'A-1002' } });
		await closeNode(page);
	});
});

test('a test event is heard in the editor, and a published workflow settles the next sale', async () => {
	const { client, credential, n8n, sandbox } = environment;
	const trigger = {
		name: 'Pocketsflow Trigger',
		type: 'n8n-nodes-pocketsflow.pocketsflowTrigger',
		typeVersion: 3,
		position: [0, 0],
		parameters: { events: ['order.completed'], options: {} },
	};
	const end = { ...start, name: 'End', type: 'n8n-nodes-base.noOp', position: [220, 0] };
	const { id } = await client.importWorkflow(chain('Listen', [trigger, end]), [credential]);
	await openWorkflow(page, n8n.url, id);
	await byTestId(page, 'execute-workflow-button').first().click();
	await page
		.getByText(/waiting for trigger event/i)
		.first()
		.waitFor();
	await sandbox.purchase({ metadata: { order_id: 'A-2001' } });
	await openNode(page, 'Pocketsflow Trigger');
	await byTestId(page, 'output-panel').getByText('order.completed').first().waitFor();
	await closeNode(page);

	await byTestId(page, 'workflow-open-publish-modal-button').click();
	await page
		.getByRole('dialog')
		.getByRole('button', { name: /^Publish/ })
		.click();
	await page
		.getByText(/Published/)
		.first()
		.waitFor({ timeout: 60_000 });
	await until(
		'n8n to publish the workflow',
		async () => (await client.publicationStatus(id))?.status === 'published',
	);
	await sandbox.purchase({ metadata: { order_id: 'A-2002' } });
	const execution = await client.waitForExecution(id, (one) =>
		one.items('End').some(({ metadata }) => JSON.stringify(metadata).includes('A-2002')),
	);
	await page.goto(`${n8n.url}/workflow/${id}/executions/${execution.id}`);
	await openNode(page, 'Pocketsflow Trigger');
	await byTestId(page, 'output-panel').getByText('A-2002').first().waitFor();
});
