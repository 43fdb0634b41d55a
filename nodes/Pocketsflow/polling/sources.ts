/** What the polling trigger reads to find each of its events. */
import type { IDataObject, INodePropertyOptions, IPollFunctions } from 'n8n-workflow';

import { lists, type ListEndpoint } from '../api/lists';
import { events, toOptions } from '../events/catalogue';
import { hasBegun, hasEnded, isIncomplete } from './changes';
import type { Disposition } from './cursor';
import {
	toCustomerPayload,
	toMembershipPayload,
	toOrderPayload,
	toRefundPayload,
	toReviewPayload,
} from './payloads';

/** A list in which every record stands for one event. */
export interface ListSource {
	event: string;
	list: ListEndpoint;
	/** Whether the record's event is to be emitted; without it, always. */
	classify?(record: IDataObject): Disposition;
	/** How long a record may be pending, where any can. */
	pendingForMs?: number;
	/** Reads what the payload needs beside the record. */
	readRelated?(n8n: IPollFunctions, record: IDataObject): Promise<IDataObject>;
	toPayload(record: IDataObject, related: IDataObject): IDataObject;
}

/** A membership is incomplete until its first payment; one of a week ago no longer becomes a subscription. */
const weekMs = 7 * 24 * 60 * 60_000;

export const listSources: readonly ListSource[] = [
	{
		event: 'order.completed',
		list: lists.orders,
		// A subscription never sends this event: docs/pocketsflow-api.md#events
		classify: ({ isSubscription }) => (isSubscription === true ? 'skip' : 'emit'),
		toPayload: toOrderPayload,
	},
	{
		event: 'order.refunded',
		list: lists.refunds,
		classify: classifyRefund,
		pendingForMs: Infinity,
		async readRelated(n8n, record) {
			const { readRefundedOrder } = await import('./refundedOrder');
			return await readRefundedOrder(n8n, record);
		},
		toPayload: toRefundPayload,
	},
	{ event: 'customer.created', list: lists.customers, toPayload: toCustomerPayload },
	{
		event: 'customer.subscription.created',
		list: lists.memberships,
		classify: classifyMembership,
		pendingForMs: weekMs,
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
function classifyMembership(record: IDataObject): Disposition {
	if (isIncomplete(record)) return 'pending';
	return hasBegun(record) ? 'emit' : 'skip';
}

/** An event that is found by comparing memberships with what they were. */
export interface ChangeSource {
	event: string;
	/** Whether a membership, as it is now, can be an example of this event. */
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

/** The events that have a source, as the choices of a parameter. */
export const polledEventOptions: INodePropertyOptions[] = toOptions(
	events.filter(({ name }) => polledEvents.has(name)),
);
