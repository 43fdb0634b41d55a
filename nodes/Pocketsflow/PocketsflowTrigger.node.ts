import {
	NodeConnectionTypes,
	type IDataObject,
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { eventOptions } from './events/catalogue';
import { productIdsOption } from './events/productFilter';
import { receive } from './webhook/receive';
import { isRegistered, register, unregister } from './webhook/registration';
import { usesExistingEndpoint } from './webhook/settings';
import { simplifyField } from './fields/common';

export class PocketsflowTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow Trigger',
		name: 'pocketsflowTrigger',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['trigger'],
		// Not 1: for each request to a trigger of version 1 n8n evaluates an expression, which takes
		// a third of the time until the answer (docs/n8n-engine.md#expression-isolates).
		version: 2,
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description:
			'Starts the workflow when Pocketsflow reports an order, subscription or other event',
		defaults: { name: 'Pocketsflow Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'pocketsflowApi', required: true }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				path: 'webhook',
			},
		],
		properties: [
			{
				displayName: 'Trigger On',
				name: 'events',
				type: 'multiOptions',
				required: true,
				default: ['order.completed'],
				options: eventOptions,
			},
			{
				displayName: 'Endpoint',
				name: 'endpoint',
				type: 'options',
				noDataExpression: true,
				default: 'automatic',
				options: [
					{
						name: 'Register Automatically',
						value: 'automatic',
						description:
							'Register the webhook at Pocketsflow when the workflow is activated and remove it when deactivated',
					},
					{
						name: 'Use an Existing Endpoint',
						value: 'existing',
						description: 'Register nothing: you made the webhook at Pocketsflow by hand',
					},
				],
			},
			{
				displayName:
					"Copy the production URL of this node into a webhook under Developers → Webhooks at Pocketsflow, and that webhook's signing secret into the credential of this node. Without the secret every delivery is refused.",
				name: 'existingNotice',
				type: 'notice',
				default: '',
				displayOptions: { show: { endpoint: ['existing'] } },
			},
			simplifyField.property,
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add option',
				default: {},
				options: [
					{
						displayName: 'Custom Events',
						name: 'customEvents',
						type: 'string',
						default: '',
						placeholder: 'e.g. order.disputed',
						description: 'Further event names to listen to, separated by commas',
					},
					{
						displayName: 'Include Headers',
						name: 'includeHeaders',
						type: 'boolean',
						default: false,
						description: 'Whether to add the headers of the delivery to the output',
					},
					{
						displayName: 'Metadata Key',
						name: 'metadataKey',
						type: 'string',
						default: '',
						placeholder: 'e.g. order_id',
						description: 'Start only for deliveries whose metadata has this key',
					},
					{
						displayName: 'Metadata Value',
						name: 'metadataValue',
						type: 'string',
						default: '',
						description: 'Start only if the metadata key has this value. Empty accepts any value.',
					},
					productIdsOption,
					{
						displayName: 'Skip Repeated Deliveries',
						name: 'skipRepeated',
						type: 'boolean',
						default: true,
						description:
							'Whether to acknowledge a delivery that came in the last minutes already without starting the workflow again',
					},
				],
			},
		],
	};

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return usesExistingEndpoint(this) || (await isRegistered(this));
			},
			async create(this: IHookFunctions): Promise<boolean> {
				await register(this);
				return true;
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				if (!usesExistingEndpoint(this)) await unregister(this);
				return true;
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		const items: IDataObject[] = await receive(this);
		if (items.length === 0) return { noWebhookResponse: true };
		return { noWebhookResponse: true, workflowData: [this.helpers.returnJsonArray(items)] };
	}
}
