import type { Workflow, WorkflowNode } from './client';

/**
 * Where n8n draws the nodes, names, notes and lines of a workflow. Measured in the editor of n8n 2.41 at
 * 1440 × 900: sizes are in pixels of the canvas, as in the positions of nodes.
 */

export const gridSize = 16;

export interface Box {
	left: number;
	top: number;
	right: number;
	bottom: number;
}

interface Point {
	x: number;
	y: number;
}

interface Target {
	node: string;
	type: string;
	index: number;
}

type Connections = Record<string, Record<string, Array<Target[] | null>>>;

interface Part {
	label: string;
	node: WorkflowNode;
	box: Box;
}

interface Line {
	from: WorkflowNode;
	to: WorkflowNode;
	points: Point[];
}

const nodeSize = 96;
const subNodeSize = 80;
const handleRadius = 8;
const nameWidth = 192;
const nameCharacterWidth = 8.2;
/** n8n writes the names of outputs, such as "true", next to them, and cuts long ones. */
const outputNameCharacterWidth = 5.8;
export const longestOutputName = 13;
/** Next to an output that leads nowhere n8n draws a plus, which needs this much space. */
const plusWidth = 80;
const plusWidthAfterName = 100;
/** How far a line that leads back stays away from its nodes, and how far below its source it runs. */
const backwardPadding = { x: 40, y: 130 };
/** The editor's canvas in a window of 1440 × 900; n8n leaves a tenth of the workflow free on each side. */
const viewport = { width: 1398, height: 798 };
const padding = 0.2;

export const isNote = ({ type }: WorkflowNode) => type === 'n8n-nodes-base.stickyNote';

const getConnections = (workflow: Workflow, name: string) =>
	(workflow.connections as Connections)[name] ?? {};

const isSubConnection = (type: string) => type.startsWith('ai_');

/** The kind of drawing: a sub-node is a circle, and an agent is wide and holds its name. */
function getShape(workflow: Workflow, { name }: WorkflowNode) {
	const isSubNode = Object.keys(getConnections(workflow, name)).some(isSubConnection);
	const hasSubNodes = workflow.nodes.some((other) =>
		Object.entries(getConnections(workflow, other.name)).some(
			([type, outputs]) =>
				isSubConnection(type) && outputs.flat().some((target) => target?.node === name),
		),
	);
	return { isSubNode, hasSubNodes };
}

interface SwitchRules {
	rules?: { values?: Array<{ outputKey?: string }> };
	options?: { fallbackOutput?: string; renameFallbackOutput?: string };
	numberInputs?: number;
}

/** The names of a node's outputs, in the order in which n8n draws them; blank for one without a name. */
export function listOutputNames({ type, parameters, onError }: WorkflowNode): string[] {
	const { rules, options } = parameters as SwitchRules;
	if (type.endsWith('.if')) return ['true', 'false'];
	if (type.endsWith('.splitInBatches')) return ['done', 'loop'];
	if (type.endsWith('.filter')) return ['Kept'];
	if (type.endsWith('.stopAndError')) return [];
	if (type.endsWith('.switch')) {
		const names = (rules?.values ?? []).map(({ outputKey }, index) => outputKey ?? String(index));
		const fallback = options?.renameFallbackOutput ?? 'Fallback';
		return options?.fallbackOutput === 'extra' ? [...names, fallback] : names;
	}
	return onError === 'continueErrorOutput' ? ['Success', 'Error'] : [''];
}

const countInputs = ({ type, parameters }: WorkflowNode) =>
	type.endsWith('.merge') ? ((parameters as SwitchRules).numberInputs ?? 2) : 1;

function getSize(workflow: Workflow, node: WorkflowNode): { width: number; height: number } {
	if (isNote(node)) {
		const { width = 240, height = 160 } = node.parameters as { width?: number; height?: number };
		return { width, height };
	}
	const { isSubNode, hasSubNodes } = getShape(workflow, node);
	if (isSubNode) return { width: hasSubNodes ? 240 : subNodeSize, height: subNodeSize };
	const handles = Math.max(listOutputNames(node).length, countInputs(node));
	return { width: hasSubNodes ? 224 : nodeSize, height: Math.max(nodeSize, 32 * (handles + 1)) };
}

export function getBox(workflow: Workflow, node: WorkflowNode): Box {
	const [left, top] = node.position;
	const { width, height } = getSize(workflow, node);
	return { left, top, right: left + width, bottom: top + height };
}

