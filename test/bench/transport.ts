// npm run bench -- transport [--against FOLDER] [creates] [longestBlock] [returnAll] [rateLimit]
// Measures the built node. With --against, also the one in `dist` of another checkout, in turns.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { inspect, parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type {
	IExecuteFunctions,
	INodeParameters,
	INodeType,
	IVersionedNodeType,
} from 'n8n-workflow';

import { lists } from '../../nodes/Pocketsflow/api/lists';
import { readList } from '../../nodes/Pocketsflow/transport/pagination';
import { createExecuteContext, runNode, type NodeSetup } from '../harness/engine/context';
import { cacheDir } from '../harness/n8n/install';
import { ensureBuilt } from '../harness/setup/build';
import { countSockets, formatSeconds, measure, measureLongestBlock, median } from './measure';
import { startSandboxProcess, type SandboxProcess } from './sandboxProcess';

const { values: flags, positionals } = parseArgs({
	args: process.argv.slice(2),
	options: { against: { type: 'string' } },
	allowPositionals: true,
});

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const creates = 300;
/** A run of these with seven expressions each; one pass over them once kept deliveries waiting. */
const preparedItems = 1_000;
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

type Contenders = Record<string, INodeType>;

async function loadNode(folder: string): Promise<INodeType> {
	const file = join(folder, 'dist', 'nodes', 'Pocketsflow', 'Pocketsflow.node.js');
	const { Pocketsflow } = (await import(file)) as { Pocketsflow: new () => INodeType };
	return new Pocketsflow();
}

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

async function createProduct(sandbox: SandboxProcess): Promise<string> {
	const response = await fetch(`${sandbox.url}/products`, {
		method: 'POST',
		headers: { authorization: `Bearer ${sandbox.apiKey}` },
		body: JSON.stringify({ name: 'Ebook', price: 29.99 }),
	});
	const { _id } = (await response.json()) as { _id: string };
	return _id;
}

async function benchmarkCreates(contenders: Contenders): Promise<void> {
	const sandbox = await startSandboxProcess({ rateLimit: false, latencyMs: 60 });
	const oneByOne: number[] = [];
	const together = Object.entries(contenders).map(([name, node]) => ({
		name,
		node,
		times: [] as number[],
		sockets: 0,
	}));
	try {
		// n8n runs for days: what a process pays only once, when its code is new, is paid before.
		for (const { node } of together) await createAll(node, sandbox);
		for (let round = 0; round < rounds; round++) {
			oneByOne.push((await measure(() => createOneByOne(together[0].node, sandbox))).ms);
			for (const each of together) {
				const { ms } = await measure(async () => {
					const sockets = await countSockets(() => createAll(each.node, sandbox));
					each.sockets = Math.max(each.sockets, sockets);
				});
				each.times.push(ms);
			}
		}
	} finally {
		await sandbox.stop();
	}
	say(`${creates} creates at 60 ms latency, median of ${rounds}`);
	say(`  one by one          ${formatSeconds(median(oneByOne))}`);
	for (const { name, times, sockets } of together) {
		const ratio = median(oneByOne) / median(times);
		// One run holds 8 of the 10 places of its key, so that a checkout is not behind it.
		say(
			`  ${name.padEnd(19)} ${formatSeconds(median(times))} = ${ratio.toFixed(2)}× as fast (goal at least 7×: ${formatGoal(ratio >= 7)}), ${sockets} open sockets at most (goal at most 8: ${formatGoal(sockets <= 8)})`,
		);
	}
	say();
}

const metadataExpressions = Array.from({ length: 4 }, (_, index) => ({
	key: `key${index}`,
	value: `={{ $json.name + "-${index}" }}`,
}));

const preparedParameters: INodeParameters = {
	resource: 'checkoutSession',
	operation: 'create',
	productId: { __rl: true, mode: 'id', value: '={{ $json.productId }}' },
	successUrl: '={{ "https://example.com/" + $json.name.replace(" ", "-") }}',
	cancelUrl: '={{ "https://example.com/cart/" + $json.name.replace(" ", "-") }}',
	metadataInput: 'fields',
	metadata: { entries: metadataExpressions },
};

