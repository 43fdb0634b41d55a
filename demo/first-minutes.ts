import type { Workflow, WorkflowNode } from '../test/harness/n8n/client';

export interface Places {
	store: string;
	/** Of the sandbox only. */
	dashboard?: string;
	n8n: string;
	seller: string;
	/** Whether the sale arrives in it, too. */
	canReceive: boolean;
}

export interface Step {
	title: string;
	/** What to do and to see, in a sentence or two. */
	text: string;
	url?: string;
}

/** The steps from nothing to a paid order in a workflow of one's own. */
export const buildSteps = ({ store, dashboard, n8n, seller, canReceive }: Places): Step[] => [
	{
		title: 'Buy something',
		text: 'Open the store, select "Buy now", and pay with any email address.',
		url: store,
	},
	{
		title: 'See the sale in n8n',
		text: canReceive
			? 'The terminal shows a link to the execution of each sale. Open it, and double-click "Replace with your step" to see your order ID and the buyer. Every visit to the checkout is an execution, too, so the newest one may not be the sale.'
			: 'The execution created the checkout. To see its link, double-click "Create checkout session". The sale can arrive only if this n8n has a public address.',
		url: `${seller}/executions`,
	},
	...(dashboard
		? [
				{
					title: 'Use the dashboard buttons',
					text: 'Refund the order, or select "Fail payment" for a subscription. The page then shows which workflow received the event. Emails from the workflows appear in the terminal.',
					url: dashboard,
				},
			]
		: []),
	{
		title: 'Create your own workflow',
		text: 'Add the Pocketsflow Trigger. n8n selects the credential automatically. Select events, publish (activate) the workflow, and buy again.',
		url: `${n8n}/workflow/new`,
	},
];

export const formatSteps = (steps: Step[]): string =>
	steps
		.map(({ title, text, url }, index) =>
			[`${index + 1}. ${title}`, ...wrap(text, 84), url].filter(Boolean).join('\n   '),
		)
		.join('\n');

/** Breaks lines at spaces. */
function wrap(text: string, maxLength: number): string[] {
	const lines = [''];
	for (const word of text.split(' ')) {
		const line = lines[lines.length - 1];
		if (line.length + word.length + 1 > maxLength) lines.push(word);
		else lines[lines.length - 1] = line ? `${line} ${word}` : word;
	}
	return lines;
}

const noteWidth = 300;
const noteHeight = 260;
const noteGap = 40;

function createNote(step: Step, index: number): WorkflowNode {
	const link = step.url ? `\n\n[Open it](${step.url})` : '';
	return {
		name: `Step ${index + 1}`,
		type: 'n8n-nodes-base.stickyNote',
		typeVersion: 1,
		position: [index * (noteWidth + noteGap), 0],
		parameters: {
			content: `## ${index + 1}. ${step.title}\n${step.text}${link}`,
			width: noteWidth,
			height: noteHeight,
			color: index + 3,
		},
	};
}

const tryIt: WorkflowNode[] = [
	{
		name: 'About trying',
		type: 'n8n-nodes-base.stickyNote',
		typeVersion: 1,
		position: [0, noteHeight + noteGap],
		parameters: {
			content:
				'## Or start here\nSelect **Execute workflow**. The Pocketsflow node reads the products of the store. To see the products and the other operations, double-click the node.',
			width: 2 * noteWidth + noteGap,
			height: 380,
			color: 7,
		},
	},
	{
		name: 'Press Execute workflow',
		type: 'n8n-nodes-base.manualTrigger',
		typeVersion: 1,
		position: [120, 500],
		parameters: {},
	},
	{
		name: 'Products of the store',
		type: 'n8n-nodes-pocketsflow.pocketsflow',
		typeVersion: 1,
		position: [380, 500],
		parameters: { resource: 'product', operation: 'getAll', returnAll: true },
	},
];

export const firstMinutesName = 'Pocketsflow demo: your first five minutes';

/** The steps as notes on a canvas, with two nodes to press. */
export const buildFirstMinutes = (steps: Step[]): Workflow => ({
	name: firstMinutesName,
	nodes: [...steps.map(createNote), ...tryIt],
	connections: {
		'Press Execute workflow': {
			main: [[{ node: 'Products of the store', type: 'main', index: 0 }]],
		},
	},
	settings: { executionOrder: 'v1' },
});
