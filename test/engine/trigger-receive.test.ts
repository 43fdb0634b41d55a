import { sign } from '../../nodes/Pocketsflow/webhook/signature';
import {
	invoice,
	membership,
	orderCompleted,
	orderRefunded,
	stripeInvoice,
} from '../harness/payloads';
import { deliver, newTrigger, secret, signDelivery } from './deliver';
import type { WebhookRequest } from '../harness/hostileDeliveries';

describe('a signed delivery', () => {
	it('is answered with 200 and emitted once, with its envelope and the documented paths', async () => {
		const { status, items } = await deliver(
			newTrigger(),
			signDelivery('order.completed', orderCompleted),
		);
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
			newTrigger({ simplify: false }),
			signDelivery('invoice.payment_succeeded', invoice),
		);
		expect(items).toEqual([expect.objectContaining(invoice)]);
	});

	it('writes nothing to static data', async () => {
		const setup = newTrigger();
		const before = JSON.stringify(setup.staticData);
		await deliver(setup, signDelivery('order.completed', orderCompleted));
		expect(JSON.stringify(setup.staticData)).toBe(before);
	});

	it('can carry its headers, without those that may hold a secret', async () => {
		const sent = signDelivery('order.completed', orderCompleted, {
			'x-webhook-secret': secret,
			authorization: 'x',
		});
		const { items } = await deliver(newTrigger({ options: { includeHeaders: true } }), sent);
		expect(items[0].headers).toEqual({
			'content-type': 'application/json',
			'x-pocketsflow-event': 'order.completed',
			'x-pocketsflow-timestamp': '1790000000123',
		});
		expect(JSON.stringify(items)).not.toContain(secret);
	});

	it.each(['', 'null', '[1]', '{"a":'])(
		'with the body %p is dropped without an error',
		async (text) => {
			const body = Buffer.from(text);
			const headers = {
				'x-pocketsflow-event': 'order.completed',
				'x-pocketsflow-signature': sign(body, secret),
			};
			const { status, items } = await deliver(newTrigger(), { body, headers });
			expect([status, items]).toEqual([text === '' ? 401 : 200, []]);
		},
	);
});

describe('a signed delivery that the node filters', () => {
	it('is acknowledged and dropped where its event was not chosen', async () => {
		const { status, items } = await deliver(
			newTrigger({ events: ['order.completed'] }),
			signDelivery('order.refunded', orderRefunded),
		);
		expect([status, items]).toEqual([200, []]);
	});

	it('of a custom event is emitted where that event was named', async () => {
		const setup = newTrigger({ options: { customEvents: 'order.disputed, order.other' } });
		expect(
			(await deliver(setup, signDelivery('order.disputed', orderCompleted))).items,
		).toHaveLength(1);
		expect(
			(await deliver(setup, signDelivery('order.unknown', orderCompleted))).items,
		).toHaveLength(0);
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
	])('with the options %p gives %d item(s)', async (options, count) => {
		const { status, items } = await deliver(
			newTrigger({ options }),
			signDelivery('order.completed', orderCompleted),
		);
		expect([status, items.length]).toEqual([200, count]);
	});

	it('passes the choice of products where it names only the subscription of the payment provider', async () => {
		const setup = newTrigger({
			events: ['invoice.payment_succeeded'],
			options: { productIds: 'other' },
		});
		expect(
			(await deliver(setup, signDelivery('invoice.payment_succeeded', stripeInvoice))).items,
		).toHaveLength(1);
		expect(
			(await deliver(setup, signDelivery('invoice.payment_succeeded', invoice))).items,
		).toHaveLength(0);
	});
});