/** The name of a node, below it, with the line that says what the node does; none inside a wide node. */
function drawName(workflow: Workflow, node: WorkflowNode): Part[] {
	if (isNote(node) || getShape(workflow, node).hasSubNodes) return [];
	const { left, right, bottom } = getBox(workflow, node);
	const length = node.name.length * nameCharacterWidth;
	const width = Math.max(Math.min(length, nameWidth), nodeSize);
	const lines = Math.ceil(length / nameWidth) + (node.disabled === true ? 1 : 0);
	const center = (left + right) / 2;
	const box = {
		left: center - width / 2,
		top: bottom,
		right: center + width / 2,
		bottom: bottom + 26 + 20 * lines,
	};
	return [{ label: `the name of "${node.name}"`, node, box }];
}

function drawOutputNames(workflow: Workflow, node: WorkflowNode): Part[] {
	if (isNote(node)) return [];
	const { top, right } = getBox(workflow, node);
	return listOutputNames(node).flatMap((name, index) => {
		const y = top + 32 * (index + 1);
		const width = Math.min(name.length, longestOutputName) * outputNameCharacterWidth;
		const box = { left: right + 12, top: y - 6, right: right + 12 + width, bottom: y + 6 };
		return name ? [{ label: `the output "${name}" of "${node.name}"`, node, box }] : [];
	});
}

function drawPluses(workflow: Workflow, node: WorkflowNode): Part[] {
	if (isNote(node) || getShape(workflow, node).isSubNode) return [];
	const { top, bottom, right } = getBox(workflow, node);
	const names = listOutputNames(node);
	const targets = getConnections(workflow, node.name).main ?? [];
	return names.flatMap((name, index) => {
		if (targets[index]?.length) return [];
		const y = top + ((bottom - top) * (index + 1)) / (names.length + 1);
		const width = name ? plusWidthAfterName : plusWidth;
		const box = { left: right, top: y - 12, right: right + width, bottom: y + 12 };
		return [{ label: `the plus of "${node.name}"`, node, box }];
	});
}

function drawBody(workflow: Workflow, node: WorkflowNode): Part {
	const label = isNote(node) ? `the note "${node.name}"` : `"${node.name}"`;
	return { label, node, box: getBox(workflow, node) };
}

const count = (from: number, to: number, step: number) =>
	Array.from({ length: Math.ceil(Math.abs(to - from) / step) }, (_, index) =>
		to > from ? from + step * index : from - step * index,
	);

/** A line that leads back: right, down, left below its source, then to its target. */
function leadBack(start: Point, end: Point): Point[] {
	const [right, left] = [start.x + backwardPadding.x, end.x - backwardPadding.x];
	const below = start.y + backwardPadding.y;
	return [
		...count(start.y, below, 8).map((y) => ({ x: right, y })),
		...count(right, left, 8).map((x) => ({ x, y: below })),
		...count(below, end.y, 8).map((y) => ({ x: left, y })),
		end,
	];
}

function leadOn(start: Point, end: Point): Point[] {
	return count(1, 60, 1).map((step) => {
		const t = step / 60;
		const ease = 3 * t ** 2 - 2 * t ** 3;
		const along = 1.5 * (1 - t) ** 2 * t + 1.5 * (1 - t) * t ** 2 + t ** 3;
		return { x: start.x + (end.x - start.x) * along, y: start.y + (end.y - start.y) * ease };
	});
}

function leadUp(start: Point, end: Point): Point[] {
	return leadOn({ x: start.y, y: start.x }, { x: end.y, y: end.x }).map(({ x, y }) => ({
		x: y,
		y: x,
	}));
}

/** Where a wide node has the handle for each kind of sub-node, from its left side. */
const subNodeHandles: Record<string, number> = {
	ai_languageModel: 40,
	ai_memory: 136,
	ai_tool: 184,
};

