import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, homedir, loadavg } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import type { INodeParameters, INodeType, IVersionedNodeType } from 'n8n-workflow';

import { readList } from '../../nodes/Pocketsflow/transport/pagination';
import { executeContext, runNode, type NodeSetup } from '../harness/engine/context';
import { median, openShop, seconds, socketsDuring, timed, type Shop } from './sandboxes';

const rounds = 5;
const creates = 300;
const orders = 10_000;

const say = (text = '') => process.stdout.write(`${text}\n`);
const verdict = (isReached: boolean) => (isReached ? 'reached' : 'MISSED');

const items = Array.from({ length: creates }, (_, index) => ({ name: `Product ${index}` }));

const ours = (
	node: INodeType,
	shop: Shop,
	parameters: INodeParameters,
	more: Partial<NodeSetup> = {},
) => runNode({ node, parameters, credential: { apiKey: shop.apiKey, baseUrl: shop.url }, ...more });

const createParameters: INodeParameters = {
	resource: 'product',
	operation: 'create',
	name: '={{ $json.name }}',
	price: 9,
};

async function createAll(node: INodeType, shop: Shop): Promise<void> {
	const { error, output } = await ours(node, shop, createParameters, { items });
	if (error) throw error;
	if (output.length !== creates) throw new Error(`${output.length} of ${creates} were created`);
}

/** The same requests through the same helper of n8n, one after the other, as n8n's built-in nodes do it. */
async function createOneByOne(node: INodeType, shop: Shop): Promise<void> {
	const context = executeContext({ node, credential: { apiKey: shop.apiKey, baseUrl: shop.url } });
	for (const { name } of items) {
		await context.helpers.httpRequestWithAuthentication.call(context, 'pocketsflowApi', {
			method: 'POST',
			url: `${shop.url}/products`,
			body: { name, price: 9 },
			json: true,
		});
	}
}

async function bulk(node: INodeType): Promise<void> {
	const shop = await openShop({ rateLimit: false, latencyMs: 60 });
	const times: Record<'together' | 'oneByOne', number[]> = { together: [], oneByOne: [] };
	let sockets = 0;
	try {
		// n8n runs for days: what a process pays only once, when its code is new, is paid before.
		await createOneByOne(node, shop);
		await createAll(node, shop);
		for (let round = 0; round < rounds; round++) {
			times.oneByOne.push((await timed(() => createOneByOne(node, shop))).ms);
			const { ms } = await timed(async () => {
				sockets = Math.max(sockets, await socketsDuring(() => createAll(node, shop)));
			});
			times.together.push(ms);
		}
	} finally {
		await shop.close();
	}
	const ratio = median(times.oneByOne) / median(times.together);
	say(`${creates} creates at 60 ms latency, median of ${rounds}`);
	say(`  one by one          ${seconds(median(times.oneByOne))}`);
	say(`  this node           ${seconds(median(times.together))}`);
	say(`  ratio               ${ratio.toFixed(2)}× (goal at least 8×: ${verdict(ratio >= 8)})`);
	say(`  open sockets        ${sockets} at most (goal at most 10: ${verdict(sockets <= 10)})`);
	say();
}

/** n8n's HTTP Request node from an n8n that the end-to-end suite has in its cache. */
async function httpRequestNode(): Promise<INodeType | undefined> {
	const cache = join(
		process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
		'n8n-nodes-pocketsflow',
	);
	const at = (name: string) =>
		join(cache, name, 'node_modules/n8n-nodes-base/dist/nodes/HttpRequest/HttpRequest.node.js');
	const found = existsSync(cache)
		? readdirSync(cache).map(at).filter(existsSync).at(-1)
		: undefined;
	if (!found) return undefined;
	const { HttpRequest } = (await import(found)) as { HttpRequest: new () => IVersionedNodeType };
	const versions = Object.entries(new HttpRequest().nodeVersions);
	return versions.sort(([a], [b]) => Number(a) - Number(b)).at(-1)?.[1];
}

const httpRequestParameters = (
	shop: Shop,
	batchSize: number,
	batchInterval: number,
): INodeParameters => ({
	method: 'POST',
	url: `${shop.url}/products`,
	authentication: 'none',
	sendHeaders: true,
	specifyHeaders: 'keypair',
	headerParameters: { parameters: [{ name: 'Authorization', value: `Bearer ${shop.apiKey}` }] },
	sendBody: true,
	contentType: 'json',
	specifyBody: 'json',
	jsonBody: '={{ { name: $json.name, price: 9 } }}',
	options: { batching: { batch: { batchSize, batchInterval } } },
});

