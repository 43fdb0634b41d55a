import type { Ledger } from '../ledger';
import type { Workflow, WorkflowNode } from './client';

export const buildNode = (
	name: string,
	type: string,
	typeVersion: number,
	parameters: Record<string, unknown> = {},
): WorkflowNode => ({ name, type, typeVersion, position: [0, 0], parameters });

/** A workflow in which each node leads to the next. */
export function buildChain(name: string, nodes: WorkflowNode[]): Workflow {
	const links = nodes
		.slice(1)
		.map((next, index) => [
			nodes[index].name,
			{ main: [[{ node: next.name, type: 'main', index: 0 }]] },
		]);
	return { name, nodes, connections: Object.fromEntries(links) as Workflow['connections'] };
}

/** Marks in the ledger what an expression names of each item. */
export const buildMark = (ledger: Ledger, id: string): WorkflowNode =>
	buildNode('Mark', 'n8n-nodes-base.httpRequest', 4.2, {
		method: 'PUT',
		url: `=${ledger.url}/orders/{{ encodeURIComponent(${id}) }}/paid`,
		options: {},
	});

export const triggerName = 'Pocketsflow Trigger';

export const buildTrigger = (events: string[], name = triggerName): WorkflowNode =>
	buildNode(name, 'n8n-nodes-pocketsflow.pocketsflowTrigger', 2, { events, options: {} });

/** Looks for sales as often as n8n allows. */
export const buildPollingTrigger = (options: Record<string, unknown> = {}): WorkflowNode =>
	buildNode('Pocketsflow Polling Trigger', 'n8n-nodes-pocketsflow.pocketsflowPollingTrigger', 1, {
		events: ['order.completed'],
		pollTimes: { item: [{ mode: 'everyMinute' }] },
		options,
	});
