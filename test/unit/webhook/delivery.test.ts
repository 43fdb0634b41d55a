import { readDelivery, readSentAt } from '../../../nodes/Pocketsflow/webhook/delivery';
import { orderCompleted, orderRefunded } from '../../harness/payloads';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

describe('readDelivery', () => {
	it('reads a flat payload with the event in the header', () => {
		const delivery = readDelivery(
			{ 'x-pocketsflow-event': 'order.completed', 'x-pocketsflow-timestamp': '1790000000123' },
			bytes(orderCompleted),
		);
		expect(delivery).toMatchObject({
			event: 'order.completed',
			payload: orderCompleted,
			sentAtMs: 1790000000123,
		});
	});

	it('reads a flat payload with the event in the body', () => {
		expect(readDelivery({}, bytes(orderRefunded))).toMatchObject({
			event: 'order.refunded',
			payload: orderRefunded,
		});
	});

	it('reads a payload in an envelope', () => {
		const body = { id: 'e1', type: 'order.completed', data: orderCompleted };
		expect(readDelivery({}, bytes(body))).toMatchObject({
			event: 'order.completed',
			payload: orderCompleted,
		});
	});

	it('keeps a payload that has `data` of its own and no envelope', () => {
		const body = { ...orderCompleted, data: { any: 1 } };
		const headers = { 'x-pocketsflow-event': 'order.completed' };
		expect(readDelivery(headers, bytes(body))).toMatchObject({ payload: body });
	});

	it('prefers a known event in the signed body to the unsigned header', () => {
		const headers = { 'x-pocketsflow-event': 'order.completed' };
		expect(readDelivery(headers, bytes(orderRefunded))?.event).toBe('order.refunded');
	});

	it('does not take the type of an entity for an event', () => {
		const headers = { 'x-pocketsflow-event': 'product.created' };
		expect(readDelivery(headers, bytes({ _id: 'p1', type: 'one-time' }))?.event).toBe(
			'product.created',
		);
	});

	it('knows the paused event as pause', () => {
		const headers = { 'x-pocketsflow-event': 'customer.subscription.paused' };
		expect(readDelivery(headers, bytes({}))?.event).toBe('customer.subscription.pause');
	});

	it.each(['', '[]', 'null', '"text"', '{"a":', '12'])('reads nothing from the body %s', (body) => {
		expect(
			readDelivery({ 'x-pocketsflow-event': 'order.completed' }, Buffer.from(body)),
		).toBeUndefined();
	});
});

it.each([
	['1790000000123', 1790000000123],
	['1790000000', 1790000000000],
	['soon', undefined],
	['-5', undefined],
	[undefined, undefined],
	[['1790000000'], undefined],
])('readSentAt reads the header %p as %p', (header, expected) => {
	expect(readSentAt(header)).toBe(expected);
});
