import { readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Browser, Page } from 'playwright-core';

import { openBrowser, openEditor } from '../harness/browser/browser';
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
import type { Workflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { until } from '../harness/until';

const output = join(__dirname, 'output');
const readme = readFileSync(join(__dirname, '..', '..', 'README.md'), 'utf8');

/** The texts of the README's troubleshooting that were read in n8n's editor. */
const read = new Set<string>();

/** Expects that the editor says a text of the README's troubleshooting. */
function expectToRead(shown: string, text: string): void {
	expect(shown.replace(/\s+/g, ' ')).toContain(text);
	read.add(text);
}

let environment: TestEnvironment;
let browser: Browser;
let page: Page;

beforeAll(async () => {
	await mkdir(output, { recursive: true });
	environment = await startEnvironment({ sandbox: { seed: 'test' } });
	browser = await openBrowser();
	const { client, n8n } = environment;
	const context = await openEditor(browser, client, n8n.url, { width: 1400, height: 900 });
	page = await context.newPage();
}, installationTimeoutMs);

afterEach(async () => {
	const name = expect.getState().currentTestName?.replace(/\W+/g, '-').slice(0, 80);
	await page?.screenshot({ path: join(output, `${name}.png`) });
});

afterAll(async () => {
	await browser?.close();
	await environment?.stop();
});

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

describe('the form of the credential', () => {
	const wrongKey = `pk_test_${'0'.repeat(48)}`;

	test.each<[string, string | undefined, string | undefined, string]>([
		['a wrong key', wrongKey, undefined, 'Pocketsflow does not know this API key'],
		['what is no key', 'hello', undefined, 'is not a Pocketsflow key'],
		['an address where nothing answers', undefined, 'http://127.0.0.1:9', 'refuses connections'],
		['an unknown host', undefined, 'https://nobody.invalid', 'No server has the name'],
	])('says what it thinks of %s', async (_, key, baseUrl, text) => {
		expectToRead(await testCredential(key, baseUrl), text);
	});

	test('says that a good key works', async () => {
		expect(await testCredential()).toContain('Connection tested successfully');
	});
});

async function testCredential(key?: string, baseUrl?: string): Promise<string> {
	const { n8n, sandbox } = environment;
	await openNewCredential(page, n8n.url, 'Pocketsflow API');
	await fillParameter(page, 'apiKey', key ?? sandbox.testKey);
	await fillParameter(page, 'baseUrl', baseUrl ?? sandbox.url);
	return await saveCredential(page);
}

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

describe('the troubleshooting of the README', () => {
	const byId = (value: string) => ({ __rl: true, mode: 'id', value });
	const nodes: Array<[string, Record<string, unknown>, string]> = [
		[
			'Empty',
			{ resource: 'product', operation: 'get', productId: byId('={{ $json.none }}') },
			"'Product'",
		],
		[
			'Unknown',
			{ resource: 'product', operation: 'get', productId: byId('6a5000000000000000000fff') },
			'not found',
		],
		[
			'No change',
			{ resource: 'account', operation: 'update', updateFields: {} },
			'no field to change',
		],
		[
			'Forged',
			{
				resource: 'webhook',
				operation: 'verifyDelivery',
				bodyFrom: 'text',
				body: '{}',
				headers: '{"a": 1}',
			},
			'The signature of this delivery is not valid',
		],
	];

	test.each(nodes)(
		'an error of a node is read in its panel: %s',
		async (name, parameters, text) => {
			const { client, credential, n8n } = environment;
			const workflow = chain(name, [start, pocketsflow(name, 220, parameters)]);
			const { id } = await client.importWorkflow(workflow, [credential]);
			await openWorkflow(page, n8n.url, id);
			await openNode(page, name);
			expectToRead(await executeNode(page, text), text);
		},
	);

	test('why a trigger cannot listen is read where it was asked to', async () => {
		const { client, n8n, sandbox } = environment;
		const wrong = await client.createCredential('pocketsflowApi', 'Wrong', {
			apiKey: `pk_test_${'0'.repeat(48)}`,
			baseUrl: sandbox.url,
			webhookSigningSecret: '',
		});
		const trigger = {
			...start,
			name: 'Pocketsflow Trigger',
			type: 'n8n-nodes-pocketsflow.pocketsflowTrigger',
			typeVersion: 3,
			parameters: { events: ['order.completed'], options: {} },
		};
		const end = { ...start, name: 'End', type: 'n8n-nodes-base.noOp', position: [220, 0] };
		const { id } = await client.importWorkflow(chain('Deaf', [trigger, end]), [wrong]);
		await openWorkflow(page, n8n.url, id);
		await byTestId(page, 'execute-workflow-button').first().click();
		const message = page.getByText(/could not be set up at Pocketsflow/).first();
		await message.waitFor({ timeout: 30_000 });
		expectToRead(await message.innerText(), 'The webhook could not be set up at Pocketsflow');
	});

	test('has the messages that were read in the editor, and no other', () => {
		const section = readme.split('\n## Troubleshooting\n')[1].split('\n## ')[0];
		const quoted = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, text]) => text);
		expect([...read].sort()).toEqual(quoted.sort());
	});
});
