import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { INodeParameters, INodeType, IVersionedNodeType } from 'n8n-workflow';

import { lists } from '../../nodes/Pocketsflow/api/lists';
import { readList } from '../../nodes/Pocketsflow/transport/pagination';
import { createExecuteContext, runNode, type NodeSetup } from '../harness/engine/context';
import { cacheDir } from '../harness/n8n/install';
import { countSockets, formatSeconds, measure, median } from './measure';
import { startSandboxProcess, type SandboxProcess } from './sandboxProcess';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const creates = 300;
const orders = 10_000;

const say = (text = '') => process.stdout.write(`${text}\n`);
const formatGoal = (isReached: boolean) => (isReached ? 'reached' : 'MISSED');

const items = Array.from({ length: creates }, (_, index) => ({ name: `Product ${index}` }));

const runOurs = (
	node: INodeType,
	sandbox: SandboxProcess,
	parameters: INodeParameters,
	more: Partial<NodeSetup> = {},
) =>
	runNode({
		node,
		parameters,
		credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
		...more,
	});

const createParameters: INodeParameters = {
	resource: 'product',
	operation: 'create',
	name: '={{ $json.name }}',
	price: 9,
};

async function createAll(node: INodeType, sandbox: SandboxProcess): Promise<void> {
	const { error, output } = await runOurs(node, sandbox, createParameters, { items });
	if (error) throw error;
	if (output.length !== creates) throw new Error(`${output.length} of ${creates} were created`);
}

/** The same requests through the same helper of n8n, one after the other, as n8n's built-in nodes do it. */
async function createOneByOne(node: INodeType, sandbox: SandboxProcess): Promise<void> {
	const context = createExecuteContext({
		node,
		credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
	});
	for (const { name } of items) {
		await context.helpers.httpRequestWithAuthentication.call(context, 'pocketsflowApi', {
			method: 'POST',
			url: `${sandbox.url}/products`,
			body: { name, price: 9 },
			json: true,
		});
	}
}

async function benchmarkCreates(node: INodeType): Promise<void> {
	const sandbox = await startSandboxProcess({ rateLimit: false, latencyMs: 60 });
	const times: Record<'together' | 'oneByOne', number[]> = { together: [], oneByOne: [] };
	let sockets = 0;
	try {
		// n8n runs for days: what a process pays only once, when its code is new, is paid before.
		await createOneByOne(node, sandbox);
		await createAll(node, sandbox);
		for (let round = 0; round < rounds; round++) {
			times.oneByOne.push((await measure(() => createOneByOne(node, sandbox))).ms);
			const { ms } = await measure(async () => {
				sockets = Math.max(sockets, await countSockets(() => createAll(node, sandbox)));
			});
			times.together.push(ms);
		}
	} finally {
		await sandbox.stop();
	}
	const ratio = median(times.oneByOne) / median(times.together);
	say(`${creates} creates at 60 ms latency, median of ${rounds}`);
	say(`  one by one          ${formatSeconds(median(times.oneByOne))}`);
	say(`  this node           ${formatSeconds(median(times.together))}`);
	say(`  ratio               ${ratio.toFixed(2)}× (goal at least 8×: ${formatGoal(ratio >= 8)})`);
	say(`  open sockets        ${sockets} at most (goal at most 10: ${formatGoal(sockets <= 10)})`);
	say();
}

/** n8n's HTTP Request node from an n8n that the end-to-end suite has in its cache. */
async function loadHttpRequestNode(): Promise<INodeType | undefined> {
	const cache = cacheDir();
	const fileIn = (name: string) =>
		join(cache, name, 'node_modules/n8n-nodes-base/dist/nodes/HttpRequest/HttpRequest.node.js');
	const found = existsSync(cache)
		? readdirSync(cache).map(fileIn).filter(existsSync).at(-1)
		: undefined;
	if (!found) return undefined;
	const { HttpRequest } = (await import(found)) as { HttpRequest: new () => IVersionedNodeType };
	const versions = Object.entries(new HttpRequest().nodeVersions);
	return versions.sort(([a], [b]) => Number(a) - Number(b)).at(-1)?.[1];
}

