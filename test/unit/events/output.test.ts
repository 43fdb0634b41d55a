import type { IDataObject } from 'n8n-workflow';

import { buildRawOutput, buildSimplifiedOutput } from '../../../nodes/Pocketsflow/events/output';
import {
	invoice,
	membership,
	olderMembership,
	orderCompleted,
	orderRefunded,
	stripeInvoice,
} from '../../harness/payloads';

const envelope = {
	event: 'e',
	eventId: 'e:1',
	testMode: true,
	deliveredAt: '2026-11-23T00:00:00.000Z',
};

describe('the simplified output', () => {
	it('the output of an order has the documented paths and nothing converted', () => {
		expect(buildSimplifiedOutput(envelope, orderCompleted)).toEqual({
			...envelope,
			order: { id: '6a5200000000000000000bbb' },
			product: { id: '6a5000000000000000000aaa', variantId: null },
			customer: { email: 'ana@example.org', firstName: 'Ana', lastName: 'Silva' },
			amount: 32.4,
			currency: 'usd',
			clientReferenceId: 'user-77',
			metadata: { external_order_id: 'A-1001' },
		});
	});

	it('the client reference of the order is lifted if the payload itself has none', () => {
		const read = (payload: IDataObject) =>
			buildSimplifiedOutput(envelope, payload).clientReferenceId;
		const order = { id: 'o1', clientReferenceId: 'user-77' };
		expect(read({ order })).toBe('user-77');
		expect(read({ order, clientReferenceId: 'user-78' })).toBe('user-78');
		expect(read({ order: 'o1' })).toBeUndefined();
	});

	it.each([
		[
			{ orderId: 7, productId: 8 },
			{ order: { id: 7 }, product: { id: 8 } },
		],
		[
			{ order: 7, product: 8, customer: 9 },
			{ order: { id: 7 }, product: { id: 8 }, customer: { id: 9 } },
		],
		[
			{ order: { _id: 7 }, subscription: 8 },
			{ order: { id: 7 }, subscription: { id: 8 } },
		],
	])('has IDs that are numbers: %j', (payload, wanted) => {
		expect(buildSimplifiedOutput(envelope, payload)).toMatchObject(wanted);
	});

	it.each([
		[
			{ order: { _id: 'o1', id: 'o2' }, product: { _id: '', name: 'x' } },
			{ order: { _id: 'o1', id: 'o2' }, product: { _id: '', name: 'x' } },
		],
		[
			{ order: { _id: 'o1' }, product: { id: null, _id: 'p1' } },
			{ order: { id: 'o1', _id: 'o1' }, product: { id: null, _id: 'p1' } },
		],
		[
			{ order: 'o1', orderId: 'o2', product: true, productId: 'p1' },
			{ order: { id: 'o1' }, product: { id: 'p1' } },
		],
		[{ order: null, product: [], refund: 'r1', subscription: true }, {}],
		[
			{ customer: { email: 'A@example.org' }, buyerEmail: 'b@example.org' },
			{ customer: { email: 'A@example.org' } },
		],
		[
			{ customer: { name: 'Ana' }, buyerEmail: 'B@example.org' },
			{ customer: { name: 'Ana', email: 'b@example.org' } },
		],
		[{ customer: {} }, {}],
		[{ subscription: 'f1', status: 'active' }, { subscription: { id: 'f1', status: 'active' } }],
		[
			{ subscriptionCustomer: { status: 'paused', paused: true }, status: 'active' },
			{ subscription: { status: 'paused', paused: true } },
		],
		[{ status: 'active' }, {}],
		[{ subscriptionCustomer: 'm1' }, {}],
		[{ amount: 0, amount_paid: 2, grossAmount: 3, currency: null }, { amount: 0 }],
		[{ amount_paid: 2, grossAmount: 3 }, { amount: 2 }],
		[{ grossAmount: 3 }, { amount: 3 }],
	])('of %j has the parts %j and no others', (payload, parts) => {
		expect(buildSimplifiedOutput(envelope, payload)).toStrictEqual({ ...envelope, ...parts });
	});

	it('the output of a refund carries the refund', () => {
		expect(buildSimplifiedOutput(envelope, orderRefunded)).toMatchObject({
			order: { id: '6a5200000000000000000bbb' },
			refund: { id: '6a5300000000000000000ccc', amount: 31.5 },
			customer: { email: 'bo@example.org' },
		});
	});

	it('the output of a subscription carries the offer, the membership and its state, and no portal link', () => {
		const output = buildSimplifiedOutput(envelope, membership);
		expect(output).toMatchObject({
			subscription: {
				id: '6a40000000000000000000f1',
				customerId: 'cus_7Kp3x9',
				status: 'active',
				active: true,
				cancelAtPeriodEnd: false,
				paused: false,
			},
			subscriptionCustomerId: '6a410000000000000000c0de',
			metadata: { plan: 'pro' },
		});
		expect(JSON.stringify(output)).not.toContain('portal');
	});

	it('finds the email address at its older place', () => {
		expect(buildSimplifiedOutput(envelope, olderMembership)).toMatchObject({
			customer: { email: 'old@example.org' },
			subscriptionCustomerId: 'cus_1',
		});
	});

	it('the output of an invoice passes the amount as it is', () => {
		expect(buildSimplifiedOutput(envelope, invoice)).toMatchObject({
			amount: 1500,
			currency: 'usd',
		});
	});

	it('a raw invoice is read from IDs as text and from quoted URL-encoded metadata', () => {
		expect(buildSimplifiedOutput(envelope, stripeInvoice)).toEqual({
			...envelope,
			customer: { id: 'cus_1' },
			subscription: { id: 'sub_1' },
			amount: 900,
			currency: 'usd',
			metadata: { other: 'kept', userId: '42', plan: 'pro' },
		});
	});

	it.each([['sub_1'], [{ id: 'sub_1' }]])(
		'of a raw invoice of the newer form has the subscription that its parent names: %j',
		(subscription) => {
			const { subscription_details: details, ...others } = stripeInvoice;
			const newer = {
				...others,
				subscription: undefined,
				parent: { subscription_details: { ...(details as IDataObject), subscription } },
			};
			expect(buildSimplifiedOutput(envelope, newer)).toEqual(
				buildSimplifiedOutput(envelope, stripeInvoice),
			);
		},
	);

	it('a raw invoice with empty metadata has that of its subscription', () => {
		const { metadata } = buildSimplifiedOutput(envelope, { ...stripeInvoice, metadata: {} });
		expect(metadata).toEqual({ other: 'kept', userId: '42', plan: 'pro' });
		expect(buildSimplifiedOutput(envelope, { metadata: {} }).metadata).toEqual({});
	});

	it.each([
		['an object', { a: '1' }, { a: '1' }],
		['URL-encoded text', 'a=1&b=%C3%A4+c', { a: '1', b: 'ä c' }],
		['quoted URL-encoded text', '"a=1"', { a: '1' }],
		['JSON text', '{"a":1}', { a: 1 }],
	])('reads metadata from %s', (_what, metadata, expected) => {
		expect(buildSimplifiedOutput(envelope, { metadata }).metadata).toEqual(expected);
	});

	it.each([[null], [''], ['plain'], [5], [[]]])('has no metadata for %p', (metadata) => {
		expect(buildSimplifiedOutput(envelope, { metadata })).toEqual(envelope);
	});
});

