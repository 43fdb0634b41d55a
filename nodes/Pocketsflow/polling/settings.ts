import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { parseDate } from '../api/dates';
import { splitNames } from '../events/nameList';

/** What the user set on the polling trigger. */
export interface PollSettings {
	events: string[];
	/** Emit what is there from this date on; undefined starts now. */
	startDateMs?: number;
	/** The start date as it stands in the node. Of an expression it is the text, not its changing result. */
	startDateText?: string;
	simplify: boolean;
	overlapMs: number;
	/** 0 emits every record once. */
	repeatAfterMs: number;
	/** How long a record waits after it was first found. */
	headStartMs: number;
	/** Most items of one poll. */
	maxItems: number;
	/** Products and subscription offers; empty takes all. */
	productIds: string[];
}

interface Options {
	batch?: number;
	headStart?: number;
	overlap?: number;
	productIds?: string;
	repeatAfter?: number;
}

const secondMs = 1_000;
const minuteMs = 60_000;

/** Reads and checks the parameters. @throws NodeOperationError with a sentence for the user */
export function readSettings(n8n: IPollFunctions): PollSettings {
	const fail = (message: string) => new NodeOperationError(n8n.getNode(), message);
	const events = n8n.getNodeParameter('events', []) as string[];
	if (events.length === 0) throw fail('Choose at least one event to poll for');
	const options = n8n.getNodeParameter('options', {}) as Options;
	const { batch = 500, headStart = 0, overlap = 15, repeatAfter = 0, productIds = '' } = options;
	if (!Number.isInteger(batch) || batch < 1)
		throw fail('Max Items per Poll must be a whole number above 0');
	if (!(headStart >= 0))
		throw fail('Head Start for Webhook must be a number of seconds, 0 or more');
	if (!(overlap >= 0)) throw fail('Overlap must be a number of minutes, 0 or more');
	if (!(repeatAfter >= 0)) throw fail('Repeat After must be a number of minutes, 0 or more');

	return {
		events,
		...readStartDate(n8n),
		simplify: n8n.getNodeParameter('simplify', true) as boolean,
		headStartMs: headStart * secondMs,
		overlapMs: overlap * minuteMs,
		repeatAfterMs: repeatAfter * minuteMs,
		maxItems: batch,
		productIds: splitNames(productIds),
	};
}

function readStartDate(n8n: IPollFunctions): Pick<PollSettings, 'startDateMs' | 'startDateText'> {
	if (n8n.getNodeParameter('start', 'now') !== 'date') return {};
	const date = parseDate(n8n.getNodeParameter('startDate', ''), n8n.getTimezone());
	if (date === undefined)
		throw new NodeOperationError(
			n8n.getNode(),
			'Start Date must be a date such as 2026-01-31T00:00:00',
		);
	const startDateText = String(n8n.getNode().parameters.startDate);
	return { startDateMs: date.getTime(), startDateText };
}
