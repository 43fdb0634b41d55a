import { createHmac } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import axios from 'axios';

import { checkSignature, sign } from '../../nodes/Pocketsflow/events/signature';
import type { N8nClient, StoredWorkflow, WorkflowNode } from '../harness/n8n/client';
import { startEnvironment, type TestEnvironment } from '../harness/n8n/environment';
import { runMain } from '../harness/runMain';
import { until } from '../harness/until';
import { createDeliveries } from './load';
import { median } from './measure';

const { values, positionals } = parseArgs({
	options: {
		bursts: { type: 'string', default: '100,200,500' },
		/** How often each burst is sent. */
		rounds: { type: 'string', default: '3' },
	},
	allowPositionals: true,
});

/** Prints the time of one check of a delivery against the bare HMAC over the same bytes, as a ratio of medians. */
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

const webhookNode: WorkflowNode = {
	name: 'Webhook',
	type: 'n8n-nodes-base.webhook',
	typeVersion: 2,
	position: [0, 0],
	parameters: { httpMethod: 'POST', path: 'bench', responseMode: 'onReceived', options: {} },
};

const triggerNode: WorkflowNode = {
	name: 'Pocketsflow Trigger',
	type: 'n8n-nodes-pocketsflow.pocketsflowTrigger',
	typeVersion: 2,
	position: [0, 0],
	parameters: { events: ['order.completed'], options: {} },
};

const endNode: WorkflowNode = {
	name: 'End',
	type: 'n8n-nodes-base.noOp',
	typeVersion: 1,
	position: [200, 0],
	parameters: {},
};

/** A workflow that is compared, and where its deliveries go. */
interface Contender {
	name: string;
	workflow: StoredWorkflow;
	url: string;
}

async function addContender(
	{ client, credential }: TestEnvironment,
	trigger: WorkflowNode,
): Promise<Contender> {
	const { name } = trigger;
	const connections = { [name]: { main: [[{ node: 'End', type: 'main', index: 0 }]] } };
	const workflow = await client.importWorkflow({ name, nodes: [trigger, endNode], connections }, [
		credential,
	]);
	await client.activate(workflow.id);
	return { name, workflow, url: client.webhookUrl(workflow, name) };
}

/** Returns a function that sends a signed delivery of a new order and says whether it was answered with 200 within 5 s. */
function createSender(secret: string): (url: string) => Promise<boolean> {
	const httpAgent = new Agent({ keepAlive: false, maxSockets: Infinity });
	const prepare = createDeliveries(secret);
	return (url) => {
		const { body, headers } = prepare();
		return axios.post(url, body, { headers, httpAgent, timeout: 5000, proxy: false }).then(
			({ status }) => status === 200,
			() => false,
		);
	};
}

/** The number of executions. n8n answers 503 while a burst keeps its database busy. */
const countExecutions = (client: N8nClient, { id }: StoredWorkflow): Promise<number> =>
	until('n8n to count its executions', () => client.countExecutions(id), { everyMs: 1000 });

/** The number of executions since `before`, once there are `most` or none has been added for 10 s. */
async function countStarted(
	client: N8nClient,
	workflow: StoredWorkflow,
	before: number,
	most: number,
): Promise<number> {
	let last = -1;
	for (let unchanged = 0; unchanged < 20; ) {
		const count = (await countExecutions(client, workflow)) - before;
		if (count >= most) return count;
		unchanged = count === last ? unchanged + 1 : 0;
		last = count;
		await sleep(500);
	}
	return last;
}

type Send = ReturnType<typeof createSender>;

async function benchmarkSingles(contenders: Contender[], send: Send): Promise<void> {
	const times = contenders.map((): number[] => []);
	for (let round = 0; round < 25; round++)
		for (const [index, { url }] of contenders.entries()) {
			const startMs = performance.now();
			await send(url);
			// The first rounds warm up.
			if (round >= 5) times[index].push(performance.now() - startMs);
			await sleep(50);
		}
	const [bare, ours] = times.map(median);
	console.log(
		`one at a time: Webhook ${bare.toFixed(0)} ms, Pocketsflow Trigger ${ours.toFixed(0)} ms, ratio ${(ours / bare).toFixed(2)}`,
	);
}

interface Burst {
	answered: number;
	seconds: number;
	started: number;
}

async function sendBurst(
	client: N8nClient,
	{ workflow, url }: Contender,
	send: Send,
	size: number,
): Promise<Burst> {
	const before = await countExecutions(client, workflow);
	const startMs = performance.now();
	const results = await Promise.all(Array.from({ length: size }, () => send(url)));
	const seconds = (performance.now() - startMs) / 1000;
	const started = await countStarted(client, workflow, before, size);
	return { answered: results.filter(Boolean).length, seconds, started };
}

async function benchmarkBursts(
	client: N8nClient,
	contenders: Contender[],
	send: Send,
	size: number,
): Promise<void> {
	const bursts = contenders.map((): Burst[] => []);
	for (let round = 0; round < Number(values.rounds); round++)
		for (const [index, contender] of contenders.entries())
			bursts[index].push(await sendBurst(client, contender, send, size));
	for (const [index, { name }] of contenders.entries()) {
		const answered = median(bursts[index].map((burst) => burst.answered));
		const figures = bursts[index].map(
			(burst) => `${burst.answered} in ${burst.seconds.toFixed(1)} s (${burst.started} executions)`,
		);
		console.log(
			`burst of ${size}, ${name}: median ${answered} answered within 5 s; ${figures.join('; ')}`,
		);
	}
}

async function main(): Promise<void> {
	benchmarkVerification(64, 5000);
	benchmarkVerification(1000, 3000);
	benchmarkVerification(1_000_000, 5);

	// Settings of n8n to try: `npm run bench -- trigger N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true`
	const env = Object.fromEntries(positionals.map((word) => word.split('=')));
	const environment = await startEnvironment({
		sandbox: { switches: { rateLimit: false, secretOnGet: 'present' } },
		n8n: { env },
	});
	try {
		const contenders = [
			await addContender(environment, webhookNode),
			await addContender(environment, triggerNode),
		];
		const { data } = await environment.api.get<Array<{ secret: string }>>('/webhooks');
		const send = createSender(data[0].secret);
		await benchmarkSingles(contenders, send);
		for (const size of values.bursts.split(',').map(Number))
			await benchmarkBursts(environment.client, contenders, send, size);
	} finally {
		await environment.stop();
	}
}

runMain(main);
