import type { IDataObject } from 'n8n-workflow';

import {
	eventOptions,
	events,
	findEvent,
	readEmail,
	readMembershipId,
	toCanonicalName,
} from '../../../nodes/Pocketsflow/events/catalogue';

describe('the catalogue', () => {
	it('offers every event with its own label and description, sorted by label', () => {
		const labels = eventOptions.map(({ name }) => name);
		const descriptions = eventOptions.map(({ description }) => description);
		expect(eventOptions.map(({ value }) => value)).toEqual(events.map(({ name }) => name));
		expect(labels).toEqual([...labels].sort());
		for (const texts of [labels, descriptions]) {
			expect(texts.filter((text) => !text)).toEqual([]);
			expect(new Set(texts).size).toBe(events.length);
		}
	});

	it('finds an event by its name and its alias', () => {
		expect(findEvent('order.completed')?.label).toBe('Order Completed');
		expect(findEvent('customer.subscription.paused')?.label).toBe('Subscription Paused');
		expect(findEvent('order.disputed')).toBeUndefined();
		expect(toCanonicalName('customer.subscription.paused')).toBe('customer.subscription.pause');
		expect(toCanonicalName('order.disputed')).toBe('order.disputed');
	});
});

/** A payload that holds at each of the places, such as `order.id`, the name of that place. */
function fill(places: readonly string[]): IDataObject {
	const payload: IDataObject = {};
	for (const place of places) {
		const [key, inner] = place.split('.');
		payload[key] = inner ? { ...(payload[key] as IDataObject), [inner]: place } : place;
	}
	return payload;
}

type Reader = (payload: IDataObject) => string | undefined;
const identityOf =
	(name: string): Reader =>
	(payload) =>
		findEvent(name)!.identity!(payload);
const subjectOf =
	(name: string): Reader =>
	(payload) =>
		(findEvent(name)!.subject ?? findEvent(name)!.identity)!(payload);

const emailPlaces = [
	'customer.email',
	'customer.buyerEmail',
	'subscriptionCustomer.buyerEmail',
	'subscriptionCustomer.email',
	'buyerEmail',
	'customer_email',
	'customerEmail',
	'email',
];
const membershipPlaces = [
	'subscriptionCustomerId',
	'subscriptionCustomer.id',
	'subscriptionCustomer._id',
];
const orderPlaces = ['order.id', 'order._id', 'orderId', '_id', 'id'];
const productPlaces = ['product.id', 'product._id', 'productId', '_id', 'id'];

describe.each<[string, Reader, string[]]>([
	["a buyer's address", (payload) => readEmail(payload), emailPlaces],
	['a membership', readMembershipId, membershipPlaces],
	['a new membership', identityOf('customer.subscription.created'), membershipPlaces],
	['an order', identityOf('order.completed'), orderPlaces],
	['a refunded order', subjectOf('order.refunded'), orderPlaces],
	['an order, named only', identityOf('order.completed'), ['order']],
	['a refund', identityOf('order.refunded'), ['refund.id', 'refund._id', 'refundId']],
	['a product', identityOf('product.created'), productPlaces],
	['a review', identityOf('review.created'), ['review.id', 'review._id', 'reviewId', '_id', 'id']],
	['an invoice', identityOf('invoice.paid'), ['invoice.id', 'invoiceId']],
	[
		"an invoice's membership",
		subjectOf('invoice.upcoming'),
		[...membershipPlaces, 'invoice.id', 'invoiceId'],
	],
])('%s is read', (_what, read, places) => {
	it.each(places.map((place, index) => [place, places.slice(index)] as const))(
		'from %s before the later places',
		(place, present) => {
			expect(read(fill(present))?.toLowerCase()).toBe(place.toLowerCase());
		},
	);

	it('from nowhere else, and not from values that are not IDs', () => {
		const keys = places.map((place) => place.split('.')[0]);
		const [empty, flags] = ['', true].map((value) =>
			Object.fromEntries(keys.map((key) => [key, value])),
		);
		for (const payload of [{}, empty, flags, { other: 'x', data: { id: 'x' } }])
			expect(read(payload)).toBeUndefined();
	});
});

describe('a buyer', () => {
	const readBuyer = identityOf('customer.created');

	it('is known by the address, in lower case and without blanks around it', () => {
		expect(readBuyer({ email: ' Ana@Example.org ', customer: { id: 'c1' } })).toBe(
			'ana@example.org',
		);
	});

	it.each([
		[{ customer: { id: 'c1', _id: 'c2' }, order: { id: 'o1' } }, 'id:c1'],
		[{ customer: { _id: 'c2' }, order: { id: 'o1' } }, 'id:c2'],
		[{ order: { id: 'o1' }, id: 'x' }, 'order:o1'],
		[{ orderId: 'o1' }, 'order:o1'],
		[{ id: 'x' }, undefined],
	])('a buyer without an email address is identified by %j', (payload, expected) => {
		expect(readBuyer(payload)).toBe(expected);
	});
});

describe("the payment provider's ids", () => {
	it.each([
		['invoice.paid', { id: 'in_1', invoiceId: 'x' }, 'in_1'],
		['invoice.paid', { id: 'x_in_1' }, undefined],
		['payment_intent.succeeded', { id: 'pi_1' }, 'pi_1'],
		['payment_intent.succeeded', { id: 'x_pi_1' }, undefined],
		['payment_intent.succeeded', { id: 'x' }, undefined],
		['payment_intent.succeeded', {}, undefined],
	])('of %s are known by their prefix: %j', (name, payload, expected) => {
		expect(identityOf(name)(payload)).toBe(expected);
	});

	it.each([
		[{ subscription: 'sub_1' }],
		[{ subscription: null, parent: { subscription_details: { subscription: 'sub_1' } } }],
		[{ parent: { subscription_details: { subscription: { id: 'sub_1' } } } }],
	])('of an invoice that has no ID yet are those of its subscription: %j', (payload) => {
		const read = subjectOf('invoice.upcoming');
		expect(read(payload)).toBe('sub_1');
		expect(read({ ...payload, id: 'in_1' })).toBe('in_1');
	});

	it.each([
		[{ id: 'sub_1' }, 'sub_1/cus_1'],
		['sub_1', 'sub_1/cus_1'],
		['offer', undefined],
		['x_sub_1', undefined],
		[undefined, undefined],
	])('of a customer name a membership only with a subscription: %j', (subscription, expected) => {
		const read = identityOf('customer.subscription.deleted');
		expect(read({ subscriptionCustomerId: 'cus_1', subscription })).toBe(expected);
		expect(read({ subscriptionCustomerId: 'x_cus_1', subscription })).toBe('x_cus_1');
	});
});
