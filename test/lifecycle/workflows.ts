import type { StoredWorkflow, Workflow, WorkflowNode } from '../harness/n8n/client';
import { buildPollingTrigger, triggerName } from '../harness/n8n/workflows';

/** Polls as often as n8n allows: each poll that finds something writes the workflow's static data. */
export const pollingTrigger: WorkflowNode = {
	...buildPollingTrigger({ headStart: 0, repeatAfter: 0 }),
	position: [0, 200],
};

const workNode: WorkflowNode = {
	name: 'Work',
	type: 'n8n-nodes-base.set',
	typeVersion: 3.4,
	position: [300, 0],
	parameters: {
		assignments: { assignments: [{ id: '1', name: 'note', type: 'string', value: 'first' }] },
		includeOtherFields: true,
		options: {},
	},
};

/** A workflow whose triggers all lead to one node. */
export function buildWorkflow(triggers: WorkflowNode[]): Workflow {
	return {
		name: 'Lifecycle',
		nodes: [...triggers, workNode],
		connections: Object.fromEntries(
			triggers.map(({ name }) => [name, { main: [[{ node: 'Work', type: 'main', index: 0 }]] }]),
		),
	};
}

/** What a user changes in a saved workflow. */
export type Edit = (stored: StoredWorkflow) => Partial<StoredWorkflow>;

const editNode =
	(name: string, edit: (node: WorkflowNode) => WorkflowNode): Edit =>
	({ nodes }) => ({ nodes: nodes.map((node) => (node.name === name ? edit(node) : node)) });

/** Sets the events that the webhook trigger listens for. */
export const setEvents = (...events: string[]): Edit =>
	editNode(triggerName, (node) => ({ ...node, parameters: { ...node.parameters, events } }));

/** Moves the node after the trigger, which leaves the trigger as it is. */
export const moveWorkNode: Edit = editNode('Work', (node) => ({ ...node, position: [400, 100] }));

/** Renames the webhook trigger. */
export const renameTrigger =
	(name: string): Edit =>
	(stored) => {
		const { [triggerName]: connection, ...others } = stored.connections;
		return {
			...editNode(triggerName, (node) => ({ ...node, name }))(stored),
			connections: { ...others, [name]: connection },
		};
	};
