import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { examples } from '../../demo/examples';
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

const isNote = ({ type }: WorkflowNode) => type === 'n8n-nodes-base.stickyNote';
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

/** Where a node or a note is drawn; a node with its name below it. */
function boundsOf(node: WorkflowNode) {
	const [left, top] = node.position;
	const { width = 240, height = 160 } = node.parameters as { width?: number; height?: number };
	return isNote(node)
		? { left, top, right: left + width, bottom: top + height }
		: { left, top, right: left + 100, bottom: top + 140 };
}

function overlap(a: WorkflowNode, b: WorkflowNode): boolean {
	const [one, other] = [boundsOf(a), boundsOf(b)];
	return (
		one.left < other.right &&
		other.left < one.right &&
		one.top < other.bottom &&
		other.top < one.bottom
	);
}

/** What n8n's canvas snaps to. */
const gridSize = 16;
const nodeSize = 96;

/** How high n8n draws a node: more outputs make it higher. */
const heightOf = (outputs: number) => Math.max(nodeSize, 32 * outputs);

/** What n8n keeps free next to and below a node for a line that leads back. */
const backwardPadding = { x: 40, y: 130 };

/** A line that leads back: down, left below its source, then to its target. */
function leadBack(startX: number, startY: number, endX: number, endY: number) {
	const [right, left] = [startX + backwardPadding.x, endX - backwardPadding.x];
	const below = startY + backwardPadding.y;
	const between = (from: number, to: number) =>
		Array.from(
			{ length: Math.ceil(Math.abs(to - from) / 8) },
			(_, step) => Math.min(from, to) + 8 * step,
		);
	return [
		...between(startY, below).map((y) => ({ x: right, y })),
		...between(left, right).map((x) => ({ x, y: below })),
		...between(below, endY).map((y) => ({ x: left, y })),
	];
}

/** The connections as the lines that n8n draws: each as points between its ends. */
function drawLines(workflow: Workflow) {
	const byName = new Map(workflow.nodes.map((node) => [node.name, node]));
	return workflow.nodes.flatMap((from) => {
		const outputs = listOutputs(workflow, from.name);
		const count = Math.max(outputs.length, from.type.endsWith('.if') ? 2 : 1);
		return outputs.flatMap((targets, index) =>
			targets.flatMap((name) => {
				const to = byName.get(name);
				const [startX, startY] = [
					from.position[0] + nodeSize,
					from.position[1] + (heightOf(count) * (index + 1)) / (count + 1),
				];
				if (!to) return [];
				const [endX, endY] = [to.position[0], to.position[1] + nodeSize / 2];
				if (endX <= startX) return [{ from, to, points: leadBack(startX, startY, endX, endY) }];
				const points = Array.from({ length: 59 }, (_, step) => {
					const t = (step + 1) / 60;
					const ease = 3 * t ** 2 - 2 * t ** 3;
					const along = 1.5 * (1 - t) ** 2 * t + 1.5 * (1 - t) * t ** 2 + t ** 3;
					return { x: startX + (endX - startX) * along, y: startY + (endY - startY) * ease };
				});
				return [{ from, to, points }];
			}),
		);
	});
}

/** Whether a point is on a node or on its name below it. */
function isOn(workflow: Workflow, { position: [left, top], name }: WorkflowNode) {
	const bottom = top + heightOf(listOutputs(workflow, name).length) + 36;
	return ({ x, y }: { x: number; y: number }) =>
		x > left - 4 && x < left + nodeSize + 4 && y > top - 4 && y < bottom;
}

/** About how high a note must be for its text, by the size of n8n's font. */
function estimateHeight({ parameters }: WorkflowNode): number {
	const { content = '', width = 240 } = parameters as { content?: string; width?: number };
	const lines = content.split('\n').map((line) => {
		const size = line.startsWith('## ') ? 1.5 : line.startsWith('### ') ? 1.2 : 1;
		const length = line.replace(/[*`#]/g, '').length;
		return Math.max(0.6, Math.ceil((length * 7 * size) / (width - 40))) * size;
	});
	return 20 * lines.reduce((sum, height) => sum + height, 0) + 20;
}

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
						!listTargets(workflow, name).some((target) => /^(Record|What came)/.test(target)),
				);
			expect(unrecorded.map(({ name }) => name)).toEqual([]);
		});

		it('never takes a failure for an empty answer', () => {
			// With both settings n8n leads an empty item on next to the error.
			const both = nodes.filter(
				({ alwaysOutputData, onError }) => alwaysOutputData && onError === 'continueErrorOutput',
			);
			expect(both.map(({ name }) => name)).toEqual([]);
		});

		it('is tidy on the canvas', () => {
			const pairs = workflow.nodes.flatMap((a, index) =>
				workflow.nodes.slice(index + 1).map((b) => [a, b] as const),
			);
			const overlapping = pairs.filter(([a, b]) => overlap(a, b));
			expect(overlapping.map(([a, b]) => `${a.name} / ${b.name}`)).toEqual([]);
			const cut = workflow.nodes
				.filter(isNote)
				.filter((note) => Number(note.parameters.height ?? 160) < estimateHeight(note));
			expect(cut.map(({ name, parameters }) => `${name}: ${String(parameters.height)}`)).toEqual(
				[],
			);
		});

		it("stands on the grid of n8n's canvas", () => {
			const misplaced = workflow.nodes.filter(({ position }) =>
				position.some((value) => value % gridSize !== 0),
			);
			expect(misplaced.map(({ name }) => name)).toEqual([]);
		});

		it('leads no line through a node or its name', () => {
			const crossed = drawLines(workflow).flatMap(({ from, to, points }) =>
				nodes
					.filter((node) => node !== from && node !== to)
					.filter((node) => points.some(isOn(workflow, node)))
					.map((node) => `${from.name} → ${to.name} through ${node.name}`),
			);
			expect(crossed).toEqual([]);
		});

		if (example.since === '1.123')
			it('uses only nodes that n8n 1.123 has', () => {
				const missing = nodes.filter(
					({ type, typeVersion }) =>
						!type.startsWith('n8n-nodes-pocketsflow.') &&
						!oldestVersions[type]?.includes(typeVersion),
				);
				expect(missing.map(({ type, typeVersion }) => `${type} ${typeVersion}`)).toEqual([]);
			});
	},
);