describe('the simplified output of an event that is about something else', () => {
	it.each<[string, IDataObject, IDataObject]>([
		[
			'review.created',
			{ review: { _id: 'r1', rating: 4, review: 'Good' }, productId: 'p1' },
			{ review: { _id: 'r1', id: 'r1', rating: 4, review: 'Good' }, product: { id: 'p1' } },
		],
		[
			'review.created',
			{ _id: 'r1', rating: 4, review: 'Good', webhookId: 'w1', userId: 'u1' },
			{ review: { id: 'r1', rating: 4, review: 'Good' } },
		],
		[
			'product.updated',
			{ _id: 'p1', name: 'Icons', price: 29, images: ['x'], currency: 'USD' },
			{ product: { id: 'p1', name: 'Icons', price: 29, currency: 'USD' }, currency: 'USD' },
		],
		['product.deleted', { productId: 'p1' }, { product: { id: 'p1', productId: 'p1' } }],
		['review.created', { _id: 'r1', userId: 'u1' }, { review: { id: 'r1' } }],
		['review.created', { review: { rating: 4 } }, { review: { rating: 4 } }],
		['review.created', { rating: 4, reviewer: undefined }, { review: { rating: 4 } }],
		[
			'review.created',
			{ event: 'x', type: 'x', webhookId: 'w1', testMode: true, livemode: false, userId: 'u1' },
			{},
		],
		['order.completed', { rating: 4 }, {}],
		[
			'identity.verification_session.requires_input',
			{ id: 'vs_1', status: 'requires_input', livemode: true },
			{ identity: { id: 'vs_1', status: 'requires_input' } },
		],
		[
			'payment_intent.succeeded',
			{ id: 'pi_1', status: 'succeeded', amount: 500 },
			{ paymentIntent: { id: 'pi_1', status: 'succeeded', amount: 500 }, amount: 500 },
		],
	])('%s: %j keeps it', (event, payload, parts) => {
		const output = buildSimplifiedOutput({ ...envelope, event }, payload);
		expect(output).toStrictEqual({ ...envelope, event, ...parts });
	});

	it('the output leaves out a part that the payload does not have', () => {
		const output = buildSimplifiedOutput({ ...envelope, event: 'review.created' }, {});
		expect(output).toEqual({ ...envelope, event: 'review.created' });
	});
});

describe('the raw output', () => {
	it('is the payload as sent, next to the envelope', () => {
		expect(buildRawOutput(envelope, membership)).toEqual({ ...membership, ...envelope });
	});
});