function drawLines(workflow: Workflow): Line[] {
	const byName = new Map(workflow.nodes.map((node) => [node.name, node]));
	const draw = (from: WorkflowNode, type: string, output: number, target: Target): Line[] => {
		const to = byName.get(target.node);
		if (!to) return [];
		const [source, destination] = [getBox(workflow, from), getBox(workflow, to)];
		if (isSubConnection(type)) {
			const isAgent = !getShape(workflow, to).isSubNode;
			const start = { x: (source.left + source.right) / 2, y: source.top };
			const handle = isAgent ? subNodeHandles[type] : subNodeSize / 2;
			return [
				{
					from,
					to,
					points: leadUp(start, { x: destination.left + handle, y: destination.bottom }),
				},
			];
		}
		const outputs = listOutputNames(from).length;
		const inputs = countInputs(to);
		const start = {
			x: source.right + handleRadius,
			y: source.top + ((source.bottom - source.top) * (output + 1)) / (outputs + 1),
		};
		const end = {
			x: destination.left - handleRadius,
			y:
				destination.top +
				((destination.bottom - destination.top) * (target.index + 1)) / (inputs + 1),
		};
		const points = end.x < start.x ? leadBack(start, end) : leadOn(start, end);
		return [{ from, to, points }];
	};
	return workflow.nodes.flatMap((from) =>
		Object.entries(getConnections(workflow, from.name)).flatMap(([type, outputs]) =>
			outputs.flatMap((targets, output) =>
				(targets ?? []).flatMap((target) => draw(from, type, output, target)),
			),
		),
	);
}

const overlap = (one: Box, other: Box) =>
	one.left < other.right &&
	other.left < one.right &&
	one.top < other.bottom &&
	other.top < one.bottom;

const isInside = ({ x, y }: Point, { left, top, right, bottom }: Box, margin = 2) =>
	x > left - margin && x < right + margin && y > top - margin && y < bottom + margin;

/** Everything on the canvas that covers something else, each as a sentence. */
export function findCollisions(workflow: Workflow): string[] {
	const parts = workflow.nodes.flatMap((node) => [
		drawBody(workflow, node),
		...drawName(workflow, node),
		...drawOutputNames(workflow, node),
		...drawPluses(workflow, node),
	]);
	const covered = parts.flatMap((one, index) =>
		parts
			.slice(index + 1)
			.filter((other) => one.node !== other.node && overlap(one.box, other.box))
			.map((other) => `${one.label} covers ${other.label}`),
	);
	// The name of an output stands on its line.
	const obstacles = workflow.nodes.flatMap((node) => [
		drawBody(workflow, node),
		...drawName(workflow, node),
	]);
	const crossed = drawLines(workflow).flatMap(({ from, to, points }) =>
		obstacles
			.filter(({ node, label }) => (node !== from && node !== to) || label.startsWith('the name'))
			.filter(({ box }) => points.some((point) => isInside(point, box)))
			.map(({ label }) => `the line from "${from.name}" to "${to.name}" crosses ${label}`),
	);
	return [...covered, ...crossed];
}

/** The zoom at which n8n shows all of a workflow in a window of 1440 × 900; 1 is its full size. */
export function zoomAtFit(workflow: Workflow): number {
	const boxes = workflow.nodes.map((node) => getBox(workflow, node));
	const width =
		Math.max(...boxes.map(({ right }) => right)) - Math.min(...boxes.map(({ left }) => left));
	const height =
		Math.max(...boxes.map(({ bottom }) => bottom)) - Math.min(...boxes.map(({ top }) => top));
	return Math.min(
		viewport.width / (width * (1 + padding)),
		viewport.height / (height * (1 + padding)),
		1,
	);
}

/** How n8n sets each kind of line in a note: the height of a line, and the space below the last. */
function getLineStyle(line: string) {
	if (line.startsWith('## ')) return { size: 20, height: 26, below: 8, indent: 0 };
	if (line.startsWith('### ')) return { size: 16, height: 20, below: 9, indent: 0 };
	if (/^(\d+\.|-) /.test(line)) return { size: 14, height: 18.2, below: 4, indent: 20 };
	if (line.startsWith('|')) return { size: 14, height: 40, below: 0, indent: 20 };
	return { size: 14, height: 18.9, below: 9, indent: 0 };
}

/** How high a note must be for its text, to about 12 pixels. */
export function estimateNoteHeight({ parameters }: WorkflowNode): number {
	const { content = '', width = 240 } = parameters as { content?: string; width?: number };
	const lines = content.split('\n').filter((line) => line.trim() && !/^[| -]+$/.test(line));
	const heights = lines.map((line) => {
		const { size, height, below, indent } = getLineStyle(line);
		const characterWidth = size * 0.486;
		const room = width - 26 - indent;
		let [rows, used] = [1, 0];
		for (const word of line.replace(/^#+ |[*`]/g, '').split(' ')) {
			const length = word.length * characterWidth;
			if (used > 0 && used + length > room) [rows, used] = [rows + 1, 0];
			used += length + characterWidth;
		}
		return rows * height + below;
	});
	return 10 + heights.reduce((sum, height) => sum + height, 0) + 12;
}
