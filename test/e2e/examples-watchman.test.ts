import type { StoredWorkflow, Workflow } from '../harness/n8n/client';
import type { Mail } from '../harness/mailServer';
import { buildNode } from '../harness/n8n/workflows';
import { until } from '../harness/until';
import { setUpShop, shop } from './exampleShop';

interface Endpoint {
	_id: string;
	url: string;
	events: string[];
	active: boolean;
}

const owner = 'owner@shop.example';
const schedule = 'Every morning';
const yesterday = new Date(Date.now() - 24 * 60 * 60_000).toISOString();
const events = ['order.completed', 'order.refunded'];

let ownKey: { apiKey: string; baseUrl: string };
let watchman: StoredWorkflow;
let settling: StoredWorkflow;

const importWatchman = (
	values: Record<string, string>,
	change?: (workflow: Workflow) => Workflow,
): Promise<StoredWorkflow> =>
	shop.importExample('watchman', {
		values: { tell: owner, ...values },
		credentials: { n8nApi: ownKey },
		...(change && { change }),
	});

setUpShop({ seed: 'test' });

beforeAll(async () => {
	const { api, client } = shop.environment;
	ownKey = await client.createOwnKey();
	watchman = await importWatchman({ weeklyOn: 'never' });
	// Another program's endpoint, which is nothing to the watchman.
	await api.post('/webhooks', { url: 'https://accounting.example.com/in', events: [events[0]] });
});

beforeEach(() => {
	shop.mailServer.mails.length = 0;
});

/** Runs the watchman once, and gives what it found and what it sent. */
async function look(workflow = watchman): Promise<{ problems: unknown; mails: Mail[] }> {
	const { client } = shop.environment;
	const started = await client.runManually(workflow.id, schedule);
	if (!('executionId' in started)) throw new Error('The watchman waits');
	const execution = await client.waitForExecution(
		workflow.id,
		({ id }) => id === started.executionId,
		60_000,
	);
	expect(execution.error).toBeUndefined();
	const [{ problems }] = execution.items('Compare');
	return { problems, mails: [...shop.mailServer.mails] };
}

const table = { __rl: true, mode: 'name', value: 'pocketsflow_settled' };

/** A workflow that does nothing with a sale but to record it, as the reconcile examples do. */
const settlingWorkflow: Workflow = {
	name: 'Settle',
	nodes: [
		buildNode('Once', 'n8n-nodes-base.manualTrigger', 1, {}),
		buildNode('Create the table', 'n8n-nodes-base.dataTable', 1.1, {
			resource: 'table',
			operation: 'create',
			tableName: table.value,
			columns: { column: [{ name: 'eventId', type: 'string' }] },
			options: { createIfNotExists: true },
		}),
		buildNode('Pocketsflow Trigger', 'n8n-nodes-pocketsflow.pocketsflowTrigger', 2, {
			events,
			options: {},
		}),
		buildNode('Record', 'n8n-nodes-base.dataTable', 1, {
			resource: 'row',
			operation: 'insert',
			dataTableId: table,
			columns: { mappingMode: 'defineBelow', value: { eventId: '={{ $json.eventId }}' } },
		}),
	],
	connections: {
		Once: { main: [[{ node: 'Create the table', type: 'main', index: 0 }]] },
		'Pocketsflow Trigger': { main: [[{ node: 'Record', type: 'main', index: 0 }]] },
	},
};

test('a failure of the watchman itself is reported by email', async () => {
	const { client } = shop.environment;
	// n8n starts the error trigger for scheduled runs only, and nobody waits for the morning here. The data
	// table does not exist yet.
	const often = await importWatchman({}, (workflow) => ({
		...workflow,
		nodes: workflow.nodes.map((node) =>
			node.name === schedule
				? {
						...node,
						parameters: {
							rule: { interval: [{ field: 'cronExpression', expression: '*/5 * * * * *' }] },
						},
					}
				: node,
		),
	}));
	await client.activate(often.id);
	const told = await until('the email about the failure', () => shop.mailServer.mails[0] ?? false, {
		withinMs: 60_000,
	});
	await client.deactivate(often.id);
	await client.waitUntilIdle(often.id);

	expect(told).toMatchObject({ to: [owner], subject: 'Pocketsflow: the watchman failed' });
	expect(told.body).toContain('It stopped at Find settled records');
	await client.delete(often.id);
});