/** How long n8n cannot answer a delivery while the node works on many items. */
async function benchmarkLongestBlock(contenders: Contenders): Promise<void> {
	const sandbox = await startSandboxProcess({ rateLimit: false, latencyMs: 0 });
	try {
		const productId = await createProduct(sandbox);
		const items = Array.from({ length: preparedItems }, (_, index) => ({
			name: `Product ${index}`,
			productId,
		}));
		say(`${preparedItems} items with seven expressions each, the best of ${rounds}`);
		for (const [name, node] of Object.entries(contenders)) {
			const blocks: number[] = [];
			for (let round = 0; round < rounds; round++) {
				const context = createExecuteContext({
					node,
					parameters: preparedParameters,
					credential: { apiKey: sandbox.apiKey, baseUrl: sandbox.url },
					items,
					onError: 'continueRegularOutput',
				}) as IExecuteFunctions;
				blocks.push(await measureLongestBlock(async () => await node.execute?.call(context)));
			}
			const longestMs = Math.min(...blocks);
			say(
				`  ${name.padEnd(19)} longest block ${longestMs.toFixed(0)} ms (goal at most 50 ms: ${formatGoal(longestMs <= 50)})`,
			);
		}
		say();
	} finally {
		await sandbox.stop();
	}
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

async function benchmarkRateLimit(nodes: Contenders): Promise<void> {
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
		...Object.entries(nodes).flatMap(([name, node]) =>
			(['none', 'seconds'] as const).map((retryAfter) => ({
				name: `${name}, Retry-After: ${retryAfter}`,
				retryAfter,
				run: async (sandbox: SandboxProcess) =>
					await runOurs(node, sandbox, createParameters, { items }),
				isOurs: true,
			})),
		),
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

	// They wait almost all the time, each for another sandbox, so they can run in parallel.
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

async function benchmarkReturnAll(nodes: Contenders): Promise<void> {
	const sandbox = await startSandboxProcess({ rateLimit: false, latencyMs: 0 });
	try {
		const productId = await createProduct(sandbox);
		await sandbox.control('POST', '/purchases', {
			productId,
			count: orders,
			deliver: false,
		});

		const credential = { apiKey: sandbox.apiKey, baseUrl: sandbox.url };
		const [first] = Object.values(nodes);
		const read = async () =>
			await readList(createExecuteContext({ node: first, credential }), lists.orders);
		const run = (node: INodeType) => async () => {
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
			};
			const whole = Object.entries(nodes).map(([name, node]) => ({
				name,
				work: run(node),
				times: [] as number[],
			}));
			for (let round = 0; round < rounds; round++) {
				for (const { work, times } of [...Object.values(contenders), ...whole]) {
					collectGarbage();
					const { ms, value } = await measure<unknown[]>(work);
					if (value.length !== orders)
						throw new Error(`${value.length} of ${orders} orders were read`);
					times.push(ms);
				}
			}
			const { fetch: plain, transport } = contenders;
			const ratio = (times: number[]) => median(times) / median(plain.times);
			say(`Return All of ${orders} orders at ${latencyMs} ms latency, median of ${rounds}`);
			say(`  plain fetch loop    ${formatSeconds(median(plain.times))}`);
			say(
				`  the transport       ${formatSeconds(median(transport.times))} = ${ratio(transport.times).toFixed(2)}×`,
			);
			for (const { name, times } of whole)
				say(
					`  ${name.padEnd(19)} ${formatSeconds(median(times))} = ${ratio(times).toFixed(2)}× (goal at most 1.2×: ${formatGoal(ratio(times) <= 1.2)})`,
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
	await ensureBuilt();
	const contenders: Contenders = { 'this node': await loadNode(join(__dirname, '..', '..')) };
	if (flags.against) contenders['the other'] = await loadNode(flags.against);
	const load = loadavg()[0].toFixed(1);
	say(
		`Load before the start: ${load} on ${availableParallelism()} processors; above a half, times are not fair`,
	);
	say();
	const parts = {
		creates: benchmarkCreates,
		longestBlock: benchmarkLongestBlock,
		returnAll: benchmarkReturnAll,
		rateLimit: benchmarkRateLimit,
	};
	for (const [name, part] of Object.entries(parts)) {
		if (positionals.length === 0 || positionals.includes(name)) await part(contenders);
	}
	process.exit(0);
}

main().catch((error: unknown) => {
	// The engine gives the data of the error that stopped a run, not an Error.
	process.stderr.write(`${inspect(error)}\n`);
	process.exit(1);
});
