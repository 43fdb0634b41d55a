import { sign } from '../../nodes/Pocketsflow/webhook/signature';
import {
	invoice,
	membership,
	orderCompleted,
	orderRefunded,
	stripeInvoice,
} from '../harness/payloads';
import { deliver, secret, signed, trigger } from './deliver';
import type { Sent } from './hostile';

describe('a signed delivery', () => {
	it('is answered with 200 and emitted once, with the head and the documented paths', async () => {
		const { status, items } = await deliver(trigger(), signed('order.completed', orderCompleted));
		expect(status).toBe(200);
		expect(items).toEqual([
			{
				event: 'order.completed',
				eventId: 'order.completed:6a5200000000000000000bbb',
				testMode: true,
				deliveredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
				order: { id: '6a5200000000000000000bbb' },
				product: { id: '6a5000000000000000000aaa', variantId: null },
				customer: { email: 'ana@example.org', firstName: 'Ana', lastName: 'Silva' },
				amount: 32.4,
				currency: 'usd',
				clientReferenceId: 'user-77',
				metadata: { external_order_id: 'A-1001' },
			},
		]);
	});

	it('keeps every key of the payload with Simplify off', async () => {
		const { items } = await deliver(
			trigger({ simplify: false }),
			signed('invoice.payment_succeeded', invoice),
		);
		expect(items).toEqual([expect.objectContaining(invoice)]);
	});

	it('writes nothing to static data', async () => {
		const setup = trigger();
		const before = JSON.stringify(setup.staticData);
		await deliver(setup, signed('order.completed', orderCompleted));
		expect(JSON.stringify(setup.staticData)).toBe(before);
	});

	it('of an event that is not subscribed is acknowledged and dropped', async () => {
		const { status, items } = await deliver(
			trigger({ events: ['order.completed'] }),
			signed('order.refunded', orderRefunded),
		);
		expect([status, items]).toEqual([200, []]);
	});

	it('of a custom event is emitted where that event was asked for', async () => {
		const setup = trigger({ options: { customEvents: 'order.disputed, order.other' } });
		expect((await deliver(setup, signed('order.disputed', orderCompleted))).items).toHaveLength(1);
		expect((await deliver(setup, signed('order.unknown', orderCompleted))).items).toHaveLength(0);
	});

	it('that repeats one is acknowledged without a second item, also in concurrent copies', async () => {
		const setup = trigger();
		const copies = Array.from({ length: 50 }, (_, n) =>
			deliver(
				setup,
				signed('order.completed', orderCompleted, {
					'x-pocketsflow-timestamp': String(1790000000123 + n),
				}),
			),
		);
		const results = await Promise.all(copies);
		expect(results.map(({ status }) => status)).toEqual(Array(50).fill(200));
		expect(results.flatMap(({ items }) => items)).toHaveLength(1);
	});

	it('that repeats one is emitted again where the option is off', async () => {
		const setup = trigger({ options: { skipRepeated: false } });
		const ids = [];
		for (let n = 0; n < 3; n++)
			ids.push(
				...(await deliver(setup, signed('order.completed', orderCompleted))).items.map(
					(i) => i.eventId,
				),
			);
		expect(ids).toEqual(Array(3).fill('order.completed:6a5200000000000000000bbb'));
	});

	it('passes every change of a membership, also one that returns to an earlier state', async () => {
		const setup = trigger();
		const states = ['active', 'past_due', 'active'];
		const ids = [];
		for (const [n, status] of states.entries()) {
			const sent = signed(
				'customer.subscription.updated',
				{ ...membership, status },
				{
					'x-pocketsflow-timestamp': String(1790000000123 + n),
				},
			);
			ids.push(...(await deliver(setup, sent)).items.map(({ eventId }) => eventId));
		}
		expect(new Set(ids).size).toBe(3);
	});

	it.each([
		[{ productIds: '6a5000000000000000000aaa' }, 1],
		[{ productIds: 'other, 6a5000000000000000000aaa' }, 1],
		[{ productIds: 'other' }, 0],
		[{ metadataKey: 'external_order_id' }, 1],
		[{ metadataKey: 'external_order_id', metadataValue: 'A-1001' }, 1],
		[{ metadataKey: 'external_order_id', metadataValue: 'A-1002' }, 0],
		[{ metadataKey: 'toString' }, 0],
		[{ metadataKey: 'absent' }, 0],
	])('with the options %p gives %d item', async (options, count) => {
		const { status, items } = await deliver(
			trigger({ options }),
			signed('order.completed', orderCompleted),
		);
		expect([status, items.length]).toEqual([200, count]);
	});

	it("that names only the payment provider's subscription passes the choice of products", async () => {
		const setup = trigger({
			events: ['invoice.payment_succeeded'],
			options: { productIds: 'other' },
		});
		expect(
			(await deliver(setup, signed('invoice.payment_succeeded', stripeInvoice))).items,
		).toHaveLength(1);
		expect((await deliver(setup, signed('invoice.payment_succeeded', invoice))).items).toHaveLength(
			0,
		);
	});

	it('can carry its headers, without those that may hold a secret', async () => {
		const sent = signed('order.completed', orderCompleted, {
			'x-webhook-secret': secret,
			authorization: 'x',
		});
		const { items } = await deliver(trigger({ options: { includeHeaders: true } }), sent);
		expect(items[0].headers).toEqual({
			'content-type': 'application/json',
			'x-pocketsflow-event': 'order.completed',
			'x-pocketsflow-timestamp': '1790000000123',
		});
		expect(JSON.stringify(items)).not.toContain(secret);
	});

	it.each(['', 'null', '[1]', '{"a":'])(
		'with the body %p is dropped without a failure',
		async (text) => {
			const body = Buffer.from(text);
			const headers = {
				'x-pocketsflow-event': 'order.completed',
				'x-pocketsflow-signature': sign(body, secret),
			};
			const { status, items } = await deliver(trigger(), { body, headers });
			expect([status, items]).toEqual([text === '' ? 401 : 200, []]);
		},
	);

	it('is verified with the secret of the credential for an existing endpoint', async () => {
		const setup = trigger({ endpoint: 'existing' }, { staticData: {} });
		setup.credential.webhookSigningSecret = secret;
		expect((await deliver(setup, signed('order.completed', orderCompleted))).items).toHaveLength(1);
		const without = trigger({ endpoint: 'existing' }, { staticData: {} });
		expect((await deliver(without, signed('order.refunded', orderRefunded))).status).toBe(401);
	});

	it('is not verified with a secret that was replaced in the credential more than a minute ago', async () => {
		const setup = trigger({ endpoint: 'existing' }, { staticData: {} });
		setup.credential.webhookSigningSecret = secret;
		expect((await deliver(setup, signed('order.completed', orderCompleted))).status).toBe(200);
		const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000);
		try {
			setup.credential.webhookSigningSecret = 'whsec_after';
			expect((await deliver(setup, signed('order.completed', orderCompleted))).status).toBe(401);
		} finally {
			clock.mockRestore();
		}
	});

	it('is verified with a changed secret of the credential after a second', async () => {
		const setup = trigger({ endpoint: 'existing' }, { staticData: {} });
		setup.credential.webhookSigningSecret = 'whsec_before';
		expect((await deliver(setup, signed('order.completed', orderCompleted))).status).toBe(401);
		setup.credential.webhookSigningSecret = secret;
		await new Promise((resolve) => setTimeout(resolve, 1100));
		expect((await deliver(setup, signed('order.completed', orderCompleted))).status).toBe(200);
	});
});

