import type { Ledger } from '../ledger';
import type { Credential, Workflow, WorkflowNode } from './client';

export const buildNode = (
	name: string,
	type: string,
	typeVersion: number,
	parameters: Record<string, unknown> = {},
): WorkflowNode => ({ name, type, typeVersion, position: [0, 0], parameters });

export const startNode = buildNode('Start', 'n8n-nodes-base.manualTrigger', 1);

export const buildAction = (name: string, parameters: Record<string, unknown>): WorkflowNode =>
	buildNode(name, 'n8n-nodes-pocketsflow.pocketsflow', 1, parameters);

export const buildItems = (records: Array<Record<string, unknown>>): WorkflowNode[] => [
	buildNode('List', 'n8n-nodes-base.set', 3.4, {
		mode: 'raw',
		jsonOutput: JSON.stringify({ records }),
		options: {},
	}),
	buildNode('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'records', options: {} }),
];

/** The value of a resource locator that was typed in. */
export const byId = (value: string) => ({ __rl: true, mode: 'id', value });

export function buildChain(name: string, nodes: WorkflowNode[]): Workflow {
	const links = nodes
		.slice(1)
		.map((next, index) => [
			nodes[index].name,
			{ main: [[{ node: next.name, type: 'main', index: 0 }]] },
		]);
	return { name, nodes, connections: Object.fromEntries(links) as Workflow['connections'] };
}

export const buildMark = (ledger: Ledger, id: string): WorkflowNode =>
	buildNode('Mark', 'n8n-nodes-base.httpRequest', 4.2, {
		method: 'PUT',
		url: `=${ledger.url}/orders/{{ encodeURIComponent(${id}) }}/paid`,
		options: {},
	});

export const triggerName = 'Pocketsflow Trigger';

export const buildTrigger = (events: string[], name = triggerName): WorkflowNode =>
	buildNode(name, 'n8n-nodes-pocketsflow.pocketsflowTrigger', 2, { events, options: {} });

/** n8n allows one poll a minute for each of a node's times, which can be six. */
const everyTenSeconds = {
	item: [0, 10, 20, 30, 40, 50].map((second) => ({
		mode: 'custom',
		cronExpression: `${second} * * * * *`,
	})),
};

export const buildPollingTrigger = (options: Record<string, unknown> = {}): WorkflowNode =>
	buildNode('Pocketsflow Polling Trigger', 'n8n-nodes-pocketsflow.pocketsflowPollingTrigger', 1, {
		events: ['order.completed'],
		pollTimes: everyTenSeconds,
		options,
	});

export const pollOften = <W extends Pick<Workflow, 'nodes'>>(workflow: W): W => ({
	...workflow,
	nodes: workflow.nodes.map((node) =>
		node.type.endsWith('.pocketsflowPollingTrigger')
			? { ...node, parameters: { ...node.parameters, pollTimes: everyTenSeconds } }
			: node,
	),
});

/** An AI agent that sells icons. `openAi` leads to its model. */
export function buildAgent(
	version: number,
	openAi: Pick<Credential, 'id' | 'name'>,
	tools: WorkflowNode[],
): Workflow {
	const toAgent = (type: string) => ({ [type]: [[{ node: 'AI Agent', type, index: 0 }]] });
	const model = buildNode('OpenAI Chat Model', '@n8n/n8n-nodes-langchain.lmChatOpenAi', 1.3, {
		model: byId('stub-1'),
		responsesApiEnabled: false,
		options: { maxRetries: 0 },
	});
	const { id, name } = openAi;
	return {
		name: 'Agent',
		nodes: [
			startNode,
			buildNode('AI Agent', '@n8n/n8n-nodes-langchain.agent', version, {
				promptType: 'define',
				text: 'Sell my icons.',
				options: {},
			}),
			{ ...model, credentials: { openAiApi: { id, name } } },
			...tools,
		],
		connections: {
			Start: toAgent('main'),
			'OpenAI Chat Model': toAgent('ai_languageModel'),
			...Object.fromEntries(tools.map((tool) => [tool.name, toAgent('ai_tool')])),
		},
		settings: { executionOrder: 'v1' },
	};
}

export const buildTool = (name: string, parameters: Record<string, unknown>): WorkflowNode =>
	buildNode(name, 'n8n-nodes-pocketsflow.pocketsflowTool', 1, parameters);
