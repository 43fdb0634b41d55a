import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { eventOptions, toCanonicalName } from '../events/catalogue';
import { simplifyField } from '../fields/common';
import { nameListField } from '../fields/nameLists';
import { comparedTextField, productIdsField } from '../fields/triggerFields';
import { readOption, readParameter, toParameterError } from '../fields/triggerParameters';
import { booleanField, choiceField, type Field } from '../fields/types';

type TriggerContext = IHookFunctions | IWebhookFunctions;

export const eventsField = nameListField(
	{ displayName: 'Trigger On', name: 'events', required: true, default: ['order.completed'] },
	eventOptions,
);

export const endpointField = choiceField({ displayName: 'Endpoint', name: 'endpoint' }, [
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
]);

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
	includeHeadersField,
	metadataKeyField,
	metadataValueField,
	productIdsField,
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
});

function readEvents(context: TriggerContext): string[] {
	const chosen = readParameter(context, eventsField) ?? [];
	const custom = readOption(context, customEventsField) ?? [];
	return [...new Set([...chosen, ...custom].map(toCanonicalName))].sort();
}

/** The events to register. @throws NodeOperationError with a sentence for the user */
export const readEventNames = (context: TriggerContext): string[] =>
	explainInput(context, () => readEvents(context));

/**
 * Refuses parameters that cannot be read, so that an activation fails rather than a delivery.
 * @throws NodeOperationError with all in its message
 */
export const requireSettings = (context: IHookFunctions): TriggerSettings =>
	explainInput(context, () => {
		readParameter(context, endpointField);
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
	return context.getNodeParameter('endpoint', 'automatic') === 'existing';
}

/**
 * Whether the user is listening for a test event in the editor; not Pocketsflow's own test mode.
 */
export function isListening(context: TriggerContext): boolean {
	return context.getMode() === 'manual';
}
