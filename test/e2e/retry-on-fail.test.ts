import type { FaultRule } from '../../sandbox/http/faults';
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
import { until } from '../harness/until';
import { StubModel, type ToolCall } from './stubModel';

type Parameters = Record<string, unknown>;

const versions = (process.env.N8N_VERSIONS ?? currentVersion).split(' ');
const trigger = 'Start';
const tested = 'Pocketsflow';
const byId = (value: string) => ({ __rl: true, mode: 'id', value });

const same = { name: 'Same' };

let environment: TestEnvironment;
/** Orders that were not refunded yet. */
let orderIds: string[];
let before = 0;

/** How often each order or name was sent since the test began. */
function countSent(): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { method, body } of environment.sandbox.requests.slice(before)) {
		if (method !== 'POST') continue;
		const { orderId, name } = body as { orderId?: string; name?: string };
		const key = String(orderId ?? name);
		counts[key] = (counts[key] ?? 0) + 1;
	}
	return counts;
}

const setFaults = (...faults: FaultRule[]) => environment.sandbox.setSwitches({ faults });
const cutOneAnswer = (path: string) =>
	setFaults({ method: 'POST', path, kind: 'reset', when: 'after', count: 1 });
const refuseOnce = (path: string) =>
	setFaults({ method: 'POST', path, kind: 'answer', status: 422, count: 1 });

const node = (name: string, type: string, typeVersion: number, parameters: Parameters = {}) =>
	({ name, type, typeVersion, position: [0, 0], parameters }) satisfies WorkflowNode;

const manualTrigger = node(trigger, 'n8n-nodes-base.manualTrigger', 1);

