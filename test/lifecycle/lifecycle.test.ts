import type { StoredWorkflow } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { buildTrigger, triggerName } from '../harness/n8n/workflows';
import { untilHolds } from '../harness/until';
import { LifecycleEnvironment, type ExpectedEndpoint } from './lifecycleEnvironment';
import { moveWorkNode, pollingTrigger, renameTrigger, setEvents } from './workflows';

const versions = (process.env.N8N_VERSIONS ?? '2.41.1 2.8.4').split(' ');
const bothEvents = ['order.completed', 'order.refunded'];

let environment: LifecycleEnvironment;
/** One workflow goes through all tests of a version, in their order. */
let workflow: StoredWorkflow;
/** Listens from the start on, so that n8n's two minutes pass meanwhile. */
let listeningSinceMs: number;

/** The endpoint of the workflow, once its trigger is named "Sales" and has both events. */
const salesEndpoint = (): ExpectedEndpoint =>
	environment.expectedEndpoint(workflow, bothEvents, 'Sales');

describe.each(versions)('the webhook trigger on n8n %s', (version) => {
	beforeAll(async () => {
		environment = await LifecycleEnvironment.start(version);
		await startListening();
	}, installationTimeoutMs);

	afterAll(() => environment?.stop());

	describe('while its workflow is edited', testEdits);
	// Before the restarts: an n8n that ends forgets the test, and no longer removes its endpoint.
	describe('while it listens for a test event', testListening);
	describe('through restarts of n8n', testRestarts);
	describe('when Pocketsflow changes', testChangesAtPocketsflow);
	describe('next to other triggers in one workflow', testSeveralTriggers);

	it('removes its endpoint when its workflow is deactivated', async () => {
		await environment.client.deactivate(workflow.id);
		await environment.verify();
	});
});

/** Starts a test of another workflow, in which nobody sends an event. */
async function startListening(): Promise<void> {
	const { client } = environment;
	const { id } = await environment.importWorkflow([buildTrigger(['order.refunded'])]);
	await client.runManually(id, triggerName);
	const testUrl = testUrlOf(client.webhookUrl(await client.workflow(id), triggerName));
	expect((await environment.listEndpoints()).map(({ url }) => url)).toEqual([testUrl]);
	listeningSinceMs = Date.now();
	environment.ignoredUrl = testUrl;
}

const testUrlOf = (url: string) => url.replace('/webhook/', '/webhook-test/');

function testEdits(): void {
	it('registers one endpoint when the workflow is activated', async () => {
		workflow = await environment.addWorkflow([buildTrigger(['order.completed'])]);
		await environment.verify(environment.expectedEndpoint(workflow));
	});

	it('keeps one endpoint when the workflow is published again unchanged', async () => {
		await environment.client.activate(workflow.id);
		await environment.verify(environment.expectedEndpoint(workflow));
	});

	it('follows when its events are edited', async () => {
		await environment.edit(workflow, setEvents('order.refunded', 'order.completed'));
		await environment.verify(environment.expectedEndpoint(workflow, bothEvents));
	});

	it('keeps its endpoint when another node is edited', async () => {
		await environment.edit(workflow, moveWorkNode);
		await environment.verify(environment.expectedEndpoint(workflow, bothEvents));
	});

	it('keeps one endpoint when it is renamed', async () => {
		await environment.edit(workflow, renameTrigger('Sales'));
		workflow = await environment.client.workflow(workflow.id);
		await environment.verify(salesEndpoint());
	});

	it('does not change the endpoint of a copied workflow, even if the copy is deleted', async () => {
		const copy = await environment.addWorkflow([buildTrigger(['order.completed'])]);
		await environment.verify(salesEndpoint(), environment.expectedEndpoint(copy));
		await environment.client.deactivate(copy.id);
		await environment.client.delete(copy.id);
		await environment.verify(salesEndpoint());
	});
}

function testRestarts(): void {
	it('keeps its endpoint when n8n stops and starts', async () => {
		await environment.restart('SIGTERM');
		await environment.verify(salesEndpoint());
	});

	it('keeps its endpoint when n8n is killed and started', async () => {
		await environment.restart('SIGKILL');
		await environment.verify(salesEndpoint());
	});

	it('recovers its secret when static data is lost while n8n is down', async () => {
		await environment.n8n.kill('SIGKILL');
		await environment.clearStaticData();
		await environment.restart('SIGKILL');
		await environment.verify(salesEndpoint());
	});
}

