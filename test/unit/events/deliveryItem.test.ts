import type { Delivery } from '../../../nodes/Pocketsflow/events/delivery';
import { buildDeliveryItem, toBusinessEvent } from '../../../nodes/Pocketsflow/events/deliveryItem';

const delivery: Delivery = {
	event: 'product.updated',
	payload: { product: { id: 'p1' }, extra: 1 },
	testMode: undefined,
	sentAtMs: Date.UTC(2026, 8, 21),
	digest: 'abcdef0123456789abcdef0123456789',
};
const origin = { isTestKey: true, account: 'auth0|shop' };

describe('the business event of a delivery', () => {
	it('an event is distinguished from others by the time of sending', () => {
		expect(toBusinessEvent(delivery, origin)).toEqual({
			...delivery,
			testMode: true,
			account: 'auth0|shop',
			discriminator: delivery.sentAtMs,
		});
	});

	it('without a time is like no other', () => {
		const build = () => toBusinessEvent({ ...delivery, sentAtMs: undefined }, origin).discriminator;
		expect(build()).toMatch(/^[0-9a-f-]{36}$/);
		expect(build()).not.toBe(build());
	});

	it.each([
		[true, false, true],
		[false, true, false],
		[undefined, false, false],
		[undefined, true, true],
	])('that says %p with a test key %p is test data: %p', (testMode, isTestKey, expected) => {
		const event = toBusinessEvent({ ...delivery, testMode }, { ...origin, isTestKey });
		expect(event.testMode).toBe(expected);
	});
});

describe('the item of a delivery', () => {
	const nowMs = Date.UTC(2026, 8, 21, 0, 0, 1);
	const envelope = {
		event: 'product.updated',
		eventId: `product.updated:p1:${delivery.sentAtMs}:abcdef0123456789`,
		testMode: true,
		sentAt: '2026-09-21T00:00:00.000Z',
		deliveredAt: '2026-09-21T00:00:01.000Z',
	};
	const event = toBusinessEvent(delivery, origin);

	it('is the payload, or its known parts, with the envelope', () => {
		expect(buildDeliveryItem(event, delivery, { simplify: false, nowMs })).toEqual({
			...delivery.payload,
			...envelope,
		});
		expect(buildDeliveryItem(event, delivery, { simplify: true, nowMs })).toEqual({
			product: { id: 'p1' },
			...envelope,
		});
	});

	it('says nothing of a time that is not known', () => {
		const timeless = { ...delivery, sentAtMs: undefined };
		const item = buildDeliveryItem(event, timeless, { simplify: true, nowMs });
		expect(item).not.toHaveProperty('sentAt');
	});
});
