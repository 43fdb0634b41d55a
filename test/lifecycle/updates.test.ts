import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Ledger } from '../harness/ledger';
import { N8nClient, type StoredWorkflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { startN8n, type RunningN8n, type StartOptions } from '../harness/n8n/start';
import { buildChain, buildMark, buildTrigger, triggerName } from '../harness/n8n/workflows';
import { findFreePort } from '../harness/ports';
import { Sales } from '../harness/sales';
import { until, untilHolds } from '../harness/until';
import { setEvents } from './workflows';

/** One database that goes through these versions of n8n, each on its own Node.js. */
const [first, ...updates] = ['1.123.81', '2.8.4', '2.41.1'];
const bothEvents = ['order.completed', 'order.refunded'];

let options: StartOptions & { userFolder: string };
let environment: TestEnvironment;
let n8n: RunningN8n;
let client: N8nClient;
/** What the polling trigger is to find and has handed over. */
let sales: Sales;
/** What the webhook trigger has handed over. */
let webhooks: Ledger;
let webhookWorkflow: StoredWorkflow;
let pollingWorkflow: StoredWorkflow;

beforeAll(async () => {
	const userFolder = await mkdtemp(join(tmpdir(), 'n8n-updates-'));
	options = { userFolder, port: await findFreePort() };
	environment = await startEnvironment({
		sandbox: { seed: 'test' },
		n8n: { ...options, version: first },
	});
	({ n8n, client } = environment);
	const { credential, sandbox } = environment;
	sales = await Sales.open(sandbox);
	webhooks = await Ledger.open();
	const nodes = [buildTrigger(['order.completed']), buildMark(webhooks, '$json.eventId')];
	webhookWorkflow = await client.importWorkflow(buildChain('Webhooks', nodes), [credential]);
	await client.activate(webhookWorkflow.id);
	pollingWorkflow = await sales.activateWorkflow(client, credential);
}, 2 * installationTimeoutMs);

afterAll(async () => {
	await n8n?.stop();
	await environment?.stop();
	await Promise.all([sales?.close(), webhooks?.close()]);
	await rm(options.userFolder, { recursive: true, force: true, maxRetries: 3 });
});

/** How often the webhook trigger handed over each of these. */
const countWebhooks = (eventIds: string[]) =>
	eventIds.map((id) => webhooks.entries.get(id)?.markedAt.length ?? 0);

interface Endpoint {
	url: string;
	events: string[];
	active: boolean;
}

/** All endpoints in Pocketsflow. */
const readEndpoints = async () => (await environment.api.get<Endpoint[]>('/webhooks')).data;

/** The address of the webhook workflow's own. */
const ownEndpoint = () => ({
	url: client.webhookUrl(webhookWorkflow, triggerName),
	active: true,
});

const readWorkflows = () =>
	Promise.all([webhookWorkflow, pollingWorkflow].map(({ id }) => client.workflow(id)));

/** Everything that was sold while n8n could be called. */
const delivered: string[] = [];

/** Sells, and returns when both triggers have handed it over, and what the polling trigger knows is stored. */
async function sellToBoth(): Promise<void> {
	const sold = await sales.sell(2, true);
	delivered.push(...sold);
	await until('the webhook trigger to hand over', () => countWebhooks(sold).every((n) => n > 0));
	await sales.waitForHandovers(sold, 1);
	await waitForCertainty();
}

/** Where n8n keeps the static data of the polling trigger. */
const pollingKey = 'node:Pocketsflow Polling Trigger';

interface StoredState {
	batches: unknown[];
}

/**
 * Waits until nothing that was polled may have to be emitted again. A poll that finds nothing may store
 * this for an older batch only: the newest one becomes certain 30 seconds after it was emitted.
 */
const waitForCertainty = () =>
	until(
		'a stored state without batches',
		async () => {
			const { staticData } = await client.workflow(pollingWorkflow.id);
			const { pollingTest } = (staticData as Record<string, { pollingTest: string }>)[pollingKey];
			return (JSON.parse(pollingTest) as StoredState).batches.length === 0;
		},
		{ withinMs: 150_000, everyMs: 1_000 },
	);

describe(`n8n ${first}`, () => {
	it('runs an edit when it is saved', async () => {
		const { id } = webhookWorkflow;
		await client.update(id, setEvents(...bothEvents)(await client.workflow(id)));
		await untilHolds('the endpoint to have both events', async () =>
			expect(await readEndpoints()).toMatchObject([{ ...ownEndpoint(), events: bothEvents }]),
		);
	});

	it('says in its migration report that nothing about these workflows is to be changed', async () => {
		const { report } = await client.get<{ report: { workflowResults: unknown[] } }>(
			'/breaking-changes/report',
		);
		expect(report.workflowResults).toEqual([]);
	});

	it('sells by both triggers', sellToBoth, 300_000);
});

describe.each(updates)('n8n that is updated to %s over the same database', (version) => {
	let endpoints: Awaited<ReturnType<typeof readEndpoints>>;
	let workflows: StoredWorkflow[];
	let whileDown: string[];

	beforeAll(async () => {
		endpoints = await readEndpoints();
		workflows = await readWorkflows();
		await n8n.kill('SIGTERM');
		whileDown = await sales.sell(2, true);
		n8n = await startN8n({ ...options, version });
		client = await N8nClient.connect(n8n);
	}, installationTimeoutMs);

	it('keeps both workflows as they were, active and published', async () => {
		const stored = await readWorkflows();
		expect(stored).toMatchObject(
			workflows.map(({ nodes, versionId }) => ({
				nodes,
				active: true,
				versionId,
				// What runs is what the editor shows: nothing waits to be published.
				activeVersionId: versionId,
			})),
		);
	});

	it('keeps the one endpoint', async () => {
		expect(await readEndpoints()).toEqual(endpoints);
		expect(endpoints).toMatchObject([ownEndpoint()]);
	});

	it('finds by polling what was sold while it was down', async () => {
		await sales.waitForHandovers(whileDown, 1);
		expect(countWebhooks(whileDown)).toEqual([0, 0]);
	}, 300_000);

	it('runs an edit when it is published, not when it is saved', async () => {
		const [{ events }] = endpoints;
		const changed = events.length > 1 ? ['order.completed'] : bothEvents;
		const { id } = webhookWorkflow;
		await client.update(id, setEvents(...changed)(await client.workflow(id)));
		await sleep(2_000);
		expect(await readEndpoints()).toEqual(endpoints);
		await client.activate(id);
		expect(await readEndpoints()).toMatchObject([{ ...ownEndpoint(), events: changed }]);
	});

	it('sells by both triggers', sellToBoth, 300_000);

	it('hands over nothing twice, and nothing that was not sold', async () => {
		expect(countWebhooks(delivered)).toEqual(delivered.map(() => 1));
		expect(new Set(sales.countHandovers())).toEqual(new Set([1]));
		expect([...sales.strange, ...webhooks.strange]).toEqual([]);
	});
});

it('the endpoint is removed when its workflow is unpublished at last', async () => {
	await client.deactivate(webhookWorkflow.id);
	expect(await readEndpoints()).toEqual([]);
});
