import { setTimeout as sleep } from 'node:timers/promises';

import { sign } from '../../nodes/Pocketsflow/events/signature';
import { createDeliveries, post, readSigningSecret, type Prepared } from '../bench/load';
import { Ledger } from '../harness/ledger';
import type { StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import { startEnvironment, type TestEnvironment } from '../harness/n8n/environment';
import {
	buildChain,
	buildMark,
	buildNode,
	buildPollingTrigger,
	buildTrigger,
} from '../harness/n8n/workflows';
import { readMessage } from '../harness/runMain';
import { until } from '../harness/until';
import { createSampler, type Sample, type Workflows } from './sampling';

export interface Plan {
	minutes: number;
	/** How long n8n runs under the load before the first sample. */
	warmUpMinutes: number;
	deliveriesPerSecond: number;
	/** The items of a bulk run, and how often there is one. */
	bulkItems: number;
	bulkEveryMinutes: number;
	sampleEverySeconds: number;
}

/** The outcome of what one workflow had to do. */
export interface Outcome {
	name: string;
	expected: number;
	done: number;
	lost: number;
	/** Done although nobody asked for it: forged, or never sold. */
	invented: number;
	/** Done more than once. */
	repeated: number;
}

export interface Report {
	samples: Sample[];
	outcomes: Outcome[];
	/** Genuine deliveries that got no 200 within five seconds. A polling trigger is what finds these. */
	unanswered: number;
	doubled: number;
	forged: number;
}

/** What one workflow has to do, and the server on which it does it. */
interface Work {
	ledger: Ledger;
	/** The ids that must be marked. */
	expected: Set<string>;
	/** Those that may be. */
	possible: Set<string>;
}

interface Run {
	plan: Plan;
	environment: TestEnvironment;
	workflows: Workflows;
	works: Record<keyof Workflows, Work>;
	endMs: number;
	counts: { doubled: number; forged: number };
}

const names: Record<keyof Workflows, string> = {
	webhook: 'Signed deliveries to the Pocketsflow Trigger',
	polling: 'Records of the Pocketsflow Polling Trigger',
	bulk: 'Checkout sessions of the bulk runs',
};

const buildWebhookNodes = (ledger: Ledger) => [
	buildTrigger(['order.completed'], 'Trigger'),
	buildMark(ledger, '$json.order.id'),
];

const buildPollingNodes = (ledger: Ledger) => [
	buildPollingTrigger({ overlap: 2, batch: 5_000 }),
	buildMark(ledger, '$json.order.id'),
];

const buildBulkNodes = (ledger: Ledger, productId: string) => [
	buildNode('Trigger', 'n8n-nodes-base.webhook', 2, {
		...{ httpMethod: 'POST', path: 'soak-bulk', responseMode: 'onReceived' },
		options: {},
	}),
	buildNode('Carts', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'body.carts', options: {} }),
	buildNode('Create', 'n8n-nodes-pocketsflow.pocketsflow', 1, {
		...{ resource: 'checkoutSession', operation: 'create' },
		productId: { __rl: true, mode: 'id', value: productId },
		...{ successUrl: 'https://example.com/thanks', cancelUrl: 'https://example.com/cart' },
		metadata: { entries: [{ key: 'order_id', value: '={{ $json.id }}' }] },
	}),
	buildMark(ledger, `$('Carts').item.json.id`),
];

async function activate(
	{ client, credential }: TestEnvironment,
	name: string,
	nodes: WorkflowNode[],
): Promise<StoredWorkflow> {
	const workflow = await client.importWorkflow(buildChain(name, nodes), [credential]);
	await client.activate(workflow.id);
	return workflow;
}

/** As docs/scaling.md says that an n8n of one process is set. */
const settings = {
	N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true',
	N8N_CONCURRENCY_PRODUCTION_LIMIT: '10',
	EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'none',
	N8N_METRICS: 'true',
};

/** Runs an n8n under a steady load, samples it, and counts what was lost or invented. */
export async function soak(plan: Plan, log: (line: string) => void): Promise<Report> {
	const ledgers = {
		webhook: await Ledger.open(),
		polling: await Ledger.open(),
		bulk: await Ledger.open(),
	};
	let environment: TestEnvironment | undefined;
	try {
		environment = await startEnvironment({
			// The bulk runs and the polls stay below the limit; what a long list costs is no matter here.
			sandbox: { seed: 'test', switches: { secretOnGet: 'present' } },
			n8n: { env: settings },
		});
		const { data: products } = await environment.api.get<Array<{ _id: string }>>('/products');
		const productId = products[0]._id;
		const workflows: Workflows = {
			webhook: await activate(environment, 'Deliveries', buildWebhookNodes(ledgers.webhook)),
			polling: await activate(environment, 'Polls', buildPollingNodes(ledgers.polling)),
			bulk: await activate(environment, 'Bulk', buildBulkNodes(ledgers.bulk, productId)),
		};
		const buildWork = (ledger: Ledger): Work => ({
			ledger,
			expected: new Set(),
			possible: new Set(),
		});
		const run: Run = {
			plan,
			environment,
			workflows,
			works: {
				webhook: buildWork(ledgers.webhook),
				polling: buildWork(ledgers.polling),
				bulk: buildWork(ledgers.bulk),
			},
			endMs: Date.now() + plan.minutes * 60_000,
			counts: { doubled: 0, forged: 0 },
		};
		log(`n8n runs at ${environment.n8n.url}, its process is ${environment.n8n.pid}`);
		const [samples] = await Promise.all([
			takeSamples(run, log),
			deliver(run),
			sell(run, productId),
			runBulk(run),
		]);
		await waitUntilDone(run, log);
		return buildReport(run, samples);
	} finally {
		await environment?.stop();
		for (const ledger of Object.values(ledgers)) await ledger.close();
	}
}

