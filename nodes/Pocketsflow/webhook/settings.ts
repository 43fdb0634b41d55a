import type {
	IDataObject,
	IHookFunctions,
	INodeExecutionData,
	INodeProperties,
	INodeTypeDescription,
	IWebhookFunctions,
} from 'n8n-workflow';

import { eventOptions, events, toCanonicalName } from '../events/catalogue';
import { InvalidInputError, type Field } from '../fields/field';
import { booleanField } from '../fields/kinds/boolean';
import { comparedTextField } from '../fields/kinds/text';
import { nameListField } from '../fields/list';
import { simplifyField } from '../fields/shared/output';
import { productIdsField } from '../fields/triggerFields';
import { readOption, readParameter, toParameterError } from '../fields/triggerParameters';

const invoiceEvents = events.map(({ name }) => name).filter((name) => name.startsWith('invoice.'));

type TriggerContext = IHookFunctions | IWebhookFunctions;

export const eventsField = nameListField(
	{ displayName: 'Trigger On', name: 'events', required: true, default: ['order.completed'] },
	eventOptions,
);

/** The unit of amounts, if events with amounts are selected: docs/pocketsflow-api.md#money */
export const amountNotices: INodeProperties[] = [
	{
		displayName:
			'Order events: amounts are usually in the main unit of the currency (29 is $29.00). To be sure, get the order with Order → Get.',
		name: 'orderAmountNotice',
		type: 'notice',
		default: '',
		displayOptions: {
			show: { events: ['customer.created', 'order.completed', 'order.refunded'] },
		},
	},
	{
		displayName: 'Invoice events: amounts are in cents (1200 is $12.00)',
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
	description: 'Other event names to listen for, separated by commas',
});

const includeHeadersField = booleanField({
	displayName: 'Include Headers',
	name: 'includeHeaders',
	description: 'Whether to include the delivery headers in the output',
});

const metadataKeyField = comparedTextField({
	displayName: 'Metadata Key',
	name: 'metadataKey',
	placeholder: 'e.g. order_id',
	description: 'Start the workflow only if the metadata contains this key',
});

const metadataValueField = comparedTextField({
	displayName: 'Metadata Value',
	name: 'metadataValue',
	description:
		'Start the workflow only if the metadata key has this value. Leave it empty to accept any value.',
});

const separateOutputsField = booleanField({
	displayName: 'Separate Outputs',
	name: 'separateOutputs',
	description:
		'Whether to send each event selected above to its own output; all other events go to the last output',
});

const skipRepeatedField = booleanField({
	displayName: 'Skip Repeated Deliveries',
	name: 'skipRepeated',
	default: true,
	description:
		'Whether to skip a delivery that repeats one from the last 10 minutes: n8n accepts it but does not start the workflow again',
});

/** The optional fields of the webhook trigger, sorted by name. */
export const optionFields: readonly Field[] = [
	customEventsField,
	includeHeadersField,
	metadataKeyField,
	metadataValueField,
	productIdsField,
	separateOutputsField,
	skipRepeatedField,
];

/** The user's settings of the webhook trigger for the deliveries to emit. */
export interface TriggerSettings {
	/** The events, including custom ones: each once, by its canonical name, sorted. */
	events: string[];
	/** Only deliveries with this metadata key; undefined accepts all. */
	metadataKey?: string;
	/** The value that the metadata key must have; undefined accepts any. */
	metadataValue?: string;
	/** Products and subscription offers; empty accepts all. */
	productIds: string[];
	/** The events with their own output, in order; undefined if there is one output. */
	separateOutputs?: string[];
	/** Emits the known parts of a payload instead of the whole payload. */
	simplify: boolean;
	includeHeaders: boolean;
	skipRepeated: boolean;
}

/**
 * Reads the parameters.
 * @param isFormNeeded whether to fail, too, if only the parameters for the format of the output can't be
 * read
 * @throws InvalidInputError
 */
