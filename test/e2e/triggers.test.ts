import type { Execution, StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { chosenVersions } from '../harness/n8n/install';
import { buildNode, pollOften } from '../harness/n8n/workflows';
import { until, untilHolds } from '../harness/until';

let environment: TestEnvironment;

/** A trigger each of whose outputs leads to its own node. */
function buildWorkflow(trigger: WorkflowNode, ends: string[]) {
	const main = ends.map((node) => [{ node, type: 'main', index: 0 }]);
	return {
		name: trigger.name,
		nodes: [trigger, ...ends.map((name) => buildNode(name, 'n8n-nodes-base.noOp', 1))],
		connections: { [trigger.name]: { main } },
	};
}

const buildTrigger = (events: string[], options: Record<string, unknown> = {}): WorkflowNode =>
	buildNode('Sales', 'n8n-nodes-pocketsflow.pocketsflowTrigger', 2, { events, options });

describe.each(chosenVersions)('the triggers on n8n %s', (version) => {
	beforeAll(async () => {
		environment = await startEnvironment({
			n8n: { version },
			sandbox: { seed: 'test', switches: { rateLimit: false } },
		});
	}, installationTimeoutMs);

	afterAll(() => environment?.stop());

	it('a trigger says why it cannot listen with a wrong key, and listens with the right one', async () => {
		const { client, createCredential, credential, sandbox, api } = environment;
		const wrong = await createCredential('Wrong', { apiKey: `pk_test_${'0'.repeat(48)}` });
		const workflow = buildWorkflow(buildTrigger(['order.completed']), ['End']);
		const refused = await client.importWorkflow(workflow, [wrong]);
		await expect(client.runManually(refused.id, 'Sales')).rejects.toThrow(
			/The webhook could not be set up in Pocketsflow\..*key/,
		);
		const accepted = await client.importWorkflow(workflow, [credential]);
		expect(await client.runManually(accepted.id, 'Sales')).toEqual({ waitingForWebhook: true });
		await sandbox.purchase({ wait: true });
		const { mode } = await client.waitForExecution(accepted.id);
		expect(mode).toBe('manual');
		await untilHolds('the endpoint of the test to be removed', async () =>
			expect((await api.get<unknown[]>('/webhooks')).data).toEqual([]),
		);
	});

	it('a trigger with separate outputs sends each event to its own', async () => {
		const { client, credential, sandbox, api } = environment;
		const trigger = buildTrigger(['order.refunded', 'order.completed'], { separateOutputs: true });
		const { id } = await client.importWorkflow(buildWorkflow(trigger, ['Refunded', 'Paid']), [
			credential,
		]);
		await client.activate(id);
		const [orderId] = (await sandbox.purchase({ wait: true })).orderIds;
		const paid = await client.waitForExecution(id, (one) => one.items('Paid').length > 0);
		expect(paid.items('Paid')).toEqual([expect.objectContaining({ event: 'order.completed' })]);
		expect(paid.items('Refunded')).toEqual([]);
		await api.post('/refunds', { orderId });
		const refunded = await client.waitForExecution(id, (one) => one.items('Refunded').length > 0);
		expect(refunded.items('Refunded')).toEqual([
			expect.objectContaining({ event: 'order.refunded' }),
		]);
		expect(refunded.items('Paid')).toEqual([]);
		await client.deactivate(id);
	});

	it('the polling trigger polls the lists that it can read, and reports once the one that it cannot', async () => {
		const { client, credential, sandbox } = environment;
		const trigger: WorkflowNode = {
			...buildTrigger(['order.completed', 'review.created']),
			type: 'n8n-nodes-pocketsflow.pocketsflowPollingTrigger',
			typeVersion: 1,
		};
		const built = pollOften(buildWorkflow(trigger, ['End']));
		const workflow = await client.importWorkflow(built, [credential]);
		await client.activate(workflow.id);
		const [atActivation] = await readAll(workflow);
		expect(atActivation.items('Sales')).toEqual([]);
		sandbox.setSwitches({
			faults: [
				{ path: '/reviews*', kind: 'answer', status: 403, message: 'no reviews for this key' },
			],
		});
		try {
			for (let count = 0; count < 2; count++) {
				const [orderId] = (await sandbox.purchase({ deliver: false })).orderIds;
				const isPolled = (execution: Execution) =>
					execution.items('End').some(({ order }) => (order as { id: string }).id === orderId);
				expect((await client.waitForExecution(workflow.id, isPolled, 100_000)).status).toBe(
					'success',
				);
			}
		} finally {
			sandbox.setSwitches({ faults: [] });
		}
		const failed = (await readAll(workflow)).filter(({ status }) => status === 'error');
		expect(failed.map(({ error }) => error?.message)).toEqual([
			expect.stringMatching(
				/no reviews for this key.*review\.created; all other events were polled/,
			),
		]);
		await client.deactivate(workflow.id);
	}, 300_000);
});

async function readAll({ id }: StoredWorkflow): Promise<Execution[]> {
	const { client } = environment;
	const executions = await until('an execution', async () => {
		const all = await client.executions(id);
		return all.length > 0 && all.every(({ stoppedAt }) => stoppedAt !== null) && all;
	});
	return await Promise.all(executions.map((execution) => client.execution(execution.id)));
}