/** Calls `work` at a steady rate until the end, without waiting for it; returns when the last call is done. */
async function repeat(
	{ endMs }: Run,
	everyMs: number,
	work: (count: number) => Promise<void>,
): Promise<void> {
	const startMs = Date.now();
	const underWay = new Set<Promise<void>>();
	for (let count = 0; ; count++) {
		const atMs = startMs + count * everyMs;
		if (atMs >= endMs) break;
		await sleep(Math.max(0, atMs - Date.now()));
		const call = work(count).finally(() => underWay.delete(call));
		underWay.add(call);
	}
	await Promise.all(underWay);
}

/** One in twenty is sent twice, and one in twenty is forged as well. */
async function deliver(run: Run): Promise<void> {
	const { environment, plan, works, workflows, counts } = run;
	const url = environment.client.webhookUrl(workflows.webhook, 'Trigger');
	const secret = await readSigningSecret(environment, url);
	if (secret === undefined) throw new Error('The trigger has no endpoint.');
	const prepare = createDeliveries(secret);
	const send = async (genuine: Prepared) => {
		const id = readOrderId(genuine);
		works.webhook.possible.add(id);
		const ms = await post(url, genuine);
		if (ms !== undefined) works.webhook.expected.add(id);
	};
	await repeat(run, 1_000 / plan.deliveriesPerSecond, async (count) => {
		const delivery = prepare();
		await send(delivery);
		if (count % 20 === 7) {
			counts.doubled++;
			await send(delivery);
		}
		if (count % 20 === 13) {
			counts.forged++;
			await post(url, forge(prepare()));
		}
	});
}

const readOrderId = ({ body }: Prepared) =>
	(JSON.parse(body.toString()) as { order: { id: string } }).order.id;

const forge = ({ body, headers }: Prepared): Prepared => ({
	body,
	headers: { ...headers, 'x-pocketsflow-signature': sign(body, 'whsec_forged') },
});

/** Sells what only the polling trigger is to find. */
async function sell(run: Run, productId: string): Promise<void> {
	const { environment, plan, works } = run;
	await repeat(run, 1_000 / plan.deliveriesPerSecond, async () => {
		const { orderIds } = await environment.sandbox.purchase({ productId, deliver: false });
		for (const id of orderIds) {
			works.polling.expected.add(id);
			works.polling.possible.add(id);
		}
	});
}

async function runBulk(run: Run): Promise<void> {
	const { environment, plan, works, workflows } = run;
	const url = environment.client.webhookUrl(workflows.bulk, 'Trigger');
	await repeat(run, plan.bulkEveryMinutes * 60_000, async (count) => {
		const ids = Array.from({ length: plan.bulkItems }, (_, index) => `cart-${count}-${index}`);
		const body = Buffer.from(JSON.stringify({ carts: ids.map((id) => ({ id })) }));
		const ms = await post(url, { body, headers: { 'content-type': 'application/json' } });
		for (const id of ids) {
			works.bulk.possible.add(id);
			if (ms !== undefined) works.bulk.expected.add(id);
		}
	});
}

async function takeSamples(run: Run, log: (line: string) => void): Promise<Sample[]> {
	const { environment, plan, works, workflows } = run;
	await sleep(plan.warmUpMinutes * 60_000);
	const sample = createSampler(environment.n8n, environment.client, workflows);
	const samples: Sample[] = [];
	await repeat(run, plan.sampleEverySeconds * 1_000, async (count) => {
		const taken = await sample();
		samples.push(taken);
		const { rss, heap, files, pollState } = taken.values;
		if (count % 6 === 0)
			log(
				`${rss.toFixed(0)} MB, heap ${heap.toFixed(0)} MB, ${files} files, polls store ${pollState.toFixed(1)} kB, ${works.webhook.expected.size} delivered, ${works.polling.expected.size} sold`,
			);
	});
	return samples.sort((a, b) => a.hours - b.hours);
}

const listLost = ({ ledger, expected }: Work) =>
	[...expected].filter((id) => !ledger.entries.has(id));

/** Waits for the last poll and what it begins. What is missing after that is lost. */
async function waitUntilDone({ works }: Run, log: (line: string) => void): Promise<void> {
	await until(
		'everything to be done',
		() => Object.values(works).every((work) => listLost(work).length === 0),
		{ withinMs: 240_000, everyMs: 1_000 },
	).catch((error: unknown) => log(readMessage(error)));
	// What is done twice comes after what is done once.
	await sleep(5_000);
}

function buildReport({ works, counts }: Run, samples: Sample[]): Report {
	const outcomes = Object.entries(works).map(([key, work]): Outcome => {
		const entries = [...work.ledger.entries];
		return {
			name: names[key as keyof Workflows],
			expected: work.expected.size,
			done: entries.filter(([id]) => work.possible.has(id)).length,
			lost: listLost(work).length,
			invented:
				entries.filter(([id]) => !work.possible.has(id)).length + work.ledger.strange.length,
			repeated: entries.filter(([, { markedAt }]) => markedAt.length > 1).length,
		};
	});
	const { expected, possible } = works.webhook;
	return { samples, outcomes, unanswered: possible.size - expected.size, ...counts };
}
