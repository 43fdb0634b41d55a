import type { IDataObject } from 'n8n-workflow';

import { events } from '../../../nodes/Pocketsflow/events/catalogue';
import {
	eventIdOf,
	repetitionOf,
	type Occurrence,
} from '../../../nodes/Pocketsflow/events/identity';
import {
	invoice,
	membership,
	olderMembership,
	orderCompleted,
	orderRefunded,
	stripeInvoice,
} from '../../harness/payloads';

const moment = 1790000000123;
const occurrence = (
	event: string,
	payload: IDataObject,
	more: Partial<Occurrence> = {},
): Occurrence => ({
	event,
	payload,
	testMode: false,
	moment,
	digest: 'abcdef0123456789abcdef0123456789',
	...more,
});
const digest = 'abcdef0123456789';
const member = '6a410000000000000000c0de';
const unrelated: IDataObject = {
	...olderMembership,
	subscription: { id: '6a40000000000000000000f1' },
};
const refundWithoutId: IDataObject = { ...orderRefunded, refund: undefined };

/** The rule of every event of the catalogue, as an example. */
const rules: Array<[string, IDataObject, string]> = [
	['customer.created', orderCompleted, 'customer.created:ana@example.org'],
	[
		'identity.verification_session.processing',
		{},
		`identity.verification_session.processing:${moment}:${digest}`,
	],
	[
		'identity.verification_session.requires_input',
		{},
		`identity.verification_session.requires_input:${moment}:${digest}`,
	],
	[
		'identity.verification_session.verified',
		{},
		`identity.verification_session.verified:${moment}:${digest}`,
	],
	['invoice.created', stripeInvoice, 'invoice.created:in_1X'],
	['invoice.paid', stripeInvoice, 'invoice.paid:in_1X'],
	['invoice.payment_failed', stripeInvoice, `invoice.payment_failed:in_1X:${moment}:${digest}`],
	['invoice.payment_succeeded', stripeInvoice, 'invoice.payment_succeeded:in_1X'],
	['invoice.upcoming', invoice, `invoice.upcoming:${member}:${moment}:${digest}`],
	['order.completed', orderCompleted, 'order.completed:6a5200000000000000000bbb'],
	['order.refunded', orderRefunded, 'order.refunded:6a5300000000000000000ccc'],
	[
		'payment_intent.payment_failed',
		{ id: 'pi_1' },
		`payment_intent.payment_failed:pi_1:${moment}:${digest}`,
	],
	['payment_intent.succeeded', { id: 'pi_1' }, 'payment_intent.succeeded:pi_1'],
	['product.created', { _id: 'p1', name: 'Icons' }, 'product.created:p1'],
	['product.deleted', { product: { id: 'p1' } }, 'product.deleted:p1'],
	['product.updated', { product: { _id: 'p1' } }, `product.updated:p1:${moment}:${digest}`],
	['review.created', { review: { _id: 'r1' }, productId: 'p1' }, 'review.created:r1'],
	['customer.subscription.created', membership, `customer.subscription.created:${member}`],
	['customer.subscription.deleted', olderMembership, 'customer.subscription.deleted:sub_1/cus_1'],
	[
		'customer.subscription.pause',
		membership,
		`customer.subscription.pause:${member}:${moment}:${digest}`,
	],
	[
		'customer.subscription.resumed',
		membership,
		`customer.subscription.resumed:${member}:${moment}:${digest}`,
	],
	[
		'customer.subscription.trial_will_end',
		membership,
		`customer.subscription.trial_will_end:${member}:${moment}:${digest}`,
	],
	[
		'customer.subscription.updated',
		membership,
		`customer.subscription.updated:${member}:${moment}:${digest}`,
	],
];

describe('eventId', () => {
	it('has a rule under test for every event of the catalogue', () => {
		expect(rules.map(([event]) => event).sort()).toEqual(events.map(({ name }) => name).sort());
	});

	it.each(rules)('of %s', (event, payload, expected) => {
		expect(eventIdOf(occurrence(event, payload))).toBe(expected);
	});

	it('does not depend on the endpoint, on the moment or on key order where the event happens once', () => {
		const again = {
			...Object.fromEntries(Object.entries(orderCompleted).reverse()),
			webhookId: 'other',
		};
		expect(eventIdOf(occurrence('order.completed', again, { moment: 1, digest: 'other' }))).toBe(
			'order.completed:6a5200000000000000000bbb',
		);
	});

	it.each([
		['a renewal a month later', 'invoice.payment_succeeded', invoice],
		['an update that is undone and done again', 'customer.subscription.updated', membership],
		['two partial refunds that name no refund', 'order.refunded', refundWithoutId],
		['an unknown event', 'order.disputed', orderCompleted],
		['an order without an id', 'order.completed', { amount: 1 }],
		["a provider's customer who subscribes again", 'customer.subscription.created', unrelated],
	])('keeps apart %s, although the bytes are the same', (_what, event, payload) => {
		const later = { moment: moment + 2_592_000_000 };
		expect(eventIdOf(occurrence(event, payload))).not.toBe(
			eventIdOf(occurrence(event, payload, later)),
		);
	});

	it('keeps apart what happens to one thing in the same moment', () => {
		const other = { digest: '9876543210abcdef' };
		expect(eventIdOf(occurrence('customer.subscription.updated', membership))).not.toBe(
			eventIdOf(occurrence('customer.subscription.updated', membership, other)),
		);
	});

	it("keeps apart two subscriptions of one of the provider's customers", () => {
		const second = { ...olderMembership, subscription: { id: 'sub_2' } };
		expect(eventIdOf(occurrence('customer.subscription.created', olderMembership))).not.toBe(
			eventIdOf(occurrence('customer.subscription.created', second)),
		);
	});

	it('keeps apart a test customer and the same person as a live one', () => {
		const test = occurrence('customer.created', orderCompleted, { testMode: true });
		expect(eventIdOf(test)).toBe('customer.created:test:ana@example.org');
	});
});

describe('a repetition', () => {
	it('is recognised by the once-only id, whatever the bytes and the timestamp', () => {
		const first = repetitionOf(occurrence('order.completed', orderCompleted));
		const replay = repetitionOf(
			occurrence('order.completed', orderCompleted, { moment: 5, digest: 'x' }),
		);
		expect(replay).toEqual(first);
	});

	it('of a recurring event is recognised by thing and content, and knows its moment', () => {
		const first = repetitionOf(occurrence('customer.subscription.updated', membership));
		expect(
			repetitionOf(occurrence('customer.subscription.updated', membership, { moment: 5 })),
		).toEqual({
			...first,
			moment: 5,
		});
		const other = repetitionOf(
			occurrence('customer.subscription.updated', membership, { digest: 'x' }),
		);
		expect(other.key).toBe(first.key);
		expect(other.content).not.toBe(first.content);
	});
});
