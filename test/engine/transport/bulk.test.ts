import { key } from './fixtures';

import { Pocketsflow } from '../../../nodes/Pocketsflow/Pocketsflow.node';
import { defaultLimits } from '../../../nodes/Pocketsflow/transport/limits';
import { runNode, type NodeSetup } from '../../harness/engine/context';
import { until } from '../../harness/until';
import { startFaultServer, type FaultServer } from './faultServer';

type Fate = 'created' | 'refused' | 'limited' | 'reset' | 'held';

let server: FaultServer;
let created: string[] = [];
let release: Array<() => void> = [];

/** Starts a server that creates products, unless `fate` decides otherwise for a name. */
async function startShop(fate: (name: string, time: number) => Fate): Promise<void> {
	created = [];
	release = [];
	const times = new Map<string, number>();
	server = await startFaultServer((request, response) => {
		let body = '';
		request.on('data', (chunk) => (body += chunk));
		request.on('end', () => {
			const { name } = JSON.parse(body) as { name: string };
			const time = (times.get(name) ?? 0) + 1;
			times.set(name, time);
			const create = () => {
				created.push(name);
				response.writeHead(201).end(JSON.stringify({ _id: `id-${name}`, name }));
			};
			const act: Record<Fate, () => void> = {
				created: create,
				refused: () => response.writeHead(400).end(JSON.stringify({ error: `${name} is no name` })),
				limited: () => response.writeHead(429, { 'retry-after': '0' }).end('{}'),
				reset: () => {
					created.push(name);
					request.socket.resetAndDestroy();
				},
				held: () => release.push(create),
			};
			act[fate(name, time)]();
		});
	});
}

afterEach(async () => await server.close());

const createProducts = async (count: number, more: Partial<NodeSetup> = {}) =>
	await runNode({
		node: new Pocketsflow(),
		parameters: { resource: 'product', operation: 'create', name: '={{ $json.name }}', price: 9 },
		credential: { apiKey: key, baseUrl: server.url },
		items: Array.from({ length: count }, (_, index) => ({ name: `n${index}` })),
		...more,
	});

test('100 items under a rate limit are each created once, in order and paired', async () => {
	await startShop((_, time) =>
		time === 1 && server.received.length % 5 === 0 ? 'limited' : 'created',
	);
	const { output, error } = await createProducts(100);
	expect(error).toBeUndefined();
	expect(output.map(({ json, pairedItem }) => [json._id, pairedItem])).toEqual(
		Array.from({ length: 100 }, (_, item) => [`id-n${item}`, { item }]),
	);
	expect(new Set(created).size).toBe(100);
	expect(created).toHaveLength(100);
	expect(server.received.length).toBeGreaterThan(100);
});

test('After a failure nothing new is sent, requests in flight end, and the error says what was done', async () => {
	await startShop((name) =>
		name === 'n4' ? 'refused' : ['n5', 'n6'].includes(name) ? 'held' : 'created',
	);
	const running = createProducts(60);
	await until(
		'all requests but the held ones to end',
		() => release.length >= 2 && server.received.length <= created.length + 3,
		{ everyMs: 5 },
	);
	await new Promise((resolve) => setTimeout(resolve, 100));
	for (const create of release) create();
	const { error, output } = await running;

	expect(output).toEqual([]);
	expect(error?.message).toBe('n4 is no name. [item 4]');
	expect(server.received.length).toBeLessThan(60);
	expect(created).toHaveLength(server.received.length - 1);
	const done = created.map((name) => Number(name.slice(1))).sort((a, b) => a - b);
	expect(done).toEqual(expect.arrayContaining([5, 6]));
	expect(error?.description).toContain(
		`Done before the node stopped (${done.length} of 60 items): ${done.map((item) => `${item} (id-n${item})`).join(', ')}. Not done: `,
	);
});

test('After a failure nothing is sent of what waits for the end of a rate limit pause', async () => {
	let refused = 0;
	await startShop((_, time) => {
		if (time === 1 && server.received.length <= defaultLimits.maxInFlightPerRun) return 'limited';
		return refused++ === 0 ? 'refused' : 'created';
	});
	const { error } = await createProducts(30);
	expect(error?.message).toMatch(/is no name/);
	expect(created).toEqual([]);
	expect(server.received).toHaveLength(defaultLimits.maxInFlightPerRun + 1);
});

test('An item whose outcome is unknown is sent once and listed as such', async () => {
	await startShop((name) => (name === 'n1' ? 'reset' : 'created'));
	const { error } = await createProducts(3);
	expect(created.filter((name) => name === 'n1')).toHaveLength(1);
	expect(error?.message).toMatch(/The outcome is unknown: .* It was not sent again/);
	expect(error?.description).toContain('Outcome unknown (check Pocketsflow): 1.');
});

test('With Continue On Fail each item fails alone, in its place', async () => {
	await startShop((name) => (name === 'n2' ? 'refused' : name === 'n3' ? 'reset' : 'created'));
	const { output, error } = await createProducts(6, { onError: 'continueRegularOutput' });
	expect(error).toBeUndefined();
	expect(output.map(({ pairedItem }) => pairedItem)).toEqual(
		Array.from({ length: 6 }, (_, item) => ({ item })),
	);
	expect(output[2].json.error).toMatch(/^n2 is no name\. .* \[item 2\]$/);
	expect(output[3].json.error).toMatch(/The outcome is unknown.*\[item 3\]$/);
	expect(created).toHaveLength(5);
});

test('A cancelled execution with Continue On Fail lists as done only what was done', async () => {
	await startShop((name) =>
		name === 'n0' ? 'reset' : name === 'n1' ? 'refused' : name === 'n2' ? 'created' : 'held',
	);
	const cancel = new AbortController();
	const running = createProducts(4, { signal: cancel.signal, onError: 'continueRegularOutput' });
	await until(
		'the two creations and the held request',
		() => created.length >= 2 && release.length >= 1,
		{ everyMs: 5 },
	);
	await new Promise((resolve) => setTimeout(resolve, 100));
	cancel.abort();
	const { run } = await running;
	expect(JSON.stringify(run.data.resultData)).toContain(
		'Done before the node stopped (1 of 4 items): 2 (id-n2). Outcome unknown (check Pocketsflow): 0, 3. Not done: 1.',
	);
});

test.each(['stopWorkflow', 'continueRegularOutput'] as const)(
	'A cancelled execution sends nothing more (On Error: %s)',
	async (onError) => {
		await startShop(() => 'held');
		const cancel = new AbortController();
		const running = createProducts(40, { signal: cancel.signal, onError });
		await until(
			'all permits to be used',
			() => server.received.length >= defaultLimits.maxInFlightPerRun,
			{ everyMs: 5 },
		);
		cancel.abort();
		await running;
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(server.received).toHaveLength(defaultLimits.maxInFlightPerRun);
	},
);
