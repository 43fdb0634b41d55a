import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Workflow, WorkflowNode } from '../harness/n8n/client';

/** Examples whose samples go through a run by hand without a trace. */
const files = [
	'quick-start',
	'own-endpoint',
	'new-sale-to-chat',
	'abandoned-checkout',
	'license-keys',
	'license-check',
	'dunning',
	'bookkeeping',
	'sell-in-chat',
	'newsletter',
];

const folder = join(__dirname, '..', '..', 'examples');
const read = (file: string) =>
	JSON.parse(readFileSync(join(folder, `${file}.json`), 'utf8')) as Workflow;

/** Whether a node adds rows, sends something, or changes something in Pocketsflow. */
function hasEffect({ type, parameters: { resource, operation, method } }: WorkflowNode): boolean {
	if (type.endsWith('.dataTable'))
		return resource === 'row' && ['insert', 'upsert'].includes(String(operation));
	if (type.endsWith('.httpRequest')) return method !== undefined && method !== 'GET';
	if (type.endsWith('.pocketsflow')) return !['get', 'getAll'].includes(String(operation));
	return /\.(emailSend|telegram)$/.test(type);
}

describe.each(files)('the sample data of %s', (file) => {
	const { nodes, pinData = {} } = read(file);

	test('stands in for every node whose work would stay', () => {
		const left = nodes.filter(hasEffect).map(({ name }) => name);
		expect(left.filter((name) => !pinData[name])).toEqual([]);
	});

	test('has no ID that could be a real one', () => {
		const text = JSON.stringify(pinData);
		expect(text.match(/\b[0-9a-f]{24}\b/g)).toBeNull();
		expect(text.match(/"order(?:_id|Id)?":"(?!SAMPLE-|sample-)[^"]*"/g)).toBeNull();
	});

	test('belongs to a workflow of at most 15 nodes on the grid of the canvas', () => {
		const notes = nodes.filter(({ type }) => type.endsWith('.stickyNote'));
		expect(nodes.length - notes.length).toBeLessThanOrEqual(15);
		const numbers = nodes.flatMap(({ position, parameters: { width = 0, height = 0 } }) => [
			...position,
			Number(width),
			Number(height),
		]);
		expect(numbers.filter((number) => number % 16 !== 0)).toEqual([]);
	});
});
