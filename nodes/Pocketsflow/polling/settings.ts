import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { parseDate, UnknownTimezoneError } from '../api/dates';
import { InvalidInputError, quote, type Field } from '../fields/field';
import { numberField } from '../fields/kinds/number';
import { nameListField } from '../fields/list';
import { simplifyField } from '../fields/shared/output';
import { productIdsField } from '../fields/triggerFields';
import { readOption, readParameter, toParameterError } from '../fields/triggerParameters';
import { polledEventOptions } from './sources';

export interface PollSettings {
	events: string[];
	/** Emits events from this date on; undefined starts now. */
	startDateMs?: number;
	/** The start date as entered: for an expression, its text instead of its changing result. */
	startDateText?: string;
	simplify: boolean;
	overlapMs: number;
	lookBackMs: number;
	repeatAfterMs: number;
	headStartMs: number;
	maxItems: number;
	/** Products and subscription offers; empty accepts all. */
	productIds: string[];
}

export const polledEventsField = nameListField(
	{ displayName: 'Trigger On', name: 'events', required: true, default: ['order.completed'] },
	polledEventOptions,
);

const headStartField = numberField(
	{
		displayName: 'Head Start (Seconds)',
		name: 'headStart',
		default: 30,
		description:
			'For workflows with both triggers: how long to hold a record after finding it. This gives the webhook time to finish. Without this option, there is no wait.',
	},
	{ min: 0 },
);

const lookBackField = numberField(
	{
		displayName: 'Look Back (Hours)',
		name: 'lookBack',
		default: 24,
		description:
			'How far back the first poll after a restart looks if n8n lost the state of this node. Repeated events have the same event IDs.',
	},
	{ min: 1 },
);

const maxItemsField = numberField(
	{
		displayName: 'Max Items per Poll',
		name: 'batch',
		default: 500,
		description:
			'Maximum items per execution. The next polls emit the rest. Use a number higher than the number of events between two polls, or twice that with Repeat After.',
	},
	{ min: 1, integer: true },
);

const overlapField = numberField(
	{
		displayName: 'Overlap (Minutes)',
		name: 'overlap',
		default: 15,
		description:
			'How far back each poll looks for records that appear late with an older date. One day is 1440. A longer overlap needs more requests per poll and stores more IDs.',
	},
	{ min: 0 },
);

const repeatAfterField = numberField(
	{
		displayName: 'Repeat After (Minutes)',
		name: 'repeatAfter',
		default: 30,
		description:
			'Emit every record again, with the same event ID, after this time or immediately after n8n restarts. The workflow must skip event IDs that it recorded as done. Use a time longer than your longest execution. This roughly doubles the number of executions. Without this option, or with 0, nothing is repeated.',
	},
	{ min: 0 },
);

/** The optional fields of the polling trigger, sorted by name. */
export const pollingOptionFields: readonly Field[] = [
	headStartField,
	lookBackField,
	maxItemsField,
	overlapField,
	productIdsField,
	repeatAfterField,
];

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Reads and checks the parameters. @throws NodeOperationError with a sentence for the user */
export function readPollingSettings(n8n: IPollFunctions): PollSettings {
	try {
		return {
			events: readEvents(n8n),
			...readStartDate(n8n),
			simplify: readParameter(n8n, simplifyField) ?? true,
			headStartMs: (readOption(n8n, headStartField) ?? 0) * secondMs,
			lookBackMs: (readOption(n8n, lookBackField) ?? 24) * hourMs,
			overlapMs: (readOption(n8n, overlapField) ?? 15) * minuteMs,
			repeatAfterMs: (readOption(n8n, repeatAfterField) ?? 0) * minuteMs,
			maxItems: readOption(n8n, maxItemsField) ?? 500,
			productIds: readOption(n8n, productIdsField) ?? [],
		};
	} catch (error) {
		if (error instanceof UnknownTimezoneError)
			throw new NodeOperationError(n8n.getNode(), `${error.message}. ${error.description}`);
		throw toParameterError(n8n, error);
	}
}

function readEvents(n8n: IPollFunctions): string[] {
	const events = readParameter(n8n, polledEventsField) ?? [];
	if (events.length === 0)
		throw new InvalidInputError("'Trigger On' is empty", 'Select at least one event.');
	const other = events.find((event) => !isPolled(event));
	if (other !== undefined)
		throw new InvalidInputError(
			`'Trigger On' contains an event that cannot be polled: ${quote(other)}`,
			'Select events from the list, or use the Pocketsflow Trigger for this event.',
		);
	return events;
}

const isPolled = (event: string) => polledEventOptions.some(({ value }) => value === event);

function readStartDate(n8n: IPollFunctions): Pick<PollSettings, 'startDateMs' | 'startDateText'> {
	if (n8n.getNodeParameter('start', 'now') !== 'date') return {};
	const date = parseDate(n8n.getNodeParameter('startDate', ''), n8n.getTimezone());
	if (date === undefined)
		throw new NodeOperationError(
			n8n.getNode(),
			"'Start Date' must be a date. Use a date such as 2026-01-31T00:00:00.",
		);
	const startDateText = String(n8n.getNode().parameters.startDate);
	return { startDateMs: date.getTime(), startDateText };
}
