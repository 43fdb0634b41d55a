import { rawOutput, simplifiedOutput } from '../../../nodes/Pocketsflow/events/output';
import {
	invoice,
	membership,
	olderMembership,
	orderCompleted,
	orderRefunded,
	stripeInvoice,
} from '../../harness/payloads';

const head = {
	event: 'e',
	eventId: 'e:1',
	testMode: true,
	deliveredAt: '2026-11-23T00:00:00.000Z',
};

describe('simplified output', () => {
	it('of an order has the documented paths and nothing converted', () => {
		expect(simplifiedOutput(head, orderCompleted)).toEqual({
			...head,
			order: { id: '6a5200000000000000000bbb' },
			product: { id: '6a5000000000000000000aaa', variantId: null },
			customer: { email: 'ana@example.org', firstName: 'Ana', lastName: 'Silva' },
			amount: 32.4,
			currency: 'usd',
			clientReferenceId: 'user-77',
			metadata: { external_order_id: 'A-1001' },
		});
	});

	it('of a refund carries the refund', () => {
		expect(simplifiedOutput(head, orderRefunded)).toMatchObject({
			order: { id: '6a5200000000000000000bbb' },
			refund: { id: '6a5300000000000000000ccc', amount: 31.5 },
			customer: { email: 'bo@example.org' },
		});
	});

	it('of a subscription carries the offer, the membership and its state, and no portal link', () => {
		const output = simplifiedOutput(head, membership);
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

	it('finds the older place of the email address', () => {
		expect(simplifiedOutput(head, olderMembership)).toMatchObject({
			customer: { email: 'old@example.org' },
			subscriptionCustomerId: 'cus_1',
		});
	});

	it('of an invoice passes the amount as it is', () => {
		expect(simplifiedOutput(head, invoice)).toMatchObject({ amount: 1500, currency: 'usd' });
	});

	it('reads a raw invoice: ids as text, metadata URL-encoded in quotes', () => {
		expect(simplifiedOutput(head, stripeInvoice)).toEqual({
			...head,
			customer: { id: 'cus_1' },
			subscription: { id: 'sub_1' },
			amount: 900,
			currency: 'usd',
			metadata: { other: 'kept', userId: '42', plan: 'pro' },
		});
	});

	it('reads the metadata of the subscription where a raw invoice has an empty one of its own', () => {
		const { metadata } = simplifiedOutput(head, { ...stripeInvoice, metadata: {} });
		expect(metadata).toEqual({ other: 'kept', userId: '42', plan: 'pro' });
		expect(simplifiedOutput(head, { metadata: {} }).metadata).toEqual({});
	});

	it.each([
		['an object', { a: '1' }, { a: '1' }],
		['URL-encoded text', 'a=1&b=%C3%A4+c', { a: '1', b: 'ä c' }],
		['quoted URL-encoded text', '"a=1"', { a: '1' }],
		['JSON text', '{"a":1}', { a: 1 }],
	])('reads metadata from %s', (_what, metadata, expected) => {
		expect(simplifiedOutput(head, { metadata }).metadata).toEqual(expected);
	});

	it.each([[null], [''], ['plain'], [5], [[]]])('has no metadata for %p', (metadata) => {
		expect(simplifiedOutput(head, { metadata })).toEqual(head);
	});
});

describe('raw output', () => {
	it('is the payload as sent beside the head', () => {
		expect(rawOutput(head, membership)).toEqual({ ...membership, ...head });
	});
});
