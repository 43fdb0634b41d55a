import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

import { PocketsflowApi } from '../../credentials/PocketsflowApi.credentials';
import { events } from '../../nodes/Pocketsflow/events/catalogue';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { PocketsflowTrigger } from '../../nodes/Pocketsflow/PocketsflowTrigger.node';
import type { Workflow } from '../harness/n8n/client';

const root = join(__dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const listNodeNames = (example: string) =>
	(JSON.parse(read(join('examples', example))) as Workflow).nodes.map(({ name }) => name);

const nodesByExample = new Map(
	readdirSync(join(root, 'examples'))
		.filter((name) => name.endsWith('.json'))
		.map((name) => [name, listNodeNames(name)]),
);
type Label =
	| INodeProperties
	| INodePropertyOptions
	| NonNullable<INodeProperties['options']>[number];

/** Every label that a user can read in the panel of a node. */
function listLabels(label: Label): string[] {
	const own = 'displayName' in label ? label.displayName : label.name;
	const modes = 'modes' in label ? (label.modes ?? []).map(({ displayName }) => displayName) : [];
	const inner = 'options' in label ? (label.options ?? []) : 'values' in label ? label.values : [];
	// "Overlap (Minutes)" is called "Overlap".
	return [own.replace(/ \(.*\)$/, ''), ...modes, ...inner.flatMap(listLabels)];
}

/** What n8n itself calls something. */
const labelsOfN8n = ['Always Output Data', 'Execute workflow', 'Raw Body', 'Remove Duplicates'];

const panels = [
	new PocketsflowApi(),
	new Pocketsflow().description,
	new PocketsflowTrigger().description,
	new PocketsflowPollingTrigger().description,
];

const labels = new Set([
	...events.map(({ label }) => label),
	...panels.flatMap(({ displayName, properties }) => [
		displayName,
		...properties.flatMap(listLabels),
	]),
	...labelsOfN8n,
]);

/** Whether a name is a label, or a resource and its operation: "Order: Get". */
const isLabel = (name: string) => name.split(': ').every((part) => labels.has(part));

const pages = [
	'README.md',
	'examples/woocommerce/README.md',
	...readdirSync(join(root, 'docs'))
		.filter((name) => name.endsWith('.md'))
		.map((name) => join('docs', name)),
];

/** A part of a page under one heading, with the examples that it names. */
interface Section {
	page: string;
	text: string;
	examples: string[];
}

const sections = pages.flatMap((page): Section[] =>
	read(page)
		.replace(/^```.*?^```$/gms, '')
		.split(/^(?=#{1,6} )/m)
		.map((text) => ({
			page,
			text,
			examples: [...text.matchAll(/[\w-]+\.json/g)]
				.map(([name]) => name)
				.filter((name) => nodesByExample.has(name)),
		})),
);

/** The names in italics; a sentence in italics begins with a small letter, or has an end. */
const listNames = (text: string) =>
	[...text.matchAll(/(?<![*\w])\*([A-Z][^*\n…]*)\*(?!\*)/g)].map(([, name]) => name);

const hasNode = (examples: Iterable<string>, name: string) =>
	[...examples].some((example) => nodesByExample.get(example)?.includes(name));

describe('A page of the documentation', () => {
	const described = sections.filter(({ examples }) => examples.length > 0);

	test('names under a heading only nodes that an example named there has', () => {
		const names = described.flatMap(({ page, text, examples }) =>
			listNames(text).map((name) => ({ page, name, isNode: hasNode(examples, name) })),
		);
		// README's first workflow and others name some.
		expect(names.filter(({ isNode }) => isNode).length).toBeGreaterThan(3);
		expect(names.filter(({ name, isNode }) => !isNode && !isLabel(name))).toEqual([]);
	});

	test('a page names only nodes that an example has or that are ours', () => {
		const names = sections.flatMap(({ page, text }) =>
			[...text.matchAll(/\b[Nn]odes? \*{1,2}([^*\n]+)\*/g)].map(([, name]) => ({ page, name })),
		);
		expect(names.length).toBeGreaterThan(0);
		const isKnown = (name: string) => hasNode(nodesByExample.keys(), name) || isLabel(name);
		expect(names.filter(({ name }) => !isKnown(name))).toEqual([]);
	});
});
