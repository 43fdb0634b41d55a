import { key } from './setting';

import fc from 'fast-check';

import { Pocketsflow } from '../../../nodes/Pocketsflow/Pocketsflow.node';
import { progressOf, type ItemEnd } from '../../../nodes/Pocketsflow/actions/failureSummary';
import { standardLimits } from '../../../nodes/Pocketsflow/transport/limits';
import { runNode, type NodeSetup } from '../../harness/engine/context';
import { startFaultServer, type FaultServer } from './fault-server';

type Fate = 'created' | 'refused' | 'limited' | 'reset' | 'held';

let server: FaultServer;
let created: string[] = [];
let release: Array<() => void> = [];

/** A server that creates products, except where `fate` has something else in store for a name. */
async function shop(fate: (name: string, time: number) => Fate): Promise<void> {
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

test('100 items under a rate limit: each created once, in order, paired', async () => {
	await shop((_, time) => (time === 1 && server.seen.length % 5 === 0 ? 'limited' : 'created'));
	const { output, error } = await createProducts(100);
	expect(error).toBeUndefined();
	expect(output.map(({ json, pairedItem }) => [json._id, pairedItem])).toEqual(
		Array.from({ length: 100 }, (_, item) => [`id-n${item}`, { item }]),
	);
	expect(new Set(created).size).toBe(100);
	expect(created).toHaveLength(100);
	expect(server.seen.length).toBeGreaterThan(100);
});

test('after a failure nothing new begins, what is under way ends, and the error says what was done', async () => {
	await shop((name) =>
		name === 'n4' ? 'refused' : ['n5', 'n6'].includes(name) ? 'held' : 'created',
	);
	const running = createProducts(60);
	while (release.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
	while (server.seen.length > created.length + 3)
		await new Promise((resolve) => setTimeout(resolve, 5));
	await new Promise((resolve) => setTimeout(resolve, 100));
	for (const create of release) create();
	const { error, output } = await running;

	expect(output).toEqual([]);
	expect(error?.message).toBe(
		'n4 is no name. Correct the field that Pocketsflow names and try again. [item 4]',
	);
	expect(server.seen.length).toBeLessThan(60);
	expect(created).toHaveLength(server.seen.length - 1);
	const done = created.map((name) => Number(name.slice(1))).sort((a, b) => a - b);
	expect(done).toEqual(expect.arrayContaining([5, 6]));
	expect(error?.description).toContain(
		`Done before it stopped: ${done.length} of 60 items: ${done.map((item) => `${item} (id-n${item})`).join(', ')}. Not done: `,
	);
});

test('after a failure nothing begins of what waits for the way to reopen', async () => {
	let refused = 0;
	await shop((_, time) => {
		if (time === 1 && server.seen.length <= standardLimits.inFlight) return 'limited';
		return refused++ === 0 ? 'refused' : 'created';
	});
	const { error } = await createProducts(30);
	expect(error?.message).toMatch(/is no name/);
	expect(created).toEqual([]);
	expect(server.seen).toHaveLength(standardLimits.inFlight + 1);
});

test('an item whose outcome is unknown is sent once and listed as such', async () => {
	await shop((name) => (name === 'n1' ? 'reset' : 'created'));
	const { error } = await createProducts(3);
	expect(created.filter((name) => name === 'n1')).toHaveLength(1);
	expect(error?.message).toContain(
		'Whether this was carried out is unknown, and it was not sent again',
	);
	expect(error?.description).toContain('Perhaps done, to be looked up: 1.');
});

test('with continue on fail each item fails alone, in its place', async () => {
	await shop((name) => (name === 'n2' ? 'refused' : name === 'n3' ? 'reset' : 'created'));
	const { output, error } = await createProducts(6, { onError: 'continueRegularOutput' });
	expect(error).toBeUndefined();
	expect(output.map(({ pairedItem }) => pairedItem)).toEqual(
		Array.from({ length: 6 }, (_, item) => ({ item })),
	);
	expect(output[2].json.error).toMatch(/^n2 is no name\. .*\[item 2\]$/);
	expect(output[3].json.error).toMatch(/Whether this was carried out is unknown.*\[item 3\]$/);
	expect(created).toHaveLength(5);
});

test('a cancelled execution with continue on fail calls done only what was', async () => {
	await shop((name) =>
		name === 'n0' ? 'reset' : name === 'n1' ? 'refused' : name === 'n2' ? 'created' : 'held',
	);
	const cancel = new AbortController();
	const running = createProducts(4, { signal: cancel.signal, onError: 'continueRegularOutput' });
	while (created.length < 2 || release.length < 1)
		await new Promise((resolve) => setTimeout(resolve, 5));
	await new Promise((resolve) => setTimeout(resolve, 100));
	cancel.abort();
	const { run } = await running;
	expect(JSON.stringify(run.data.resultData)).toContain(
		'Done before it stopped: 1 of 4 items: 2 (id-n2). Perhaps done, to be looked up: 0, 3. Not done: 1.',
	);
});

test.each(['stopWorkflow', 'continueRegularOutput'] as const)(
	'a cancelled execution sends nothing more (%s)',
	async (onError) => {
		await shop(() => 'held');
		const cancel = new AbortController();
		const running = createProducts(40, { signal: cancel.signal, onError });
		while (server.seen.length < standardLimits.inFlight)
			await new Promise((resolve) => setTimeout(resolve, 5));
		cancel.abort();
		await running;
		await new Promise((resolve) => setTimeout(resolve, 100));
		expect(server.seen).toHaveLength(standardLimits.inFlight);
	},
);

describe('what is said of a run that failed', () => {
	const done = (id: string): ItemEnd => ({ end: 'done', ids: [id], records: 1 });

	test('in ranges, with IDs', () => {
		expect(
			progressOf([
				done('a'),
				done('b'),
				{ end: 'unknown' },
				{ end: 'notDone' },
				{ end: 'notDone' },
				done('c'),
			]),
		).toBe(
			'Done before it stopped: 3 of 6 items: 0 (a), 1 (b), 5 (c). Perhaps done, to be looked up: 2. Not done: 3–4.',
		);
		expect(progressOf([{ end: 'notDone' }, { end: 'notDone' }])).toBe(
			'None of the 2 items is known to be done. Not done: 0–1.',
		);
		expect(progressOf([{ end: 'notDone' }])).toBe('');
	});

	test('of thousands of items it stays short and loses none', () => {
		const text = progressOf([
			...Array.from({ length: 9_999 }, (_, index) => done(`id${index}`)),
			{ end: 'notDone' },
		]);
		expect(text).toContain('9999 of 10000 items: 0–9998. The last 200: 9799 (id9799), ');
		expect(text.length).toBeLessThan(5_000);
	});

	test('every item is in exactly one of the lists', () => {
		const ends = fc.array(
			fc.constantFrom<ItemEnd>(done('x'), { end: 'unknown' }, { end: 'notDone' }),
			{
				minLength: 2,
				maxLength: 60,
			},
		);
		fc.assert(
			fc.property(ends, (items) => {
				const text = progressOf(items).replaceAll(' (x)', '');
				const listed = (label: string) => {
					const found =
						new RegExp(`${label}: (?:\\d+ of \\d+ items: )?([\\d–, ]+)\\.`).exec(text)?.[1] ?? '';
					return found
						.split(', ')
						.filter(Boolean)
						.flatMap((run) => {
							const [from, to = from] = run.split('–').map(Number);
							return Array.from({ length: to - from + 1 }, (_, index) => from + index);
						});
				};
				const at = (end: string) => items.flatMap((item, index) => (item.end === end ? index : []));
				expect(listed('Done before it stopped')).toEqual(at('done'));
				expect(listed('looked up')).toEqual(at('unknown'));
				expect(listed('Not done')).toEqual(at('notDone'));
			}),
		);
	});
});
