import type { StoredWorkflow } from '../harness/n8n/client';
import { pollingNode, Stage, triggerName, triggerNode, until, workflowOf } from './stage';

const versions = (process.env.N8N_VERSIONS ?? '2.41.1 2.8.4').split(' ');

describe.each(versions)('the trigger on n8n %s', (version) => {
	let stage: Stage;
	let workflow: StoredWorkflow;
	/** Listens from the start to the end of the suite, so that n8n's two minutes pass meanwhile. */
	let listening: { since: number };

	const own = (events?: string[], name?: string) => stage.expected(workflow, events, name);

	beforeAll(async () => {
		stage = await Stage.open(version);
		const idle = await stage.client.importWorkflow(workflowOf([triggerNode(['order.refunded'])]), [
			stage.credential,
		]);
		await stage.client.runManually(idle.id, triggerName);
		expect((await stage.endpoints()).map(({ url }) => url)).toEqual([
			stage.client.webhookUrl(idle, triggerName).replace('/webhook/', '/webhook-test/'),
		]);
		listening = { since: Date.now() };
		stage.ignored = (await stage.endpoints())[0].url;
	});
	afterAll(() => stage?.close());

	it('activate', async () => {
		workflow = await stage.add([triggerNode(['order.completed'])]);
		await stage.verify(own());
	});

	it('republish unchanged', async () => {
		await stage.client.activate(workflow.id);
		await stage.verify(own());
	});

	it('edit the events', async () => {
		await stage.change(workflow, ({ nodes }) => ({
			nodes: nodes.map((node) =>
				node.name === triggerName
					? {
							...node,
							parameters: { ...node.parameters, events: ['order.refunded', 'order.completed'] },
						}
					: node,
			),
		}));
		await stage.verify(own(['order.completed', 'order.refunded']));
	});

	it('edit another node', async () => {
		await stage.change(workflow, ({ nodes }) => ({
			nodes: nodes.map((node) => (node.name === 'Work' ? { ...node, position: [400, 100] } : node)),
		}));
		await stage.verify(own(['order.completed', 'order.refunded']));
	});

	it('rename the trigger', async () => {
		await stage.change(workflow, ({ nodes, connections }) => ({
			nodes: nodes.map((node) => (node.name === triggerName ? { ...node, name: 'Sales' } : node)),
			connections: { Sales: connections[triggerName] },
		}));
		workflow = await stage.client.workflow(workflow.id);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('duplicate the workflow, then delete the copy', async () => {
		const copy = await stage.add([triggerNode(['order.completed'])]);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'), stage.expected(copy));
		await stage.client.deactivate(copy.id);
		await stage.client.delete(copy.id);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('a listening test that times out removes its endpoint', async () => {
		stage.ignored = undefined;
		await until(async () => expect(await stage.endpoints()).toHaveLength(1), 150_000);
		expect(Date.now() - listening.since).toBeGreaterThan(110_000);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('restart', async () => {
		await stage.restart('SIGTERM');
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('kill -9 and start', async () => {
		await stage.restart('SIGKILL');
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('static data emptied while n8n was down', async () => {
		await stage.n8n.kill('SIGKILL');
		await stage.loseStaticData();
		await stage.restart('SIGKILL');
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('listen for a test event while active', async () => {
		const endpoint = own(['order.completed', 'order.refunded'], 'Sales');
		await stage.client.runManually(workflow.id, 'Sales');
		const test = endpoint.url.replace('/webhook/', '/webhook-test/');
		await until(async () =>
			expect((await stage.endpoints()).map(({ url }) => url).sort()).toEqual(
				[endpoint.url, test].sort(),
			),
		);
		const before = await stage.client.executions(workflow.id);
		await stage.sandbox.purchase({ wait: true });
		await until(async () => {
			const modes = (await stage.client.executions(workflow.id))
				.slice(0, -before.length || undefined)
				.map(({ mode, status }) => `${mode} ${status}`);
			expect(modes.sort()).toEqual(['manual success', 'webhook success']);
		});
		await stage.verify(endpoint);
	});

	it('the endpoint is deleted at Pocketsflow', async () => {
		for (const { _id } of await stage.endpoints()) await stage.api.delete(`/webhooks/${_id}`);
		await stage.client.deactivate(workflow.id);
		await stage.client.activate(workflow.id);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('the events are changed at Pocketsflow', async () => {
		for (const { _id } of await stage.endpoints())
			await stage.api.put(`/webhooks/${_id}`, { events: ['review.created'], active: false });
		await stage.client.deactivate(workflow.id);
		await stage.client.activate(workflow.id);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('Pocketsflow is down while deactivating and activating, then back', async () => {
		await stage.client.deactivate(workflow.id);
		stage.sandbox.setSwitches({ apiDown: 'unreachable' });
		try {
			await expect(stage.client.activate(workflow.id, 150_000)).rejects.toThrow(
				/could not be set up at Pocketsflow\. .*closed the connection/,
			);
		} finally {
			stage.sandbox.setSwitches({ apiDown: false });
		}
		await stage.client.deactivate(workflow.id);
		await stage.client.activate(workflow.id);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('two triggers in one workflow', async () => {
		const both = await stage.add([
			triggerNode(['order.completed'], 'One'),
			triggerNode(['order.completed'], 'Two'),
		]);
		await stage.verify(
			own(['order.completed', 'order.refunded'], 'Sales'),
			stage.expected(both, undefined, 'One'),
			stage.expected(both, undefined, 'Two'),
		);
		await stage.client.deactivate(both.id);
		await stage.verify(own(['order.completed', 'order.refunded'], 'Sales'));
	});

	it('trigger and polling trigger in one workflow, through changes, polls and restarts', async () => {
		const sales = own(['order.completed', 'order.refunded'], 'Sales');
		const both = await stage.add([triggerNode(['order.completed']), pollingNode]);
		await stage.verify(sales, stage.expected(both));
		await stage.pollWrites(both.id);
		await stage.verify(sales, stage.expected(both));

		// From here n8n 2.41 lets the poll overwrite the webhook's static data with an older copy.
		await stage.change(both, ({ nodes }) => ({
			nodes: nodes.map((node) =>
				node.name === triggerName
					? {
							...node,
							parameters: { ...node.parameters, events: ['order.completed', 'order.refunded'] },
						}
					: node,
			),
		}));
		await stage.pollWrites(both.id);
		await stage.verify(sales, stage.expected(both, ['order.completed', 'order.refunded']));
		await stage.restart('SIGKILL');
		await stage.verify(sales, stage.expected(both, ['order.completed', 'order.refunded']));

		await stage.change(both, ({ nodes, connections }) => ({
			nodes: nodes.map((node) => (node.name === triggerName ? { ...node, name: 'Renamed' } : node)),
			connections: { ...connections, Renamed: connections[triggerName], [triggerName]: undefined },
		}));
		await stage.pollWrites(both.id);
		await stage.restart('SIGKILL');
		const renamed = await stage.client.workflow(both.id);
		await stage.verify(
			sales,
			stage.expected(renamed, ['order.completed', 'order.refunded'], 'Renamed'),
		);

		await stage.client.deactivate(both.id);
		await stage.verify(sales);
	}, 480_000);

	it('deactivate', async () => {
		await stage.client.deactivate(workflow.id);
		await stage.verify();
	});
});