describe('a repeated delivery', () => {
	it('is acknowledged without a second item, also in concurrent copies', async () => {
		const setup = newTrigger();
		const copies = Array.from({ length: 50 }, (_, n) =>
			deliver(
				setup,
				signDelivery('order.completed', orderCompleted, {
					'x-pocketsflow-timestamp': String(1790000000123 + n),
				}),
			),
		);
		const results = await Promise.all(copies);
		expect(results.map(({ status }) => status)).toEqual(Array(50).fill(200));
		expect(results.flatMap(({ items }) => items)).toHaveLength(1);
	});

	it('is emitted again where the option is off', async () => {
		const setup = newTrigger({ options: { skipRepeated: false } });
		const ids = [];
		for (let n = 0; n < 3; n++)
			ids.push(
				...(await deliver(setup, signDelivery('order.completed', orderCompleted))).items.map(
					(i) => i.eventId,
				),
			);
		expect(ids).toEqual(Array(3).fill('order.completed:6a5200000000000000000bbb'));
	});

	it('is never seen in a change of a membership, not even in a return to an earlier state', async () => {
		const setup = newTrigger();
		const states = ['active', 'past_due', 'active'];
		const ids = [];
		for (const [n, status] of states.entries()) {
			const sent = signDelivery(
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
});

describe('a delivery to an endpoint that was made by hand', () => {
	it('is verified with the secret in the credential', async () => {
		const setup = newTrigger({ endpoint: 'existing' }, { staticData: {} });
		setup.credential.webhookSigningSecret = secret;
		expect(
			(await deliver(setup, signDelivery('order.completed', orderCompleted))).items,
		).toHaveLength(1);
		const without = newTrigger({ endpoint: 'existing' }, { staticData: {} });
		expect((await deliver(without, signDelivery('order.refunded', orderRefunded))).status).toBe(
			401,
		);
	});

	it('is refused with a secret that was replaced in the credential more than a minute ago', async () => {
		const setup = newTrigger({ endpoint: 'existing' }, { staticData: {} });
		setup.credential.webhookSigningSecret = secret;
		expect((await deliver(setup, signDelivery('order.completed', orderCompleted))).status).toBe(
			200,
		);
		const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 61_000);
		try {
			setup.credential.webhookSigningSecret = 'whsec_after';
			expect((await deliver(setup, signDelivery('order.completed', orderCompleted))).status).toBe(
				401,
			);
		} finally {
			clock.mockRestore();
		}
	});

	it('is verified with a changed secret of the credential after a second', async () => {
		const setup = newTrigger({ endpoint: 'existing' }, { staticData: {} });
		setup.credential.webhookSigningSecret = 'whsec_before';
		expect((await deliver(setup, signDelivery('order.completed', orderCompleted))).status).toBe(
			401,
		);
		setup.credential.webhookSigningSecret = secret;
		await new Promise((resolve) => setTimeout(resolve, 1100));
		expect((await deliver(setup, signDelivery('order.completed', orderCompleted))).status).toBe(
			200,
		);
	});
});

describe('a delivery without a valid signature', () => {
	const right = signDelivery('order.completed', orderCompleted);
	const header = right.headers!['x-pocketsflow-signature'] as string;
	const withHeader = (value: string | string[]): WebhookRequest => ({
		...right,
		headers: { ...right.headers, 'x-pocketsflow-signature': value },
	});
	const cases: Array<[string, WebhookRequest]> = [
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

	it.each(cases)('is refused with 401 and one sentence where it has %s', async (_what, sent) => {
		const { status, body, items } = await deliver(newTrigger(), sent);
		expect([status, items]).toEqual([401, []]);
		expect(body).toEqual({ message: 'The signature of this delivery is not valid' });
	});

	it('is refused without an error where the credential cannot be read', async () => {
		const setup = newTrigger();
		Object.defineProperty(setup, 'credential', {
			get: () => {
				throw new Error('gone');
			},
		});
		expect((await deliver(setup, right)).status).toBe(401);
	});

	it('is refused where no secret is known', async () => {
		const { status } = await deliver(newTrigger({}, { staticData: {} }), right);
		expect(status).toBe(401);
	});
});
