import axios from 'axios';

import { sign } from '../../nodes/Pocketsflow/events/signature';
import {
	byTestId,
	chooseOption,
	closeNode,
	openNode,
	openWorkflow,
} from '../harness/browser/editor';
import { startEditor, type EditorSetup } from '../harness/browser/editorSetup';
import type { Credential } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { buildAction, buildChain, buildNode, byId, startNode } from '../harness/n8n/workflows';
import { orderCompleted } from '../harness/payloads';

const webhookSigningSecret = 'whsec_made_by_hand';
const name = 'Pocketsflow';

let setup: EditorSetup;
let credential: Credential;

beforeAll(async () => {
	setup = await startEditor();
	const { createCredential } = setup.environment;
	credential = await createCredential('With a signing secret', { webhookSigningSecret });
}, installationTimeoutMs);

afterAll(() => setup?.stop());
afterEach(() => setup.takePicture());

const importManual = (parameters: Record<string, unknown>) =>
	setup.environment.client.importWorkflow(
		buildChain('Values', [startNode, buildAction(name, parameters)]),
		[credential],
	);

const countProducts = async () =>
	(await setup.environment.api.get<unknown[]>('/products')).data.length;

describe('A new product whose price was forgotten', () => {
	it('a product without a price is marked in the editor, and is not created', async () => {
		const { environment, page } = setup;
		const { id } = await importManual({ resource: 'product', operation: 'create', name: 'Icons' });
		const before = await countProducts();
		await openWorkflow(page, environment.n8n.url, id);
		await openNode(page, name);
		const price = byTestId(page, 'parameter-input-price');
		expect(await price.locator('input').first().inputValue()).toBe('');
		await byTestId(page, 'parameter-issues').first().hover();
		await page.getByText('Parameter "Price" is required').first().waitFor();
		await setup.takePicture();
		await byTestId(page, 'node-execute-button').first().click();
		await page.getByText('Workflow execution cannot start').first().waitFor();
		expect(await countProducts()).toBe(before);
		await closeNode(page);
	});

	it('a free product has no price to fill in', async () => {
		const { page } = setup;
		await openNode(page, name);
		await chooseOption(page, 'pricing', 'Free');
		await byTestId(page, 'parameter-input-price').waitFor({ state: 'hidden' });
		expect(await byTestId(page, 'parameter-issues').count()).toBe(0);
		await closeNode(page);
	});

	it.each([
		['29.99', 29.99],
		['={{ 29.99 }}', 29.99],
		['={{ "29.99" }}', 29.99],
		[29.99, 29.99],
	])('a product is created with the price %p', async (price, wanted) => {
		const { client, sandbox } = setup.environment;
		const product = { resource: 'product', operation: 'create', name: 'Icons', price };
		const { id } = await importManual(product);
		const execution = await client.run(id);
		expect(execution.error).toBeUndefined();
		expect(execution.items(name)).toMatchObject([{ price: wanted }]);
		expect(sandbox.requests.at(-1)?.body).toEqual({ name: 'Icons', price: wanted });
	});
});

describe('A checkout session', () => {
	const run = async (parameters: Record<string, unknown>) => {
		const { client, api } = setup.environment;
		const [product] = (await api.get<Array<{ _id: string }>>('/products')).data;
		const { id } = await importManual({
			resource: 'checkoutSession',
			operation: 'create',
			productId: byId(product._id),
			successUrl: 'https://example.com/thanks',
			cancelUrl: 'https://example.com/cart',
			...parameters,
		});
		const execution = await client.run(id);
		expect(execution.error).toBeUndefined();
		return { hints: execution.hints(name), id };
	};

	it.each<[string, Record<string, unknown>]>([
		['under a wrong inner name', { metadata: { values: [{ key: 'order_id', value: 'A-1' }] } }],
		['as a plain object', { metadata: { order_id: 'A-1' } }],
		['as JSON that was not chosen', { metadataJson: '{"order_id": "A-1"}' }],
	])('a session has a hint if n8n drops the metadata given %s', async (_about, parameters) => {
		const { hints } = await run(parameters);
		expect(hints).toEqual([expect.stringContaining("you can't match its sale to your order")]);
	});

	it('a session with metadata has no hint', async () => {
		const metadata = { entries: [{ key: 'order_id', value: 'A-1' }] };
		expect((await run({ metadata })).hints).toEqual([]);
	});

	it('the editor shows the hint on the node', async () => {
		const { environment, page } = setup;
		const { id } = await run({});
		await openWorkflow(page, environment.n8n.url, id);
		await byTestId(page, 'execute-workflow-button').first().click();
		await byTestId(page, 'canvas-node-status-success').first().waitFor({ timeout: 30_000 });
		await openNode(page, name);
		await byTestId(page, 'output-panel')
			.getByText("you can't match its sale to your order")
			.waitFor();
	});
});

describe("A delivery that n8n's own Webhook node received", () => {
	const body = JSON.stringify(orderCompleted);
	const headers = {
		'content-type': 'application/json',
		'x-pocketsflow-signature': sign(Buffer.from(body), webhookSigningSecret),
		'x-pocketsflow-event': 'order.completed',
		'x-pocketsflow-timestamp': '1795608000000',
	};

	it.each([
		['separate', 'data'],
		['separate', '={{ $binary.data }}'],
		['combined', 'data'],
		['combined', '_files.data'],
		['combined', '={{ $json._files.data }}'],
	])(
		'a delivery is verified in the binary mode %s with the file given as %s',
		async (binaryMode, field) => {
			const { client } = setup.environment;
			const path = `verify-${Math.random().toString(36).slice(2)}`;
			const webhook = buildNode('Start', 'n8n-nodes-base.webhook', 2, {
				...{ httpMethod: 'POST', path },
				options: { rawBody: true },
			});
			const parameters = { resource: 'webhook', operation: 'verifyDelivery', binaryField: field };
			const chain = buildChain('Values', [webhook, buildAction(name, parameters)]);
			const settings = { executionOrder: 'v1', binaryMode };
			const stored = await client.importWorkflow({ ...chain, settings }, [credential]);
			await client.activate(stored.id);
			await axios.post(client.webhookUrl(stored, 'Start'), body, { headers, proxy: false });
			const execution = await client.waitForExecution(stored.id);
			expect(execution.error).toBeUndefined();
			expect(execution.items(name)).toMatchObject([{ event: 'order.completed' }]);
		},
	);
});
