import type {
	IDataObject,
	IHookFunctions,
	INodeExecutionData,
	INodeTypeDescription,
	IWebhookFunctions,
} from 'n8n-workflow';

import { eventOptions, events, toCanonicalName } from '../events/catalogue';
import { InvalidInputError, showFor, type Field } from '../fields/field';
import { booleanField } from '../fields/kinds/boolean';
import { noticeField } from '../fields/kinds/notice';
import { comparedTextField } from '../fields/kinds/text';
import { nameListField } from '../fields/list';
import { simplifyField } from '../fields/shared/output';
import { productIdsField } from '../fields/triggerFields';
import { readOption, readParameter, type TriggerContext } from '../fields/triggerParameters';

export const eventsField = nameListField(
	{ displayName: 'Trigger On', name: 'events', required: true, default: ['order.completed'] },
	eventOptions,
);

/** The unit of amounts, if events with amounts are selected: docs/pocketsflow-api.md#money */
export const amountNotices: readonly Field[] = [
	showFor(
		{ events: ['customer.created', 'order.completed', 'order.refunded'] },
		noticeField(
			'orderAmountNotice',
			'Order events: amounts are usually in the main unit of the currency (29 is $29.00). To be sure, get the order with Order → Get.',
		),
	),
	showFor(
		{ events: events.map(({ name }) => name).filter((name) => name.startsWith('invoice.')) },
		noticeField('invoiceAmountNotice', 'Invoice events: amounts are in cents (1200 is $12.00)'),
	),
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

/** Which deliveries to emit, and how. A filter that is undefined or empty accepts all. */
export type TriggerSettings = ReturnType<typeof readSettings>;

const defaultForm = { simplify: true, includeHeaders: false, skipRepeated: true };

/** The parameters for the format of the output. */
const readForm = (context: TriggerContext): typeof defaultForm => ({
	simplify: readParameter(context, simplifyField) ?? defaultForm.simplify,
	includeHeaders: readOption(context, includeHeadersField) ?? defaultForm.includeHeaders,
	skipRepeated: readOption(context, skipRepeatedField) ?? defaultForm.skipRepeated,
});

/** Reads the parameters, those for the format only if needed. @throws InvalidInputError */
export const readSettings = (
	context: TriggerContext,
	{ isFormNeeded } = { isFormNeeded: true },
) => ({
	events: readEvents(context),
	metadataKey: readOption(context, metadataKeyField),
	metadataValue: readOption(context, metadataValueField),
	productIds: readOption(context, productIdsField) ?? [],
	separateOutputs: readSeparateOutputs(context),
	...(isFormNeeded ? readForm(context) : defaultForm),
});

/**
 * The events with their own output, in order.
 * @throws InvalidInputError if n8n may show other outputs than a delivery has
 */
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

/** The canonical names of the events, including custom ones: each once, sorted. */
function readEvents(context: TriggerContext): string[] {
	const chosen = readParameter(context, eventsField) ?? [];
	const custom = readOption(context, customEventsField) ?? [];
	return [...new Set([...chosen, ...custom].map(toCanonicalName))].sort();
}

/** The events to register, as `readSettings` has them. @throws InvalidInputError also if there are none */
export function readEventNames(context: TriggerContext): string[] {
	const names = readEvents(context);
	if (names.length > 0) return names;
	throw new InvalidInputError("'Trigger On' is empty", 'Select at least one event.');
}

/** Whether the user is listening for a test event in the editor, which is not Pocketsflow's test mode. */
export const isListening = (context: IHookFunctions | IWebhookFunctions): boolean =>
	context.getMode() === 'manual';

/**
 * The expression for the node's outputs: one, or one for each selected event, in the order of selection so
 * that a new event leaves the others in place, and a last one for all other events. n8n evaluates it only
 * in the editor (docs/n8n-engine.md#expression-isolates).
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

/** Puts an item on the output of its event. @param separate as `readSeparateOutputs` returns it */
export function distribute(
	item: IDataObject,
	separate: readonly string[] | undefined,
): INodeExecutionData[][] {
	if (!separate) return [[{ json: item }]];
	const names = separate.map(toCanonicalName);
	const index = names.indexOf(toCanonicalName(String(item.event)));
	const output = index < 0 ? names.length : index;
	return [...names, 'other'].map((_name, at) => (at === output ? [{ json: item }] : []));
}
