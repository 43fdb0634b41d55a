import { setTimeout as sleep } from 'node:timers/promises';

import type { StoredWorkflow } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { buildTrigger, triggerName } from '../harness/n8n/workflows';
import { until, untilHolds } from '../harness/until';
import { LifecycleEnvironment } from './lifecycleEnvironment';

const versions = (process.env.N8N_VERSIONS ?? '2.41.1 2.8.4').split(' ');

let environment: LifecycleEnvironment;
/** One workflow goes through all tests of a version, in their order. */
let workflow: StoredWorkflow;

const endpoint = () => environment.expectedEndpoint(workflow);

const readEndpoint = async () => {
	const [first] = await environment.listEndpoints();
	return first;
};

/** The nodes as they are stored, with the same IDs and webhook IDs, and other parts of a new workflow. */
const copyOf = ({ name, nodes, connections }: StoredWorkflow) => ({
	name: `${name} (copy)`,
	nodes,
	connections,
	settings: {},
});

describe.each(versions)('what users do with n8n %s', (version) => {
	beforeAll(async () => {
		environment = await LifecycleEnvironment.start(version);
		workflow = await environment.addWorkflow([buildTrigger(['order.completed'])]);
		workflow = await environment.client.workflow(workflow.id);
	}, installationTimeoutMs);

	afterAll(() => environment?.stop());

	describe('with copies of a workflow', testCopies);
	describe('with an API key', testKeys);
});

function testCopies(): void {
	it('a copy by the public API with its static data has its own endpoint', async () => {
		const { client } = environment;
		const staticData = await environment.readStaticData(workflow);
		expect(JSON.stringify(staticData)).toContain('endpointId');
		const nodes = workflow.nodes.map((node) => ({
			...node,
			...(node.name === triggerName && { webhookId: `copied-${workflow.id}` }),
		}));
		const created = await client.createByPublicApi({ ...copyOf(workflow), nodes, staticData });
		expect(JSON.stringify(await environment.readStaticData(created))).toContain('endpointId');
		const copy = await client.workflow(created.id);
		await client.activate(copy.id);
		await environment.verify(endpoint(), environment.expectedEndpoint(copy));
		await client.deactivate(copy.id);
		await client.delete(copy.id);
		await environment.verify(endpoint());
	});

	it('an import of the active workflow with the same webhookId is refused, and takes nothing', async () => {
		const { client } = environment;
		const staticData = await environment.readStaticData(workflow);
		const created = await client.createByPublicApi({ ...copyOf(workflow), staticData });
		const second = await client.workflow(created.id);
		expect(client.webhookUrl(second, triggerName)).toBe(client.webhookUrl(workflow, triggerName));
		await expect(client.activate(second.id)).rejects.toThrow();
		await environment.verify(endpoint());
		await client.delete(second.id);
		await environment.verify(endpoint());
	});

	it('a clone of the whole n8n under another WEBHOOK_URL leaves the original alone', async () => {
		await environment.withClone(async (clone) => {
			const own = { ...endpoint(), url: clone.webhookUrl(workflow, triggerName) };
			expect(own.url).not.toBe(endpoint().url);
			await clone.deactivate(workflow.id);
			await environment.verify(endpoint());
			await clone.activate(workflow.id);
			await untilHolds('the endpoint of the clone', async () =>
				expect((await environment.listEndpoints()).map(({ url }) => url).sort()).toEqual(
					[endpoint().url, own.url].sort(),
				),
			);
			expect(await environment.sell('test')).toEqual([200, 200]);
			await clone.deactivate(workflow.id);
			await environment.verify(endpoint());
		});
		await environment.verify(endpoint());
	});
}

function testKeys(): void {
	it('renewed, with a delivery before the restart: nothing is lost', async () => {
		const before = await readEndpoint();
		await environment.changeKey(environment.sandbox.renewKey('test'));
		// A secret is confirmed when it is a minute old.
		await sleep(61_000);
		await environment.verify(endpoint());
		await untilHolds('the secret to be sealed again', async () =>
			expect((await readEndpoint()).description).not.toBe(before.description),
		);
		expect((await readEndpoint())._id).toBe(before._id);
		await environment.restart('SIGKILL');
		await environment.verify(endpoint());
	});

	it('renewed, without a delivery before the restart: from the second delivery on all is well', async () => {
		const before = await readEndpoint();
		await environment.changeKey(environment.sandbox.renewKey('test'));
		await environment.restart('SIGKILL');
		// n8n 2.8.4 calls the hook when it starts, 2.41.1 does not.
		const [status] = await environment.sell('test');
		expect([200, 401]).toContain(status);
		await untilHolds('the new endpoint', async () =>
			expect((await readEndpoint())._id).not.toBe(before._id),
		);
		await environment.verify(endpoint());
		await environment.restart('SIGKILL');
		await environment.verify(endpoint());
	});

	it('of the other mode: the deliveries of the old mode lead to an endpoint in the new one', async () => {
		await environment.changeKey(environment.sandbox.liveKey);
		await environment.restart('SIGKILL');
		await until(
			'the live endpoint',
			async () => {
				if ((await environment.listEndpoints()).length > 0) return true;
				expect(await environment.sell('test')).toEqual([401]);
				throw new Error('there is none');
			},
			{ withinMs: 90_000, everyMs: 5_000 },
		);
		await environment.verify(endpoint());
		expect(await environment.sell('test')).toEqual([401]);
		await environment.client.deactivate(workflow.id);
		await environment.verify();
	});
}
