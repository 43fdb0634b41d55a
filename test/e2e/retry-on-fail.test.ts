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
import { chosenVersions } from '../harness/n8n/install';
import {
	buildAction,
	buildAgent,
	buildItems,
	buildNode as node,
	buildChain as buildPlainChain,
	buildTool,
	byId,
	startNode,
} from '../harness/n8n/workflows';
import { untilHolds } from '../harness/until';
import { StubModel, type ToolCall } from './stubModel';

type Parameters = Record<string, unknown>;

const tested = 'Pocketsflow';

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
	...buildAction(tested, parameters),
	...retryOnFail,
	onError,
});

const to = (name: string) => ({ node: name, type: 'main', index: 0 });

/** A workflow whose nodes follow one another, with further connections. */
function buildChain(nodes: WorkflowNode[], more: Workflow['connections'] = {}): Workflow {
	const chain = buildPlainChain('Retry On Fail', nodes);
	const settings = { executionOrder: 'v1' };
	return { ...chain, connections: { ...chain.connections, ...more }, settings };
}

const importWorkflow = (workflow: Workflow): Promise<StoredWorkflow> =>
	environment.client.importWorkflow(workflow, [environment.credential]);

const run = async (workflow: Workflow): Promise<Execution> =>
	await environment.client.run((await importWorkflow(workflow)).id);

const runEach = (records: Parameters[], parameters: Parameters, onError?: string) =>
	run(buildChain([startNode, ...buildItems(records), buildTested(parameters, onError)]));

describe.each(chosenVersions)('Retry On Fail on n8n %s', (version) => {
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

	describe('when a node is tried again', testRetries);
	describe('when a node runs again', testOtherRuns);
	describe('as the tool of an AI agent', testTools);
});

function testRetries(): void {
	it('a retry with Stop sends the items that were not done, and says which were', async () => {
		const [first, second] = orderIds;
		const { status, error } = await runEach(
			[{ id: first }, { id: second }, { id: 'missing' }],
			createRefund,
		);

		expect(status).toBe('error');
		expect(countSent()).toEqual({ [first]: 1, [second]: 1, missing: 3 });
		expect(error?.description).toMatch(/Done before the node stopped \(2 of 3 items\)/);
	});

	it('a retry with Stop succeeds with every item once', async () => {
		refuseOnce('/products');
		const records = ['A', 'B', 'C'].map((name) => ({ name }));
		const execution = await runEach(records, createProduct);

		expect(execution.status).toBe('success');
		expect(execution.items(tested)).toMatchObject(records);
		expect(Object.values(countSent()).sort()).toEqual([1, 1, 2]);
	});

	it('a retry with Stop refuses again an item that may have been done', async () => {
		cutOneAnswer('/refunds');
		const [first] = orderIds;
		const { error } = await runEach([{ id: first }], createRefund);

		expect(error?.message).toMatch(/unknown: .* It was not sent again/);
		expect(countSent()).toEqual({ [first]: 1 });
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'])(
		'a retry with %s sends the items that were not done',
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
		'a retry with %s refuses again an item that may have been done',
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
				startNode,
				...buildItems(Array.from({ length: count }, () => same)),
				node('Loop', 'n8n-nodes-base.splitInBatches', 3, { batchSize: 1, options: {} }),
				buildTested(createProduct),
			],
			{ Loop: { main: [[], [to(tested)]] }, [tested]: { main: [[to('Loop')]] } },
		);

	it('the next run in a loop is no retry, though its items are equal', async () => {
		const { status } = await run(testedInLoop(3));
		expect(status).toBe('success');
		expect(countSent()).toEqual({ Same: 3 });
	});

	it('each run in a loop has its own retries', async () => {
		refuseOnce('/products');
		const { status } = await run(testedInLoop(3));
		expect(status).toBe('success');
		expect(countSent()).toEqual({ Same: 4 });
	});

	it('a run by a second branch is no retry, though its items are the same', async () => {
		const pass = (name: string) => node(name, 'n8n-nodes-base.noOp', 1);
		const { status } = await run({
			...buildChain([startNode, ...buildItems([same])]),
			nodes: [
				startNode,
				...buildItems([same]),
				pass('One'),
				pass('Two'),
				buildTested(createProduct),
			],
			connections: {
				Start: { main: [[to('List')]] },
				List: { main: [[to('Items')]] },
				Items: { main: [[to('One'), to('Two'), to(tested)]] },
				One: { main: [[to(tested)]] },
				Two: { main: [[to(tested)]] },
			},
		});
		expect(status).toBe('success');
		expect(countSent()).toEqual({ Same: 3 });
	});

	it('a second run of a sub-workflow is no retry, though both have one parent execution', async () => {
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
				startNode,
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

	it("n8n's retry of a failed execution sends all of its items again", async () => {
		const { client } = environment;
		const [first] = orderIds;
		const { id, workflowId } = await runEach([{ id: first }, { id: 'missing' }], createRefund);
		await client.post(`/executions/${id}/retry`, { loadWorkflow: false });

		await untilHolds('the retried execution', async () => {
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

/** The tool of an agent that creates a product. */
const tool: WorkflowNode = {
	...buildTool('Create product', {
		...createProduct,
		name: "={{ $fromAI('name', 'What buyers see', 'string') }}",
	}),
	...retryOnFail,
};

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
			const { status } = await run(buildAgent(agentVersion, openAi, [tool]));
			expect(status).toBe('success');
			expect(model.toolResults).toHaveLength(2);
			expect(countSent()).toEqual({ Same: 2 });
		});

		it('a refused call is retried, and creates one product', async () => {
			refuseOnce('/products');
			model.setCalls(call);
			const { status } = await run(buildAgent(agentVersion, openAi, [tool]));
			expect(status).toBe('success');
			expect(model.toolResults).toEqual([expect.stringContaining('"Same"')]);
			expect(countSent()).toEqual({ Same: 2 });
		});

		it('a call that may have been done is not sent again', async () => {
			cutOneAnswer('/products');
			model.setCalls(call);
			await run(buildAgent(agentVersion, openAi, [tool]));
			expect(countSent()).toEqual({ Same: 1 });
		});
	});
}
