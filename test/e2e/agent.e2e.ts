import axios from 'axios';
import fastify from 'fastify';
import type { INodeProperties } from 'n8n-workflow';

import { resources } from '../../nodes/Pocketsflow/actions/resources';
import {
	type N8nClient,
	type Credential,
	type Execution,
	type StoredWorkflow,
	type WorkflowNode,
} from '../harness/n8n/client';
import type { RunningN8n } from '../harness/n8n/start';
import type { Sandbox } from '../../sandbox/sandbox';
import { openStage } from './stage';

const installingMs = 20 * 60_000;
const trigger = 'Start';
const finalText = 'That is all.';

interface Message {
	role: string;
	content?: unknown;
	tool_calls?: Array<{
		id: string;
		type: 'function';
		function: { name: string; arguments: string };
	}>;
}

interface ToolDefinition {
	type: string;
	function: { name: string; description: string; parameters: Record<string, unknown> };
}

interface Completion {
	model: string;
	messages: Message[];
	tools: ToolDefinition[];
}

/** A tool call that the model makes. */
interface Call {
	tool: string;
	args: Record<string, unknown>;
}

/** A chat model with OpenAI's interface: it makes the calls it was told to, and ends with a text. */
class StubModel {
	readonly requests: Completion[] = [];

	private calls: Call[] = [];

	private origin = '';

	private readonly server = fastify({ forceCloseConnections: true });

	private constructor() {
		this.server.post<{ Body: Completion }>('/v1/chat/completions', ({ body }) => this.answer(body));
	}

	static async start(): Promise<StubModel> {
		const model = new StubModel();
		model.origin = await model.server.listen({ host: '127.0.0.1', port: 0 });
		return model;
	}

	get url(): string {
		return `${this.origin}/v1`;
	}

	willCall(...calls: Call[]): void {
		this.requests.length = 0;
		this.calls = calls;
	}

	/** The texts that the tools gave back, as the last request has them. */
	get toolAnswers(): string[] {
		const messages = this.requests.at(-1)?.messages ?? [];
		return messages.filter(({ role }) => role === 'tool').map(({ content }) => String(content));
	}

	async close(): Promise<void> {
		await this.server.close();
	}

	private answer(request: Completion): object {
		this.requests.push(request);
		const call = this.calls.shift();
		const number = this.requests.length;
		const message: Message = call
			? {
					role: 'assistant',
					content: null,
					tool_calls: [
						{
							id: `call_${number}`,
							type: 'function',
							function: { name: call.tool, arguments: JSON.stringify(call.args) },
						},
					],
				}
			: { role: 'assistant', content: finalText };
		return {
			id: `chatcmpl-${number}`,
			object: 'chat.completion',
			created: 1_760_000_000,
			model: request.model,
			choices: [{ index: 0, message, finish_reason: call ? 'tool_calls' : 'stop' }],
			usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
		};
	}
}

let sandbox: Sandbox;
let n8n: RunningN8n;
let client: N8nClient;
let pocketsflow: Credential;
let model: StubModel;

beforeAll(async () => {
	model = await StubModel.start();
	({ sandbox, n8n, client, credential: pocketsflow } = await openStage());
}, installingMs);

afterAll(async () => {
	await n8n?.stop();
	await sandbox?.close();
	await model?.close();
});

