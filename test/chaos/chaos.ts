import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import { N8nClient, type StoredWorkflow, type Workflow } from '../harness/n8n/client';
import { startN8n, type RunningN8n } from '../harness/n8n/start';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { ensureBuilt } from '../harness/setup/build';
import { Ledger } from './ledger';

export interface Plan {
	seed: number;
	purchases: number;
	/** Over how long the purchases are spread, ms. */
	duration: number;
	kills: number;
	/** How often the API is down, and how long each time, ms. */
	outages: number;
	outage: number;
	/** Shares of the deliveries. */
	dropped: number;
	doubled: number;
	malformed: number;
	/** The safety window of the polling trigger, minutes. */
	repeatAfter: number;
	/** After which time without the last order being settled it counts as lost, ms. */
	patience: number;
}

export interface Report {
	seed: number;
	purchases: number;
	settled: number;
	lost: number;
	/** Entries of the ledger that nobody bought. */
	invented: number;
	/** Orders that were marked more than once, and those of them that no kill explains. */
	workedTwice: number;
	workedTwiceWithoutKill: number;
	/** The orders that were settled more than a minute after their purchase: a poll found them. */
	late: number;
	kills: number;
	outages: number;
	deliveries: Record<string, number>;
	/** ms */
	took: number;
}

/** Random numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Moments within a span, one in each of its equal parts, so that they do not fall on each other. */
function spread(count: number, span: number, random: () => number): number[] {
	return Array.from(
		{ length: count },
		(_, index) => ((index + 0.2 + 0.6 * random()) / count) * span,
	);
}

/** Marking an order and the record of it lie at most this far apart, ms; a kill between explains a repetition. */
const workTakes = 120_000;

const wasKilledBetween = (markedAt: readonly number[], kills: readonly number[]) =>
	markedAt
		.slice(1)
		.every((again, index) =>
			kills.some(
				(kill) =>
					kill >= markedAt[index] - 1_000 && kill <= again && kill - markedAt[index] <= workTakes,
			),
		);

/** Sells, kills, drops and disturbs; then counts what a ledger outside n8n says. */
export async function runChaos(plan: Plan, log: (line: string) => void): Promise<Report> {
	const began = Date.now();
	await ensureBuilt();
	const random = randomNumbers(plan.seed);
	const ledger = await Ledger.open();
	const sandbox = await startSandbox({
		seed: 'test',
		switches: {
			deliverySeed: plan.seed,
			dropRate: plan.dropped,
			duplicateRate: plan.doubled,
			malformRate: plan.malformed,
		},
	});
	const n8n = await startN8n({
		env: {
			EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'none',
			N8N_LOG_LEVEL: 'warn',
			// As an operator with bursts of sales sets it: SQLite serves few executions at once.
			N8N_CONCURRENCY_PRODUCTION_LIMIT: '10',
		},
	});
	try {
		await settling(n8n, sandbox, ledger, plan);
		log(`n8n runs at ${n8n.url}, seed ${plan.seed}`);
		const boughtAt = new Map<string, number>();
		const kills: number[] = [];
		const start = Date.now();
		const isOver = () => boughtAt.size >= plan.purchases;
		await Promise.all([
			sell(sandbox, plan, random, start, boughtAt),
			killing(n8n, spread(plan.kills, plan.duration, random), random, start, kills, log),
			disturbing(sandbox, spread(plan.outages, plan.duration, random), plan.outage, start, log),
			progress(ledger, boughtAt, isOver, log),
		]);
		await sandbox.settled();
		await untilSettled(ledger, boughtAt, plan, log);

		const entries = [...ledger.entries];
		const twice = entries.filter(([, { markedAt }]) => markedAt.length > 1);
		const deliveries: Record<string, number> = {};
		for (const { outcome, fault } of sandbox.deliveries)
			for (const name of [outcome, ...(fault ? [`fault: ${fault}`] : [])])
				deliveries[name] = (deliveries[name] ?? 0) + 1;
		return {
			seed: plan.seed,
			purchases: boughtAt.size,
			settled: entries.filter(([id]) => boughtAt.has(id)).length,
			lost: [...boughtAt.keys()].filter((id) => !ledger.entries.has(id)).length,
			invented: entries.filter(([id]) => !boughtAt.has(id)).length + ledger.strange.length,
			workedTwice: twice.length,
			workedTwiceWithoutKill: twice.filter(([, { markedAt }]) => !wasKilledBetween(markedAt, kills))
				.length,
			late: entries.filter(([id, { markedAt }]) => markedAt[0] - (boughtAt.get(id) ?? 0) > 60_000)
				.length,
			kills: kills.length,
			outages: plan.outages,
			deliveries,
			took: Date.now() - began,
		};
	} finally {
		await n8n.stop();
		await sandbox.close();
		await ledger.close();
	}
}

