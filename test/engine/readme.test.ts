import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Workflow, type IDataObject } from 'n8n-workflow';

import { scripts } from '../../package.json';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import { buildSimplifiedOutput } from '../../nodes/Pocketsflow/events/output';
import { eventOptions } from '../../nodes/Pocketsflow/events/catalogue';
import { sign } from '../../nodes/Pocketsflow/events/signature';
import { createMemory } from '../../nodes/Pocketsflow/polling/pollContext';
import { poll } from '../../nodes/Pocketsflow/polling/poll';
import { polledEventOptions } from '../../nodes/Pocketsflow/polling/sources';
import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { createPollContext } from '../harness/engine/context';
import { membership } from '../harness/payloads';
import { runProgram } from '../harness/programs';
import { ensureBuilt } from '../harness/setup/build';
import { deliver, newTrigger, secret } from './deliver';
import { openSandbox } from './stockedSandbox';

const root = join(__dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');
const triggers = read('docs/triggers.md');
/** What users read: the README and its pages, without those for maintainers. */
const userPages = [
	'README.md',
	...['install', 'credential', 'how-to', 'operations', 'triggers'].map((page) => `docs/${page}.md`),
].map(read);
const pages = userPages.join('\n');

/** The rows of the table below a heading of a page, without its head. */
function readTable(page: string, heading: string): string[] {
	const section = page.split(`\n${heading}\n`)[1].split(/\n#{2,3} /)[0];
	return section
		.split('\n')
		.filter((line) => line.startsWith('|'))
		.slice(2);
}

const readSample = (source: string | undefined) =>
	[...triggers.matchAll(/```json\n(.*?)```/gs)]
		.map(([, text]) => JSON.parse(text) as IDataObject)
		.find((sample) => sample.source === source) ?? {};

describe('the tables of the README and its pages', () => {
	it('name every resource with its operations', () => {
		const rows = resources.map(
			({ option, operations }) =>
				`| ${option.name} | ${operations.map((row) => row.option.name).join(', ')} |`,
		);
		expect(readTable(readme, '## Operations')).toEqual(rows);
	});

	it('name every event, and whether it is polled', () => {
		const polled = new Set(polledEventOptions.map(({ value }) => value));
		const rows = eventOptions.map(
			({ name, value }) => `| ${name} | \`${value}\` | ${polled.has(value) ? 'yes' : ''} |`,
		);
		expect(readTable(triggers, '## Events')).toEqual(rows);
	});
});

/** The same objects with every other value named by its type. */
const toShape = (value: unknown): unknown =>
	typeof value === 'object' && value !== null
		? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toShape(inner)]))
		: value === null
			? 'null'
			: typeof value;

describe('the sample items of docs/triggers.md', () => {
	it('are what the webhook trigger emits', async () => {
		const { order, product, customer, amount, currency, metadata, ...envelope } =
			readSample(undefined);
		const payload = { order, product, customer, amount, currency, metadata };
		const body = Buffer.from(JSON.stringify(payload));
		const headers = {
			'x-pocketsflow-signature': sign(body, secret),
			'x-pocketsflow-event': String(envelope.event),
			'x-pocketsflow-timestamp': String(Date.parse(String(envelope.sentAt))),
		};
		const { items } = await deliver(newTrigger(), { body, headers });
		expect(items).toEqual([
			{ ...envelope, ...payload, testMode: true, deliveredAt: expect.any(String) },
		]);
	});

	it('are in the form of what the polling trigger emits', async () => {
		const sandbox = await openSandbox();
		const products = await fetch(`${sandbox.url}/products`, {
			headers: { authorization: `Bearer ${sandbox.testKey}` },
		});
		const [{ _id: productId }] = (await products.json()) as Array<{ _id: string }>;
		const setup = {
			node: new PocketsflowPollingTrigger(),
			nodeId: 'readme',
			credential: { apiKey: sandbox.testKey, baseUrl: sandbox.url },
			staticData: {},
		};
		const memory = createMemory();
		await poll(createPollContext(setup), memory);
		await sandbox.purchase({ productId, metadata: { order_id: 'A-1001' } });
		const [item] = (await poll(createPollContext(setup), memory)) ?? [];
		await sandbox.close();
		const sample = readSample('poll');
		const shown = Object.fromEntries(Object.keys(sample).map((key) => [key, item[key]]));
		expect(toShape(shown)).toMatchObject(toShape(sample) as object);
		expect(item.eventId).toBe(`order.completed:${(item.order as IDataObject).id as string}`);
	});
});

const envelope = {
	event: 'customer.subscription.created',
	eventId: 'customer.subscription.created:1',
	testMode: true,
	deliveredAt: '2026-11-23T12:00:00.000Z',
};

