import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { examples } from '../../demo/examples';
import { isNote } from '../harness/n8n/canvas';
import type { Workflow, WorkflowNode } from '../harness/n8n/client';
import nodesOfOldestN8n from './nodes-of-n8n-1.123.json';

const folder = join(__dirname, '..', '..', 'examples');
const read = (file: string) => readFileSync(join(folder, `${file}.json`), 'utf8');
const files = readdirSync(folder)
	.filter((name) => name.endsWith('.json'))
	.map((name) => name.replace(/\.json$/, ''));

/**
 * The versions of the nodes that the examples use, in n8n-nodes-base 1.121.53 and @n8n/n8n-nodes-langchain
 * 1.122.57. A node that an example uses for the first time is looked up there and added.
 */
const oldestVersions = nodesOfOldestN8n as Record<string, number[]>;

const isTrigger = ({ type, name }: WorkflowNode) =>
	/trigger$|\.webhook$/i.test(type) && !/tool/i.test(name);

type Connections = Record<string, Record<string, Array<Array<{ node: string }> | null>>>;

const listTargets = (workflow: Workflow, from: string) =>
	Object.values((workflow.connections as Connections)[from] ?? {}).flatMap((outputs) =>
		outputs.flatMap((targets) => (targets ?? []).map(({ node }) => node)),
	);

/** The nodes that each output of a node leads to; the error output is the last. */
const listOutputs = (workflow: Workflow, from: string) =>
	((workflow.connections as Connections)[from]?.main ?? []).map((targets) =>
		(targets ?? []).map(({ node }) => node),
	);

/** Nodes that continue and whose result another workflow or another node looks at, and which. */
const judgedElsewhere = new Map([
	['woocommerce-checkout: Keep one-off ID', 'Keep link keeps it, too, and fails if it cannot'],
	['woocommerce-paid-orders: Unpublish one-off', 'woocommerce-upkeep unpublishes it every night'],
	['abandoned-checkout: Email the link', 'Record email counts it only if an address accepted it'],
	['dunning: Send email', 'Record case counts it only if an address accepted it'],
	['sell: Create product', 'Create checkout session fails without the ID of a product'],
]);

const continuesOnError = ({ onError }: WorkflowNode) =>
	onError === 'continueRegularOutput' || onError === 'continueErrorOutput';

/** Whether a node changes something outside of n8n: at a shop, in Pocketsflow, or with a person. */
function writesElsewhere({ type, parameters: { method, operation } }: WorkflowNode): boolean {
	if (type.endsWith('.httpRequest')) return method !== undefined && method !== 'GET';
	if (/\.(wooCommerce|pocketsflow)$/.test(type))
		return ['create', 'update', 'delete'].includes(String(operation));
	return /\.(emailSend|telegram|postgres|googleSheets)$/.test(type);
}

/** Nodes that write elsewhere and that the sample data does not reach. */
const reachedByNoSample = new Set([
	'access-discord: Take role',
	'access-list: Remove from list',
	'access-telegram: Revoke link',
	'access-telegram: Remove buyer',
]);

/** Whether a node decides by something else than an error: a field that only a result has. */
function isJudge({ type, parameters }: WorkflowNode): boolean {
	if (!/\.(if|filter|switch|code)$/.test(type)) return false;
	const text = JSON.stringify(parameters);
	const read = [
		...text.matchAll(/(?:\$json|\bjson|\bstate|\border|\blast|\binput)\??\.(\w+)|passedOn|wrong/g),
	].map(([whole, field]) => field ?? whole);
	return read.some((field) => !['error', 'message', 'description'].includes(field));
}

/** Where the sample of a trigger can name an order or a membership. */
interface Sample {
	order?: { id?: string };
	metadata?: { order_id?: string };
	subscriptionCustomerId?: string;
	query?: { order?: string };
}

test('the table of examples names every file', () => {
	expect(examples.map(({ file }) => file).sort()).toEqual(files.sort());
});

test('the list of examples names every file, with the n8n that it needs', () => {
	const list = readFileSync(join(folder, 'README.md'), 'utf8');
	const rows = [...list.matchAll(/^\| \[([\w-]+)\]\(\1\.json\) \| .+ \| ([\d.]+) \|$/gm)];
	const needed = rows.map(([, file, since]) => `${file} ${since}`);
	expect(needed.sort()).toEqual(examples.map(({ file, since }) => `${file} ${since}`).sort());
});

/** How many nodes an example may have that does one job; notes do not count. */
const mostNodes: Record<string, number> = {
	'quick-start': 6,
	'abandoned-checkout': 15,
	bookkeeping: 15,
	dunning: 15,
	'license-check': 15,
	'license-keys': 15,
	'new-sale-to-chat': 15,
	newsletter: 15,
	'own-endpoint': 15,
	'sell-in-chat': 15,
};

