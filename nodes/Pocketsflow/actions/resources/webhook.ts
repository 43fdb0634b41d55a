import type { IDataObject } from 'n8n-workflow';

import { eventOptions } from '../../events/catalogue';
import {
	additionalFields,
	limit,
	returnAll,
	updateFields,
	webhook as webhookField,
} from '../../fields/common';
import { BadInput, boolean, choices, commaList, text, url } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

// Pocketsflow shows a signing secret once, at creation (contract C1). Reading an endpoint must not put it
// into execution data again, whether or not the API still gives it.
const hidden = ['secret'];

const endpointUrl = url({
	displayName: 'URL',
	name: 'url',
	required: true,
	placeholder: 'e.g. https://example.com/pocketsflow',
	description:
		'Where Pocketsflow sends the events: a public https:// address. For an n8n workflow use the Pocketsflow Trigger instead, which registers itself.',
});

const events = choices(
	{
		displayName: 'Events',
		name: 'events',
		description: 'The events that are sent to the URL',
	},
	eventOptions,
);

const customEvents = commaList({
	displayName: 'Custom Events',
	name: 'customEvents',
	placeholder: 'e.g. order.completed, order.shipped',
	description:
		'Names of further events, separated by commas. Pocketsflow may refuse names that it does not know.',
});

const description = text({
	displayName: 'Description',
	name: 'description',
	placeholder: 'e.g. Accounting',
	description: 'What the endpoint is for',
});

const active = boolean({
	displayName: 'Active',
	name: 'active',
	default: true,
	description: 'Whether events are sent to the URL',
});

/** The events of both fields, or undefined where neither is set. */
function allEvents(chosen: unknown, custom: unknown): string[] | undefined {
	const names = [chosen, custom].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
	return names.length > 0 ? [...new Set(names)] : undefined;
}

export const webhook: Resource = {
	option: { name: 'Webhook', value: 'webhook' },
	operations: [
		{
			option: {
				name: 'Create',
				value: 'create',
				action: 'Create a webhook',
				description:
					'Register a URL for events. The output holds the signing secret, which Pocketsflow shows only this once: keep it safe.',
			},
			fields: [endpointUrl, events],
			collections: [additionalFields(active, customEvents, description)],
			request(item) {
				const { customEvents: custom, ...optional } = item.optional();
				const names = allEvents(item.get(events), custom);
				if (!names) throw new BadInput('Events is empty');
				return {
					method: 'POST',
					path: '/webhooks',
					body: { url: item.require(endpointUrl), events: names, ...optional },
				};
			},
			effect: 'create',
			answer: { kind: 'record', wrappers: ['webhook'] },
		},
		{
			option: {
				name: 'Delete',
				value: 'delete',
				action: 'Delete a webhook',
				description:
					'Delete a registered URL permanently: no more events are sent to it. Deleting that of a Pocketsflow Trigger silences the trigger.',
			},
			fields: [webhookField],
			request: (item) => ({
				method: 'DELETE',
				path: path`/webhooks/${item.require(webhookField)}`,
			}),
			effect: 'change',
			answer: { kind: 'deleted', id: webhookField },
		},
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get a webhook',
				description: 'Get one registered URL with its events, without its signing secret',
			},
			fields: [webhookField],
			request: (item) => ({ method: 'GET', path: path`/webhooks/${item.require(webhookField)}` }),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['webhook'], hidden },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many webhooks',
				description: 'Get the registered URLs with their events, without their signing secrets',
			},
			fields: [returnAll, limit],
			request: () => ({ method: 'GET', path: '/webhooks' }),
			effect: 'read',
			answer: { kind: 'list', ...lists.webhooks, hidden },
		},
		{
			option: {
				name: 'Test',
				value: 'test',
				action: 'Test a webhook',
				description: 'Have Pocketsflow send a test event to a registered URL',
			},
			fields: [webhookField],
			request: (item) => ({
				method: 'POST',
				path: path`/webhooks/${item.require(webhookField)}/test`,
			}),
			effect: 'create',
			answer: { kind: 'message', about: (item) => ({ id: item.require(webhookField) }) },
		},
		{
			option: {
				name: 'Update',
				value: 'update',
				action: 'Update a webhook',
				description:
					'Change a registered URL; what is not set stays as it is. Events replace the ones it has.',
			},
			fields: [webhookField],
			collections: [updateFields(active, customEvents, description, events, endpointUrl)],
			request(item) {
				const { customEvents: custom, events: chosen, ...others }: IDataObject = item.changes();
				return {
					method: 'PUT',
					path: path`/webhooks/${item.require(webhookField)}`,
					body: { ...others, events: allEvents(chosen, custom) },
				};
			},
			effect: 'change',
			answer: { kind: 'record', wrappers: ['webhook'], hidden },
		},
	],
};
