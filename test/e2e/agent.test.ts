import type { INodeProperties } from 'n8n-workflow';

import { resources } from '../../nodes/Pocketsflow/actions/resources';
import type {
	Credential,
	Execution,
	StoredWorkflow,
	Workflow,
	WorkflowNode,
} from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { currentVersion } from '../harness/n8n/install';
import { finalText, StubModel, type ToolCall } from './stubModel';

const trigger = 'Start';
const createTool = 'Create_product';
const getTool = 'Get_product';

let environment: TestEnvironment;

beforeAll(async () => {
	environment = await startEnvironment({ sandbox: { seed: 'test' } });
}, installationTimeoutMs);

afterAll(() => environment?.stop());

const manualTrigger: WorkflowNode = {
	name: trigger,
	type: 'n8n-nodes-base.manualTrigger',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

const buildTool = (name: string, parameters: Record<string, unknown>): WorkflowNode => ({
	name,
	type: 'n8n-nodes-pocketsflow.pocketsflowTool',
	typeVersion: 1,
	position: [400, 200],
	parameters,
});

const useCredential = ({ id, name, type }: Credential) => ({ [type]: { id, name } });

const agentVersion = currentVersion.startsWith('1.') ? 3 : 3.1;

/** Older n8n ends the execution when a tool fails, newer n8n tells the model (docs/n8n-engine.md#ai-tools). */
const endsAtFailure = ['1.123.81', '2.8.4'].includes(currentVersion);

/** An AI agent that is told to sell icons, with the stub as its model and two Pocketsflow tools. */
function buildAgentWorkflow(openAi: Credential): Workflow {
	const connectToAgent = (type: string) => ({ [type]: [[{ node: 'AI Agent', type, index: 0 }]] });
	return {
		name: 'Agent',
		nodes: [
			manualTrigger,
			{
				name: 'AI Agent',
				type: '@n8n/n8n-nodes-langchain.agent',
				typeVersion: agentVersion,
				position: [200, 0],
				parameters: { promptType: 'define', text: 'Sell my icons.', options: {} },
			},
			{
				name: 'OpenAI Chat Model',
				type: '@n8n/n8n-nodes-langchain.lmChatOpenAi',
				typeVersion: 1.3,
				position: [200, 200],
				parameters: {
					model: { __rl: true, mode: 'id', value: 'stub-1' },
					responsesApiEnabled: false,
					options: { maxRetries: 0 },
				},
				credentials: useCredential(openAi),
			},
			buildTool('Create product', {
				resource: 'product',
				operation: 'create',
				name: "={{ $fromAI('name', 'What buyers see', 'string') }}",
				price: "={{ $fromAI('price', 'In major units', 'number') }}",
			}),
			buildTool('Get product', {
				descriptionType: 'manual',
				toolDescription: 'Reads one product by its id',
				resource: 'product',
				operation: 'get',
				productId: { __rl: true, mode: 'id', value: "={{ $fromAI('product_id') }}" },
			}),
		],
		connections: {
			[trigger]: connectToAgent('main'),
			'OpenAI Chat Model': connectToAgent('ai_languageModel'),
			'Create product': connectToAgent('ai_tool'),
			'Get product': connectToAgent('ai_tool'),
		},
		settings: { executionOrder: 'v1' },
	};
}

const findRequests = (method: string, path: string) =>
	environment.sandbox.requests.filter(
		(request) => request.method === method && request.path === path,
	);

async function run(workflow: StoredWorkflow): Promise<Execution> {
	const { client } = environment;
	const started = await client.runManually(workflow.id, trigger);
	if (!('executionId' in started)) throw new Error('The workflow waits for a webhook');
	return await client.waitForExecution(workflow.id, ({ id }) => id === started.executionId);
}

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
		workflow = await client.importWorkflow(buildAgentWorkflow(openAi), [credential]);
	});

	afterAll(() => model?.close());

	/** Runs the agent, whose model makes these calls, and returns what each tool gave back. */
	async function runAgent(...calls: ToolCall[]): Promise<string[]> {
		model.setCalls(...calls);
		const execution = await run(workflow);
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		expect(execution.items('AI Agent')).toEqual([{ output: finalText }]);
		expect(model.requests).toHaveLength(calls.length + 1);
		return model.toolResults;
	}

	it('tells the model what each tool does and which arguments it takes', async () => {
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

	it("creates one product with the model's values and gives it back to the model", async () => {
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
		it('ends the execution with a readable error, and sends no request for bad input', async () => {
			const before = environment.sandbox.requests.length;
			model.setCalls({ tool: createTool, args: { name: 'Icons', price: -1 } });

			const { error, status } = await run(workflow);

			expect(status).toBe('error');
			expect(error?.message).toMatch(/^'Price' must be 0 or more\. .*Nothing was sent/);
			expect(environment.sandbox.requests.slice(before)).toEqual([]);
		});
	else {
		it('gives the model readable errors, and sends no request for bad input', async () => {
			const { requests } = environment.sandbox;
			const before = requests.length;

			const results = await runAgent(
				{ tool: createTool, args: { name: 'Icons', price: -1 } },
				{ tool: createTool, args: { name: 'Icons', price: 'free' } },
				{ tool: getTool, args: { product_id: ' ' } },
				{ tool: getTool, args: { product_id: '6a5100000000000000000001' } },
			);

			expect(results.map((result) => JSON.parse(result) as unknown)).toEqual([
				[{ error: expect.stringMatching(/^'Price' must be 0 or more\. .*Nothing was sent/) }],
				[{ error: expect.stringMatching(/^'Price' must be a number\. .*Nothing was sent/) }],
				[{ error: expect.stringMatching(/^'Product' is empty\. .*Nothing was sent/) }],
				[{ error: expect.stringMatching(/^Product not found\. Check the ID: /) }],
			]);
			expect(requests.slice(before).map(({ method, path }) => `${method} ${path}`)).toEqual([
				'GET /products/6a5100000000000000000001',
			]);
		});

		it('tells the model when it is unknown whether a product was created', async () => {
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
	it('is the last resource, and the last operation of every resource', async () => {
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

	it("works in the HTTP Request node with the node's credential", async () => {
		const workflow = await environment.client.importWorkflow({
			name: 'Custom API call',
			nodes: [
				manualTrigger,
				{
					name: 'Call',
					type: 'n8n-nodes-base.httpRequest',
					typeVersion: 4.3,
					position: [200, 0],
					parameters: {
						url: `${environment.sandbox.url}/users/me`,
						authentication: 'predefinedCredentialType',
						nodeCredentialType: 'pocketsflowApi',
						options: {},
					},
					credentials: useCredential(environment.credential),
				},
			],
			connections: { [trigger]: { main: [[{ node: 'Call', type: 'main', index: 0 }]] } },
		});

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