test.each(Object.entries(mostNodes))('%s does its one job in at most %d nodes', (file, most) => {
	const { nodes } = JSON.parse(read(file)) as Workflow;
	expect(nodes.filter((node) => !isNote(node)).length).toBeLessThanOrEqual(most);
});

describe.each(examples.map((example) => [example.file, example] as const))(
	'%s',
	(file, example) => {
		const workflow = JSON.parse(read(file)) as Workflow;
		const nodes = workflow.nodes.filter((node) => !isNote(node));
		const names = new Set(nodes.map(({ name }) => name));
		const triggers = nodes.filter(isTrigger);

		it('holds what can be shared, and nothing of one machine', () => {
			expect(Object.keys(workflow).sort()).toEqual([
				'connections',
				'name',
				'nodes',
				'pinData',
				'settings',
			]);
			expect(workflow.name).toMatch(/^Pocketsflow: [a-z]/);
			expect(workflow.nodes.filter((node) => node.credentials)).toEqual([]);
			expect(read(file)).not.toMatch(
				/instanceId|pk_(live|test)_[A-Za-z0-9]{8}|whsec_[A-Za-z0-9]{8}/,
			);
			expect(names.size).toBe(nodes.length);
		});

		it('says in one way which n8n it needs', () => {
			const text = workflow.nodes
				.filter(isNote)
				.map(({ parameters }) => String(parameters.content))
				.join('\n');
			const mentions = text.match(/[^.]*n8n \d[^.]*(\.\d+)?[^.]*\./g) ?? [];
			const { since } = example;
			expect(mentions.map((mention) => mention.trim())).toEqual(
				since === '1.123' ? [] : [`Needs n8n ${since} or newer.`],
			);
		});

		it('keeps what is to be set in one node behind its triggers', () => {
			const [setUp, ...others] = nodes.filter(({ name }) => name === 'Set up');
			expect(others).toEqual([]);
			expect(setUp).toMatchObject({ type: 'n8n-nodes-base.set', typeVersion: 3.4 });
			expect(setUp.parameters.includeOtherFields).toBe(true);
			const readers = triggers.filter(({ name }) => listTargets(workflow, name).includes('Set up'));
			expect(readers.length).toBeGreaterThan(0);
			const elsewhere = nodes
				.filter((node) => node !== setUp)
				.filter(({ parameters }) =>
					/https?:\/\/[\w.-]*example\.(com|org)/.test(JSON.stringify(parameters)),
				);
			expect(elsewhere.map(({ name }) => name)).toEqual([]);
		});

		it('has sample data for every trigger, and only for nodes that it has', () => {
			const pinned = Object.entries(workflow.pinData ?? {});
			expect(pinned.map(([name]) => name).filter((name) => !names.has(name))).toEqual([]);
			for (const [, items] of pinned) expect(items.length).toBeGreaterThan(0);
			// A node in between may find nothing.
			for (const { name } of triggers)
				for (const { json } of workflow.pinData?.[name] ?? [])
					expect(Object.keys(json).length).toBeGreaterThan(0);
			const without = triggers.filter(
				({ name, type }) =>
					!workflow.pinData?.[name] && !/\.(manualTrigger|scheduleTrigger)$/.test(type),
			);
			expect(without.map(({ name }) => name)).toEqual([]);
		});

		it('has samples whose orders cannot be real', () => {
			// A sample run can write into a table or a shop: its IDs must meet no order there.
			const real = triggers.flatMap(({ name }) =>
				(workflow.pinData?.[name] ?? []).flatMap(({ json }) => {
					const { order, metadata, subscriptionCustomerId, query } = json as Sample;
					const ids = [order?.id, metadata?.order_id, subscriptionCustomerId];
					// The shop's order numbers are numbers; its key protects them.
					const isShop = file.startsWith('woocommerce');
					return [...ids, ...(isShop ? [] : [query?.order])].filter(
						(id) => id !== undefined && !id.startsWith('SAMPLE-'),
					);
				}),
			);
			expect(real).toEqual([]);
		});

		it('has sample data for every node that writes outside of n8n, so that a sample run changes nothing', () => {
			const writing = nodes
				.filter((node) => writesElsewhere(node) && node.disabled !== true)
				.filter(({ name }) => !workflow.pinData?.[name]?.length)
				.filter(({ name }) => !reachedByNoSample.has(`${file}: ${name}`));
			expect(writing.map(({ name }) => name)).toEqual([]);
		});

		it('leads every connection and every reference to a node that it has', () => {
			const targets = workflow.nodes.flatMap(({ name }) => listTargets(workflow, name));
			expect(targets.filter((name) => !names.has(name))).toEqual([]);
			const sources = Object.keys(workflow.connections);
			expect(sources.filter((name) => !names.has(name))).toEqual([]);
			const references = [...read(file).matchAll(/\$\('((?:[^'\\]|\\.)+)'\)/g)].map(
				([, name]) => name,
			);
			expect(references.filter((name) => !names.has(name))).toEqual([]);
			const reached = new Set([...targets, ...sources]);
			expect(nodes.map(({ name }) => name).filter((name) => !reached.has(name))).toEqual([]);
		});

		it('leads every error output on, and tries a shop again', () => {
			const endless = nodes.filter(
				({ name, onError }) =>
					onError === 'continueErrorOutput' && !listOutputs(workflow, name).at(-1)?.length,
			);
			expect(endless.map(({ name }) => name)).toEqual([]);
			const outputs = (name: string) => listOutputs(workflow, name).filter(({ length }) => length);
			const untold = nodes.filter(
				({ name, type, parameters, retryOnFail, onError }) =>
					/\.(httpRequest|postgres|googleSheets)$/.test(type) &&
					// A POST may have done its work although it failed: it is not sent again.
					parameters.method !== 'POST' &&
					!retryOnFail &&
					// What follows a node that continues is judged below.
					onError !== 'continueRegularOutput' &&
					!(onError === 'continueErrorOutput' && outputs(name).length > 1),
			);
			expect(untold.map(({ name }) => name)).toEqual([]);
		});

		it('judges a node that continues by its result, not by the absence of an error', () => {
			// One that fails as a whole, or is deactivated, passes its input on, without an error, to its first output.
			const byName = new Map(nodes.map((node) => [node.name, node]));
			const findUnjudged = (name: string, seen = new Set<string>()): string[] =>
				(listOutputs(workflow, name)[0] ?? []).flatMap((target) => {
					const node = byName.get(target);
					if (!node || seen.has(target)) return [];
					seen.add(target);
					if (isJudge(node)) return [];
					// A loop hands on what came back; a node that only passes or reads on is judged behind it.
					const isPassage = /\.(splitInBatches|merge|set|limit)$/.test(node.type);
					return isPassage || continuesOnError(node)
						? findUnjudged(target, seen)
						: [`${name} → ${target}`];
				});
			const unjudged = nodes
				.filter(continuesOnError)
				.filter(({ name }) => !judgedElsewhere.has(`${file}: ${name}`))
				.flatMap(({ name }) => findUnjudged(name));
			expect(unjudged).toEqual([]);
		});

		it('lets no sub-workflow run in the mode that n8n 3 removes', () => {
			const calls = nodes.filter(({ type }) => type === 'n8n-nodes-base.executeWorkflow');
			expect(calls.filter(({ parameters }) => parameters.mode === 'each')).toEqual([]);
		});

		it('records a message to a buyer only after it is sent', () => {
			const isToBuyer = ({ type, parameters }: WorkflowNode) =>
				(type.endsWith('.emailSend') && !String(parameters.toEmail).includes("$('Set up')")) ||
				JSON.stringify(parameters).includes('customer_note: true');
			const unrecorded = nodes
				.filter(isToBuyer)
				.filter(
					({ name }) =>
						!listTargets(workflow, name).some((target) => /^(Record|Check result)/.test(target)),
				);
			expect(unrecorded.map(({ name }) => name)).toEqual([]);
		});

		it('asks whether a row exists by equality only, because n8n ignores every other condition', () => {
			const ignored = nodes.filter(
				({ type, parameters: { operation, filters } }) =>
					type.endsWith('.dataTable') &&
					/^row(Not)?Exists$/.test(String(operation)) &&
					/"condition":"(?!eq")/.test(JSON.stringify(filters)),
			);
			expect(ignored.map(({ name }) => name)).toEqual([]);
		});

		it('never takes a failure for an empty answer', () => {
			// With both settings n8n leads an empty item on next to the error.
			const both = nodes.filter(
				({ alwaysOutputData, onError }) => alwaysOutputData && onError === 'continueErrorOutput',
			);
			expect(both.map(({ name }) => name)).toEqual([]);
		});

		if (example.since === '1.123') {
			it('reads no Code node in an expression, which n8n 1.123 cannot', () => {
				const isCode = ({ type }: WorkflowNode) => type === 'n8n-nodes-base.code';
				const codes = nodes.filter(isCode).map(({ name }) => `$('${name}').`);
				const readers = nodes
					.filter((node) => !isCode(node))
					.filter(({ parameters }) => {
						const text = JSON.stringify(parameters);
						return codes.some((code) => text.includes(code));
					});
				expect(readers.map(({ name }) => name)).toEqual([]);
			});

			it('uses only nodes that n8n 1.123 has', () => {
				const missing = nodes.filter(
					({ type, typeVersion }) =>
						!type.startsWith('n8n-nodes-pocketsflow.') &&
						!oldestVersions[type]?.includes(typeVersion),
				);
				expect(missing.map(({ type, typeVersion }) => `${type} ${typeVersion}`)).toEqual([]);
			});
		}
	},
);
