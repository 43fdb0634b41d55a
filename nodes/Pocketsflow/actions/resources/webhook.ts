import { lists } from '../../api/lists';
import { path } from '../../api/request';
import { eventOptions } from '../../events/catalogue';
import { buildAdditionalFields, buildUpdateFields } from '../../fields/shared/collections';
import { nameListField } from '../../fields/list';
import { locatorField } from '../../fields/locators';
import { formatActive, formatText, buildPicker } from '../../fields/pickers';
import { InvalidInputError } from '../../fields/field';
import { switchField } from '../../fields/kinds/boolean';
import { textField, urlField } from '../../fields/kinds/text';
import type { Resource } from '../operation';
import { buildDeleteRow, buildGetManyRow, buildGetRow } from '../rows';
import { prepareVerification, verifyDeliveryFields } from '../verifyDelivery';

// The signing secret is only for the person who creates the endpoint. It must not get into the data of
// further executions, whether or not Pocketsflow returns it again
// (docs/pocketsflow-api.md#webhook-endpoints).
const hiddenKeys = ['secret'];

const webhookField = locatorField({
	displayName: 'Webhook',
	name: 'webhookEndpointId',
	description: 'The registered endpoint to work with',
	placeholder: 'e.g. 6a5100000000000000000001',
	picker: buildPicker('searchWebhooks', lists.webhooks, (record) => [
		formatText(record.url) ?? 'Unknown URL',
		formatActive(record),
		formatText(record.description),
		Array.isArray(record.events) ? `events: ${record.events.length}` : undefined,
	]),
});

const endpointUrlField = urlField({
	displayName: 'URL',
	name: 'url',
	required: true,
	placeholder: 'e.g. https://example.com/pocketsflow',
	description:
		'Where Pocketsflow sends the events: a public https:// address. For an n8n workflow, use the Pocketsflow Trigger instead, which registers its own webhook.',
});

const eventsField = nameListField(
	{
		displayName: 'Events',
		name: 'events',
		required: true,
		description: 'The events to send to the URL',
	},
	eventOptions,
);

const customEventsField = nameListField({
	displayName: 'Custom Events',
	name: 'customEvents',
	placeholder: 'e.g. order.completed, order.shipped',
	description: 'Names of other events, separated by commas. Pocketsflow may reject unknown names.',
});

const descriptionField = textField({
	displayName: 'Description',
	name: 'description',
	placeholder: 'e.g. Accounting',
	description: 'What the endpoint is for',
});

const activeField = switchField('Active', 'active', 'Whether to send events to the URL');

/** The events of both fields, without duplicates. */
function mergeEvents(chosen: unknown, custom: unknown): string[] {
	const names = [chosen, custom].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
	return [...new Set(names)];
}

/** The events of an update. Undefined if neither field was added, so that they stay unchanged. */
function readChangedEvents(chosen: unknown, custom: unknown): string[] | undefined {
	const events = mergeEvents(chosen, custom);
	if (chosen === undefined && custom !== undefined && events.length === 0)
		throw new InvalidInputError(
			"'Custom Events' is empty",
			"Enter an event name, or remove the field. To remove events, add 'Events' and select the ones to keep.",
		);
	return chosen === undefined && custom === undefined ? undefined : events;
}

export const webhookResource: Resource = {
	option: { name: 'Webhook', value: 'webhook' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create webhook',
				description:
					'Create a webhook that sends events to a URL. The output contains the signing secret. Pocketsflow shows it only once, so store it safely.',
			},
			fields: [endpointUrlField, eventsField],
			collections: [buildAdditionalFields(activeField, customEventsField, descriptionField)],
			request(item) {
				const { customEvents, ...others } = item.getOptional();
				const events = mergeEvents(item.require(eventsField), customEvents);
				return {
					method: 'POST',
					path: '/webhooks',
					body: { url: item.require(endpointUrlField), events, ...others },
				};
			},
			effect: 'create',
			response: { kind: 'record', recordKeys: lists.webhooks.recordKeys },
		},
		buildDeleteRow({
			action: 'Delete webhook permanently',
			description:
				'Delete a webhook permanently. Pocketsflow stops sending events to its URL. If it belongs to a Pocketsflow Trigger, the trigger no longer receives events.',
			field: webhookField,
			path: '/webhooks',
		}),
		buildGetRow({
			action: 'Get webhook',
			description: 'Get one webhook: its URL and events, without its signing secret',
			field: webhookField,
			list: lists.webhooks,
			hiddenKeys,
		}),
		buildGetManyRow({
			action: 'Get many webhooks',
			description: 'Get the webhooks of the account, without their signing secrets',
			list: lists.webhooks,
			hiddenKeys,
		}),
		{
			option: {
				name: 'Test',
				value: 'test',
				action: 'Test webhook',
				description: 'Test a webhook: Pocketsflow sends a test event to its URL',
			},
			fields: [webhookField],
			request: (item) => ({
				method: 'POST',
				path: path`/webhooks/${item.require(webhookField)}/test`,
			}),
			effect: 'create',
			response: { kind: 'message', output: (item) => ({ id: item.require(webhookField) }) },
		},
		{
			option: {
				name: 'Update',
				value: 'update',
				action: 'Update webhook',
				description:
					"Update a webhook. Fields that you don't set keep their values. The selected events replace the current ones.",
			},
			fields: [webhookField],
			collections: [
				buildUpdateFields(
					activeField,
					customEventsField,
					descriptionField,
					eventsField,
					endpointUrlField,
				),
			],
			request(item) {
				const { customEvents, events, ...others } = item.requireChanges();
				return {
					method: 'PUT',
					path: path`/webhooks/${item.require(webhookField)}`,
					body: { ...others, events: readChangedEvents(events, customEvents) },
				};
			},
			effect: 'change',
			response: { kind: 'record', recordKeys: lists.webhooks.recordKeys, hiddenKeys },
		},
		{
			option: {
				name: 'Verify Delivery',
				value: 'verifyDelivery',
				action: 'Verify webhook delivery',
				description:
					"Verify the signature of a webhook delivery that another node received, such as n8n's Webhook node. The output is the same as from the Pocketsflow Trigger.",
			},
			fields: verifyDeliveryFields,
			effect: 'read',
			prepare: prepareVerification,
		},
	],
};
