import type { IHookFunctions, INodeProperties, IWebhookFunctions } from 'n8n-workflow';

import { eventOptions, events, toCanonicalName } from '../events/catalogue';
import { simplifyField } from '../fields/common';
import { nameListField } from '../fields/nameLists';
import { comparedTextField, productIdsField } from '../fields/triggerFields';
import { readOption, readParameter, toParameterError } from '../fields/triggerParameters';
import { booleanField, choiceField, InvalidInputError, showFor, type Field } from '../fields/types';

const invoiceEvents = events.map(({ name }) => name).filter((name) => name.startsWith('invoice.'));

type TriggerContext = IHookFunctions | IWebhookFunctions;

export const eventsField = nameListField(
	{ displayName: 'Trigger On', name: 'events', required: true, default: ['order.completed'] },
	eventOptions,
);

/** The choice of those who register their webhook by hand, as messages name it. */
export const existingEndpointName = 'Use an Existing Endpoint';

const endpointChoices = [
	{
		name: 'Register Automatically',
		value: 'automatic',
		description:
			'Register the webhook at Pocketsflow when the workflow is published (activated), and remove it when it is unpublished (deactivated)',
	},
	{
		name: existingEndpointName,
		value: 'existing',
		description: 'Register nothing: you made the webhook at Pocketsflow by hand',
	},
];

/** What versions 1 and 2 of the node have beside the options. */
export const endpointField = showFor(
	{ '@version': [1, 2] },
	choiceField({ displayName: 'Endpoint', name: 'endpoint' }, endpointChoices),
);

/** Who adds it wants the other than what happens without it. */
const endpointOptionField = showFor(
	{ '@version': [3] },
	choiceField({ displayName: 'Endpoint', name: 'endpoint', default: 'existing' }, endpointChoices),
);

/** How to make the webhook by hand, for both places of the choice. */
export const existingNotices: INodeProperties[] = ['endpoint', '/options.endpoint'].map(
	(choice, index) => ({
		displayName:
			"Copy the production URL of this node into a webhook under Developers → Webhooks at Pocketsflow, and that webhook's signing secret into the credential of this node. Without the secret every delivery is refused.",
		name: `existingNotice${index || ''}`,
		type: 'notice',
		default: '',
		displayOptions: { show: { [choice]: ['existing'] } },
	}),
);

/** The unit of amounts, where events are chosen that carry one: docs/pocketsflow-api.md#money */
export const amountNotices: INodeProperties[] = [
	{
		displayName:
			'Order events: the amount is as Pocketsflow sends it, most likely in the main unit of the currency (29 is $29.00). To be certain, read the order with Order → Get.',
		name: 'orderAmountNotice',
		type: 'notice',
		default: '',
		displayOptions: {
			show: { events: ['customer.created', 'order.completed', 'order.refunded'] },
		},
	},
	{
		displayName: 'Invoice events: the amount is in cents (1200 is $12.00).',
		name: 'invoiceAmountNotice',
		type: 'notice',
		default: '',
		displayOptions: { show: { events: invoiceEvents } },
	},
];

const customEventsField = nameListField({
	displayName: 'Custom Events',
	name: 'customEvents',
	placeholder: 'e.g. order.disputed',
	description: 'Further event names to listen to, separated by commas',
});

const includeHeadersField = booleanField({
	displayName: 'Include Headers',
	name: 'includeHeaders',
	description: 'Whether to add the headers of the delivery to the output',
});

const metadataKeyField = comparedTextField({
	displayName: 'Metadata Key',
	name: 'metadataKey',
	placeholder: 'e.g. order_id',
	description: 'Start only for deliveries whose metadata has this key',
});

const metadataValueField = comparedTextField({
	displayName: 'Metadata Value',
	name: 'metadataValue',
	description: 'Start only if the metadata key has this value. Empty accepts any value.',
});

const separateOutputsField = booleanField({
	displayName: 'Separate Outputs',
	name: 'separateOutputs',
	description:
		'Whether to send each event that is chosen above to an output of its own, and all others to the last one',
});

const skipRepeatedField = booleanField({
	displayName: 'Skip Repeated Deliveries',
	name: 'skipRepeated',
	default: true,
	description:
		'Whether to acknowledge a delivery that came in the last minutes already without starting the workflow again',
});

