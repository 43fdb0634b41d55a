import { setTimeout as sleep } from 'node:timers/promises';

import { fillSetUp, readExample } from '../../demo/example-workflows';
import type { Sandbox, SandboxOptions } from '../../sandbox/sandbox';
import { createRandom } from '../../sandbox/webhooks/delivery-faults';
import { Ledger } from '../harness/ledger';
import { startEnvironment, type TestEnvironment } from '../harness/n8n/environment';
import type { RunningN8n } from '../harness/n8n/start';
import { pollOften } from '../harness/n8n/workflows';
import { readMessage } from '../harness/runMain';
import { until } from '../harness/until';

export interface Plan {
	seed: number;
	purchases: number;
	/** Over how long the purchases are spread. */
	durationMs: number;
	kills: number;
	/** How often the API is down, and how long each time. */
	outages: number;
	outageMs: number;
	/** Shares of the deliveries. */
	dropRate: number;
	duplicateRate: number;
	malformRate: number;
	/** The safety window of the polling trigger. */
	repeatAfterMinutes: number;
	/** How often it polls: every minute, as users set it, or as often as n8n allows. */
	pollEverySeconds: 60 | 10;
	/** How long after the last purchase an order that is not settled counts as lost. */
	settleTimeoutMs: number;
}

export interface Report {
	seed: number;
	purchases: number;
	settled: number;
	lost: number;
	/** Entries of the ledger that nobody bought. */
	invented: number;
	/**
	 * Orders that were marked more than once, and those of them that nothing explains: no kill between, and no
	 * two processes that got the delivery.
	 */
	settledTwice: number;
	settledTwiceUnexplained: number;
	/** Orders that were recorded under more than one event ID; undefined if that is not looked up. */
	withSeveralEventIds?: number;
	/** The orders that were settled more than a minute after their purchase: a poll found them. */
	late: number;
	kills: number;
	outages: number;
	deliveries: Record<string, number>;
	durationMs: number;
}

export type Log = (line: string) => void;

/** What is killed: an n8n, or a part of one. */
export interface Victim {
	name: string;
	kill(): Promise<unknown>;
	/** Starts it again after a kill. */
	restart(): Promise<void>;
	/** Whether it crashed. A service manager then starts it again. */
	readonly hasEnded?: boolean;
}

/** An n8n that sells, with what of it is killed, one after another. */
export interface Scene {
	environment: TestEnvironment;
	victims: Victim[];
	/** What is not killed, but started again when it crashes. */
	bystanders?: Victim[];
	/** Whether more than one process takes deliveries, each with its own memory. */
	hasSeveralReceivers: boolean;
	/** The number of orders that are recorded under more than one event ID. */
	countWithSeveralEventIds?(): Promise<number>;
}

/** n8n as the scenes run it. */
export const chaosSettings = { EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'none', N8N_LOG_LEVEL: 'warn' };

/** One process of n8n. */
async function startSingle(sandbox: SandboxOptions): Promise<Scene> {
	const environment = await startEnvironment({
		sandbox,
		n8n: {
			env: {
				...chaosSettings,
				// As a user with bursts of sales sets it: SQLite serves few executions at a time.
				N8N_CONCURRENCY_PRODUCTION_LIMIT: '10',
			},
		},
	});
	const { n8n } = environment;
	const victim = Object.create(n8n, { name: { value: 'n8n' } }) as RunningN8n & { name: string };
	return { environment, victims: [victim], hasSeveralReceivers: false };
}

/** One run: what it disturbs, and what it has done so far. */
interface Run {
	plan: Plan;
	environment: TestEnvironment;
	scene: Scene;
	ledger: Ledger;
	/** From 0 to 1, the same in every run with the same seed. */
	random: () => number;
	log: Log;
	startedAt: number;
	/** When each order was bought. */
	boughtAt: Map<string, number>;
	/** When something was killed. */
	killedAt: number[];
	/** What is being killed or started. */
	busy: Set<Victim>;
	isOver: boolean;
}

/** Draws moments within a span, one in each of its equal parts, so that they do not coincide. */
const spread = (count: number, spanMs: number, random: () => number): number[] =>
	Array.from({ length: count }, (_, index) => ((index + 0.2 + 0.6 * random()) / count) * spanMs);

/**
 * Sells, kills, drops and disturbs; then counts what a ledger outside n8n has.
 * @param start the n8n to do it with; one process by default
 */