describe('a delivery that is not signed rightly', () => {
	const right = signed('order.completed', orderCompleted);
	const header = right.headers!['x-pocketsflow-signature'] as string;
	const withHeader = (value: string | string[]): Sent => ({
		...right,
		headers: { ...right.headers, 'x-pocketsflow-signature': value },
	});
	const cases: Array<[string, Sent]> = [
		['no header', { body: right.body, headers: {} }],
		['an empty header', withHeader('')],
		['a short header', withHeader(header.slice(2))],
		['a header that is no hex', withHeader('z'.repeat(64))],
		['two headers', withHeader(`${header}, ${header}`)],
		['another signature', withHeader(sign(Buffer.from('{}'), secret))],
		['a signature with another secret', withHeader(sign(right.body!, 'whsec_other'))],
		[
			'the secret itself in the older header',
			{ body: right.body, headers: { 'x-webhook-secret': secret } },
		],
		['an empty body', { ...right, body: Buffer.alloc(0) }],
		['no body, as for multipart', { ...right, body: undefined }],
		['another body', { ...right, body: Buffer.from(`${right.body!.toString()} `) }],
	];

	it.each(cases)('is refused with 401 and one sentence: %s', async (_what, sent) => {
		const { status, body, items } = await deliver(trigger(), sent);
		expect([status, items]).toEqual([401, []]);
		expect(body).toEqual({ message: 'The signature of this delivery is not valid' });
	});

	it('is refused without a failure where the credential cannot be read', async () => {
		const setup = trigger();
		Object.defineProperty(setup, 'credential', {
			get: () => {
				throw new Error('gone');
			},
		});
		expect((await deliver(setup, right)).status).toBe(401);
	});

	it('is refused where no secret is known', async () => {
		const { status } = await deliver(trigger({}, { staticData: {} }), right);
		expect(status).toBe(401);
	});
});
