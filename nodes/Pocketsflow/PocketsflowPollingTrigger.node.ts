import {
	NodeConnectionTypes,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IPollFunctions,
} from 'n8n-workflow';

import { simplifyField } from './fields/shared/output';
import { buildEventsSubtitle } from './fields/triggerFields';
import { testPocketsflowApi } from './methods/credentialTest';
import { buildLoadOptions } from './methods/pickerMethods';
import { polledEventsField, pollingOptionFields } from './polling/settings';
import { polledEventOptions } from './polling/sources';

export class PocketsflowPollingTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow Polling Trigger',
		name: 'pocketsflowPollingTrigger',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['trigger'],
		version: 1,
		subtitle: buildEventsSubtitle(polledEventOptions),
		description:
			'Polls Pocketsflow for new orders, subscriptions, and other events, without a public address',
		activationMessage:
			'n8n now polls Pocketsflow at the poll times that you set. The first execution has no items: it only saves the starting point.',
		defaults: { name: 'Pocketsflow Polling Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'pocketsflowApi', required: true, testedBy: 'testPocketsflowApi' }],
		properties: [
			{
				displayName: 'Each poll starts one execution with all new events, oldest first',
				name: 'pollingNotice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'A test key receives only test events, and a live key only live events',
				name: 'modeNotice',
				type: 'notice',
				default: '',
			},
			polledEventsField.property,
			{
				displayName: 'Amounts are in the main unit of the currency: 29 is $29.00',
				name: 'amountNotice',
				type: 'notice',
				default: '',
				displayOptions: { show: { events: ['order.completed', 'order.refunded'] } },
			},
			{
				displayName: 'Start',
				name: 'start',
				type: 'options',
				noDataExpression: true,
				default: 'now',
				options: [
					{
						name: 'From a Date',
						value: 'date',
						description: 'Also emit events since a past date, in batches, oldest first',
					},
					{
						name: 'From Now On',
						value: 'now',
						description:
							'Emit only events after you first publish (activate) the workflow. If you unpublish it, events that occur meanwhile are emitted when you publish it again.',
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
					"The date to start from, in the workflow's time zone. If you change it, polling starts again from the new date.",
				displayOptions: { show: { start: ['date'] } },
			},
			simplifyField.property,
			{
				displayName:
					'n8n does not resume interrupted executions. To receive their events again, add the option Repeat After.',
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
				options: pollingOptionFields.map(({ property }) => property),
			},
		],
		hints: [
			{
				message:
					'An execution without items only saves the polling progress. Keep Always Output Data disabled; otherwise, the workflow runs with an empty item.',
				type: 'info',
				location: 'outputPane',
				whenToDisplay: 'afterExecution',
			},
		],
	};

	methods = {
		credentialTest: { testPocketsflowApi },
		loadOptions: buildLoadOptions(pollingOptionFields),
	};

	async poll(this: IPollFunctions): Promise<INodeExecutionData[][] | null> {
		const { poll } = await import('./polling/poll');
		const items = await poll(this);
		return items === undefined ? null : [this.helpers.returnJsonArray(items)];
	}
}
