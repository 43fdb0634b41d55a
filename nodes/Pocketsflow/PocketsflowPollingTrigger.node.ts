import {
	NodeConnectionTypes,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
} from 'n8n-workflow';

import { simplifyField } from './fields/common';
import { buildLoadOptions } from './methods/loadOptions';
import { poll } from './polling/poll';
import { eventsField, optionFields } from './polling/settings';

export class PocketsflowPollingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow Polling Trigger',
		name: 'pocketsflowPollingTrigger',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: '={{ [$parameter["events"]].flat().join(", ") }}',
		description:
			'Asks Pocketsflow at intervals for new orders, subscriptions and other events; needs no public address',
		defaults: { name: 'Pocketsflow Polling Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'pocketsflowApi', required: true }],
		properties: [
			eventsField.property,
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
						description:
							'Only what happens after the workflow is first activated. What happens while it is switched off comes when it is active again.',
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
				options: optionFields.map(({ property }) => property),
			},
		],
	};

	methods = { loadOptions: buildLoadOptions(optionFields) };

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		const items = await poll(this);
		return items === undefined ? null : [this.helpers.returnJsonArray(items)];
	}
}
