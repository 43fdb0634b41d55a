import type { IDataObject } from 'n8n-workflow';

import { buildEventId } from '../../../nodes/Pocketsflow/events/identity';
import { buildItem } from '../../../nodes/Pocketsflow/polling/items';
import type { PollContext } from '../../../nodes/Pocketsflow/polling/pollContext';
import { listSources } from '../../../nodes/Pocketsflow/polling/sources';

const context = { settings: { simplify: true }, mode: 'live', nowMs: 0 } as PollContext;
const timeMs = Date.parse('2026-11-23T12:00:00.000Z');

function buildPolledItem(
	event: string,
	record: IDataObject,
	related: IDataObject = {},
): IDataObject {
	const source = listSources.find((one) => one.event === event)!;
	const payload = source.toPayload(record, related);
	return buildItem(context, { event, record, payload, discriminator: timeMs });
}

describe('a polled item has the event id of the delivery', () => {
	it.each<[string, IDataObject, IDataObject]>([
		['order.completed', { _id: 1001 }, { order: { id: 1001 } }],
		['order.completed', { id: 'o1' }, { id: 'o1', amount: 5 }],
		['order.refunded', { _id: 7, orderId: 1001 }, { refund: { id: 7 }, order: { id: 1001 } }],
		['review.created', { _id: 3 }, { reviewId: '3' }],
		['customer.subscription.created', { _id: 12 }, { subscriptionCustomerId: 12 }],
		[
			'customer.created',
			{ _id: 5, buyerEmail: 'A@b.c', userId: 'u1' },
			{ customer: { email: 'a@b.c' } },
		],
		['customer.created', { _id: 5, userId: 'u1' }, { customer: { id: 5 } }],
		[
			'customer.created',
			{ _id: 5, buyerEmail: 'a@b.c', userId: 77 },
			{ customer: { email: 'a@b.c' } },
		],
	])('%s %j', (event, record, payload) => {
		const delivered = {
			event,
			payload,
			testMode: false,
			discriminator: 1,
			account: String(record.userId),
		};
		expect(buildPolledItem(event, record).eventId).toBe(buildEventId(delivered));
	});
});

it.each<[string, IDataObject, IDataObject]>([
	[
		'IDs that begin alike',
		{ _id: '6a52000000000000000000b1' },
		{ _id: '6a52000000000000000000b2' },
	],
	['no ID', { country: 'PT' }, { country: 'DE' }],
])(
	'two customers of one moment without account and address, with %s, are two events',
	(_what, one, other) => {
		const ids = [one, other].map((record) => buildPolledItem('customer.created', record).eventId);
		expect(new Set(ids).size).toBe(2);
	},
);

describe('the time that Pocketsflow gives a polled item', () => {
	it('is the date of the record', () => {
		const { sentAt } = buildPolledItem('order.completed', {
			_id: 'o1',
			createdAt: '2026-11-23T12:00:00Z',
		});
		expect(sentAt).toBe('2026-11-23T12:00:00.000Z');
		expect(buildPolledItem('order.completed', { _id: 'o1' })).not.toHaveProperty('sentAt');
	});

	it('the time is absent for a change of a subscription, because Pocketsflow gives none', () => {
		const record = { _id: 'm1', createdAt: '2026-11-23T12:00:00Z' };
		const event = 'customer.subscription.updated';
		const item = buildItem(context, { event, record, payload: {}, discriminator: 'c1' });
		expect(item).not.toHaveProperty('sentAt');
	});
});

it('an item is test data if its record says so, whatever the key', () => {
	expect(buildPolledItem('order.completed', { _id: 'o1', testMode: true }).testMode).toBe(true);
	expect(buildPolledItem('order.completed', { _id: 'o1' }).testMode).toBe(false);
});
