import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Locator, Page } from 'playwright-core';

import { readExample } from '../../demo/example-workflows';
import {
	byTestId,
	closeNode,
	executeNode,
	fillParameter,
	openNewCredential,
	openNode,
	openWorkflow,
	saveCredential,
} from '../harness/browser/editor';
import { startEditor, type EditorSetup } from '../harness/browser/editorSetup';
import type { Credential, Workflow, WorkflowNode } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { buildAction, buildChain, buildTrigger, byId, startNode } from '../harness/n8n/workflows';
import { until, untilHolds } from '../harness/until';

const explained = readFileSync(join(__dirname, '..', '..', 'docs', 'troubleshooting.md'), 'utf8');

/** The texts of docs/troubleshooting.md that were read in n8n's editor. */
const read = new Set<string>();

/** Expects that the editor says a text of docs/troubleshooting.md. */
function expectToRead(shown: string, text: string): void {
	expect(shown.replace(/\s+/g, ' ')).toContain(text);
	read.add(text);
}

/** Waits until a place in the editor says it. */
async function waitToRead(place: Locator, text: string): Promise<void> {
	const message = place.getByText(text).first();
	await message.waitFor({ timeout: 30_000 });
	expectToRead(await message.innerText(), text);
}

const wrongKey = `pk_test_${'0'.repeat(48)}`;

let setup: EditorSetup;
let page: Page;

beforeAll(async () => {
	setup = await startEditor({ env: { N8N_LOG_LEVEL: 'debug' } });
	page = setup.page;
}, installationTimeoutMs);

afterAll(() => setup?.stop());

describe('The form of the credential', () => {
	afterEach(() => setup.takePicture());

	test.each<[string, string | undefined, string | undefined, string]>([
		['a wrong key', wrongKey, undefined, "Pocketsflow doesn't recognize this API key"],
		['something that is no key', 'hello', undefined, 'is not a Pocketsflow key'],
		[
			'an address where nothing answers',
			undefined,
			'http://127.0.0.1:9',
			'the connection was refused',
		],
		['an unknown host', undefined, 'https://nobody.invalid', "Can't resolve host"],
	])('the form of the credential says what is wrong with %s', async (_, key, baseUrl, text) => {
		const { n8n, sandbox } = setup.environment;
		await openNewCredential(page, n8n.url, 'Pocketsflow API');
		await fillParameter(page, 'apiKey', key ?? sandbox.testKey);
		await fillParameter(page, 'baseUrl', baseUrl ?? sandbox.url);
		expectToRead(await saveCredential(page), text);
	});
});

const session = {
	resource: 'checkoutSession',
	operation: 'create',
	productId: byId('6a5000000000000000000aaa'),
	successUrl: 'https://example.com/thanks',
	cancelUrl: 'https://example.com/cart',
	metadataInput: 'fields',
	metadata: {},
	additionalFields: {},
};

const trigger = { events: ['order.completed'], options: {} };

