import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
	estimateNoteHeight,
	findCollisions,
	gridSize,
	isNote,
	listOutputNames,
	longestOutputName,
	zoomAtFit,
} from '../harness/n8n/canvas';
import type { Workflow, WorkflowNode } from '../harness/n8n/client';

const folder = join(__dirname, '..', '..', 'examples');
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

/** Below it, names cannot be read when n8n shows the whole workflow. */
const smallestZoom = 0.45;
/** How much higher a note may be than its text. */
const spareHeight = 48;

describe.each(files)('%s', (file) => {
	const workflow = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Workflow;
	const notes = workflow.nodes.filter(isNote);

	it('has no node, name, note or line that covers another', () => {
		expect(findCollisions(workflow)).toEqual([]);
	});

	it('can be read when the whole workflow is shown', () => {
		expect(zoomAtFit(workflow)).toBeGreaterThanOrEqual(smallestZoom);
	});

	it('has notes as high as their texts', () => {
		const misfits = notes.flatMap((note) => {
			const height = Number(note.parameters.height);
			const needed = estimateNoteHeight(note);
			const fits = height >= needed && height <= needed + spareHeight;
			return fits ? [] : [`${note.name}: ${height} instead of ${Math.round(needed)}`];
		});
		expect(misfits).toEqual([]);
	});

	it("stands on the grid of n8n's canvas", () => {
		const misplaced = workflow.nodes.filter(({ position }) =>
			position.some((value) => value % gridSize !== 0),
		);
		expect(misplaced.map(({ name }) => name)).toEqual([]);
	});

	it('names outputs so briefly that n8n shows the whole name', () => {
		const names = workflow.nodes.flatMap(listOutputNames);
		expect(names.filter((name) => name.length > longestOutputName)).toEqual([]);
	});

	it('asks questions only on nodes that answer them', () => {
		const questions = workflow.nodes.filter(
			({ name, type }) => name.endsWith('?') && !type.endsWith('.if'),
		);
		expect(questions.map(({ name }) => name)).toEqual([]);
	});
});

describe('the control of the drawing', () => {
	const node = (name: string, x: number, y: number, change: Partial<WorkflowNode> = {}) => ({
		name,
		type: 'n8n-nodes-base.set',
		typeVersion: 3.4,
		position: [x, y],
		parameters: {},
		...change,
	});
	const note = (name: string, x: number, y: number) =>
		node(name, x, y, { type: 'n8n-nodes-base.stickyNote', parameters: { width: 160, height: 80 } });
	const draw = (nodes: WorkflowNode[], ...lines: Array<[string, string]>) =>
		findCollisions({
			name: 'control',
			nodes,
			connections: Object.fromEntries(
				lines.map(([from, to]) => [from, { main: [[{ node: to, type: 'main', index: 0 }]] }]),
			),
		});

	it('finds nothing in a tidy row', () => {
		const row = [node('A', 0, 0), node('B', 208, 0), note('N', 0, 160)];
		expect(draw(row, ['A', 'B'])).toEqual([]);
	});

	it('finds two nodes at one place', () => {
		expect(draw([node('A', 0, 0), node('B', 48, 48)])).toContain('"A" covers "B"');
	});

	it('finds a note on a node, and one on the name below it', () => {
		expect(draw([node('A', 0, 0), note('N', 16, 16)])).toContain('"A" covers the note "N"');
		expect(draw([node('A', 0, 0), note('N', 0, 112)])).toEqual([
			'the name of "A" covers the note "N"',
		]);
	});

	it('finds long names that meet', () => {
		const name = 'A name of twenty marks';
		expect(draw([node(`${name} 1`, 0, 0), node(`${name} 2`, 160, 0)])).toContain(
			`the name of "${name} 1" covers the name of "${name} 2"`,
		);
	});

	it('finds two notes that overlap', () => {
		expect(draw([note('N', 0, 0), note('M', 80, 48)])).toEqual([
			'the note "N" covers the note "M"',
		]);
	});

	it('finds a line through a node, a name and a note', () => {
		const ends = [node('A', 0, 0), node('B', 624, 0)];
		const cross = (between: WorkflowNode) => draw([...ends, between], ['A', 'B']);
		expect(cross(node('C', 304, 0))).toContain('the line from "A" to "B" crosses "C"');
		expect(cross(node('C', 304, -80))).toContain(
			'the line from "A" to "B" crosses the name of "C"',
		);
		expect(cross(note('N', 304, 16))).toContain('the line from "A" to "B" crosses the note "N"');
	});

	it('finds a line that leads back through a node below it', () => {
		const nodes = [node('A', 416, 0), node('B', 0, 0), node('C', 208, 128)];
		expect(draw(nodes, ['A', 'B'])).toContain('the line from "A" to "B" crosses "C"');
	});

	it('finds the plus of an output that leads nowhere on the next node', () => {
		const question = node('A', 0, 0, { type: 'n8n-nodes-base.if' });
		expect(draw([question, node('B', 176, 0)], ['A', 'B'])).toContain('the plus of "A" covers "B"');
	});

	it('knows how small n8n shows a wide workflow', () => {
		const zoom = zoomAtFit({
			name: 'control',
			nodes: [node('A', 0, 0), node('B', 4352, 0)],
			connections: {},
		});
		expect(zoom).toBeCloseTo(0.262, 3);
	});
});