async function limited(node: INodeType): Promise<void> {
	const least = ((creates - 200) / 100) * 60_000;
	const http = await httpRequestNode();
	type Run = (shop: Shop) => ReturnType<typeof runNode>;
	const batched =
		(size: number, interval: number): Run =>
		async (shop) =>
			await ours(http!, shop, httpRequestParameters(shop, size, interval), { items });
	const contenders: Array<{
		name: string;
		retryAfter: 'none' | 'seconds';
		run: Run;
		isOurs: boolean;
	}> = [
		...(['none', 'seconds'] as const).map((retryAfter) => ({
			name: `this node, Retry-After: ${retryAfter}`,
			retryAfter,
			run: async (shop: Shop) => await ours(node, shop, createParameters, { items }),
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
			const shop = await openShop({
				rateLimit: true,
				rateLimitPerMinute: 100,
				rateLimitBurst: 200,
				retryAfter,
				latencyMs: 60,
			});
			try {
				const { ms, value } = await timed(() => run(shop));
				const log = await shop.control<Array<{ status: number }>>('GET', '/requests');
				const names = await shop.products();
				return {
					name,
					isOurs,
					ms,
					error: value.error?.message,
					output: value.output.length,
					turnedAway: log.filter(({ status }) => status === 429).length,
					created: new Set(names).size,
					doubled: names.length - new Set(names).size,
				};
			} finally {
				await shop.close();
			}
		}),
	);
	say(
		`${creates} creates under 100/min with burst 200; the limit itself allows no less than ${seconds(least)}`,
	);
	for (const { name, isOurs, ms, error, created, doubled, turnedAway } of results) {
		say(`  ${name}`);
		say(
			`    ${seconds(ms)} = ${(ms / least).toFixed(3)}× · created ${created} of ${creates} · doubled ${doubled} · 429s met ${turnedAway}${error ? ` · the run failed: ${error}` : ''}`,
		);
		const isReached = !error && created === creates && doubled === 0 && ms <= 1.1 * least;
		if (isOurs) say(`    goal 0 failed, 0 doubled, at most 1.1×: ${verdict(isReached)}`);
	}
	if (!http)
		say("  n8n's HTTP Request node was not run: no n8n in the cache (npm run e2e puts one there)");
	say();
}

/** The same pages with nothing but fetch, one after the other. */
async function fetchAll(shop: Shop): Promise<unknown[]> {
	const all: unknown[] = [];
	for (let page = 1; ; page++) {
		const response = await fetch(`${shop.url}/orders?page=${page}&pageSize=100`, {
			headers: { authorization: `Bearer ${shop.apiKey}` },
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
function heapInUse(): number {
	collectGarbage();
	return process.memoryUsage().heapUsed;
}

async function heapPeak(work: () => Promise<unknown>): Promise<{ peak: number; kept: number }> {
	const before = heapInUse();
	let peak = 0;
	const timer = setInterval(() => (peak = Math.max(peak, heapInUse() - before)), 10);
	const result = await work();
	clearInterval(timer);
	const kept = heapInUse() - before;
	if (result === undefined) throw new Error('Nothing was read');
	return { peak: Math.max(peak, kept), kept };
}

async function returnAll(node: INodeType): Promise<void> {
	const shop = await openShop({ rateLimit: false, latencyMs: 0 });
	try {
		const [product] = (await (
			await fetch(`${shop.url}/products`, {
				method: 'POST',
				headers: { authorization: `Bearer ${shop.apiKey}` },
				body: JSON.stringify({ name: 'Ebook', price: 29.99 }),
			})
		)
			.json()
			.then((created) => [created])) as Array<{ _id: string }>;
		await shop.control('POST', '/purchases', {
			productId: product._id,
			count: orders,
			deliver: false,
		});

		const credential = { apiKey: shop.apiKey, baseUrl: shop.url };
		const list = {
			request: { method: 'GET', path: '/orders' } as const,
			paging: 'page' as const,
			keys: ['orders'],
		};
		const read = async () => await readList(executeContext({ node, credential }), list, undefined);
		const run = async () => {
			const parameters = {
				resource: 'order',
				operation: 'getAll',
				returnAll: true,
				simplify: false,
			};
			const { output, error } = await ours(node, shop, parameters);
			if (error) throw error;
			return output;
		};
		for (const latencyMs of [60, 0]) {
			await shop.control('PATCH', '/switches', { latencyMs });
			const contenders = {
				fetch: { work: () => fetchAll(shop), times: [] as number[] },
				transport: { work: read, times: [] as number[] },
				node: { work: run, times: [] as number[] },
			};
			for (let round = 0; round < rounds; round++) {
				for (const { work, times } of Object.values(contenders)) {
					collectGarbage();
					const { ms, value } = await timed<unknown[]>(work);
					if (value.length !== orders)
						throw new Error(`${value.length} of ${orders} orders were read`);
					times.push(ms);
				}
			}
			const { fetch: plain, transport, node: whole } = contenders;
			const ratio = (times: number[]) => median(times) / median(plain.times);
			say(`Return All of ${orders} orders at ${latencyMs} ms latency, median of ${rounds}`);
			say(`  plain fetch loop    ${seconds(median(plain.times))}`);
			say(
				`  the transport       ${seconds(median(transport.times))} = ${ratio(transport.times).toFixed(2)}×`,
			);
			say(
				`  the whole node      ${seconds(median(whole.times))} = ${ratio(whole.times).toFixed(2)}× (goal at most 1.2×: ${verdict(ratio(whole.times) <= 1.2)})`,
			);
		}
		const base = await heapPeak(() => fetchAll(shop));
		const heap = await heapPeak(read);
		const megabytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MB`;
		const data = Math.min(base.kept, heap.kept);
		say(
			`  heap in use         data ${megabytes(data)}, peak ${megabytes(heap.peak)} = ${(heap.peak / data).toFixed(2)}× (goal at most 3×: ${verdict(heap.peak <= 3 * data)}); fetch loop ${megabytes(base.peak)}`,
		);
		say();
	} finally {
		await shop.close();
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
	const parts = { bulk, returnAll, limited };
	for (const [name, part] of Object.entries(parts)) {
		if (chosen.length === 0 || chosen.includes(name)) await part(node);
	}
	process.exit(0);
}

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
	process.exit(1);
});
