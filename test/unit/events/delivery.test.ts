import { readDelivery, readSentAt } from '../../../nodes/Pocketsflow/events/delivery';
import { orderCompleted, orderRefunded } from '../../harness/payloads';

const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

test('Two orders whose IDs differ beyond 2^53 have two digests', () => {
	const headers = { 'x-pocketsflow-event': 'order.completed' };
	const digests = ['90071992547409931', '90071992547409932'].map(
		(id) => readDelivery(headers, Buffer.from(`{"order":{"id":${id}}}`))?.digest,
	);
	expect(new Set(digests).size).toBe(2);
});

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

	it('keeps a payload that has its own `data` and no envelope', () => {
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
		'%s in the signed body comes before the unsigned header if it names an event',
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
		[{ testMode: 'true' }, true],
		[{ livemode: 'true' }, false],
		[{ testMode: 'yes' }, undefined],
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

	it('reads a body of 200 levels and no deeper one', () => {
		const nest = (levels: number) =>
			Buffer.from(`${'{"a":'.repeat(levels - 1)}{"b":null}${'}'.repeat(levels - 1)}`);
		const headers = { 'x-pocketsflow-event': 'order.completed' };
		expect(readDelivery(headers, nest(200))?.event).toBe('order.completed');
		expect(readDelivery(headers, nest(201))).toBeUndefined();
	});

	it.each([
		[{ event: ' order.refunded ' }, 'order.refunded'],
		[{ event: 'A.b_1.c' }, 'A.b_1.c'],
		[{ event: ' ', type: 'order.refunded' }, 'order.refunded'],
		[{ event: 'Launch', type: 'order.refunded' }, 'order.refunded'],
		[{ event: 'see order.refunded' }, 'order.completed'],
		[{ event: 'order.refunded!' }, 'order.completed'],
		[{ event: '1.order' }, 'order.completed'],
		[{ event: 'order' }, 'order.completed'],
		[{ event: 'order.' }, 'order.completed'],
	])('of the names in %j takes %s, next to the header order.completed', (body, expected) => {
		const headers = { 'x-pocketsflow-event': ' order.completed ' };
		expect(readDelivery(headers, bytes(body))?.event).toBe(expected);
	});

	it.each([
		[{ event: 'Launch', type: 'one-time' }, 'Launch'],
		[{ type: 'one-time' }, 'one-time'],
		[{ type: 'one-time', data: {} }, 'one-time'],
		[{ type: 'one-time', data: 'x' }, 'one-time'],
		[{ event: 5, type: '' }, undefined],
	])('without a header names %j %s', (body, expected) => {
		for (const headers of [{}, { 'x-pocketsflow-event': ['a.b'] }, { 'x-pocketsflow-event': ' ' }])
			expect(readDelivery(headers, bytes(body))).toEqual(
				expected && expect.objectContaining({ event: expected }),
			);
	});

	it.each([
		'order.completed, order.completed',
		'order.completed,order.completed;v=1',
		'order.completed; charset=utf-8',
		'Order.Completed',
		'ORDER.COMPLETED',
	])('reads the header %s as order.completed', (header) => {
		const headers = { 'x-pocketsflow-event': header };
		expect(readDelivery(headers, bytes(orderCompleted))?.event).toBe('order.completed');
	});

	it('reads no event from a header that names two', () => {
		const headers = { 'x-pocketsflow-event': 'order.completed, order.refunded' };
		expect(readDelivery(headers, bytes(orderCompleted))).toBeUndefined();
		expect(readDelivery(headers, bytes({ event: 'x.y' }))?.event).toBe('x.y');
	});

	it('finds a known payload in `data` also if only the header names the event', () => {
		const headers = { 'x-pocketsflow-event': 'order.completed' };
		const read = (body: object) => readDelivery(headers, bytes(body))?.payload;
		const data = { order: { id: 'o1' } };
		expect(read({ data, webhookId: 'w1' })).toEqual(data);
		expect(read({ data: { any: 1 } })).toEqual({ data: { any: 1 } });
		expect(read({ data, id: 'o2' })).toEqual({ data, id: 'o2' });
	});

	it('data is the payload if the body names the event next to it', () => {
		const data = { order: { id: 'o1' } };
		expect(readDelivery({}, bytes({ event: 'order.refunded', data }))?.payload).toEqual(data);
		const text = { event: 'order.refunded', data: 'x' };
		expect(readDelivery({}, bytes(text))?.payload).toEqual(text);
	});

	it('says of the payload, rather than of its envelope, whether it is test data', () => {
		const body = { type: 'order.completed', testMode: true, data: { testMode: false } };
		expect(readDelivery({}, bytes(body))?.testMode).toBe(false);
	});

	it('reads a body behind a byte order mark, and text that holds one', () => {
		const headers = { 'x-pocketsflow-event': 'order.completed' };
		for (const text of ['\uFEFF{"a":"\uFEFF"}', '{"a":"\uFEFF"}'])
			expect(readDelivery(headers, Buffer.from(text))?.payload).toEqual({ a: '\uFEFF' });
	});

	it('makes a digest of all but the endpoint', () => {
		const digestOf = (body: object) =>
			readDelivery({ 'x-pocketsflow-event': 'order.completed' }, bytes(body))?.digest;
		expect(digestOf({ a: 1, webhookId: 'w1' })).toBe(digestOf({ a: 1, webhookId: 'w2' }));
		expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: 2 }));
		expect(digestOf({})).toBe('44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
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
	[' 1790000000 ', 1790000000000],
	['100000000', 100000000000],
	['10000000', undefined],
	['253402300799999', 253402300799999],
	['253402300800000', undefined],
	['00000001790000000', undefined],
	['17900000x', undefined],
	['x1790000000', undefined],
	['1790000000x', undefined],
	['soon', undefined],
	['9999999999999999', undefined],
	['-5', undefined],
	[undefined, undefined],
	[['1790000000'], undefined],
])('readSentAt reads the header %p as %p', (header, expected) => {
	expect(readSentAt(header)).toBe(expected);
});