describe('with a workflow that settles', () => {
	const findEndpoint = async (): Promise<Endpoint> => {
		const { data } = await shop.environment.api.get<Endpoint[]>('/webhooks');
		const own = data.find(({ url }) => url.startsWith(shop.environment.n8n.url));
		if (!own) throw new Error('There is no endpoint of this n8n');
		return own;
	};
	const change = async (values: Partial<Endpoint>) => {
		const { _id } = await findEndpoint();
		await shop.environment.api.put(`/webhooks/${_id}`, values);
	};

	beforeAll(async () => {
		const { client, credential } = shop.environment;
		settling = await client.importWorkflow(settlingWorkflow, [credential]);
		await client.runManually(settling.id, 'Once');
		await client.waitForExecution(settling.id, ({ status }) => status === 'success');
	});

	test('the watchman reports that no trigger is published', async () => {
		const { problems, mails } = await look();
		expect(problems).toEqual([expect.stringMatching(/^0 Pocketsflow Trigger\(s\) are published/)]);
		expect(mails).toMatchObject([{ to: [owner], subject: 'Pocketsflow: 1 problem(s) found' }]);
		expect(mails[0].body).toContain('at least 1 should be');
	});

	test('says nothing when all is well', async () => {
		const { client, sandbox } = shop.environment;
		await client.activate(settling.id);
		await sandbox.purchase({ count: 2, metadata: { order_id: 'A-{n}' }, createdAt: yesterday });
		await sandbox.purchase({ createdAt: yesterday, deliver: false });
		await sandbox.waitForDeliveries();
		await until('both sales to be recorded', async () => {
			const all = await client.executions(settling.id);
			return (
				all.filter(({ mode, status }) => mode === 'webhook' && status === 'success').length >= 2
			);
		});

		expect(await look()).toEqual({ problems: [], mails: [] });
	});

	test('once a week it says that all is well', async () => {
		const weeklyOn = new Intl.DateTimeFormat('en', {
			weekday: 'long',
			timeZone: 'America/New_York',
		}).format();
		const { problems, mails } = await look(await importWatchman({ weeklyOn }));
		expect(problems).toEqual([]);
		expect(mails).toMatchObject([{ to: [owner], subject: 'Pocketsflow: all is well' }]);
		expect(mails[0].body).toContain('1 trigger(s) with their endpoints, 2 of ');
	});

	test.each<[string, () => Promise<void>, RegExp]>([
		['is disabled', () => change({ active: false }), /its endpoint is disabled in Pocketsflow/],
		[
			'lacks an event',
			() => change({ active: true, events: ['order.completed'] }),
			/its endpoint does not get order\.refunded/,
		],
		[
			'has another address',
			async () => {
				const { url } = await findEndpoint();
				await change({ events, url: url.replace(/^http:..[^/]+/, 'https://old.example.com') });
			},
			/registered at another address, https:..old\.example\.com/,
		],
	])('the watchman reports that an endpoint %s', async (_which, spoil, message) => {
		await spoil();
		const { problems, mails } = await look();
		expect(problems).toEqual([expect.stringMatching(message)]);
		expect(problems).toEqual([expect.stringContaining('"Settle", node "Pocketsflow Trigger"')]);
		expect(mails).toHaveLength(1);
		expect(mails[0].body).toMatch(message);
	});

	test('the watchman reports a missing endpoint until the trigger is published again', async () => {
		const { api, client } = shop.environment;
		const { data } = await api.get<Endpoint[]>('/webhooks');
		for (const { _id, url } of data)
			if (url.startsWith('https://old.')) await api.delete(`/webhooks/${_id}`);
		expect((await look()).problems).toEqual([
			expect.stringMatching(/Pocketsflow has no endpoint for it/),
		]);

		await client.deactivate(settling.id);
		await client.activate(settling.id);
		expect((await look()).problems).toEqual([]);
	});

	test('the watchman reports an order that was never settled', async () => {
		const { sandbox } = shop.environment;
		const { orderIds } = await sandbox.purchase({
			metadata: { order_id: 'A-LOST' },
			createdAt: yesterday,
			deliver: false,
		});
		const { problems, mails } = await look();
		expect(problems).toEqual([
			expect.stringMatching(`Order A-LOST \\(Pocketsflow ${orderIds[0]}, .* was never settled`),
		]);
		expect(mails).toHaveLength(1);
	});

	test("the watchman ignores a trigger with another account's credential", async () => {
		const { client, sandbox } = shop.environment;
		const live = await client.createCredential('pocketsflowApi', 'Live', {
			apiKey: sandbox.liveKey,
			baseUrl: sandbox.url,
			webhookSigningSecret: '',
		});
		const other = await client.importWorkflow({ ...settlingWorkflow, name: 'Live' }, [live]);
		await client.activate(other.id);
		expect((await look()).problems).toEqual([expect.stringContaining('Order A-LOST')]);
	});

	test('an email that cannot be sent fails the execution', async () => {
		const { client } = shop.environment;
		shop.mailServer.refuses = true;
		const started = await client.runManually(watchman.id, schedule);
		const execution = await client.waitForExecution(
			watchman.id,
			({ id }) => 'executionId' in started && id === started.executionId,
			60_000,
		);
		shop.mailServer.refuses = false;
		expect(execution.status).toBe('error');
	});
});