/** The optional fields of the webhook trigger, sorted by name. */
export const optionFields: readonly Field[] = [
	customEventsField,
	endpointOptionField,
	includeHeadersField,
	metadataKeyField,
	metadataValueField,
	productIdsField,
	separateOutputsField,
	skipRepeatedField,
];

/** Which deliveries the user wants. */
interface Filters {
	/** The events, custom ones included: each once, by its canonical name, sorted. */
	events: string[];
	/** Only deliveries whose metadata has this key; undefined takes all. */
	metadataKey?: string;
	/** The value that the metadata key must have; undefined takes any. */
	metadataValue?: string;
	/** Products and subscription offers; empty takes all. */
	productIds: string[];
	/** The events with an output of their own, in their order; undefined where there is one output. */
	separateOutputs?: string[];
}

/** How a delivery is emitted. */
interface Presentation {
	/** Emit the known parts of a payload instead of all of it. */
	simplify: boolean;
	includeHeaders: boolean;
	skipRepeated: boolean;
}

/** What the user set on the webhook trigger about the deliveries to emit. */
export type TriggerSettings = Filters & Presentation;

/** @throws InvalidInputError where a parameter cannot be read */
export const readSettings = (context: TriggerContext): TriggerSettings => ({
	...readFilters(context),
	simplify: readParameter(context, simplifyField) ?? true,
	includeHeaders: readOption(context, includeHeadersField) ?? false,
	skipRepeated: readOption(context, skipRepeatedField) ?? true,
});

/** The same where what decides about the form of the output only cannot be read. */
export const readFilterSettings = (context: TriggerContext): TriggerSettings => ({
	...readFilters(context),
	simplify: true,
	includeHeaders: false,
	skipRepeated: true,
});

const readFilters = (context: TriggerContext): Filters => ({
	events: readEvents(context),
	metadataKey: readOption(context, metadataKeyField),
	metadataValue: readOption(context, metadataValueField),
	productIds: readOption(context, productIdsField) ?? [],
	separateOutputs: readSeparateOutputs(context),
});

/** @throws InvalidInputError where n8n may show other outputs than a delivery has */
function readSeparateOutputs(context: TriggerContext): string[] | undefined {
	if (!readOption(context, separateOutputsField)) return undefined;
	const options = { rawExpressions: true };
	const chosen = context.getNodeParameter('events', [], options);
	const isFixed = Array.isArray(chosen) && chosen.every((name) => !String(name).startsWith('='));
	if (!isFixed || context.getNodeParameter('options.separateOutputs', false, options) !== true)
		throw new InvalidInputError(
			"'Separate Outputs' needs events that are chosen from the list in 'Trigger On'",
			'Choose them there instead of by an expression, or remove the option.',
		);
	return chosen.map(String);
}

function readEvents(context: TriggerContext): string[] {
	const chosen = readParameter(context, eventsField) ?? [];
	const custom = readOption(context, customEventsField) ?? [];
	return [...new Set([...chosen, ...custom].map(toCanonicalName))].sort();
}

/** The events to register. @throws NodeOperationError with a sentence for the user */
export const readEventNames = (context: TriggerContext): string[] =>
	explainInput(context, () => {
		const names = readEvents(context);
		if (names.length > 0) return names;
		throw new InvalidInputError("'Trigger On' is empty", 'Choose at least one event.');
	});

/**
 * Refuses parameters that cannot be read, so that an activation fails rather than a delivery.
 * @throws NodeOperationError with all in its message
 */
export const requireSettings = (context: IHookFunctions): TriggerSettings =>
	explainInput(context, () => {
		readParameter(context, endpointField);
		readOption(context, endpointOptionField);
		return readSettings(context);
	});

function explainInput<T>(context: TriggerContext, read: () => T): T {
	try {
		return read();
	} catch (error) {
		throw toParameterError(context, error);
	}
}

/** Whether the user made the webhook at Pocketsflow by hand, so that we register none. */
export function usesExistingEndpoint(context: TriggerContext): boolean {
	return ['endpoint', 'options.endpoint'].some(
		(path) => context.getNodeParameter(path, 'automatic') === 'existing',
	);
}

/**
 * Whether the user is listening for a test event in the editor; not Pocketsflow's own test mode.
 */
export function isListening(context: TriggerContext): boolean {
	return context.getMode() === 'manual';
}
