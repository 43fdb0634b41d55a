import { readDelivery, readSentAt } from '../../../nodes/Pocketsflow/events/delivery';
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

	it.each([
		['a custom event', { event: 'order.disputed' }, 'order.disputed'],
		['a type without an envelope', { type: 'order.refunded' }, 'order.refunded'],
		['a custom type in an envelope', { type: 'order.disputed', data: {} }, 'order.disputed'],
		['a name that only the user knows', { event: 'disputed' }, 'disputed'],
		['text that is no event name', { event: 'Launch party' }, 'order.completed'],
		['an object', { event: { name: 'order.refunded' } }, 'order.completed'],
	])(
		'takes %s in the signed body before the unsigned header where it names one',
		(_what, body, expected) => {
			const headers = { 'x-pocketsflow-event': 'order.completed' };
			expect(readDelivery(headers, bytes(body), ['disputed'])?.event).toBe(expected);
		},
	);

	it.each([
		[{ testMode: true }, true],
		[{ testMode: false }, false],
		[{ livemode: false }, true],
		[{ order: { id: 'o1', testMode: true } }, true],
		[{ type: 'order.completed', testMode: true, data: { order: { id: 'o1' } } }, true],
		[{ testMode: 'true' }, undefined],
		[{}, undefined],
	])('reads from the body %j whether it is test data: %p', (body, expected) => {
		const headers = { 'x-pocketsflow-event': 'order.completed' };
		expect(readDelivery(headers, bytes(body))?.testMode).toBe(expected);
	});

	it.each([500, 5000, 200_000])('reads nothing from a body that is %i levels deep', (depth) => {
		const text = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
		const headers = { 'x-pocketsflow-event': 'order.completed' };
		expect(readDelivery(headers, Buffer.from(text))).toBeUndefined();
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
	['9999999999999999', undefined],
	['-5', undefined],
	[undefined, undefined],
	[['1790000000'], undefined],
])('readSentAt reads the header %p as %p', (header, expected) => {
	expect(readSentAt(header)).toBe(expected);
});
