/** What the polling trigger reads to find each of its events. */
import type { IDataObject, INodePropertyOptions } from 'n8n-workflow';

import { lists, type ListEndpoint } from '../api/lists';
import { readFlag } from '../api/responses';
import { events, toOptions } from '../events/catalogue';
import { hasBegun, hasEnded, isIncomplete, mayNeverHaveBegun } from './changes';
import { dayMs, type Disposition } from './list';
import {
	toCustomerPayload,
	toMembershipPayload,
	toOrderPayload,
	toRefundPayload,
	toReviewPayload,
} from './payloads';
import type { PollContext } from './pollContext';

/** A list in which every record represents one event. */
export interface ListSource {
	event: string;
	list: ListEndpoint;
	/** Whether to emit the record's event; without this, always. `wasPending`: it had not happened yet. */
	classify?(record: IDataObject, wasPending: boolean): Disposition;
	/** How long a record may be pending, if it can be. */
	pendingForMs?: number;
	readRelated?(context: PollContext, record: IDataObject): Promise<IDataObject>;
	toPayload(record: IDataObject, related: IDataObject): IDataObject;
}

const weekMs = 7 * dayMs;

export const listSources: readonly ListSource[] = [
	{
		event: 'order.completed',
		list: lists.orders,
		// A subscription never sends this event: docs/pocketsflow-api.md#events
		classify: ({ isSubscription }) => (readFlag(isSubscription) ? 'skip' : 'emit'),
		toPayload: toOrderPayload,
	},
	{
		event: 'order.refunded',
		list: lists.refunds,
		classify: classifyRefund,
		// A refund by the payment provider takes days, in rare cases weeks.
		pendingForMs: 26 * weekMs,
		readRelated: async (...given) => await (await import('./related')).readRefundedOrder(...given),
		toPayload: toRefundPayload,
	},
	{ event: 'customer.created', list: lists.customers, toPayload: toCustomerPayload },
	{
		event: 'customer.subscription.created',
		list: lists.memberships,
		classify: classifyMembership,
		// Until its first payment. After a week, it no longer becomes a subscription.
		pendingForMs: weekMs,
		readRelated: async (...given) => await (await import('./related')).readBuyer(...given),
		toPayload: toMembershipPayload,
	},
	{ event: 'review.created', list: lists.reviews, toPayload: toReviewPayload },
];

function classifyRefund({ status }: IDataObject): Disposition {
	const lowerCase = String(status ?? 'completed').toLowerCase();
	if (lowerCase === 'pending') return 'pending';
	return ['failed', 'canceled', 'cancelled'].includes(lowerCase) ? 'skip' : 'emit';
}

/** docs/pocketsflow-api.md#subscriptions */
function classifyMembership(record: IDataObject, wasPending: boolean): Disposition {
	if (isIncomplete(record)) return 'pending';
	return hasBegun(record) && !(wasPending && mayNeverHaveBegun(record)) ? 'emit' : 'skip';
}

/** The name of the membership comparison among the lists of a poll. */
export const watchName = 'subscription changes';

/** An event that is found by comparing memberships with their previous state. */
export interface ChangeSource {
	event: string;
	/** Whether a membership in its current state can be an example of this event. */
	isExample(record: IDataObject): boolean;
}

export const changeSources = {
	updated: {
		event: 'customer.subscription.updated',
		isExample: (record) => hasBegun(record) && !hasEnded(record),
	},
	deleted: {
		event: 'customer.subscription.deleted',
		isExample: hasEnded,
	},
} as const satisfies Record<string, ChangeSource>;

const polledEvents = new Set<string>(
	[...listSources, ...Object.values(changeSources)].map(({ event }) => event),
);

export const polledEventOptions: INodePropertyOptions[] = toOptions(
	events.filter(({ name }) => polledEvents.has(name)),
);