export async function runChaos(
	plan: Plan,
	log: Log,
	start: (sandbox: SandboxOptions) => Promise<Scene> = startSingle,
): Promise<Report> {
	const startedAt = Date.now();
	const ledger = await Ledger.open();
	const { dropRate, duplicateRate, malformRate } = plan;
	const scene = await start({
		seed: 'test',
		switches: { deliverySeed: plan.seed, dropRate, duplicateRate, malformRate },
	}).catch(async (error: unknown) => {
		await ledger.close();
		throw error;
	});
	const { environment } = scene;
	try {
		await activateExample(environment, ledger, plan);
		log(`n8n runs at ${environment.n8n.url}, seed ${plan.seed}`);
		const run: Run = {
			plan,
			environment,
			scene,
			ledger,
			random: createRandom(plan.seed),
			log,
			startedAt: Date.now(),
			boughtAt: new Map(),
			killedAt: [],
			busy: new Set(),
			isOver: false,
		};
		const service = keepRunning(run);
		await Promise.all([sell(run), killRepeatedly(run), takeApiDown(run), logProgress(run)]);
		await environment.sandbox.waitForDeliveries();
		await waitUntilSettled(run);
		run.isOver = true;
		await service;
		return await buildReport(run, Date.now() - startedAt);
	} finally {
		await environment.stop();
		await ledger.close();
	}
}

/** Imports the example workflow as a user would set it up, with the ledger as the shop. */
async function activateExample(
	{ client, credential }: TestEnvironment,
	ledger: Ledger,
	{ repeatAfterMinutes, pollEverySeconds }: Plan,
): Promise<void> {
	const example = await readExample('reconcile-two-triggers');
	const filled = fillSetUp(example, { shopUrl: ledger.url });
	const workflow = pollEverySeconds === 10 ? pollOften(filled) : filled;
	const polling = workflow.nodes.find(({ type }) => type.endsWith('.pocketsflowPollingTrigger'));
	if (!polling) throw new Error('The example has no polling trigger');
	// The overlap is for records that appear late; none do here, and it would hold thousands of sales.
	// The batch has room for all sales of a minute, twice, and for what each kill brings back.
	polling.parameters.options = {
		headStart: 30,
		repeatAfter: repeatAfterMinutes,
		batch: 3000,
		overlap: 2,
	};
	const { id } = await client.importWorkflow(workflow, [credential]);
	await client.activate(id);
}

const sleepUntil = async (time: number) => {
	await sleep(Math.max(0, time - Date.now()));
};

async function sell({ plan, environment, random, startedAt, boughtAt }: Run): Promise<void> {
	const { purchases, durationMs } = plan;
	const { data } = await environment.api.get<Array<{ _id: string }>>('/products');
	while (boughtAt.size < purchases) {
		const count = Math.min(1 + Math.floor(random() * 9), purchases - boughtAt.size);
		const firstNumber = boughtAt.size + 1;
		for (let number = firstNumber; number < firstNumber + count; number++)
			boughtAt.set(`A-${number}`, Date.now());
		await environment.sandbox.purchase({
			productId: data[0]._id,
			count,
			firstNumber,
			email: 'buyer{n}@example.com',
			metadata: { order_id: 'A-{n}' },
			wait: false,
		});
		await sleepUntil(startedAt + (boughtAt.size / purchases) * durationMs);
	}
}

async function killRepeatedly(run: Run): Promise<void> {
	const { plan, scene, random, startedAt, killedAt, log } = run;
	const moments = spread(plan.kills, plan.durationMs, random);
	const pausesMs = moments.map(() => random() * 5_000);
	for (const [index, moment] of moments.entries()) {
		await sleepUntil(startedAt + moment);
		const victim = scene.victims[index % scene.victims.length];
		killedAt.push(Date.now());
		await startAgain(run, victim, async () => {
			await victim.kill();
			await sleep(pausesMs[index]);
		});
		const downSeconds = Math.round((Date.now() - killedAt[index]) / 1000);
		log(`kill ${killedAt.length}: ${victim.name} was down for ${downSeconds} s`);
	}
}

/** Starts again what crashes, as a process of n8n does that has lost its Redis. */
async function keepRunning(run: Run): Promise<void> {
	while (!run.isOver) {
		const { victims, bystanders = [] } = run.scene;
		const ended = [...victims, ...bystanders].filter((one) => one.hasEnded && !run.busy.has(one));
		for (const victim of ended) {
			run.log(`${victim.name} ended by itself`);
			run.killedAt.push(Date.now());
			await startAgain(run, victim);
		}
		await sleep(1_000);
	}
}

