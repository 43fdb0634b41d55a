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
			'Asks Pocketsflow at intervals for new orders, subscriptions and other events; needs no public address',
		activationMessage:
			'Pocketsflow will now be asked at the poll times. The first execution in the list has no items: it only stores from where on to look.',
		defaults: { name: 'Pocketsflow Polling Trigger' },
		polling: true,
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'pocketsflowApi', required: true, testedBy: 'testPocketsflowApi' }],
		properties: [
			{
				displayName:
					'Asks Pocketsflow at these times and starts one execution with all that is new, oldest first. n8n needs no public address. A test key finds test events only, a live key live ones.',
				name: 'pollingNotice',
				type: 'notice',
				default: '',
			},
			polledEventsField.property,
			{
				displayName:
					'Amounts are in the main unit of the currency, as in the API of Pocketsflow: 29 is $29.00',
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
						description: 'Also what happened since that date, in batches, oldest first',
					},
					{
						name: 'From Now On',
						value: 'now',
						description:
							'Only what happens after the workflow is first published (activated). What happens while it is unpublished is emitted after you publish it again.',
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
					'If n8n stops while it polls, an item may come again with the same event ID. An execution that n8n was stopped in is not resumed: the option Repeat After emits its items again.',
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
					'Now and then there is an execution without items, which only stores how far polling has come. Leave Always Output Data off: it would run the workflow with an empty item.',
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