const httpRequestParameters = (
	sandbox: SandboxProcess,
	batchSize: number,
	batchInterval: number,
): INodeParameters => ({
	method: 'POST',
	url: `${sandbox.url}/products`,
	authentication: 'none',
	sendHeaders: true,
	specifyHeaders: 'keypair',
	headerParameters: { parameters: [{ name: 'Authorization', value: `Bearer ${sandbox.apiKey}` }] },
	sendBody: true,
	contentType: 'json',
	specifyBody: 'json',
	jsonBody: '={{ { name: $json.name, price: 9 } }}',
	options: { batching: { batch: { batchSize, batchInterval } } },
});

async function benchmarkRateLimit(node: INodeType): Promise<void> {
	const least = ((creates - 200) / 100) * 60_000;
	const http = await loadHttpRequestNode();
	type Run = (sandbox: SandboxProcess) => ReturnType<typeof runNode>;
	const batched =
		(size: number, interval: number): Run =>
		async (sandbox) =>
			await runOurs(http!, sandbox, httpRequestParameters(sandbox, size, interval), { items });
	const contenders: Array<{
		name: string;
		retryAfter: 'none' | 'seconds';
		run: Run;
		isOurs: boolean;
	}> = [
		...(['none', 'seconds'] as const).map((retryAfter) => ({
			name: `this node, Retry-After: ${retryAfter}`,
			retryAfter,
			run: async (sandbox: SandboxProcess) =>
				await runOurs(node, sandbox, createParameters, { items }),
			isOurs: true,
		})),
		...(http
			? ([
					['HTTP Request, batching as it is preset (50 items, 1 s)', 50, 1_000],
					['HTTP Request, batching for 100/min (50 items, 30 s)', 50, 30_000],
				] as const)
			: []
		).map(([name, size, interval]) => ({
			name,
			retryAfter: 'none' as const,
			run: batched(size, interval),
			isOurs: false,
		})),
	];

	// They wait almost all the time, each on a sandbox of its own, so they can do so side by side.
	const results = await Promise.all(
		contenders.map(async ({ name, retryAfter, run, isOurs }) => {
			const sandbox = await startSandboxProcess({
				rateLimit: true,
				rateLimitPerMinute: 100,
				rateLimitBurst: 200,
				retryAfter,
				latencyMs: 60,
			});
			try {
				const { ms, value } = await measure(() => run(sandbox));
				const log = await sandbox.control<Array<{ status: number }>>('GET', '/requests');
				const names = await sandbox.listProductNames();
				return {
					name,
					isOurs,
					ms,
					error: value.error?.message,
					output: value.output.length,
					rateLimited: log.filter(({ status }) => status === 429).length,
					created: new Set(names).size,
					doubled: names.length - new Set(names).size,
				};
			} finally {
				await sandbox.stop();
			}
		}),
	);
	say(
		`${creates} creates under 100/min with burst 200; no run can be faster than ${formatSeconds(least)}`,
	);
	for (const { name, isOurs, ms, error, created, doubled, rateLimited } of results) {
		say(`  ${name}`);
		say(
			`    ${formatSeconds(ms)} = ${(ms / least).toFixed(3)}× · created ${created} of ${creates} · doubled ${doubled} · 429s met ${rateLimited}${error ? ` · the run failed: ${error}` : ''}`,
		);
		const isReached = !error && created === creates && doubled === 0 && ms <= 1.1 * least;
		if (isOurs) say(`    goal 0 failed, 0 doubled, at most 1.1×: ${formatGoal(isReached)}`);
	}
	if (!http)
		say(
			"  n8n's HTTP Request node was not run: no n8n in the cache (npm run test:n8n puts one there)",
		);
	say();
}

