import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import axios from 'axios';

import { fillSetUp, readExample } from '../../demo/example-workflows';
import type { Delivery } from '../../sandbox/webhooks/delivery';
import type { Execution, StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startQueueEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import type { QueueMode } from '../harness/n8n/queue';
import type { RunningN8n } from '../harness/n8n/start';
import {
	buildAction,
	buildChain,
	buildTrigger,
	startNode,
	triggerName,
} from '../harness/n8n/workflows';
import { until, untilHolds } from '../harness/until';
import { LifecycleEnvironment } from '../lifecycle/lifecycleEnvironment';
import { moveWorkNode, pollingTrigger, renameTrigger, setEvents } from '../lifecycle/workflows';

const bothEvents = ['order.completed', 'order.refunded'];
/** As long as Pocketsflow waits for an answer. */
const answerTimeoutMs = 5_000;
/** A secret is confirmed when it is a minute old. */
const confirmedAgeMs = 61_000;
/** n8n resumes a publication if its process has not reported for two minutes. */
const leaseTimeoutMs = 200_000;

let environment: TestEnvironment & { queue: QueueMode };
let queue: QueueMode;
let lifecycle: LifecycleEnvironment;
/** One workflow goes through all tests, in their order. */
let workflow: StoredWorkflow;
let name = triggerName;
let events = ['order.completed'];
/** When the webhook processes were last started, or the trigger last registered. */
let secretSinceMs: number;

const endpoint = () => lifecycle.expectedEndpoint(workflow, events, name);

beforeAll(async () => {
	environment = await startQueueEnvironment({
		sandbox: { switches: { rateLimit: false } },
		// Manual runs on workers, as n8n 3 always has them, and n8n 2 advises.
		env: { OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true' },
	});
	({ queue } = environment);
	lifecycle = await LifecycleEnvironment.of(environment);
}, installationTimeoutMs);

afterAll(() => environment?.stop(), 60_000);

const countExecutions = (workflowId: string) => environment.client.countExecutions(workflowId);

/**
 * Fails unless the endpoints are as expected, and deliveries reach the workflows through each webhook process.
 * Afterwards nothing is being executed.
 */
async function verify(...expected: Array<ReturnType<typeof endpoint>>): Promise<void> {
	await lifecycle.verify(...expected);
	const workflowIds = expected.map(({ workflowId }) => workflowId);
	const before = await Promise.all(workflowIds.map(countExecutions));
	const accepted = expected.map(() => 200);
	// The balancer takes the processes in turn.
	for (let turn = 0; turn < queue.webhooks.length; turn++)
		expect(await lifecycle.sell('test')).toEqual(accepted);
	const started = workflowIds.map(
		(id) => queue.webhooks.length * workflowIds.filter((other) => other === id).length,
	);
	await untilHolds('an execution for each of these deliveries', async () =>
		expect(await Promise.all(workflowIds.map(countExecutions))).toEqual(
			before.map((count, index) => count + started[index]),
		),
	);
	for (const id of workflowIds) await environment.client.waitUntilIdle(id);
}

const startWebhookProcesses = async () => {
	await Promise.all(queue.webhooks.map((one) => one.restart()));
	secretSinceMs = Date.now();
};

/** Sells while no webhook process runs, and returns the deliveries, which nobody has had yet. */
async function sellUnheard(orderId: string): Promise<Delivery[]> {
	const { sandbox } = environment;
	await Promise.all(queue.webhooks.map((one) => one.kill()));
	const before = sandbox.deliveries.length;
	await sandbox.purchase({ metadata: { order_id: orderId }, wait: true });
	const deliveries = sandbox.deliveries.slice(before).filter(({ event }) => events.includes(event));
	expect(deliveries.map(({ outcome }) => outcome)).toEqual(deliveries.map(() => 'failed'));
	await startWebhookProcesses();
	return deliveries;
}

/** Sends a delivery to one process, once, and waits as long as Pocketsflow does. */
const send = (to: RunningN8n, { url, body, headers }: Pick<Delivery, 'url' | 'body' | 'headers'>) =>
	axios
		.post(`${to.url}${new URL(url).pathname}`, Buffer.from(body, 'utf8'), {
			headers,
			timeout: answerTimeoutMs,
			validateStatus: () => true,
			proxy: false,
		})
		.then(({ status }) => status);

const sendToEach = (delivery: Delivery) =>
	Promise.all(queue.webhooks.map((one) => send(one, delivery)));

/** The event IDs that came through a workflow. */
const readIds = (execution: Execution) => execution.items('Work').map(({ eventId }) => eventId);

/** The event IDs with which a workflow was started for an order, in the executions that succeeded. */
async function readEventIds({ id }: StoredWorkflow, orderId: string): Promise<unknown[]> {
	const { client } = environment;
	const executions = (await client.executions(id)).filter(({ status }) => status === 'success');
	const items = await Promise.all(
		executions.slice(0, 20).map(async (one) => (await client.execution(one.id)).items('Work')),
	);
	return items
		.flat()
		.filter(({ metadata }) => (metadata as { order_id?: string })?.order_id === orderId)
		.map(({ eventId }) => eventId);
}

/** The example, with a table of settled sales, and without sending email. */
async function importWatchman(): Promise<StoredWorkflow> {
	const { client, credential } = environment;
	const project = await client.get<{ id: string }>('/projects/personal');
	await client.post(`/projects/${project.id}/data-tables`, {
		name: 'pocketsflow_settled',
		columns: [{ name: 'eventId', type: 'string' }],
	});
	const own = await client.createOwnCredential();
	const example = fillSetUp(await readExample('watchman'), { weeklyOn: 'never' });
	const nodes = example.nodes.map((node) => ({
		...node,
		...(node.type === 'n8n-nodes-base.emailSend' && { disabled: true }),
		...(node.type === 'n8n-nodes-base.n8n' && {
			credentials: { n8nApi: { id: own.id, name: own.name } },
		}),
	}));
	return await client.importWorkflow({ ...example, nodes, pinData: {} }, [credential]);
}

/** Fails unless each webhook process accepts the delivery that is its first one, and both executions are about one event. */
async function verifyColdDelivery(of: StoredWorkflow, orderId: string): Promise<void> {
	const deliveries = await sellUnheard(orderId);
	const path = new URL(environment.client.webhookUrl(of, name)).pathname;
	const delivery = deliveries.find(({ url }) => url.endsWith(path));
	if (!delivery) throw new Error('Pocketsflow did not deliver');
	expect(await sendToEach(delivery)).toEqual([200, 200]);
	const eventId = `order.completed:${(JSON.parse(delivery.body) as { order: { id: string } }).order.id}`;
	await untilHolds('an execution through each process', async () =>
		expect(await readEventIds(of, orderId)).toEqual([eventId, eventId]),
	);
}

it('registers one endpoint from the main process, which takes no deliveries itself', async () => {
	workflow = await lifecycle.addWorkflow([buildTrigger(events)]);
	expect(endpoint().url.startsWith(environment.queue.balancer.url)).toBe(true);
	await verify(endpoint());
	const body = '{}';
	const headers = { 'content-type': 'application/json' };
	expect(await send(queue.main, { url: endpoint().url, body, headers })).toBe(404);
});

it('keeps one endpoint when the workflow is published again, edited and renamed', async () => {
	await environment.client.activate(workflow.id);
	await verify(endpoint());
	events = bothEvents;
	await lifecycle.edit(workflow, setEvents(...events));
	await verify(endpoint());
	await lifecycle.edit(workflow, moveWorkNode);
	await verify(endpoint());
	name = 'Sales';
	await lifecycle.edit(workflow, renameTrigger(name));
	workflow = await environment.client.workflow(workflow.id);
	await verify(endpoint());
});

it('refuses a forged delivery in each webhook process', async () => {
	const { client, sandbox } = environment;
	const before = await countExecutions(workflow.id);
	const genuine = sandbox.deliveries.findLast(({ event }) => event === 'order.completed');
	if (!genuine) throw new Error('Nothing was delivered');
	const body = genuine.body.replace(/"amount":\d+/, '"amount":1000000');
	expect(body).not.toBe(genuine.body);
	for (const one of queue.webhooks) {
		expect(await send(one, { ...genuine, body })).toBe(401);
		const unsigned = Object.entries(genuine.headers).filter(
			([header]) => !/signature/i.test(header),
		);
		expect(await send(one, { ...genuine, headers: Object.fromEntries(unsigned) })).toBe(401);
	}
	await client.waitUntilIdle(workflow.id);
	expect(await countExecutions(workflow.id)).toBe(before);
});

it('one delivery that both processes get at the same time has the same event ID in both executions', async () => {
	const { sandbox } = environment;
	await sandbox.purchase({ metadata: { order_id: 'twice' }, wait: true });
	const delivery = sandbox.deliveries.findLast(({ event }) => event === 'order.completed');
	if (!delivery) throw new Error('Nothing was delivered');
	await untilHolds('its first execution', async () =>
		expect(await readEventIds(workflow, 'twice')).toHaveLength(1),
	);
	expect(await sendToEach(delivery)).toEqual([200, 200]);
	await untilHolds('the execution of the process that had not had it', async () =>
		expect(await readEventIds(workflow, 'twice')).toHaveLength(2),
	);
	const [first, second] = await readEventIds(workflow, 'twice');
	expect(second).toBe(first);
});

it('accepts the first delivery that a webhook process gets, by the secret in static data', async () => {
	await verifyColdDelivery(workflow, 'cold');
	await verify(endpoint());
});

it('has an endpoint for a second trigger of a workflow', async () => {
	const two = await lifecycle.addWorkflow([
		buildTrigger(['order.completed'], 'One'),
		buildTrigger(['order.completed'], 'Two'),
	]);
	await verify(
		endpoint(),
		lifecycle.expectedEndpoint(two, undefined, 'One'),
		lifecycle.expectedEndpoint(two, undefined, 'Two'),
	);
	await environment.client.deactivate(two.id);
	await verify(endpoint());
});

describe('in a manual run', () => {
	/** The newest manual execution of a workflow, once it has ended, and how many processes executed it. */
	const waitForManual = async ({ id }: StoredWorkflow) => {
		const execution = await environment.client.waitForExecution(
			id,
			({ mode }) => mode === 'manual',
		);
		const count = async (processes: RunningN8n[]) => {
			const logs = await Promise.all(processes.map((one) => readFile(one.logFile, 'utf8')));
			return logs.filter((log) => log.includes(`Worker started execution ${execution.id} `)).length;
		};
		return { execution, onWorkers: await count(queue.workers) };
	};

	/** What a node does when its own button is clicked: *Execute step*, or *Fetch test event* of a trigger. */
	const executeStep = async ({ id }: StoredWorkflow, nodeName: string) =>
		environment.client.post(`/workflows/${id}/run`, {
			workflowData: await environment.client.workflow(id),
			destinationNode: { nodeName, mode: 'inclusive' },
		});

	it('executes the action node on a worker, and sends each request once', async () => {
		const { client, credential, sandbox } = environment;
		const nodes = [
			startNode,
			buildAction('Create', {
				resource: 'product',
				operation: 'create',
				name: 'Made on a worker',
				price: 7,
			}),
			buildAction('Find', { resource: 'product', operation: 'getAll', returnAll: true }),
		];
		const stored = await client.importWorkflow(buildChain('By hand', nodes), [credential]);
		const before = sandbox.requests.length;
		await client.runManually(stored.id, startNode.name);

		const { execution, onWorkers } = await waitForManual(stored);
		expect(execution).toMatchObject({ status: 'success', error: undefined });
		expect(onWorkers).toBe(1);
		expect(execution.items('Find').map((product) => product.name)).toContain('Made on a worker');
		const sent = sandbox.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
		expect(sent.filter((one) => one === 'POST /products')).toHaveLength(1);
	});

	it('verifies a test delivery in the main, executes it on a worker, and stays published', async () => {
		const { client, sandbox } = environment;
		const testUrl = endpoint().url.replace('/webhook/', '/webhook-test/');
		const before = await countExecutions(workflow.id);
		await client.runManually(workflow.id, name);
		await untilHolds('two endpoints', async () =>
			expect((await lifecycle.listEndpoints()).map(({ url }) => url).sort()).toEqual(
				[endpoint().url, testUrl].sort(),
			),
		);
		const forged = { event: 'order.completed' };
		expect((await axios.post(testUrl, forged, { validateStatus: null, proxy: false })).status).toBe(
			401,
		);
		const { orderIds } = await sandbox.purchase({ wait: true });
		await untilHolds('both executions', async () => {
			const count = (await countExecutions(workflow.id)) - before;
			const started = (await client.executions(workflow.id)).slice(0, count);
			expect(started.map(({ mode, status }) => `${mode} ${status}`).sort()).toEqual([
				'manual success',
				'webhook success',
			]);
		});
		const { execution, onWorkers } = await waitForManual(workflow);
		expect(onWorkers).toBe(1);
		expect(readIds(execution)).toEqual([`order.completed:${orderIds[0]}`]);
		await verify(endpoint());
	});

	it('fetches a test event on a worker, and takes nothing from the published workflow', async () => {
		const { client, sandbox } = environment;
		const polls = await lifecycle.addWorkflow([pollingTrigger]);
		await until(
			'the first poll to be stored',
			async () => JSON.stringify(await lifecycle.readStaticData(polls)).includes('pollingTest'),
			{ withinMs: 90_000 },
		);
		const { orderIds } = await sandbox.purchase({ deliver: false });
		const eventId = `order.completed:${orderIds[0]}`;
		await executeStep(polls, pollingTrigger.name);

		const { execution, onWorkers } = await waitForManual(polls);
		expect(execution).toMatchObject({ status: 'success', error: undefined });
		expect(onWorkers).toBe(1);
		expect(execution.items(pollingTrigger.name).map((item) => item.eventId)).toEqual([eventId]);
		const polled = await client.waitForExecution(
			polls.id,
			(one) => one.mode === 'trigger' && readIds(one).includes(eventId),
			90_000,
		);
		expect(readIds(polled)).toEqual([eventId]);
		await client.deactivate(polls.id);
	});
});

it('survives a new API key, and then a start of the webhook processes', async () => {
	const [before] = await lifecycle.listEndpoints();
	await lifecycle.changeKey(environment.sandbox.renewKey('test'));
	await sleep(Math.max(0, secretSinceMs + confirmedAgeMs - Date.now()));
	await verify(endpoint());
	await untilHolds('the secret to be sealed again', async () =>
		expect((await lifecycle.listEndpoints())[0].description).not.toBe(before.description),
	);
	expect((await lifecycle.listEndpoints())[0]._id).toBe(before._id);
	await verifyColdDelivery(workflow, 'cold after the new key');
	await verify(endpoint());
});

/** Writes static data where it runs, on a worker, which has none of what the main stored. */
const writingNode: WorkflowNode = {
	name: 'Write',
	type: 'n8n-nodes-base.code',
	typeVersion: 2,
	position: [600, 0],
	parameters: { jsCode: "$getWorkflowStaticData('global').count = 1;\nreturn $input.all();" },
};

it('recovers its secret in a webhook process after a worker has replaced the static data', async () => {
	const { client } = environment;
	const stored = await client.workflow(workflow.id);
	const [work] = stored.nodes.filter((node) => node.name === 'Work');
	await lifecycle.edit(workflow, ({ nodes, connections }) => ({
		nodes: [...nodes, { ...writingNode, id: 'write' }],
		connections: {
			...connections,
			[work.name]: { main: [[{ node: writingNode.name, type: 'main', index: 0 }]] },
		},
	}));
	await untilHolds('a worker to replace the static data', async () => {
		await lifecycle.sell('test');
		expect(await lifecycle.readStaticData(workflow)).toEqual({ global: { count: 1 } });
	});
	await verifyColdDelivery(workflow, 'cold without static data');
	await verify(endpoint());
});

describe('when the main process is killed between removing an endpoint and registering it', () => {
	let watchman: StoredWorkflow;

	/** What the watchman finds that is not as it should be. */
	const look = async (): Promise<unknown> => {
		const { client } = environment;
		const started = await client.runManually(watchman.id, 'Every morning');
		if (!('executionId' in started)) throw new Error('The watchman waits');
		const execution = await client.waitForExecution(
			watchman.id,
			({ id }) => id === started.executionId,
		);
		return execution.items('Compare')[0].problems;
	};

	beforeAll(async () => {
		watchman = await importWatchman();
	});

	it('the watchman says that there is none', async () => {
		expect(await look()).toEqual([]);
		const { client, sandbox } = environment;
		sandbox.setSwitches({ faults: [{ method: 'POST', path: '/webhooks', kind: 'hang' }] });
		const countRegistrations = () =>
			sandbox.requests.filter(({ method, path }) => method === 'POST' && path === '/webhooks')
				.length;
		const before = countRegistrations();
		const { nodes } = await client.workflow(workflow.id);
		events = ['order.completed'];
		await client.update(workflow.id, {
			nodes: nodes.map((node) =>
				node.name === name ? { ...node, parameters: { ...node.parameters, events } } : node,
			),
		});
		const { versionId } = await client.workflow(workflow.id);
		await client.post(`/workflows/${workflow.id}/activate`, { versionId });
		await until(
			'n8n to have removed the endpoint and to register it',
			() => countRegistrations() > before,
		);
		expect(await lifecycle.listEndpoints()).toEqual([]);
		await queue.main.kill();
		sandbox.setSwitches({ faults: [] });
		await lifecycle.restart('SIGKILL');
		expect(await lifecycle.listEndpoints()).toEqual([]);
		expect(await look()).toEqual([expect.stringMatching(/there is no endpoint/)]);
	});

	it(
		'unpublishing and publishing registers it',
		async () => {
			const { client } = environment;
			// n8n does nothing with this workflow until the lease of the publication that was killed runs out.
			await client.deactivate(workflow.id, leaseTimeoutMs);
			await client.activate(workflow.id, leaseTimeoutMs);
			await verify(endpoint());
			expect(await look()).toEqual([]);
		},
		2 * leaseTimeoutMs,
	);
});

it('removes its endpoint when its workflow is deactivated', async () => {
	await environment.client.deactivate(workflow.id);
	await verify();
});