test('every expression in the README and its pages gives a value from an item of a sale or a subscription', () => {
	const node = {
		id: '1',
		name: 'Trigger',
		type: 'test',
		typeVersion: 1,
		position: [0, 0] as [number, number],
		parameters: {},
	};
	const description = { properties: [], defaults: {}, inputs: [], outputs: [] };
	const workflow = new Workflow({
		nodes: [node],
		connections: {},
		active: false,
		nodeTypes: {
			getByName: () => ({ description }) as never,
			getByNameAndVersion: () => ({ description }) as never,
			getKnownTypes: () => ({}),
		},
	});
	const subscription = { json: buildSimplifiedOutput(envelope, membership) };
	const items = [{ json: readSample(undefined) }, subscription];
	const expressions = [...pages.matchAll(/\{\{[^}]+\}\}/g)].map(([text]) => text);
	expect(expressions).toContain('{{ $json.metadata.order_id }}');
	const resolve = (text: string, item: { json: IDataObject }) =>
		workflow.expression.resolveSimpleParameterValue(
			`=${text}`,
			{},
			null,
			0,
			0,
			'Trigger',
			[item],
			'manual',
			{},
		);
	const empty = expressions.filter((text) =>
		items.every((item) => [undefined, null, ''].includes(resolve(text, item) as string)),
	);
	expect(empty).toEqual([]);
});

describe('the commands of the README and its pages', () => {
	const commands = [...pages.matchAll(/```sh\n(.*?)```/gs)]
		.flatMap(([, block]) => block.split('\n'))
		.map((line) => line.replace(/\s+#.*/, ''))
		.filter(Boolean);
	const inline = [...pages.matchAll(/`(npm [^`]+)`/g)].map(([, command]) => command);
	const isScript = (command: string) =>
		Object.hasOwn(scripts, command.replace(/^npm (run )?/, '').split(' ')[0]);

	it('are scripts of this package, or those of an installation by hand', () => {
		const others = [...new Set([...commands, ...inline])].filter((command) => !isScript(command));
		expect(others.sort()).toEqual([
			'cd ~/.n8n/nodes',
			'mkdir -p ~/.n8n/nodes',
			'npm install --legacy-peer-deps n8n-nodes-pocketsflow',
			'npm install --legacy-peer-deps n8n-nodes-pocketsflow@latest',
			'npm uninstall --legacy-peer-deps n8n-nodes-pocketsflow',
		]);
	});

	it('install, update and uninstall the package in the folder that n8n reads', async () => {
		await ensureBuilt();
		const home = mkdtempSync(join(tmpdir(), 'readme-'));
		// Nothing of this repository's own npm settings.
		const env = { PATH: process.env.PATH, HOME: home };
		try {
			const { stdout } = await runProgram(
				'npm',
				['pack', '--json', '--ignore-scripts', '--pack-destination', home],
				{ cwd: root },
			);
			const [{ filename }] = JSON.parse(stdout) as Array<{ filename: string }>;
			// The registry does not have the package while it is tested: its tarball stands in for its name.
			const run = (lines: string[]) =>
				runProgram(
					'sh',
					[
						'-ec',
						lines
							.join('\n')
							.replace(/(?<=npm install --legacy-peer-deps )\S+$/gm, join(home, filename)),
					],
					{ env },
				);
			const start = commands.indexOf('mkdir -p ~/.n8n/nodes');
			const block = commands.slice(start, start + 3);
			await run(block);
			const installed = join(home, '.n8n/nodes/node_modules/n8n-nodes-pocketsflow');
			expect(existsSync(join(installed, 'dist/nodes/Pocketsflow/Pocketsflow.node.js'))).toBe(true);
			await run(['cd ~/.n8n/nodes', 'npm install --legacy-peer-deps n8n-nodes-pocketsflow@latest']);
			expect(existsSync(installed)).toBe(true);
			await run(['cd ~/.n8n/nodes', 'npm uninstall --legacy-peer-deps n8n-nodes-pocketsflow']);
			expect(existsSync(installed)).toBe(false);
		} finally {
			rmSync(home, { recursive: true, force: true });
		}
	}, 120_000);
});

describe('the README', () => {
	it('has at most 900 words', () => {
		expect(readme.split(/\s+/).length).toBeLessThanOrEqual(900);
	});

	it('names every event in its short table', () => {
		const rows = readTable(readme, '## Events').join('\n');
		const short = eventOptions.map(({ name }) =>
			name.replace(/^(Identity Verification|Invoice|Payment|Product|Subscription) /, ''),
		);
		expect(short.filter((name) => !rows.includes(name))).toEqual([]);
	});
});
