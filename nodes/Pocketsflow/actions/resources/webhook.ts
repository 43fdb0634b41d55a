import { lists } from '../../api/lists';
import { path } from '../../api/request';
import { eventOptions } from '../../events/catalogue';
import { nameListField } from '../../fields/list';
import { locatorField } from '../../fields/locators';
import { formatActive, formatText, buildPicker } from '../../fields/pickers';
import { InvalidInputError } from '../../fields/field';
import { switchField } from '../../fields/kinds/boolean';
import { textField, urlField } from '../../fields/kinds/text';
import type { Resource } from '../operation';
import { RecordOperations } from '../recordOperations';
import { prepareVerification, verifyDeliveryFields } from '../verifyDelivery';

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

function mergeEvents(chosen: unknown, custom: unknown): string[] {
	const names = [chosen, custom].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
	return [...new Set(names)];
}

/** The events of an update, which replace all current ones. Undefined if they stay unchanged. */
function readChangedEvents(chosen: unknown, custom: unknown): string[] | undefined {
	if (chosen === undefined && custom !== undefined)
		throw new InvalidInputError(
			"'Custom Events' needs 'Events'",
			"An update replaces all events of the webhook. Add 'Events' and select every event to keep, or remove 'Custom Events'.",
		);
	return chosen === undefined ? undefined : mergeEvents(chosen, custom);
}

const webhooks = new RecordOperations({
	noun: 'webhook',
	endpoint: lists.webhooks,
	field: webhookField,
	// Only the person who creates the endpoint may see its secret. It must not get into the data of further
	// executions, even if Pocketsflow returns it again (docs/pocketsflow-api.md#webhook-endpoints).
	hidesSecrets: true,
});

export const webhookResource: Resource = {
	option: { name: 'Webhook', value: 'webhook' },
	operations: [
		webhooks.create(
			'Create a webhook that sends events to a URL. The output contains the signing secret. Pocketsflow shows it only once, so store it safely.',
			{
				fields: [endpointUrlField, eventsField],
				additional: [activeField, customEventsField, descriptionField],
				body(item) {
					const { customEvents, ...others } = item.getOptional();
					const events = mergeEvents(item.require(eventsField), customEvents);
					return { url: item.require(endpointUrlField), events, ...others };
				},
			},
		),
		webhooks.delete(
			'Delete a webhook permanently. Pocketsflow stops sending events to its URL. If it belongs to a Pocketsflow Trigger, the trigger no longer receives events.',
		),
		webhooks.get('Get one webhook: its URL and events, without its signing secret'),
		webhooks.getMany('Get the webhooks of the account, without their signing secrets'),
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
			hidesSecrets: true,
		},
		webhooks.update(
			"Update a webhook. Fields that you don't set keep their values. The selected events replace the current ones.",
			{
				method: 'PUT',
				changes: [activeField, customEventsField, descriptionField, eventsField, endpointUrlField],
				body: ({ customEvents, events, ...others }) => ({
					...others,
					events: readChangedEvents(events, customEvents),
				}),
			},
		),
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
