import {
	NodeConnectionTypes,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
} from 'n8n-workflow';

import { productIdsOption } from './events/productFilter';
import { simplifyField } from './fields/common';
import { poll } from './polling/poll';
import { polledEventOptions } from './polling/sources';

export class PocketsflowPollingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow Polling Trigger',
		name: 'pocketsflowPollingTrigger',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description:
			'Asks Pocketsflow at intervals for new orders, subscriptions and other events; needs no public address',
		defaults: { name: 'Pocketsflow Polling Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'pocketsflowApi', required: true }],
		properties: [
			{
				displayName: 'Trigger On',
				name: 'events',
				type: 'multiOptions',
				required: true,
				default: ['order.completed'],
				options: polledEventOptions,
			},
			{
				displayName: 'Start',
				name: 'start',
				type: 'options',
				noDataExpression: true,
				default: 'now',
				options: [
					{
						name: 'From Now On',
						value: 'now',
						description: 'Only what happens after the workflow is activated',
					},
					{
						name: 'From a Date',
						value: 'date',
						description: 'Also what happened since that date, in batches, oldest first',
					},
				],
			},
			{
				displayName: 'Start Date',
				name: 'startDate',
				type: 'dateTime',
				required: true,
				default: '',
				description:
					"The date in the workflow's time zone. Changing it on an active workflow starts again from there.",
				displayOptions: { show: { start: ['date'] } },
			},
			simplifyField.property,
			{
				displayName:
					'Every record starts an execution, oldest first. If n8n stops right then, it may come again with the same event ID. An execution that n8n was stopped in is not resumed: add the option Repeat After to have its records emitted again.',
				name: 'guaranteeNotice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add option',
				default: {},
				options: [
					{
						displayName: 'Head Start for Webhook (Seconds)',
						name: 'headStart',
						type: 'number',
						typeOptions: { minValue: 0 },
						default: 30,
						description:
							'Emit a record only with a poll that comes this long after the one that found it. A webhook trigger beside this one is then done with it, and the two do not work on it at the same moment.',
					},
					{
						displayName: 'Max Items per Poll',
						name: 'batch',
						type: 'number',
						typeOptions: { minValue: 1 },
						default: 500,
						description:
							'How many items one execution gets at most. The rest follows with the next polls, so choose more than happens between two of them, and twice that with Repeat After.',
					},
					{
						displayName: 'Overlap (Minutes)',
						name: 'overlap',
						type: 'number',
						typeOptions: { minValue: 0 },
						default: 15,
						description:
							'How far back each poll looks for records that appear late with an older date. A day is 1440. Longer costs more requests per poll and more stored IDs.',
					},
					productIdsOption,
					{
						displayName: 'Repeat After (Minutes)',
						name: 'repeatAfter',
						type: 'number',
						typeOptions: { minValue: 0 },
						default: 30,
						description:
							'Emit every record a second time this long after the first, and at once when n8n was stopped before that. The workflow must skip event IDs that it has recorded as done. Choose more than your longest execution takes. Costs about one more execution per execution; 0 turns it off.',
					},
				],
			},
		],
	};

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		const items = await poll(this);
		return items === undefined ? null : [this.helpers.returnJsonArray(items)];
	}
}
