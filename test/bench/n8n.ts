import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { checkSignature, sign } from '../../nodes/Pocketsflow/events/signature';
import type { SandboxOptions } from '../../sandbox/sandbox';
import { chaosSettings, runChaos, type Report } from '../chaos/chaos';
import type { StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import {
	startEnvironment,
	startQueueEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { currentVersion } from '../harness/n8n/install';
import type { RunningN8n } from '../harness/n8n/start';
import { buildChain, buildNode, buildTrigger } from '../harness/n8n/workflows';
import { runMain } from '../harness/runMain';
import { until } from '../harness/until';
import { createDeliveries, findQuantile, post, readSigningSecret, type Prepared } from './load';
import { median, readMachine } from './measure';

const { values: options } = parseArgs({
	options: {
		modes: { type: 'string', default: 'regular,queue' },
		settings: { type: 'string', default: 'default,lazy,lazy and limit' },
		bursts: { type: 'string', default: '100,500,2000' },
		/** How many deliveries a process gets right after its start. */
		cold: { type: 'string', default: '100' },
		rounds: { type: 'string', default: '1' },
		/** How long deliveries are sent at a steady rate; 0 leaves that out. */
		seconds: { type: 'string', default: '10' },
		/** How many sales are made in parallel, to count those that are lost; 0 leaves that out. */
		sales: { type: 'string', default: '500' },
		/** Whether the polling trigger of these sales polls every ten seconds instead of every minute. */
		often: { type: 'boolean', default: false },
	},
});
const isChosen = (list: string) => (name: string) => list.split(',').includes(name);

/** How many deliveries are open together while they are sent one after another. */
const steadyConnections = 10;
const coldBurstSize = Number(options.cold);

interface SetUp {
	name: string;
	mode: string;
	env: Record<string, string>;
}

interface Stage {
	environment: TestEnvironment;
	/** The processes that take deliveries. */
	receivers: RunningN8n[];
	contenders: Contender[];
}

interface Contender {
	name: string;
	workflow: StoredWorkflow;
	url: string;
	largestBurst: number;
	prepare(): Prepared;
}

interface Result {
	setUp: string;
	workflow: string;
	/** What was sent: `steady`, `cold 100`, or a burst by its size. */
	load: string;
	/** The time until each answer; undefined if none came in time. */
	times: Array<number | undefined>;
	executions: number;
	/** From the first delivery to the end of the last execution. */
	seconds: number;
}

const webhookSecret = 'whsec_benchmark';

const webhookNode = (path: string, rawBody: boolean) =>
	buildNode('Webhook', 'n8n-nodes-base.webhook', 2, {
		...{ httpMethod: 'POST', path, responseMode: 'onReceived' },
		options: rawBody ? { rawBody: true } : {},
	});

interface ComparedWorkflow {
	nodes: WorkflowNode[];
	/** The largest burst for it, where executing a larger one would take many minutes. */
	largestBurst?: number;
}

const trigger = buildTrigger(['order.completed']);
const nothing = buildNode('End', 'n8n-nodes-base.noOp', 1);
/** Evaluates an expression, as nearly every workflow does: n8n creates an isolate per execution. */
const expression = buildNode('Edit Fields', 'n8n-nodes-base.set', 3.4, {
	assignments: {
		assignments: [{ id: '1', name: 'order', type: 'string', value: '={{ $json.order.id }}' }],
	},
	options: {},
});
const verification = buildNode('Verify Delivery', 'n8n-nodes-pocketsflow.pocketsflow', 1, {
	resource: 'webhook',
	operation: 'verifyDelivery',
});

/** The compared workflows. "Verify Delivery" reads the headers by an expression. */
const workflows: Record<string, ComparedWorkflow> = {
	Webhook: { nodes: [webhookNode('bench', false), nothing] },
	'Pocketsflow Trigger': { nodes: [trigger, nothing] },
	'Webhook, Verify Delivery': {
		nodes: [webhookNode('bench-verified', true), verification],
		largestBurst: 500,
	},
	'Pocketsflow Trigger, Edit Fields': { nodes: [trigger, expression], largestBurst: 500 },
};

async function addContender(environment: TestEnvironment, name: string): Promise<Contender> {
	const { client, sandbox } = environment;
	const { nodes, largestBurst = Infinity } = workflows[name];
	const credential = await client.createCredential('pocketsflowApi', name, {
		apiKey: sandbox.testKey,
		baseUrl: sandbox.url,
		webhookSigningSecret: webhookSecret,
	});
	const workflow = await client.importWorkflow(buildChain(name, nodes), [credential]);
	await client.activate(workflow.id);
	const url = client.webhookUrl(workflow, nodes[0].name);
	const secret = (await readSigningSecret(environment, url)) ?? webhookSecret;
	return { name, workflow, url, largestBurst, prepare: createDeliveries(secret) };
}

type Start = (
	env: Record<string, string>,
	sandbox: SandboxOptions,
) => Promise<Omit<Stage, 'contenders'>>;

const starts: Record<string, Start> = {
	regular: async (env, sandbox) => {
		const environment = await startEnvironment({ sandbox, n8n: { env } });
		return { environment, receivers: [environment.n8n] };
	},
	queue: async (env, sandbox) => {
		const environment = await startQueueEnvironment({ sandbox, env });
		return { environment, receivers: environment.queue.webhooks };
	},
};

async function startStage({ mode, env }: SetUp): Promise<Stage> {
	const switches = { rateLimit: false, secretOnGet: 'present' } as const;
	const stage = await starts[mode](env, { switches });
	const contenders: Contender[] = [];
	for (const workflow of Object.keys(workflows))
		contenders.push(await addContender(stage.environment, workflow));
	return { ...stage, contenders };
}

const lazy = { N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE: 'true' };

interface Setting {
	modes: string[];
	env: Record<string, string>;
}

const settings: Record<string, Setting> = {
	default: { modes: ['regular', 'queue'], env: {} },
	lazy: { modes: ['regular', 'queue'], env: lazy },
	// A worker has a limit of 10 by default.
	'lazy and limit': {
		modes: ['regular'],
		env: { ...lazy, N8N_CONCURRENCY_PRODUCTION_LIMIT: '10' },
	},
};

const setUps: SetUp[] = Object.keys(starts)
	.filter(isChosen(options.modes))
	.flatMap((mode) =>
		Object.entries(settings)
			.filter(([name, { modes }]) => modes.includes(mode) && isChosen(options.settings)(name))
			.map(([name, { env }]) => ({ name: `${mode}, ${name}`, mode, env })),
	);

/** n8n may answer 503 while a burst keeps its database busy. */
const countExecutions = (
	{ client }: TestEnvironment,
	{ id }: StoredWorkflow,
	status?: string[],
): Promise<number> =>
	until('n8n to count its executions', () => client.countExecutions(id, status), {
		everyMs: 1000,
		withinMs: 120_000,
	});

/** After so long without an execution that ends, none is expected to. */
const stuckMs = 30_000;

/** Waits until every execution ended, or nothing changes. Returns when the last one ended. */
async function waitUntilDrained(
	environment: TestEnvironment,
	{ workflow }: Contender,
	expectedCount: number,
): Promise<number> {
	let last = '';
	let changedMs = performance.now();
	for (;;) {
		const left = await countExecutions(environment, workflow, ['new', 'running']);
		const count = await countExecutions(environment, workflow);
		const counts = `${left} ${count}`;
		if (counts !== last) changedMs = performance.now();
		last = counts;
		const isDone = left === 0 && count >= expectedCount;
		if (performance.now() - changedMs > (isDone ? 2_000 : stuckMs)) return changedMs;
		await sleep(250);
	}
}

/** Waits until the processes respond again: deliveries that senders gave up on keep them busy. */
const waitUntilResponsive = ({ receivers }: Stage) =>
	until(
		'n8n to be done with what was sent',
		async () => {
			const startMs = performance.now();
			for (const { url } of receivers) await fetch(`${url}/healthz`);
			return performance.now() - startMs < 250;
		},
		{ withinMs: 10 * 60_000, everyMs: 500 },
	);

type Sending = (contender: Contender) => Promise<Array<number | undefined>>;

const sendAtOnce =
	(size: number): Sending =>
	({ url, prepare }) => {
		const deliveries = Array.from({ length: size }, prepare);
		return Promise.all(deliveries.map((delivery) => post(url, delivery)));
	};

const sendSteadily =
	(seconds: number): Sending =>
	async ({ url, prepare }) => {
		const endMs = performance.now() + seconds * 1_000;
		const times: Array<number | undefined> = [];
		const sendInTurn = async () => {
			while (performance.now() < endMs) times.push(await post(url, prepare()));
		};
		await Promise.all(Array.from({ length: steadyConnections }, sendInTurn));
		return times;
	};

async function measureLoad(
	stage: Stage,
	contender: Contender,
	send: Sending,
): Promise<Pick<Result, 'times' | 'executions' | 'seconds'>> {
	const { environment } = stage;
	const countSuccesses = () => countExecutions(environment, contender.workflow, ['success']);
	const before = await countSuccesses();
	const allBefore = await countExecutions(environment, contender.workflow);
	const startMs = performance.now();
	const times = await send(contender);
	await waitUntilResponsive(stage);
	const expectedCount = allBefore + countAnswered({ times });
	const doneMs = await waitUntilDrained(environment, contender, expectedCount);
	const executions = (await countSuccesses()) - before;
	return { times, executions, seconds: (doneMs - startMs) / 1_000 };
}

const restartReceivers = ({ receivers }: Stage) =>
	Promise.all(receivers.map((one) => one.restart()));

/** Runs all loads on all workflows of a set-up; in each round a load goes to each workflow in turn. */
async function measureSetUp(setUp: SetUp): Promise<Result[]> {
	const stage = await startStage(setUp);
	const results: Result[] = [];
	const measure = async (contender: Contender, load: string, send: Sending) => {
		const measured = await measureLoad(stage, contender, send);
		const result = { setUp: setUp.name, workflow: contender.name, load, ...measured };
		results.push(result);
		process.stderr.write(`${describe(result)}\n`);
	};
	try {
		for (const contender of stage.contenders) {
			await restartReceivers(stage);
			await measure(contender, `cold ${coldBurstSize}`, sendAtOnce(coldBurstSize));
		}
		const seconds = Number(options.seconds);
		for (const contender of seconds > 0 ? stage.contenders : [])
			await measure(contender, 'steady', sendSteadily(seconds));
		// What one load has left behind must not burden the next.
		await restartReceivers(stage);
		for (const size of options.bursts.split(',').map(Number))
			for (let round = 0; round < Number(options.rounds); round++)
				for (const contender of stage.contenders.filter(({ largestBurst }) => size <= largestBurst))
					await measure(contender, String(size), sendAtOnce(size));
		return results;
	} finally {
		await stage.environment.stop();
	}
}

/** Sells to an n8n with both triggers and a shop, and counts what the shop has afterwards. */
async function sellAtOnce({ name, mode, env }: SetUp, sales: number): Promise<Report> {
	return await runChaos(
		{
			seed: 1,
			purchases: sales,
			durationMs: 0,
			...{ kills: 0, outages: 0, outageMs: 0 },
			...{ dropRate: 0, duplicateRate: 0, malformRate: 0 },
			repeatAfterMinutes: 1,
			pollEverySeconds: options.often ? 10 : 60,
			settleTimeoutMs: 10 * 60_000,
		},
		(line) => process.stderr.write(`${name} | ${line}\n`),
		async (sandbox) => ({
			environment: (await starts[mode]({ ...chaosSettings, ...env }, sandbox)).environment,
			victims: [],
			hasSeveralReceivers: mode === 'queue',
		}),
	);
}

const countAnswered = ({ times }: Pick<Result, 'times'>) =>
	times.filter((ms) => ms !== undefined).length;

const formatTime = (ms: number | undefined) =>
	ms === undefined ? '> 5 s' : ms < 1_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1_000).toFixed(1)} s`;

const describe = (result: Result) =>
	`${result.setUp} | ${result.workflow} | ${result.load}: ${countAnswered(result)} of ${result.times.length} answered, ${result.executions} executions, ${formatTime(findQuantile(result.times, 0.5))}, ${formatTime(findQuantile(result.times, 0.99))}, all done after ${result.seconds.toFixed(1)} s`;

const printTable = (columns: string[], rows: string[][]) => {
	const lines = [columns, columns.map(() => '---'), ...rows];
	process.stdout.write(`\n${lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`);
};

function printSteady(results: Result[]): void {
	const rateOf = (result: Result) => result.executions / result.seconds;
	const rows = results
		.filter(({ load }) => load === 'steady')
		.map((result) => {
			const bare = results.find(
				({ setUp, workflow, load }) =>
					load === 'steady' && setUp === result.setUp && workflow === 'Webhook',
			);
			return [
				result.setUp,
				result.workflow,
				`${countAnswered(result)} of ${result.times.length}`,
				formatTime(findQuantile(result.times, 0.5)),
				rateOf(result).toFixed(1),
				bare ? (rateOf(result) / rateOf(bare)).toFixed(2) : '',
			];
		});
	printTable(
		['n8n', 'Workflow', 'Answered', 'Median', 'Executed a second', 'Ratio to Webhook'],
		rows,
	);
}

function printBursts(results: Result[]): void {
	const bursts = results.filter(({ load }) => load !== 'steady');
	const names = [...new Set(bursts.map(({ setUp }) => setUp))];
	const describeSame = (same: Result[]) => {
		if (same.length === 0) return '';
		const times = same.flatMap((result) => result.times);
		const executions = same.reduce((sum, result) => sum + result.executions, 0);
		const percent = (count: number) => ((count / times.length) * 100).toFixed(0);
		const quantiles = [0.5, 0.99].map((share) => formatTime(findQuantile(times, share)));
		return `${percent(countAnswered({ times }))} %, ${percent(executions)} %; ${quantiles.join(', ')}`;
	};
	const rows = [...new Set(bursts.map(({ load }) => load))].flatMap((load) =>
		Object.keys(workflows)
			.filter((workflow) => bursts.some((one) => one.load === load && one.workflow === workflow))
			.map((workflow) => [
				load,
				workflow,
				...names.map((name) =>
					describeSame(
						bursts.filter(
							(one) => one.load === load && one.workflow === workflow && one.setUp === name,
						),
					),
				),
			]),
	);
	printTable(['Deliveries', 'Workflow', ...names], rows);
}

function printSales(reports: Array<{ setUp: string; report: Report }>): void {
	const rows = reports.map(({ setUp, report }) => {
		const { purchases, deliveries, late, settledTwice, lost, invented } = report;
		const answered = deliveries.delivered ?? 0;
		return [
			setUp,
			...[purchases, answered, purchases - late - lost, late],
			settledTwice,
			lost,
			invented,
		];
	});
	printTable(
		[
			...['n8n', 'Simultaneous sales', 'Answered', 'Settled in a minute', 'Later'],
			...['Twice', 'Lost', 'Invented'],
		],
		rows.map((cells) => cells.map(String)),
	);
}

/** Prints the time of checking a delivery against the bare HMAC, as a ratio of medians. */
function benchmarkVerification(bytes: number, rounds: number): void {
	const secret = 'whsec_bench';
	const body = Buffer.alloc(bytes, 'x');
	const header = sign(body, secret);
	const times = { bare: [] as number[], checked: [] as number[] };
	const measureMicroseconds = (work: () => unknown) => {
		const start = process.hrtime.bigint();
		for (let n = 0; n < rounds; n++) work();
		return Number(process.hrtime.bigint() - start) / rounds / 1000;
	};
	for (let round = 0; round < 21; round++) {
		times.bare.push(
			measureMicroseconds(() => createHmac('sha256', secret).update(body).digest('hex')),
		);
		times.checked.push(measureMicroseconds(() => checkSignature(body, header, secret)));
	}
	const [bare, checked] = [median(times.bare), median(times.checked)];
	console.log(
		`verification of ${bytes} B: ${checked.toFixed(1)} µs, bare HMAC ${bare.toFixed(1)} µs, ratio ${(checked / bare).toFixed(2)}`,
	);
}

async function main(): Promise<void> {
	benchmarkVerification(1_000, 3_000);
	benchmarkVerification(1_000_000, 5);
	const results: Result[] = [];
	for (const setUp of setUps) results.push(...(await measureSetUp(setUp)));
	const sales = Number(options.sales);
	const reports: Array<{ setUp: string; report: Report }> = [];
	for (const setUp of sales > 0 ? setUps : [])
		reports.push({ setUp: setUp.name, report: await sellAtOnce(setUp, sales) });
	process.stdout.write(`\n${await readMachine(currentVersion)}\n`);
	if (Number(options.seconds) > 0) printSteady(results);
	printBursts(results);
	if (reports.length > 0) printSales(reports);
	if (reports.some(({ report: { lost, invented } }) => lost + invented > 0)) process.exitCode = 1;
}

runMain(main);