/** The same pages with nothing but fetch, one after the other. */
async function fetchAll(sandbox: SandboxProcess): Promise<unknown[]> {
	const all: unknown[] = [];
	for (let page = 1; ; page++) {
		const response = await fetch(`${sandbox.url}/orders?page=${page}&pageSize=100`, {
			headers: { authorization: `Bearer ${sandbox.apiKey}` },
		});
		const answer = (await response.json()) as {
			orders: unknown[];
			pagination: { hasMore: boolean };
		};
		all.push(...answer.orders);
		if (!answer.pagination.hasMore) return all;
	}
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What is in use on the heap, garbage left out. */
function measureHeap(): number {
	collectGarbage();
	return process.memoryUsage().heapUsed;
}

async function measureHeapPeak(
	work: () => Promise<unknown>,
): Promise<{ peak: number; kept: number }> {
	const before = measureHeap();
	let peak = 0;
	const timer = setInterval(() => (peak = Math.max(peak, measureHeap() - before)), 10);
	const result = await work();
	clearInterval(timer);
	const kept = measureHeap() - before;
	if (result === undefined) throw new Error('Nothing was read');
	return { peak: Math.max(peak, kept), kept };
}

async function benchmarkReturnAll(node: INodeType): Promise<void> {
	const sandbox = await startSandboxProcess({ rateLimit: false, latencyMs: 0 });
	try {
		const [product] = (await (
			await fetch(`${sandbox.url}/products`, {
				method: 'POST',
				headers: { authorization: `Bearer ${sandbox.apiKey}` },
				body: JSON.stringify({ name: 'Ebook', price: 29.99 }),
			})
		)
			.json()
			.then((created) => [created])) as Array<{ _id: string }>;
		await sandbox.control('POST', '/purchases', {
			productId: product._id,
			count: orders,
			deliver: false,
		});

		const credential = { apiKey: sandbox.apiKey, baseUrl: sandbox.url };
		const read = async () =>
			await readList(createExecuteContext({ node, credential }), lists.orders);
		const run = async () => {
			const parameters = {
				resource: 'order',
				operation: 'getAll',
				returnAll: true,
				simplify: false,
			};
			const { output, error } = await runOurs(node, sandbox, parameters);
			if (error) throw error;
			return output;
		};
		for (const latencyMs of [60, 0]) {
			await sandbox.control('PATCH', '/switches', { latencyMs });
			const contenders = {
				fetch: { work: () => fetchAll(sandbox), times: [] as number[] },
				transport: { work: read, times: [] as number[] },
				node: { work: run, times: [] as number[] },
			};
			for (let round = 0; round < rounds; round++) {
				for (const { work, times } of Object.values(contenders)) {
					collectGarbage();
					const { ms, value } = await measure<unknown[]>(work);
					if (value.length !== orders)
						throw new Error(`${value.length} of ${orders} orders were read`);
					times.push(ms);
				}
			}
			const { fetch: plain, transport, node: whole } = contenders;
			const ratio = (times: number[]) => median(times) / median(plain.times);
			say(`Return All of ${orders} orders at ${latencyMs} ms latency, median of ${rounds}`);
			say(`  plain fetch loop    ${formatSeconds(median(plain.times))}`);
			say(
				`  the transport       ${formatSeconds(median(transport.times))} = ${ratio(transport.times).toFixed(2)}×`,
			);
			say(
				`  the whole node      ${formatSeconds(median(whole.times))} = ${ratio(whole.times).toFixed(2)}× (goal at most 1.2×: ${formatGoal(ratio(whole.times) <= 1.2)})`,
			);
		}
		const base = await measureHeapPeak(() => fetchAll(sandbox));
		const heap = await measureHeapPeak(read);
		const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
		const data = Math.min(base.kept, heap.kept);
		say(
			`  heap in use         data ${megabytes(data)}, peak ${megabytes(heap.peak)} = ${(heap.peak / data).toFixed(2)}× (goal at most 3×: ${formatGoal(heap.peak <= 3 * data)}); fetch loop ${megabytes(base.peak)}`,
		);
		say();
	} finally {
		await sandbox.stop();
	}
}

async function main(): Promise<void> {
	// A path in a variable, because tsx would take the codex file Pocketsflow.node.json for the module.
	const file = '../../nodes/Pocketsflow/Pocketsflow.node.ts';
	const { Pocketsflow } = createRequire(__filename)(file) as { Pocketsflow: new () => INodeType };
	const node = new Pocketsflow();
	const chosen = process.argv.slice(2);
	const load = loadavg()[0].toFixed(1);
	say(
		`Load before the start: ${load} on ${availableParallelism()} processors; above a half, times are not fair`,
	);
	say();
	const parts = {
		creates: benchmarkCreates,
		returnAll: benchmarkReturnAll,
		rateLimit: benchmarkRateLimit,
	};
	for (const [name, part] of Object.entries(parts)) {
		if (chosen.length === 0 || chosen.includes(name)) await part(node);
	}
	process.exit(0);
}

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
	process.exit(1);
});