function testListening(): void {
	it('removes the endpoint of a test that timed out', async () => {
		environment.ignoredUrl = undefined;
		await untilHolds(
			'n8n to end the test',
			async () => expect(await environment.listEndpoints()).toHaveLength(1),
			{ withinMs: 150_000 },
		);
		expect(Date.now() - listeningSinceMs).toBeGreaterThan(110_000);
		await environment.verify(salesEndpoint());
	});

	it('receives an event in the test and in production while the workflow is active', async () => {
		const { client, sandbox } = environment;
		const endpoint = salesEndpoint();
		await client.runManually(workflow.id, 'Sales');
		await untilHolds('two endpoints', async () =>
			expect((await environment.listEndpoints()).map(({ url }) => url).sort()).toEqual(
				[endpoint.url, testUrlOf(endpoint.url)].sort(),
			),
		);
		const before = await client.executions(workflow.id);
		await sandbox.purchase({ wait: true });
		await untilHolds('both executions', async () => {
			const started = (await client.executions(workflow.id)).slice(0, -before.length || undefined);
			expect(started.map(({ mode, status }) => `${mode} ${status}`).sort()).toEqual([
				'manual success',
				'webhook success',
			]);
		});
		await environment.verify(endpoint);
	});
}

function testChangesAtPocketsflow(): void {
	it('registers again when its endpoint was deleted there', async () => {
		for (const { _id } of await environment.listEndpoints())
			await environment.api.delete(`/webhooks/${_id}`);
		await environment.reactivate(workflow);
		await environment.verify(salesEndpoint());
	});

	it('restores its endpoint when the events were changed there', async () => {
		for (const { _id } of await environment.listEndpoints())
			await environment.api.put(`/webhooks/${_id}`, { events: ['review.created'], active: false });
		await environment.reactivate(workflow);
		await environment.verify(salesEndpoint());
	});

	it('fails to activate, with a reason, while Pocketsflow is down, and succeeds afterwards', async () => {
		const { client, sandbox } = environment;
		await client.deactivate(workflow.id);
		sandbox.setSwitches({ apiDown: 'unreachable' });
		try {
			await expect(client.activate(workflow.id, 150_000)).rejects.toThrow(
				/could not be set up in Pocketsflow\. .*closed the connection/,
			);
		} finally {
			sandbox.setSwitches({ apiDown: false });
		}
		await environment.reactivate(workflow);
		await environment.verify(salesEndpoint());
	});
}

function testSeveralTriggers(): void {
	it('has its own endpoint next to a second webhook trigger', async () => {
		const both = await environment.addWorkflow([
			buildTrigger(['order.completed'], 'One'),
			buildTrigger(['order.completed'], 'Two'),
		]);
		await environment.verify(
			salesEndpoint(),
			environment.expectedEndpoint(both, undefined, 'One'),
			environment.expectedEndpoint(both, undefined, 'Two'),
		);
		await environment.client.deactivate(both.id);
		await environment.verify(salesEndpoint());
	});

	it('survives polls, edits and restarts next to a polling trigger', async () => {
		const both = await environment.addWorkflow([buildTrigger(['order.completed']), pollingTrigger]);
		await environment.verify(salesEndpoint(), environment.expectedEndpoint(both));
		await environment.waitForPoll(both.id);
		await environment.verify(salesEndpoint(), environment.expectedEndpoint(both));

		// From here n8n 2.41 lets the poll overwrite the webhook's static data with an older copy.
		await environment.edit(both, setEvents(...bothEvents));
		await environment.waitForPoll(both.id);
		await environment.verify(salesEndpoint(), environment.expectedEndpoint(both, bothEvents));
		await environment.restart('SIGKILL');
		await environment.verify(salesEndpoint(), environment.expectedEndpoint(both, bothEvents));

		await environment.edit(both, renameTrigger('Renamed'));
		await environment.waitForPoll(both.id);
		await environment.restart('SIGKILL');
		const renamed = await environment.client.workflow(both.id);
		await environment.verify(
			salesEndpoint(),
			environment.expectedEndpoint(renamed, bothEvents, 'Renamed'),
		);

		await environment.client.deactivate(both.id);
		await environment.verify(salesEndpoint());
	}, 480_000);
}
