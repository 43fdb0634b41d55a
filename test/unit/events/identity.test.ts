import type { IDataObject } from 'n8n-workflow';

import { events } from '../../../nodes/Pocketsflow/events/catalogue';
import {
	buildEventId,
	buildRepetitionKey,
	dependsOnAccount,
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
	account: 'auth0|shop',
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
	['customer.created', orderCompleted, 'customer.created:auth0|shop:ana@example.org'],
	[
		'identity.verification_session.processing',
		{},
		`identity.verification_session.processing:auth0|shop:${sentAtMs}:${digest}`,
	],
	[
		'identity.verification_session.requires_input',
		{},
		`identity.verification_session.requires_input:auth0|shop:${sentAtMs}:${digest}`,
	],
	[
		'identity.verification_session.verified',
		{},
		`identity.verification_session.verified:auth0|shop:${sentAtMs}:${digest}`,
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

	it.each(rules)('the event ID of %s follows its rule', (event, payload, expected) => {
		expect(buildEventId(createEvent(event, payload))).toBe(expected);
	});

	it('the event ID of a one-time event does not depend on the endpoint, the time or the order of keys', () => {
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

	it('names the time from the second on that something happens again to the same thing', () => {
		const ids = [1, 2, 3].map((occurrence) =>
			buildEventId(createEvent('customer.subscription.deleted', membership, { occurrence })),
		);
		const first = `customer.subscription.deleted:${member}`;
		expect(ids).toEqual([first, `${first}:2`, `${first}:3`]);
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
		expect(buildEventId(test)).toBe('customer.created:test:auth0|shop:ana@example.org');
	});

	it.each<[string, string, IDataObject, string]>([
		['an order', 'order.completed', { order: { id: 1001 } }, 'order.completed:1001'],
		['a flat order', 'order.completed', { id: 1001, amount: 5 }, 'order.completed:1001'],
		['a flat order with an id of text', 'order.completed', { id: 'o1' }, 'order.completed:o1'],
		['an order that is named by its id', 'order.completed', { order: 'o1' }, 'order.completed:o1'],
		['a refund', 'order.refunded', { refund: { id: 7 }, order: { id: 1 } }, 'order.refunded:7'],
		['a review', 'review.created', { review: { id: 3 } }, 'review.created:3'],
		[
			'a membership',
			'customer.subscription.created',
			{ subscriptionCustomerId: 12 },
			'customer.subscription.created:12',
		],
	])(
		'the event ID of %s is built from its ID, even if that is a number',
		(_what, event, payload, expected) => {
			expect(buildEventId(createEvent(event, payload))).toBe(expected);
		},
	);

	it('differs for a buyer of two shops, and for a buyer of test and live mode', () => {
		const buildId = (more: Partial<BusinessEvent>) =>
			buildEventId(createEvent('customer.created', orderCompleted, more));
		const ids = [{}, { account: 'auth0|other' }, { testMode: true }].map(buildId);
		expect(new Set(ids).size).toBe(3);
	});

	it('the event ID of a buyer is unique if the account is unknown, rather than that of another shop', () => {
		const buildId = (discriminator: number) =>
			buildEventId(
				createEvent('customer.created', orderCompleted, { account: undefined, discriminator }),
			);
		expect(buildId(1)).not.toBe(buildId(2));
	});

	it('differs for two customers without an address', () => {
		const ids = [
			{ customer: { id: 'c1' } },
			{ customer: { id: 'c2' } },
			{ order: { id: 'c1' } },
			{ order: { id: 'c2' } },
		].map((payload) => buildEventId(createEvent('customer.created', payload)));
		expect(new Set(ids).size).toBe(4);
	});

	it('the event ID of an unknown buyer is unique', () => {
		expect(buildEventId(createEvent('customer.created', {}))).toBe(
			`customer.created:auth0|shop:${sentAtMs}:${digest}`,
		);
	});

	it('has no part for what is not known', () => {
		const polled = { digest: undefined, account: undefined, discriminator: 'c1' };
		expect(buildEventId(createEvent('product.updated', { id: 'p1' }, polled))).toBe(
			'product.updated:p1:c1',
		);
		expect(buildEventId(createEvent('order.disputed', {}, polled))).toBe('order.disputed:c1');
	});

	it('the event ID of an event that names nothing differs for two accounts at the same moment', () => {
		const event = 'identity.verification_session.verified';
		expect(buildEventId(createEvent(event, {}))).not.toBe(
			buildEventId(createEvent(event, {}, { account: 'auth0|other' })),
		);
	});
});

test('only events with shared ids or without a subject depend on the account', () => {
	const names = events.map(({ name }) => name).filter(dependsOnAccount);
	expect(names.sort()).toEqual([
		'customer.created',
		'identity.verification_session.processing',
		'identity.verification_session.requires_input',
		'identity.verification_session.verified',
	]);
	expect(dependsOnAccount('order.disputed')).toBe(true);
});

describe('the key of a repetition', () => {
	const buildKey = (event: string, payload: IDataObject, more: Partial<BusinessEvent> = {}) =>
		buildRepetitionKey(createEvent(event, payload, more));

	it('is the same for an event that happens once, whatever the bytes and the time', () => {
		const other = { discriminator: 5, digest: 'x' };
		expect(buildKey('order.completed', orderCompleted, other)).toBe(
			buildKey('order.completed', orderCompleted),
		);
		const unknown = { ...other, account: undefined };
		expect(buildKey('customer.created', orderCompleted, unknown)).toBe(
			buildKey('customer.created', orderCompleted, { account: undefined }),
		);
	});

	it('names the event, and its thing or all that is known of it', () => {
		expect(buildKey('order.completed', { id: 'o1' })).toBe('order.completed:o1');
		expect(buildKey('customer.created', orderCompleted, { testMode: true })).toBe(
			'customer.created:test:auth0|shop:ana@example.org',
		);
		expect(buildKey('customer.created', orderCompleted, { account: undefined })).toBe(
			'customer.created:ana@example.org',
		);
		expect(buildKey('product.updated', { id: 'p1' }, { digest: undefined })).toBe(
			`product.updated:p1:${sentAtMs}:`,
		);
		expect(buildKey('product.updated', { id: 'p1' })).toBe(
			'product.updated:p1:1790000000123:abcdef0123456789abcdef0123456789',
		);
	});

	it.each([
		['another time', { discriminator: 5 }],
		['another content', { digest: 'x' }],
	])('of an event that can recur differs with %s', (_what, more) => {
		const first = buildKey('order.refunded', refundWithoutId);
		expect(buildKey('order.refunded', refundWithoutId)).toBe(first);
		expect(buildKey('order.refunded', refundWithoutId, more)).not.toBe(first);
	});
});
