import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { momentOf } from '../api/dates';
import { namesIn } from '../events/productFilter';

/** What the operator set on the polling trigger. */
export interface Settings {
	events: string[];
	/** Find what is there from this date on, ms; undefined begins now. */
	from?: number;
	/** That date as it stands in the node: an expression, such as "a week ago", is not another date each time. */
	fromText?: string;
	simplify: boolean;
	/** ms */
	overlap: number;
	/** ms; 0 hands every record over once. */
	repeatAfter: number;
	/** How long a record waits after it was first found, ms. */
	headStart: number;
	/** Items of one poll. */
	batch: number;
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

const minute = 60_000;

/** Reads and checks the parameters. @throws NodeOperationError with a sentence for the operator */
export function settingsOf(context: IPollFunctions): Settings {
	const bad = (message: string) => new NodeOperationError(context.getNode(), message);
	const events = context.getNodeParameter('events', []) as string[];
	if (events.length === 0) throw bad('Choose at least one event to poll for');
	const options = context.getNodeParameter('options', {}) as Options;
	const { batch = 500, headStart = 0, overlap = 15, repeatAfter = 0, productIds = '' } = options;
	if (!Number.isInteger(batch) || batch < 1)
		throw bad('Max Items per Poll must be a whole number above 0');
	if (!(headStart >= 0)) throw bad('Head Start for Webhook must be a number of seconds, 0 or more');
	if (!(overlap >= 0)) throw bad('Overlap must be a number of minutes, 0 or more');
	if (!(repeatAfter >= 0)) throw bad('Repeat After must be a number of minutes, 0 or more');

	let from: number | undefined;
	if (context.getNodeParameter('start', 'now') === 'date') {
		from = momentOf(context.getNodeParameter('startDate', ''), context.getTimezone())?.getTime();
		if (from === undefined) throw bad('Start Date must be a date such as 2026-01-31T00:00:00');
	}
	return {
		events,
		from,
		...(from !== undefined && { fromText: String(context.getNode().parameters.startDate) }),
		simplify: context.getNodeParameter('simplify', true) as boolean,
		headStart: headStart * 1_000,
		overlap: overlap * minute,
		repeatAfter: repeatAfter * minute,
		batch,
		productIds: namesIn(productIds),
	};
}
