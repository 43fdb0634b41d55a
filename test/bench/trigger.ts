import { createHmac } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';

import axios from 'axios';

import { checkSignature, sign } from '../../nodes/Pocketsflow/webhook/signature';
import { N8nClient, type StoredWorkflow } from '../harness/n8n/client';
import { startN8n } from '../harness/n8n/start';
import { startSandbox } from '../../sandbox/sandbox';
import { ensureBuilt } from '../harness/setup/build';
import { orderCompleted } from '../harness/payloads';

let secret = 'whsec_bench';
const median = (values: number[]) =>
	[...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Time of one check of a delivery against the bare HMAC over the same bytes, as a ratio of medians. */
function verification(bytes: number, rounds: number): void {
	const body = Buffer.alloc(bytes, 'x');
	const header = sign(body, secret);
	const times = { bare: [] as number[], checked: [] as number[] };
	const timed = (work: () => unknown) => {
		const begun = process.hrtime.bigint();
		for (let n = 0; n < rounds; n++) work();
		return Number(process.hrtime.bigint() - begun) / rounds / 1000;
	};
	for (let round = 0; round < 21; round++) {
		times.bare.push(timed(() => createHmac('sha256', secret).update(body).digest('hex')));
		times.checked.push(timed(() => checkSignature(body, header, secret)));
	}
	const [bare, checked] = [median(times.bare), median(times.checked)];
	console.log(
		`verification of ${bytes} B: ${checked.toFixed(1)} µs, bare HMAC ${bare.toFixed(1)} µs, ratio ${(checked / bare).toFixed(2)}`,
	);
}

interface Burst {
	answered: number;
	seconds: number;
	started: number;
}

let orders = 0;

async function main(): Promise<void> {
	verification(64, 5000);
	verification(1000, 3000);
	verification(1_000_000, 5);

	const sandbox = await startSandbox({ switches: { rateLimit: false, secretOnGet: 'present' } });
	// Settings of n8n to try: `npm run bench:trigger -- N8N_EXPRESSION_ENGINE_LAZY_ACQUIRE=true`
	const env = Object.fromEntries(process.argv.slice(2).map((word) => word.split('=')));
	await ensureBuilt();
	const n8n = await startN8n({ env });
	try {
		const client = await N8nClient.connect(n8n);
		const credential = await client.createCredential('pocketsflowApi', 'Bench', {
			apiKey: sandbox.testKey,
			baseUrl: sandbox.url,
			webhookSigningSecret: '',
		});
		const end = {
			name: 'End',
			type: 'n8n-nodes-base.noOp',
			typeVersion: 1,
			position: [200, 0],
			parameters: {},
		};
		const workflow = async (trigger: Record<string, unknown> & { name: string }) => {
			const stored = await client.importWorkflow(
				{
					name: trigger.name,
					nodes: [{ ...trigger, position: [0, 0] } as never, end],
					connections: { [trigger.name]: { main: [[{ node: 'End', type: 'main', index: 0 }]] } },
				},
				[credential],
			);
			await client.activate(stored.id);
			return stored;
		};
		const bare = await workflow({
			name: 'Webhook',
			type: 'n8n-nodes-base.webhook',
			typeVersion: 2,
			parameters: { httpMethod: 'POST', path: 'bench', responseMode: 'onReceived', options: {} },
		});
		const ours = await workflow({
			name: 'Pocketsflow Trigger',
			type: 'n8n-nodes-pocketsflow.pocketsflowTrigger',
			typeVersion: 2,
			parameters: { events: ['order.completed'], options: {} },
		});
		const { data } = await axios.get<Array<{ secret: string }>>(`${sandbox.url}/webhooks`, {
			headers: { Authorization: `Bearer ${sandbox.testKey}` },
			proxy: false,
		});
		secret = data[0].secret;
		const contenders: Array<[string, StoredWorkflow]> = [
			['Webhook', bare],
			['Pocketsflow Trigger', ours],
		];
		const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
		const send = (url: string) => {
			const body = Buffer.from(
				JSON.stringify({ ...orderCompleted, order: { id: `bench-${++orders}` } }),
			);
			const headers = {
				'content-type': 'application/json',
				'x-pocketsflow-event': 'order.completed',
				'x-pocketsflow-signature': sign(body, secret),
			};
			return axios.post(url, body, { headers, httpAgent: agent, timeout: 5000, proxy: false }).then(
				({ status }) => status === 200,
				() => false,
			);
		};
		// n8n answers 503 while a burst keeps its database busy.
		const started = async ({ id }: StoredWorkflow): Promise<number> => {
			const params = { filter: JSON.stringify({ workflowId: id }), limit: 1 };
			for (let tries = 1; ; tries++) {
				try {
					return (await client.get<{ count: number }>('/executions', { params })).count;
				} catch (error) {
					if (tries === 30) throw error;
					await wait(1000);
				}
			}
		};
		/** Executions that the sent deliveries started, once no more come. */
		const startedSince = async (stored: StoredWorkflow, before: number, most: number) => {
			let last = -1;
			for (let quiet = 0; quiet < 20; ) {
				const now = (await started(stored)) - before;
				if (now >= most) return now;
				quiet = now === last ? quiet + 1 : 0;
				last = now;
				await wait(500);
			}
			return last;
		};

		const single = new Map<string, number[]>();
		for (let round = 0; round < 25; round++)
			for (const [name, stored] of contenders) {
				const begun = performance.now();
				await send(client.webhookUrl(stored, name));
				if (round >= 5) single.set(name, [...(single.get(name) ?? []), performance.now() - begun]);
				await wait(50);
			}
		const singles = contenders.map(([name]) => median(single.get(name) ?? []));
		console.log(
			`one at a time: Webhook ${singles[0].toFixed(0)} ms, Pocketsflow Trigger ${singles[1].toFixed(0)} ms, ratio ${(singles[1] / singles[0]).toFixed(2)}`,
		);

		for (const size of [100, 200, 500]) {
			const results = new Map<string, Burst[]>();
			for (let round = 0; round < 3; round++)
				for (const [name, stored] of contenders) {
					const before = await started(stored);
					const url = client.webhookUrl(stored, name);
					const begun = performance.now();
					const answers = await Promise.all(Array.from({ length: size }, () => send(url)));
					const seconds = (performance.now() - begun) / 1000;
					const burst = {
						answered: answers.filter(Boolean).length,
						seconds,
						started: await startedSince(stored, before, size),
					};
					results.set(name, [...(results.get(name) ?? []), burst]);
				}
			for (const [name, bursts] of results) {
				const figures = bursts.map(
					({ answered, seconds, started }) =>
						`${answered} in ${seconds.toFixed(1)} s (${started} executions)`,
				);
				console.log(
					`burst of ${size}, ${name}: median ${median(bursts.map(({ answered }) => answered))} answered within 5 s; ${figures.join('; ')}`,
				);
			}
		}
	} finally {
		await n8n.stop();
		await sandbox.close();
	}
}

main().catch((error: Error) => {
	console.error(error);
	process.exitCode = 1;
});