const start: WorkflowNode = {
	name: trigger,
	type: 'n8n-nodes-base.manualTrigger',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

const sent = (method: string, path: string) =>
	sandbox.requests.filter((request) => request.method === method && request.path === path);

const uses = ({ id, name, type }: Credential) => ({ [type]: { id, name } });

async function run(workflow: StoredWorkflow): Promise<Execution> {
	const started = await client.runManually(workflow.id, trigger);
	if (!('executionId' in started)) throw new Error('The workflow waits for a webhook');
	return await client.waitForExecution(workflow.id, ({ id }) => id === started.executionId);
}

async function served<T>(path: string): Promise<T> {
	const { name, value } = client.session;
	const answer = await axios.get<T>(`${n8n.url}${path}`, {
		headers: { cookie: `${name}=${value}`, 'browser-id': client.browserId },
		proxy: false,
	});
	return answer.data;
}

describe("the action node as an AI agent's tool", () => {
	const createTool = 'Create_product';
	const getTool = 'Get_product';
	let workflow: StoredWorkflow;

	const tool = (name: string, parameters: Record<string, unknown>): WorkflowNode => ({
		name,
		type: 'n8n-nodes-pocketsflow.pocketsflowTool',
		typeVersion: 1,
		position: [400, 200],
		parameters,
	});

	beforeAll(async () => {
		const openAi = await client.createCredential('openAiApi', 'Stub model', {
			apiKey: 'sk-stub',
			url: model.url,
		});
		const feeds = (type: string) => ({ [type]: [[{ node: 'AI Agent', type, index: 0 }]] });
		workflow = await client.importWorkflow(
			{
				name: 'Agent',
				nodes: [
					start,
					{
						name: 'AI Agent',
						type: '@n8n/n8n-nodes-langchain.agent',
						typeVersion: 3.1,
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
						credentials: uses(openAi),
					},
					tool('Create product', {
						resource: 'product',
						operation: 'create',
						name: "={{ $fromAI('name', 'What buyers see', 'string') }}",
						price: "={{ $fromAI('price', 'In major units', 'number') }}",
					}),
					tool('Get product', {
						descriptionType: 'manual',
						toolDescription: 'Reads one product by its id',
						resource: 'product',
						operation: 'get',
						productId: { __rl: true, mode: 'id', value: "={{ $fromAI('product_id') }}" },
						simplify: false,
					}),
				],
				connections: {
					[trigger]: feeds('main'),
					'OpenAI Chat Model': feeds('ai_languageModel'),
					'Create product': feeds('ai_tool'),
					'Get product': feeds('ai_tool'),
				},
				settings: { executionOrder: 'v1' },
			},
			[pocketsflow],
		);
	});

	async function runAgent(...calls: Call[]): Promise<string[]> {
		model.willCall(...calls);
		const execution = await run(workflow);
		expect(execution.error).toBeUndefined();
		expect(execution.status).toBe('success');
		expect(execution.items('AI Agent')).toEqual([{ output: finalText }]);
		expect(model.requests).toHaveLength(calls.length + 1);
		return model.toolAnswers;
	}

	it('tells the model what each tool does and which arguments it takes', async () => {
		await runAgent();

		const [{ tools }] = model.requests;
		const byName = Object.fromEntries(tools.map((each) => [each.function.name, each.function]));
		expect(byName).toEqual({
			[createTool]: expect.objectContaining({
				description: 'Create a product in Pocketsflow',
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
		const [answer] = await runAgent({ tool: createTool, args: { name: 'Icons 🎉', price: 29.99 } });

		expect(sent('POST', '/products').map(({ status, body }) => ({ status, body }))).toEqual([
			{ status: 201, body: { name: 'Icons 🎉', price: 29.99 } },
		]);
		const [product] = JSON.parse(answer) as Array<{ _id: string }>;
		expect(product).toMatchObject({ name: 'Icons 🎉', price: 29.99, testMode: true });

		const [, read] = await runAgent(
			{ tool: getTool, args: { product_id: product._id } },
			{ tool: getTool, args: { product_id: product._id } },
		);
		expect(JSON.parse(read)).toEqual([product]);
		expect(sent('GET', `/products/${product._id}`)).toHaveLength(2);
		expect(sent('POST', '/products')).toHaveLength(1);
	});

	it('gives the model readable errors, and sends nothing of bad input', async () => {
		const before = sandbox.requests.length;

		const answers = await runAgent(
			{ tool: createTool, args: { name: 'Icons', price: -1 } },
			{ tool: createTool, args: { name: 'Icons', price: 'free' } },
			{ tool: getTool, args: { product_id: ' ' } },
			{ tool: getTool, args: { product_id: '6a5100000000000000000001' } },
		);

		expect(answers.map((answer) => JSON.parse(answer) as unknown)).toEqual([
			[{ error: 'Price must not be less than 0' }],
			[{ error: 'Price must be a number' }],
			[{ error: 'Product is empty' }],
			[{ error: expect.stringMatching(/^Product not found\. Check the ID/) }],
		]);
		expect(sandbox.requests.slice(before).map(({ method, path }) => `${method} ${path}`)).toEqual([
			'GET /products/6a5100000000000000000001',
		]);
	});

	it('tells the model when it is unknown whether a product was created', async () => {
		const before = sent('POST', '/products').length;
		sandbox.setSwitches({
			faults: [{ method: 'POST', path: '/products', kind: 'reset', when: 'after', count: 1 }],
		});

		const answers = await runAgent({ tool: createTool, args: { name: 'Icons', price: 5 } });

		expect(answers).toEqual([
			expect.stringMatching(/Whether this was carried out is unknown, and it was not sent again/),
		]);
		expect(sent('POST', '/products')).toHaveLength(before + 1);
	});
});

describe('"Custom API Call"', () => {
	it('is the last resource, and the last operation of every resource', async () => {
		const types =
			await served<Array<{ name: string; properties: INodeProperties[] }>>('/types/nodes.json');

		const type = types.find(({ name }) => name === 'n8n-nodes-pocketsflow.pocketsflow');
		const last = (wanted: string) =>
			(type?.properties ?? [])
				.filter(({ name }) => name === wanted)
				.map(({ options }) => options?.at(-1));
		const option = { name: 'Custom API Call', value: '__CUSTOM_API_CALL__' };
		expect(last('resource')).toEqual([option]);
		expect(last('operation')).toEqual(resources.map(() => option));
	});

	it("works in the HTTP Request node with the node's credential", async () => {
		const workflow = await client.importWorkflow({
			name: 'Custom API call',
			nodes: [
				start,
				{
					name: 'Call',
					type: 'n8n-nodes-base.httpRequest',
					typeVersion: 4.5,
					position: [200, 0],
					parameters: {
						url: `${sandbox.url}/users/me`,
						authentication: 'predefinedCredentialType',
						nodeCredentialType: 'pocketsflowApi',
						options: {},
					},
					credentials: uses(pocketsflow),
				},
			],
			connections: { [trigger]: { main: [[{ node: 'Call', type: 'main', index: 0 }]] } },
		});

		const execution = await run(workflow);

		expect(execution.error).toBeUndefined();
		expect(execution.items('Call')).toMatchObject([
			{ email: 'seller@example.com', testMode: true },
		]);
		expect(sent('GET', '/users/me')).toMatchObject([
			{ status: 200, mode: 'test', headers: { authorization: 'Bearer pk_test_…' } },
		]);
	});
});
