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
					!(onError === 'continueErrorOutput' && outputs(name).length > 1),
			);
			expect(untold.map(({ name }) => name)).toEqual([]);
		});

		it('never takes a failure for an empty answer', () => {
			// With both settings n8n leads an empty item on beside the error.
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