/** The example workflow as an operator would set it up, with the ledger as the shop. */
async function settling(
	n8n: RunningN8n,
	sandbox: Sandbox,
	ledger: Ledger,
	{ repeatAfter }: Plan,
): Promise<StoredWorkflow> {
	const client = await N8nClient.connect(n8n);
	const credential = await client.createCredential('pocketsflowApi', 'Pocketsflow', {
		apiKey: sandbox.testKey,
		baseUrl: sandbox.url,
		webhookSigningSecret: '',
	});
	const file = join(__dirname, '..', '..', 'examples', 'reconcile-two-triggers.json');
	const text = (await readFile(file, 'utf8')).replaceAll('https://shop.example.com', ledger.url);
	const workflow = JSON.parse(text) as Workflow;
	const polling = workflow.nodes.find(({ type }) => type.endsWith('.pocketsflowPollingTrigger'));
	if (!polling) throw new Error('The example has no polling trigger');
	// The overlap is for records that appear late; none do here, and it would hold thousands of sales.
	// The batch has room for all sales of a minute, twice, and for what each kill brings back.
	polling.parameters.options = { headStart: 30, repeatAfter, batch: 3000, overlap: 2 };
	const stored = await client.importWorkflow(workflow, [credential]);
	await client.runManually(stored.id, 'Set up once');
	await client.waitForExecution(stored.id, ({ status }) => status === 'success');
	await client.activate(stored.id);
	return stored;
}

async function sell(
	sandbox: Sandbox,
	{ purchases, duration }: Plan,
	random: () => number,
	start: number,
	boughtAt: Map<string, number>,
): Promise<void> {
	const products = await fetch(`${sandbox.url}/products`, {
		headers: { authorization: `Bearer ${sandbox.testKey}` },
	});
	const [{ _id: productId }] = (await products.json()) as Array<{ _id: string }>;
	while (boughtAt.size < purchases) {
		const count = Math.min(1 + Math.floor(random() * 9), purchases - boughtAt.size);
		const firstNumber = boughtAt.size + 1;
		for (let number = firstNumber; number < firstNumber + count; number++)
			boughtAt.set(`A-${number}`, Date.now());
		await sandbox.purchase({
			productId,
			count,
			firstNumber,
			email: 'buyer{n}@example.com',
			metadata: { order_id: 'A-{n}' },
			wait: false,
		});
		await until(start + (boughtAt.size / purchases) * duration);
	}
}

const until = async (moment: number) => {
	await wait(Math.max(0, moment - Date.now()));
};

async function killing(
	n8n: RunningN8n,
	moments: readonly number[],
	random: () => number,
	start: number,
	kills: number[],
	log: (line: string) => void,
): Promise<void> {
	const pauses = moments.map(() => random() * 5_000);
	for (const [index, moment] of moments.entries()) {
		await until(start + moment);
		kills.push(Date.now());
		await n8n.kill('SIGKILL');
		await wait(pauses[index]);
		await started(n8n, log);
		log(
			`kill ${kills.length}: n8n was down for ${Math.round((Date.now() - kills[index]) / 1000)} s`,
		);
	}
}

/** Starts n8n as a service manager does: again, when it ends while starting. */
async function started(n8n: RunningN8n, log: (line: string) => void): Promise<void> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await n8n.restart();
		} catch (error) {
			const [line] = (error as Error).message.split('\n');
			log(`n8n did not start: ${line}`);
			if (attempt === 5) throw error;
		}
	}
}

async function disturbing(
	sandbox: Sandbox,
	moments: readonly number[],
	outage: number,
	start: number,
	log: (line: string) => void,
): Promise<void> {
	for (const [index, moment] of moments.entries()) {
		await until(start + moment);
		sandbox.setSwitches({ apiDown: true });
		await wait(outage);
		sandbox.setSwitches({ apiDown: false });
		log(`outage ${index + 1} of the API is over`);
	}
}

async function progress(
	ledger: Ledger,
	boughtAt: ReadonlyMap<string, number>,
	isOver: () => boolean,
	log: (line: string) => void,
): Promise<void> {
	while (!isOver()) {
		await wait(15_000);
		log(`bought ${boughtAt.size}, settled ${ledger.entries.size}`);
	}
}

/** Waits for the last order, and then as long as repetitions can come. */
async function untilSettled(
	ledger: Ledger,
	boughtAt: ReadonlyMap<string, number>,
	{ patience, repeatAfter }: Plan,
	log: (line: string) => void,
): Promise<void> {
	const deadline = Date.now() + patience;
	const missing = () => [...boughtAt.keys()].filter((id) => !ledger.entries.has(id));
	while (missing().length > 0 && Date.now() < deadline) {
		await wait(5_000);
		log(`all bought, ${missing().length} still to be settled`);
	}
	await wait(repeatAfter * 60_000 + 90_000);
}
