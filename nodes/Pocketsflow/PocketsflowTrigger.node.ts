import {
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { eventOptions } from './events/catalogue';
import { simplifyField } from './fields/shared/output';
import { buildEventsSubtitle } from './fields/triggerFields';
import { testPocketsflowApi } from './methods/credentialTest';
import { buildLoadOptions } from './methods/pickerMethods';
import {
	amountNotices,
	buildOutputsExpression,
	eventsField,
	optionFields,
} from './webhook/settings';

export class PocketsflowTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow Trigger',
		name: 'pocketsflowTrigger',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['trigger'],
		// Not 1: for each request to a trigger of version 1, n8n evaluates an expression, which adds a third to
		// the response time (docs/n8n-engine.md#expression-isolates). Version 1 is still listed because
		// workflows written by hand use it, and without it the editor would empty their parameters.
		version: [1, 2],
		defaultVersion: 2,
		subtitle: buildEventsSubtitle(eventOptions),
		// n8n also shows this text for the action node, because it lists both nodes as one.
		description:
			'Sell digital products and subscriptions, and start workflows on orders and other events',
		eventTriggerDescription:
			'Waiting for an event. To create an order, pay at one of your checkouts in the mode of your API key. With a test key, no money moves.',
		triggerPanel: {
			activationHint:
				'Click the button, then trigger the event. To create an order, pay at one of your checkouts. With a test key, no money moves.',
		},
		activationMessage: 'Pocketsflow now sends the selected events to this workflow.',
		defaults: { name: 'Pocketsflow Trigger' },
		inputs: [],
		outputs: buildOutputsExpression(),
		credentials: [{ name: 'pocketsflowApi', required: true, testedBy: 'testPocketsflowApi' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				path: 'webhook',
				ndvHideUrl: true,
			},
		],
		properties: [
			{
				displayName:
					'n8n needs a public https address. Without one, use the Pocketsflow Polling Trigger.',
				name: 'addressNotice',
				type: 'notice',
				default: '',
			},
			{
				displayName: 'A test key receives only test events, and a live key only live events',
				name: 'modeNotice',
				type: 'notice',
				default: '',
			},
			eventsField.property,
			...amountNotices.map(({ property }) => property),
			simplifyField.property,
			{
				displayName:
					'Before you go live, <a href="https://github.com/pocketsflow/n8n-nodes-pocketsflow/blob/main/docs/scaling.md#what-to-set" target="_blank">prepare n8n for bursts of sales</a>',
				name: 'burstNotice',
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
		hints: [
			{
				message: 'Amounts of invoice events are in cents: 1200 is $12.00',
				type: 'info',
				location: 'outputPane',
				whenToDisplay: 'afterExecution',
				displayCondition:
					'={{ [$parameter["events"]].flat().some((name) => String(name).startsWith("invoice.")) }}',
			},
		],
	};

	methods = {
		credentialTest: { testPocketsflowApi },
		loadOptions: buildLoadOptions(optionFields),
	};

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				const { checkExists } = await import('./webhook/hooks');
				return await checkExists(this);
			},
			async create(this: IHookFunctions): Promise<boolean> {
				const { create } = await import('./webhook/hooks');
				await create(this);
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				const { takeDown } = await import('./webhook/hooks');
				await takeDown(this);
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const { receive } = await import('./webhook/receive');
		const outputs = await receive(this);
		return { noWebhookResponse: true, ...(outputs.length > 0 && { workflowData: outputs }) };
	}
}
