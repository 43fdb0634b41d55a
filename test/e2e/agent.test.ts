import type { INodeProperties } from 'n8n-workflow';

import { resources } from '../../nodes/Pocketsflow/actions/resources';
import type { Execution, StoredWorkflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { currentVersion } from '../harness/n8n/install';
import {
	buildAgent,
	buildChain,
	buildNode,
	buildTool,
	byId,
	startNode,
} from '../harness/n8n/workflows';
import { finalText, StubModel, type ToolCall } from './stubModel';

const createTool = 'Create_product';
const getTool = 'Get_product';

let environment: TestEnvironment;

beforeAll(async () => {
	environment = await startEnvironment({ sandbox: { seed: 'test' } });
}, installationTimeoutMs);

afterAll(() => environment?.stop());

const agentVersion = currentVersion.startsWith('1.') ? 3 : 3.1;

/** Older n8n ends the execution when a tool fails, newer n8n tells the model (docs/n8n-engine.md#ai-tools). */
const endsAtFailure = ['1.123.81', '2.8.4'].includes(currentVersion);

const tools = [
	buildTool('Create product', {
		...{ resource: 'product', operation: 'create' },
		name: "={{ $fromAI('name', 'What buyers see', 'string') }}",
		price: "={{ $fromAI('price', 'In major units', 'number') }}",
	}),
	buildTool('Get product', {
		...{ resource: 'product', operation: 'get' },
		descriptionType: 'manual',
		toolDescription: 'Reads one product by its id',
		productId: byId("={{ $fromAI('product_id') }}"),
	}),
];

const findRequests = (method: string, path: string) =>
	environment.sandbox.requests.filter(
		(request) => request.method === method && request.path === path,
	);

const run = ({ id }: StoredWorkflow): Promise<Execution> => environment.client.run(id);

describe("the action node as an AI agent's tool", () => {
	let model: StubModel;
	let workflow: StoredWorkflow;

	beforeAll(async () => {
		model = await StubModel.start();
		const { client, credential } = environment;
		const openAi = await client.createCredential('openAiApi', 'Stub model', {
			apiKey: 'sk-stub',
			url: model.url,
		});
		workflow = await client.importWorkflow(buildAgent(agentVersion, openAi, tools), [credential]);
	});

	afterAll(() => model?.close());

	/** Runs the agent, whose model makes these calls, and returns the output of each tool. */
	async function runAgent(...calls: ToolCall[]): Promise<string[]> {
		model.setCalls(...calls);
		const execution = await run(workflow);
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		expect(execution.items('AI Agent')).toEqual([{ output: finalText }]);
		expect(model.requests).toHaveLength(calls.length + 1);
		return model.toolResults;
	}

	it('the model sees what each tool does and which arguments it takes', async () => {
		await runAgent();

		const [{ tools }] = model.requests;
		const byName = Object.fromEntries(tools.map((each) => [each.function.name, each.function]));
		expect(byName).toEqual({
			[createTool]: expect.objectContaining({
				description: 'Create product in Pocketsflow',
				parameters: expect.objectContaining({
					type: 'object',
					properties: {
						name: { type: 'string', description: 'What buyers see' },
						price: { type: 'number', description: 'In major units' },
					},
					required: ['name', 'price'],
					additionalProperties: false,
				}),
			}),
			[getTool]: expect.objectContaining({
				description: 'Reads one product by its id',
				parameters: expect.objectContaining({
					type: 'object',
					properties: { product_id: { type: 'string' } },
					required: ['product_id'],
					additionalProperties: false,
				}),
			}),
		});
	});

	it("one product is created with the model's values and returned to the model", async () => {
		const [created] = await runAgent({
			tool: createTool,
			args: { name: 'Icons 🎉', price: 29.99 },
		});

		expect(findRequests('POST', '/products').map(({ status, body }) => ({ status, body }))).toEqual(
			[{ status: 201, body: { name: 'Icons 🎉', price: 29.99 } }],
		);
		const [{ _id, ...product }] = JSON.parse(created) as Array<{ _id: string }>;
		expect(product).toMatchObject({ name: 'Icons 🎉', price: 29.99, testMode: true });
		expect(product).not.toHaveProperty('userId');

		const [, read] = await runAgent(
			{ tool: getTool, args: { product_id: _id } },
			{ tool: getTool, args: { product_id: _id } },
		);
		const selected = { _id, name: 'Icons 🎉', price: 29.99, testMode: true };
		expect(JSON.parse(read)).toMatchObject([selected]);
		expect(read).not.toContain('userId');
		expect(findRequests('GET', `/products/${_id}`)).toHaveLength(2);
		expect(findRequests('POST', '/products')).toHaveLength(1);
	});

	if (endsAtFailure)
		it('bad input ends the execution with a readable error, and sends no request', async () => {
			const before = environment.sandbox.requests.length;
			model.setCalls({ tool: createTool, args: { name: 'Icons', price: -1 } });

			const { error, status } = await run(workflow);

			expect(status).toBe('error');
			expect(error?.message).toMatch(/^'Price' must be more than 0\. .*Nothing was sent/);
			expect(environment.sandbox.requests.slice(before)).toEqual([]);
		});
	else {
		it('bad input gives the model readable errors, and sends no request', async () => {
			const { requests } = environment.sandbox;
			const before = requests.length;

			const results = await runAgent(
				{ tool: createTool, args: { name: 'Icons', price: -1 } },
				{ tool: createTool, args: { name: 'Icons', price: 'free' } },
				{ tool: getTool, args: { product_id: ' ' } },
				{ tool: getTool, args: { product_id: '6a5100000000000000000001' } },
			);

			expect(results.map((result) => JSON.parse(result) as unknown)).toEqual([
				[{ error: expect.stringMatching(/^'Price' must be more than 0\. .*Nothing was sent/) }],
				[{ error: expect.stringMatching(/^'Price' must be a number\. .*Nothing was sent/) }],
				[{ error: expect.stringMatching(/^'Product' is empty\. .*Nothing was sent/) }],
				[{ error: expect.stringMatching(/^Product not found\. Check the ID\. It must/) }],
			]);
			expect(requests.slice(before).map(({ method, path }) => `${method} ${path}`)).toEqual([
				'GET /products/6a5100000000000000000001',
			]);
		});

		it('the model learns that the outcome of creating a product is unknown', async () => {
			const before = findRequests('POST', '/products').length;
			environment.sandbox.setSwitches({
				faults: [{ method: 'POST', path: '/products', kind: 'reset', when: 'after', count: 1 }],
			});

			const results = await runAgent({ tool: createTool, args: { name: 'Icons', price: 5 } });

			expect(results).toEqual([
				expect.stringMatching(/The outcome is unknown: .* It was not sent again/),
			]);
			expect(findRequests('POST', '/products')).toHaveLength(before + 1);
		});
	}
});

interface NodeTypeDescription {
	name: string;
	properties: INodeProperties[];
}

describe('the option "Custom API Call" that n8n adds', () => {
	it('Custom API Call is the last resource, and the last operation of every resource', async () => {
		const { data: types } =
			await environment.client.editorFile<NodeTypeDescription[]>('/types/nodes.json');

		const type = types.find(({ name }) => name === 'n8n-nodes-pocketsflow.pocketsflow');
		const lastOptions = (parameter: string) =>
			(type?.properties ?? [])
				.filter(({ name }) => name === parameter)
				.map(({ options }) => options?.at(-1));
		const option = { name: 'Custom API Call', value: '__CUSTOM_API_CALL__' };
		expect(lastOptions('resource')).toEqual([option]);
		expect(lastOptions('operation')).toEqual(resources.map(() => option));
	});

	it("a custom API call works in the HTTP Request node with the node's credential", async () => {
		const call = buildNode('Call', 'n8n-nodes-base.httpRequest', 4.3, {
			url: `${environment.sandbox.url}/users/me`,
			authentication: 'predefinedCredentialType',
			nodeCredentialType: 'pocketsflowApi',
			options: {},
		});
		const workflow = await environment.client.importWorkflow(
			buildChain('Custom API call', [startNode, call]),
			[environment.credential],
		);

		const execution = await run(workflow);

		expect(execution.error).toBeUndefined();
		expect(execution.items('Call')).toMatchObject([
			{ email: 'seller@example.com', testMode: true },
		]);
		expect(findRequests('GET', '/users/me')).toMatchObject([
			{ status: 200, mode: 'test', headers: { authorization: 'Bearer pk_test_…' } },
		]);
	});
});