export const readSettings = (
	context: TriggerContext,
	{ isFormNeeded } = { isFormNeeded: true },
): TriggerSettings => ({
	events: readEvents(context),
	metadataKey: readOption(context, metadataKeyField)?.trim(),
	metadataValue: readOption(context, metadataValueField)?.trim(),
	productIds: (readOption(context, productIdsField) ?? []).map((id) => id.trim()),
	separateOutputs: readSeparateOutputs(context),
	simplify: (isFormNeeded ? readParameter(context, simplifyField) : undefined) ?? true,
	includeHeaders: (isFormNeeded && readOption(context, includeHeadersField)) ?? false,
	skipRepeated: (isFormNeeded ? readOption(context, skipRepeatedField) : undefined) ?? true,
});

/** @throws InvalidInputError if n8n may show other outputs than a delivery has */
function readSeparateOutputs(context: TriggerContext): string[] | undefined {
	if (!readOption(context, separateOutputsField)) return undefined;
	const options = { rawExpressions: true };
	const chosen = context.getNodeParameter('events', [], options);
	const isFixed = Array.isArray(chosen) && chosen.every((name) => !String(name).startsWith('='));
	if (!isFixed || context.getNodeParameter('options.separateOutputs', false, options) !== true)
		throw new InvalidInputError(
			"'Separate Outputs' needs events that are selected from the list in 'Trigger On'",
			'Select them there instead of using an expression, or remove the option.',
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
		throw new InvalidInputError("'Trigger On' is empty", 'Select at least one event.');
	});

/**
 * Refuses parameters that can't be read, so that activation fails instead of a delivery.
 * @throws NodeOperationError with everything in its message
 */
export const requireSettings = (context: IHookFunctions): TriggerSettings =>
	explainInput(context, () => {
		const settings = readSettings(context);
		if (settings.separateOutputs && context.getNode().alwaysOutputData)
			throw new InvalidInputError(
				"'Separate Outputs' cannot be used with 'Always Output Data'",
				'With this setting, n8n also runs the first output for events of other outputs. Disable it in the Settings of this node.',
			);
		return settings;
	});

function explainInput<T>(context: TriggerContext, read: () => T): T {
	try {
		return read();
	} catch (error) {
		throw toParameterError(context, error);
	}
}

/**
 * Whether the user is listening for a test event in the editor. Not to be confused with Pocketsflow's test
 * mode.
 */
export function isListening(context: TriggerContext): boolean {
	return context.getMode() === 'manual';
}

/**
 * The expression for the node's outputs: one, or with the option, one for each selected event in the order
 * of selection, so that adding an event leaves the others in place, and a last one for all other events.
 * n8n evaluates it in the editor, not for a delivery (docs/n8n-engine.md#expression-isolates).
 */
export function buildOutputsExpression(): INodeTypeDescription['outputs'] {
	const labels = Object.fromEntries(
		events.flatMap(({ name, aliases = [], label }) =>
			[name, ...aliases].map((spelling) => [spelling, label]),
		),
	);
	const chosen = '[$parameter["events"]].flat()';
	const named = `${chosen}.map((name) => ({ type: "main", displayName: (${JSON.stringify(labels)})[name] ?? name }))`;
	return `={{ $parameter["options"]?.separateOutputs ? ${named}.concat([{ type: "main", displayName: "Other Events" }]) : ["main"] }}`;
}

/**
 * Puts each item on the output of its event.
 * @param separate the events with their own output, in the order of the outputs; undefined for one output
 */
export function distribute(
	items: IDataObject[],
	separate: readonly string[] | undefined,
): INodeExecutionData[][] {
	if (!separate) return [items.map((json) => ({ json }))];
	const names = separate.map(toCanonicalName);
	const outputs = [...names, undefined].map((): INodeExecutionData[] => []);
	for (const item of items) {
		const index = names.indexOf(toCanonicalName(String(item.event)));
		outputs[index < 0 ? names.length : index].push({ json: item });
	}
	return outputs;
}