describe('A workflow in which everything goes wrong', () => {
	/** By the names of the nodes, as are the texts. */
	const actions: Record<string, Record<string, unknown>> = {
		'Empty field': {
			resource: 'product',
			operation: 'get',
			productId: byId('={{ $json.none }}'),
		},
		'Unknown ID': {
			resource: 'product',
			operation: 'get',
			productId: byId('6a5000000000000000000fff'),
		},
		'No change': { resource: 'account', operation: 'update', updateFields: {} },
		Forged: {
			resource: 'webhook',
			operation: 'verifyDelivery',
			bodyFrom: 'text',
			body: '{}',
			headers: '{"a": 1}',
		},
		'No https': { ...session, successUrl: 'example.com/thanks' },
		'No order ID': {
			...session,
			metadata: { entries: [{ key: 'order_id', value: '={{ $json.none }}' }] },
		},
		'Too fast': { resource: 'product', operation: 'getAll' },
	};
	const table = 'Find settled records';
	const list = 'List';

	const call = (type: string, name: string, y: number, parameters: object): WorkflowNode => ({
		name,
		type: `n8n-nodes-pocketsflow.${type}`,
		typeVersion: type === 'pocketsflowTrigger' ? 2 : 1,
		position: [type === 'pocketsflow' ? 220 : 660, y],
		parameters: { ...parameters },
	});

	/** With a separate account for each node that needs another than the sandbox's. */
	async function buildWorkflow(): Promise<Workflow> {
		const { api, createCredential, credential, sandbox } = setup.environment;
		const { data: products } = await api.get<Array<{ _id: string }>>('/products');
		const wrong = await createCredential('Wrong key', { apiKey: wrongKey });
		// This machine as well, which the node cannot know.
		const baseUrl = sandbox.url.replace('127.0.0.1', '0.0.0.0');
		const remote = await createCredential('Remote', { baseUrl });
		const busy = await createCredential('Busy', { apiKey: sandbox.renewKey('test', true) });
		const accounts: Record<string, Credential> = {
			[list]: wrong,
			'Wrong key': wrong,
			'Local address': remote,
			'Too fast': busy,
		};
		const { nodes: watchman } = await readExample('watchman');
		const records = watchman.find(({ name }) => name === table)!;
		const steps = [
			...Object.entries(actions).map(([name, parameters], index) =>
				call('pocketsflow', name, index * 120, parameters),
			),
			call('pocketsflow', 'Lost answer', -360, { ...session, productId: byId(products[0]._id) }),
			call('pocketsflow', list, -120, {
				...session,
				productId: { __rl: true, mode: 'list', value: '' },
			}),
			{ ...records, position: [220, -240] },
		];
		const start = { ...startNode, position: [0, 360] };
		const triggers = [
			call('pocketsflowTrigger', 'Wrong key', 0, { ...trigger, options: { productIds: [] } }),
			call('pocketsflowTrigger', 'Local address', 240, trigger),
			call('pocketsflowTrigger', 'No event', 480, { ...trigger, events: [] }),
		];
		return {
			name: 'Everything goes wrong',
			nodes: [start, ...steps, ...triggers].map((node) => ({
				...node,
				...(node.type.includes('pocketsflow') && {
					credentials: { pocketsflowApi: accounts[node.name] ?? credential },
				}),
			})),
			connections: {
				Start: { main: [steps.map(({ name }) => ({ node: name, type: 'main', index: 0 }))] },
			},
		};
	}

	beforeAll(async () => {
		const { client, n8n } = setup.environment;
		const { id } = await client.importWorkflow(await buildWorkflow());
		await openWorkflow(page, n8n.url, id);
	});

	afterEach(async () => {
		await setup.takePicture();
		if (await byTestId(page, 'ndv-close-button').first().isVisible()) await closeNode(page);
	});

	const fail = (fault: Record<string, unknown>) =>
		setup.environment.sandbox.setSwitches({ faults: [fault] } as never);

	test.each([
		['Empty field', "'Product' is empty"],
		['Unknown ID', 'not found'],
		['No change', 'no fields to change'],
		['Forged', 'The signature of this delivery is invalid'],
		['No https', 'must be a complete URL'],
		['No order ID', "'Metadata' has no value for"],
		[table, 'Data table with name "pocketsflow_settled" not found'],
	])('the panel of the node "%s" says what is wrong', async (name, text) => {
		await openNode(page, name);
		expectToRead(await executeNode(page, text), text);
	});

	test('an answer that is lost is reported as an unknown outcome', async () => {
		fail({ method: 'POST', path: '/checkout/sessions', kind: 'reset', when: 'after', count: 1 });
		await openNode(page, 'Lost answer');
		const text = 'The outcome is unknown';
		expectToRead(await executeNode(page, text), text);
	});

	test('a rate limit is reported with the time to wait', async () => {
		const headers = { 'retry-after': '600' };
		fail({ path: '/products*', kind: 'answer', status: 429, body: 'json', headers, count: 1 });
		await openNode(page, 'Too fast');
		const text = 'Pocketsflow asked n8n to wait';
		expectToRead(await executeNode(page, text), text);
	});

	test('an empty list says why it is empty', async () => {
		await openNode(page, list);
		await byTestId(byTestId(page, 'resource-locator-productId'), 'rlc-input').click();
		const problem = byTestId(page, 'rlc-error-container');
		await waitToRead(problem, 'Could not load list');
		expect(await problem.innerText()).toContain("Check the 'API Key' in the credential");
	});

	test('an option without choices says why it has none', async () => {
		await openNode(page, 'Wrong key');
		const option = byTestId(page, 'parameter-input-productIds');
		const text = 'Error fetching options';
		// Some versions of n8n have it as a placeholder, which is not part of the text of the page.
		const shown = await until('the option to say it', async () => {
			const html = await option.innerHTML();
			return html.includes(text) && html;
		});
		expectToRead(shown, text);
		await byTestId(page, 'parameter-issues').first().hover();
		await page.getByText("Check the 'API Key' in the credential").first().waitFor();
	});

	test.each([
		['Wrong key', 'The webhook could not be set up in Pocketsflow'],
		['Local address', 'Pocketsflow cannot deliver to'],
		['No event', "'Trigger On' is empty"],
	])('a trigger that cannot listen says why: %s', async (name, text) => {
		await page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`).hover();
		await byTestId(page, `execute-workflow-button-${name}`).click();
		await waitToRead(page.getByRole('alert'), text);
	});
});

describe('Nothing happens', () => {
	const metadata = { order_id: 'A-1' };
	let productId: string;
	let otherProductId: string;
	let id: string;

	const readLog = () => readFileSync(setup.environment.n8n.logFile, 'utf8');

	async function expectNoExecution(): Promise<void> {
		await setup.environment.sandbox.waitForDeliveries();
		expect(await setup.environment.client.executions(id)).toEqual([]);
	}

	/** The address that Pocketsflow shows under Developers → Webhooks, if any, with whether it is active. */
	async function listWebhooks(): Promise<Array<[url: string, active: boolean]>> {
		const { data } =
			await setup.environment.api.get<Array<{ url: string; active: boolean }>>('/webhooks');
		return data.map(({ url, active }) => [url, active]);
	}

	beforeAll(async () => {
		const { api, client, credential } = setup.environment;
		const { data: products } = await api.get<Array<{ _id: string }>>('/products');
		[productId, otherProductId] = products.map(({ _id }) => _id);
		const node = buildTrigger(['order.completed']);
		node.parameters.options = { productIds: [productId], metadataKey: 'order_id' };
		const workflow = buildChain('Nothing happens', [node]);
		({ id } = await client.importWorkflow(workflow, [credential]));
	});

	test('nothing happens before the workflow is published, and Pocketsflow has no webhook of it', async () => {
		await setup.environment.sandbox.purchase({ productId, metadata });
		await expectNoExecution();
		expect(await listWebhooks()).toEqual([]);
	});

	test('nothing happens for a sale of the other mode, which Pocketsflow does not report', async () => {
		const { client, n8n, sandbox } = setup.environment;
		await client.activate(id);
		expect(await listWebhooks()).toEqual([[expect.stringContaining(n8n.url), true]]);
		await sandbox.purchase({ mode: 'live', metadata });
		await expectNoExecution();
		expect(sandbox.deliveries).toEqual([]);
	});

	test('nothing happens for an event that is not chosen, which Pocketsflow does not report', async () => {
		const { api, sandbox } = setup.environment;
		const { data: offers } = await api.get<Array<{ _id: string }>>('/subscriptions');
		await sandbox.purchase({ offerId: offers[0]._id, metadata });
		await expectNoExecution();
		expect(sandbox.deliveries).toEqual([]);
	});

	test('nothing happens for a sale that an option leaves out, and the log has a line for each', async () => {
		const { sandbox } = setup.environment;
		await sandbox.purchase({ productId: otherProductId, metadata });
		await sandbox.purchase({ productId, metadata: { other: 1 } });
		await expectNoExecution();
		const line = 'did not start an execution for a signed delivery';
		expect(explained).toContain(`\`${line}\``);
		await untilHolds('the lines in the log', () => {
			expect(readLog()).toMatch(
				new RegExp(`${line} of .*order.completed.*its product is not selected`),
			);
			expect(readLog()).toMatch(
				new RegExp(`${line} of .*order.completed.*its metadata does not match`),
			);
		});
	});

	test('nothing happens for a delivery that Pocketsflow did not sign, and the log has a warning', async () => {
		const { sandbox } = setup.environment;
		sandbox.setSwitches({ nextDeliveryFaults: ['forge'] });
		await sandbox.purchase({ productId, metadata });
		await expectNoExecution();
		expect(explained).toContain('`refused 1 delivery`');
		await untilHolds('the warning', () =>
			expect(readLog()).toContain('refused 1 delivery: wrong signature'),
		);
	});

	test('a sale that fits starts the workflow', async () => {
		const { client, sandbox } = setup.environment;
		await sandbox.purchase({ productId, metadata });
		const { mode } = await client.waitForExecution(id);
		expect(mode).toBe('webhook');
		expect(await client.executions(id)).toHaveLength(1);
	});
});

test('A node whose package is gone says so', async () => {
	const { client, credential, n8n } = setup.environment;
	const node = { ...buildAction('Pocketsflow', session), position: [220, 0] };
	const workflow = buildChain('Uninstalled', [startNode, node]);
	const { id } = await client.importWorkflow(workflow, [credential]);
	await rm(join(n8n.userFolder, '.n8n', 'nodes', 'node_modules', 'n8n-nodes-pocketsflow'), {
		recursive: true,
	});
	await n8n.restart();
	await openWorkflow(page, n8n.url, id);
	await byTestId(page, 'execute-workflow-button').first().click();
	await waitToRead(page.getByRole('alert'), 'Unrecognized node type: n8n-nodes-pocketsflow');
	await page.locator('[data-test-id=canvas-node][data-node-name="Pocketsflow"]').dblclick();
	await waitToRead(byTestId(page, 'ndv'), 'This node is not currently installed');
	await setup.takePicture();
});

test('docs/troubleshooting.md explains the messages that were read in the editor, and no other', () => {
	const quoted = [...explained.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) =>
		[...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text),
	);
	expect([...read].sort()).toEqual(quoted.sort());
});
