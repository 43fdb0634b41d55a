import type { IDataObject } from 'n8n-workflow';

import { events } from '../../../nodes/Pocketsflow/events/catalogue';
import {
	buildEventId,
	fingerprintDelivery,
	type BusinessEvent,
} from '../../../nodes/Pocketsflow/events/identity';
import {
	invoice,
	membership,
	olderMembership,
	orderCompleted,
	orderRefunded,
	stripeInvoice,
} from '../../harness/payloads';

const sentAtMs = 1790000000123;
const createEvent = (
	event: string,
	payload: IDataObject,
	more: Partial<BusinessEvent> = {},
): BusinessEvent => ({
	event,
	payload,
	testMode: false,
	discriminator: sentAtMs,
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
		`identity.verification_session.processing:${sentAtMs}:${digest}`,
	],
	[
		'identity.verification_session.requires_input',
		{},
		`identity.verification_session.requires_input:${sentAtMs}:${digest}`,
	],
	[
		'identity.verification_session.verified',
		{},
		`identity.verification_session.verified:${sentAtMs}:${digest}`,
	],
	['invoice.created', stripeInvoice, 'invoice.created:in_1X'],
	['invoice.paid', stripeInvoice, 'invoice.paid:in_1X'],
	['invoice.payment_failed', stripeInvoice, `invoice.payment_failed:in_1X:${sentAtMs}:${digest}`],
	['invoice.payment_succeeded', stripeInvoice, 'invoice.payment_succeeded:in_1X'],
	['invoice.upcoming', invoice, `invoice.upcoming:${member}:${sentAtMs}:${digest}`],
	['order.completed', orderCompleted, 'order.completed:6a5200000000000000000bbb'],
	['order.refunded', orderRefunded, 'order.refunded:6a5300000000000000000ccc'],
	[
		'payment_intent.payment_failed',
		{ id: 'pi_1' },
		`payment_intent.payment_failed:pi_1:${sentAtMs}:${digest}`,
	],
	['payment_intent.succeeded', { id: 'pi_1' }, 'payment_intent.succeeded:pi_1'],
	['product.created', { _id: 'p1', name: 'Icons' }, 'product.created:p1'],
	['product.deleted', { product: { id: 'p1' } }, 'product.deleted:p1'],
	['product.updated', { product: { _id: 'p1' } }, `product.updated:p1:${sentAtMs}:${digest}`],
	['review.created', { review: { _id: 'r1' }, productId: 'p1' }, 'review.created:r1'],
	['customer.subscription.created', membership, `customer.subscription.created:${member}`],
	['customer.subscription.deleted', olderMembership, 'customer.subscription.deleted:sub_1/cus_1'],
	[
		'customer.subscription.pause',
		membership,
		`customer.subscription.pause:${member}:${sentAtMs}:${digest}`,
	],
	[
		'customer.subscription.resumed',
		membership,
		`customer.subscription.resumed:${member}:${sentAtMs}:${digest}`,
	],
	[
		'customer.subscription.trial_will_end',
		membership,
		`customer.subscription.trial_will_end:${member}:${sentAtMs}:${digest}`,
	],
	[
		'customer.subscription.updated',
		membership,
		`customer.subscription.updated:${member}:${sentAtMs}:${digest}`,
	],
];

describe('the event id', () => {
	it('has a rule under test for every event of the catalogue', () => {
		expect(rules.map(([event]) => event).sort()).toEqual(events.map(({ name }) => name).sort());
	});

	it.each(rules)('of %s follows its rule', (event, payload, expected) => {
		expect(buildEventId(createEvent(event, payload))).toBe(expected);
	});

	it('does not depend on the endpoint, the time or the order of keys where the event happens only once', () => {
		const again = {
			...Object.fromEntries(Object.entries(orderCompleted).reverse()),
			webhookId: 'other',
		};
		expect(
			buildEventId(createEvent('order.completed', again, { discriminator: 1, digest: 'other' })),
		).toBe('order.completed:6a5200000000000000000bbb');
	});

	it.each([
		['a renewal a month later', 'invoice.payment_succeeded', invoice],
		['an update that is undone and done again', 'customer.subscription.updated', membership],
		['two partial refunds that name no refund', 'order.refunded', refundWithoutId],
		['an unknown event', 'order.disputed', orderCompleted],
		['an order without an id', 'order.completed', { amount: 1 }],
		["a provider's customer who subscribes again", 'customer.subscription.created', unrelated],
	])('differs for %s, although the bytes are the same', (_what, event, payload) => {
		const later = { discriminator: sentAtMs + 2_592_000_000 };
		expect(buildEventId(createEvent(event, payload))).not.toBe(
			buildEventId(createEvent(event, payload, later)),
		);
	});

	it('differs for two changes of one thing at the same time', () => {
		const other = { digest: '9876543210abcdef' };
		expect(buildEventId(createEvent('customer.subscription.updated', membership))).not.toBe(
			buildEventId(createEvent('customer.subscription.updated', membership, other)),
		);
	});

	it("differs for two subscriptions of one of the provider's customers", () => {
		const second = { ...olderMembership, subscription: { id: 'sub_2' } };
		expect(buildEventId(createEvent('customer.subscription.created', olderMembership))).not.toBe(
			buildEventId(createEvent('customer.subscription.created', second)),
		);
	});

	it('differs for a test customer and the same person as a live one', () => {
		const test = createEvent('customer.created', orderCompleted, { testMode: true });
		expect(buildEventId(test)).toBe('customer.created:test:ana@example.org');
	});
});

describe('the fingerprint of a delivery', () => {
	it('is the same for a unique event, whatever the bytes and the timestamp', () => {
		const first = fingerprintDelivery(createEvent('order.completed', orderCompleted));
		const replay = fingerprintDelivery(
			createEvent('order.completed', orderCompleted, { discriminator: 5, digest: 'x' }),
		);
		expect(replay).toEqual(first);
	});

	it('of a recurring event holds the thing, the content and the time', () => {
		const first = fingerprintDelivery(createEvent('customer.subscription.updated', membership));
		expect(
			fingerprintDelivery(
				createEvent('customer.subscription.updated', membership, { discriminator: 5 }),
			),
		).toEqual({
			...first,
			discriminator: 5,
		});
		const other = fingerprintDelivery(
			createEvent('customer.subscription.updated', membership, { digest: 'x' }),
		);
		expect(other.key).toBe(first.key);
		expect(other.digest).not.toBe(first.digest);
	});
});