/** Starts it as a service manager does: again, when it ends while starting. */
async function startAgain(
	{ busy, log }: Run,
	victim: Victim,
	first: () => Promise<void> = async () => undefined,
): Promise<void> {
	busy.add(victim);
	try {
		await first();
		for (let attempt = 1; ; attempt++) {
			try {
				return await victim.restart();
			} catch (error) {
				const [line] = readMessage(error).split('\n');
				log(`${victim.name} did not start: ${line}`);
				if (attempt === 5) throw error;
			}
		}
	} finally {
		busy.delete(victim);
	}
}

async function takeApiDown({ plan, environment, random, startedAt, log }: Run): Promise<void> {
	const moments = spread(plan.outages, plan.durationMs, random);
	for (const [index, moment] of moments.entries()) {
		await sleepUntil(startedAt + moment);
		environment.sandbox.setSwitches({ apiDown: true });
		await sleep(plan.outageMs);
		environment.sandbox.setSwitches({ apiDown: false });
		log(`outage ${index + 1} of the API is over`);
	}
}

async function logProgress({ plan, ledger, boughtAt, log }: Run): Promise<void> {
	while (boughtAt.size < plan.purchases) {
		await sleep(15_000);
		log(`bought ${boughtAt.size}, settled ${ledger.entries.size}`);
	}
}

/** Waits for the last order, and then as long as repetitions can come. An order that is missing is counted later. */
async function waitUntilSettled({ plan, ledger, boughtAt, log }: Run): Promise<void> {
	const countMissing = () => [...boughtAt.keys()].filter((id) => !ledger.entries.has(id)).length;
	let logged: number | undefined;
	await until(
		'every order to be settled',
		() => {
			const missing = countMissing();
			if (missing > 0 && missing !== logged) log(`all bought, ${missing} still to be settled`);
			logged = missing;
			return missing === 0;
		},
		{ withinMs: plan.settleTimeoutMs, everyMs: 5_000 },
	).catch((error: unknown) => log(readMessage(error)));
	// A poll that is late, and its execution.
	await sleep(plan.repeatAfterMinutes * 60_000 + plan.pollEverySeconds * 1_000 + 30_000);
}

async function buildReport(run: Run, durationMs: number): Promise<Report> {
	const { plan, environment, scene, ledger, boughtAt, killedAt } = run;
	const entries = [...ledger.entries];
	const twice = entries.filter(([, { markedAt }]) => markedAt.length > 1);
	const doubled = scene.hasSeveralReceivers ? listDoubled(environment.sandbox) : new Set<string>();
	return {
		seed: plan.seed,
		purchases: boughtAt.size,
		settled: entries.filter(([id]) => boughtAt.has(id)).length,
		lost: [...boughtAt.keys()].filter((id) => !ledger.entries.has(id)).length,
		invented: entries.filter(([id]) => !boughtAt.has(id)).length + ledger.strange.length,
		settledTwice: twice.length,
		settledTwiceUnexplained: twice.filter(
			([id, { markedAt }]) => !doubled.has(id) && !isExplainedByKills(markedAt, killedAt),
		).length,
		withSeveralEventIds: await scene.countWithSeveralEventIds?.(),
		late: entries.filter(([id, { markedAt }]) => markedAt[0] - (boughtAt.get(id) ?? 0) > 60_000)
			.length,
		kills: plan.kills,
		outages: plan.outages,
		deliveries: countDeliveries(environment.sandbox),
		durationMs,
	};
}

/** The own order IDs of the sales that were delivered more than once. */
function listDoubled({ deliveries }: Sandbox): Set<string> {
	const orders = deliveries
		.filter(({ event, fault }) => event === 'order.completed' && fault === 'duplicate')
		.map(({ body }) => (JSON.parse(body) as { metadata: { order_id: string } }).metadata.order_id);
	return new Set(orders);
}

/** How many deliveries had each outcome and each fault. */
function countDeliveries({ deliveries }: Sandbox): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { outcome, fault } of deliveries)
		for (const name of [outcome, ...(fault ? [`fault: ${fault}`] : [])])
			counts[name] = (counts[name] ?? 0) + 1;
	return counts;
}

/** An order is marked and the mark recorded within this time; a kill between explains a repetition. */
const executionMs = 120_000;

/** Whether something was killed between each marking of an order and the next. */
const isExplainedByKills = (markedAt: readonly number[], killedAt: readonly number[]) =>
	markedAt
		.slice(1)
		.every((again, index) =>
			killedAt.some(
				(kill) =>
					kill >= markedAt[index] - 1_000 && kill <= again && kill - markedAt[index] <= executionMs,
			),
		);
