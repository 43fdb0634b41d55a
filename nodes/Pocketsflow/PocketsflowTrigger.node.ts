import {
	NodeConnectionTypes,
	type IDataObject,
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';

import { simplifyField } from './fields/common';
import { buildLoadOptions } from './methods/loadOptions';
import { prepare } from './webhook/prepare';
import { receive } from './webhook/receive';
import { isRegistered, register, unregister } from './webhook/registration';
import { endpointField, eventsField, optionFields, usesExistingEndpoint } from './webhook/settings';

export class PocketsflowTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Pocketsflow Trigger',
		name: 'pocketsflowTrigger',
		icon: { light: 'file:pocketsflow.svg', dark: 'file:pocketsflow.dark.svg' },
		group: ['trigger'],
		// New nodes have 2: for each request to a trigger of version 1 n8n evaluates an expression, which
		// takes a third of the time until the answer (docs/n8n-engine.md#expression-isolates). Workflows
		// that were written by hand say 1, and without it the editor would empty their parameters.
		version: [1, 2],
		defaultVersion: 2,
		subtitle: '={{ [$parameter["events"]].flat().join(", ") }}',
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
			eventsField.property,
			{ ...endpointField.property, noDataExpression: true },
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
				options: optionFields.map(({ property }) => property),
			},
		],
	};

	methods = { loadOptions: buildLoadOptions(optionFields) };

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				await prepare(this);
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