/** Nodes that make one item of each record. */
const buildItems = (records: Parameters[]): WorkflowNode[] => [
	node('List', 'n8n-nodes-base.set', 3.4, {
		mode: 'raw',
		jsonOutput: JSON.stringify({ records }),
		options: {},
	}),
	node('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'records', options: {} }),
];

const retryOnFail = { retryOnFail: true, maxTries: 3, waitBetweenTries: 1 };

const createProduct: Parameters = {
	resource: 'product',
	operation: 'create',
	name: '={{ $json.name }}',
	price: 5,
};

const createRefund: Parameters = {
	resource: 'refund',
	operation: 'create',
	orderId: byId('={{ $json.id }}'),
};

const buildTested = (parameters: Parameters, onError = 'stopWorkflow'): WorkflowNode => ({
	...node(tested, 'n8n-nodes-pocketsflow.pocketsflow', 1, parameters),
	...retryOnFail,
	onError,
});

const to = (name: string, type = 'main') => ({ node: name, type, index: 0 });

/** A workflow whose nodes follow one another, with further connections. */
function buildChain(nodes: WorkflowNode[], connections: Workflow['connections'] = {}): Workflow {
	const links = nodes
		.slice(1)
		.map(({ name }, index) => [nodes[index].name, { main: [[to(name)]] }]);
	return {
		name: 'Retry On Fail',
		nodes,
		connections: { ...Object.fromEntries(links), ...connections },
		settings: { executionOrder: 'v1' },
	};
}

const importWorkflow = (workflow: Workflow): Promise<StoredWorkflow> =>
	environment.client.importWorkflow(workflow, [environment.credential]);

async function run(workflow: Workflow): Promise<Execution> {
	const { client } = environment;
	const { id } = await importWorkflow(workflow);
	const started = await client.runManually(id, trigger);
	if (!('executionId' in started)) throw new Error('The workflow waits for a webhook');
	return await client.waitForExecution(id, (execution) => execution.id === started.executionId);
}

const runEach = (records: Parameters[], parameters: Parameters, onError?: string) =>
	run(buildChain([manualTrigger, ...buildItems(records), buildTested(parameters, onError)]));

describe.each(versions)('Retry On Fail on n8n %s', (version) => {
	beforeAll(async () => {
		environment = await startEnvironment({
			n8n: { version },
			sandbox: { seed: 'test', switches: { rateLimit: false } },
		});
	}, installationTimeoutMs);

	beforeEach(async () => {
		environment.sandbox.reset();
		environment.sandbox.setSwitches({ rateLimit: false });
		const { data } = await environment.api.get<{ orders: Array<{ _id: string }> }>('/orders');
		orderIds = data.orders.map(({ _id }) => _id);
		before = environment.sandbox.requests.length;
	});

	afterAll(() => environment?.stop());

	describe('a retry', testRetries);
	describe('another run', testOtherRuns);
	describe('as the tool of an AI agent', testTools);
});

function testRetries(): void {
	it('with Stop sends what was not done, and says what was', async () => {
		const [first, second] = orderIds;
		const { status, error } = await runEach(
			[{ id: first }, { id: second }, { id: 'missing' }],
			createRefund,
		);

		expect(status).toBe('error');
		expect(countSent()).toEqual({ [first]: 1, [second]: 1, missing: 3 });
		expect(error?.description).toMatch(/Done before the node stopped: 2 of 3 items/);
	});

	it('with Stop succeeds with every item once', async () => {
		refuseOnce('/products');
		const records = ['A', 'B', 'C'].map((name) => ({ name }));
		const execution = await runEach(records, createProduct);

		expect(execution.status).toBe('success');
		expect(execution.items(tested)).toMatchObject(records);
		expect(Object.values(countSent()).sort()).toEqual([1, 1, 2]);
	});

	it('with Stop refuses again what may have been done', async () => {
		cutOneAnswer('/refunds');
		const [first] = orderIds;
		const { error } = await runEach([{ id: first }], createRefund);

		expect(error?.message).toMatch(/unknown: .* It was not sent again/);
		expect(countSent()).toEqual({ [first]: 1 });
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'])(
		'with %s sends what was not done',
		async (onError) => {
			const [first] = orderIds;
			const execution = await runEach([{ id: 'missing' }, { id: first }], createRefund, onError);

			expect(execution.status).toBe('success');
			expect(countSent()).toEqual({ missing: 3, [first]: 1 });
			const done = execution.items(tested).filter(({ error }) => error === undefined);
			expect(done).toMatchObject([{ orderId: first, status: 'completed' }]);
		},
	);

	it.each(['continueRegularOutput', 'continueErrorOutput'])(
		'with %s refuses again what may have been done',
		async (onError) => {
			cutOneAnswer('/refunds');
			const [first] = orderIds;
			await runEach([{ id: first }], createRefund, onError);
			expect(countSent()).toEqual({ [first]: 1 });
		},
	);
}

function testOtherRuns(): void {
	const testedInLoop = (count: number): Workflow =>
		buildChain(
			[
				manualTrigger,
				...buildItems(Array.from({ length: count }, () => same)),
				node('Loop', 'n8n-nodes-base.splitInBatches', 3, { batchSize: 1, options: {} }),
				buildTested(createProduct),
			],
			{ Loop: { main: [[], [to(tested)]] }, [tested]: { main: [[to('Loop')]] } },
		);

	it('in a loop is no retry, though its items are equal', async () => {
		const { status } = await run(testedInLoop(3));
		expect(status).toBe('success');
		expect(countSent()).toEqual({ Same: 3 });
	});

	it('in a loop has retries of its own', async () => {
		refuseOnce('/products');
		const { status } = await run(testedInLoop(3));
		expect(status).toBe('success');
		expect(countSent()).toEqual({ Same: 4 });
	});

	it('by a second branch is no retry, though its items are the same', async () => {
		const pass = (name: string) => node(name, 'n8n-nodes-base.noOp', 1);
		const { status } = await run({
			...buildChain([manualTrigger, ...buildItems([same])]),
			nodes: [
				manualTrigger,
				...buildItems([same]),
				pass('One'),
				pass('Two'),
				buildTested(createProduct),
			],
			connections: {
				[trigger]: { main: [[to('List')]] },
				List: { main: [[to('Items')]] },
				Items: { main: [[to('One'), to('Two'), to(tested)]] },
				One: { main: [[to(tested)]] },
				Two: { main: [[to(tested)]] },
			},
		});
		expect(status).toBe('success');
		expect(countSent()).toEqual({ Same: 3 });
	});

	it('of a sub-workflow is no retry, though both have one parent execution', async () => {
		const child = await importWorkflow(
			buildChain([
				node('Called', 'n8n-nodes-base.executeWorkflowTrigger', 1.1, {
					inputSource: 'passthrough',
				}),
				buildTested(createProduct),
			]),
		);
		if ((await environment.client.publicationStatus(child.id)) !== undefined)
			await environment.client.activate(child.id);
		const { status } = await run(
			buildChain([
				manualTrigger,
				...buildItems([same, same]),
				node('Call', 'n8n-nodes-base.executeWorkflow', 1.2, {
					workflowId: byId(child.id),
					mode: 'each',
					options: {},
				}),
			]),
		);
		expect(status).toBe('success');
		expect(countSent()).toEqual({ Same: 2 });
	});

	it("by n8n's retry of a failed execution sends all of its items again", async () => {
		const { client } = environment;
		const [first] = orderIds;
		const { id, workflowId } = await runEach([{ id: first }, { id: 'missing' }], createRefund);
		await client.post(`/executions/${id}/retry`, { loadWorkflow: false });

		await until('the retried execution', async () => {
			const executions = await client.executions(workflowId);
			expect(executions.map(({ mode, status }) => [mode, status])).toContainEqual([
				'retry',
				'error',
			]);
		});
		// The second refund of the same order is refused, and tried as often as the other.
		expect(countSent()).toEqual({ [first]: 1 + 3, missing: 3 + 3 });
	});
}

/** An agent whose one tool creates a product. */
function buildAgent(agentVersion: number, openAi: Credential): Workflow {
	const connect = (type: string) => ({ [type]: [[to('AI Agent', type)]] });
	return {
		name: 'Agent',
		nodes: [
			manualTrigger,
			node('AI Agent', '@n8n/n8n-nodes-langchain.agent', agentVersion, {
				promptType: 'define',
				text: 'Sell my icons.',
				options: {},
			}),
			{
				...node('Model', '@n8n/n8n-nodes-langchain.lmChatOpenAi', 1.3, {
					model: byId('stub-1'),
					responsesApiEnabled: false,
					options: { maxRetries: 0 },
				}),
				credentials: { [openAi.type]: { id: openAi.id, name: openAi.name } },
			},
			{
				...node('Create product', 'n8n-nodes-pocketsflow.pocketsflowTool', 1, {
					...createProduct,
					name: "={{ $fromAI('name', 'What buyers see', 'string') }}",
				}),
				...retryOnFail,
			},
		],
		connections: {
			[trigger]: connect('main'),
			Model: connect('ai_languageModel'),
			'Create product': connect('ai_tool'),
		},
		settings: { executionOrder: 'v1' },
	};
}

function testTools(): void {
	let model: StubModel;
	let openAi: Credential;

	beforeAll(async () => {
		model = await StubModel.start();
		openAi = await environment.client.createCredential('openAiApi', 'Stub model', {
			apiKey: 'sk-stub',
			url: model.url,
		});
	});

	afterAll(() => model?.close());

	const call: ToolCall = { tool: 'Create_product', args: same };

	// Up to version 2 the agent calls its tools itself; from version 3 on n8n's engine runs them.
	describe.each([2, 3])('of version %d', (agentVersion) => {
		it('each of two equal calls creates a product', async () => {
			model.setCalls(call, call);
			const { status } = await run(buildAgent(agentVersion, openAi));
			expect(status).toBe('success');
			expect(model.toolResults).toHaveLength(2);
			expect(countSent()).toEqual({ Same: 2 });
		});

		it('a refused call is retried, and creates one product', async () => {
			refuseOnce('/products');
			model.setCalls(call);
			const { status } = await run(buildAgent(agentVersion, openAi));
			expect(status).toBe('success');
			expect(model.toolResults).toEqual([expect.stringContaining('"Same"')]);
			expect(countSent()).toEqual({ Same: 2 });
		});

		it('a call that may have been done is not sent again', async () => {
			cutOneAnswer('/products');
			model.setCalls(call);
			await run(buildAgent(agentVersion, openAi));
			expect(countSent()).toEqual({ Same: 1 });
		});
	});
}
