import type { IDataObject } from 'n8n-workflow';

import { TriggerMemory } from '../../nodes/Pocketsflow/webhook/memory';
import { prepare } from '../../nodes/Pocketsflow/webhook/hooks';
import { sign } from '../../nodes/Pocketsflow/events/signature';
import { createHookContext } from '../harness/engine/context';
import {
	invoice,
	membership,
	orderCompleted,
	orderRefunded,
	stripeInvoice,
} from '../harness/payloads';
import { deliver, newTrigger, secret, signDelivery } from './deliver';
import { collectLog } from './logLines';
import { openSandbox } from './stockedSandbox';
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
				sentAt: '2026-09-21T14:13:20.123Z',
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
	it('a signed delivery is acknowledged and dropped if its event was not selected', async () => {
		const { status, items } = await deliver(
			newTrigger({ events: ['order.completed'] }),
			signDelivery('order.refunded', orderRefunded),
		);
		expect([status, items]).toEqual([200, []]);
	});

	it('a signed delivery of a custom event is emitted if that event was entered', async () => {
		const setup = newTrigger({ options: { customEvents: 'order.disputed, order.other' } });
		expect(
			(await deliver(setup, signDelivery('order.disputed', orderCompleted))).items,
		).toHaveLength(1);
		expect(
			(await deliver(setup, signDelivery('order.unknown', orderCompleted))).items,
		).toHaveLength(0);
	});

	it.each([
		[{ productIds: 'other, 6a5000000000000000000aaa' }, 1],
		[{ metadataKey: 'external_order_id' }, 1],
		[{ metadataKey: 'external_order_id', metadataValue: 'A-1001' }, 1],
		[{ metadataKey: 'external_order_id', metadataValue: 'A-1002' }, 0],
		[{ metadataKey: ' external_order_id ', metadataValue: ' A-1001\n' }, 1],
		[{ metadataKey: 'toString' }, 0],
		[{ metadataKey: 'absent' }, 0],
	])('with the options %p gives %d item(s)', async (options, count) => {
		const { status, items } = await deliver(
			newTrigger({ options }),
			signDelivery('order.completed', orderCompleted),
		);
		expect([status, items.length]).toEqual([200, count]);
	});

	it.each<[IDataObject]>([
		[{ parent: { subscription_details: { metadata: { plan: 'pro' } } } }],
		[{ lines: { data: [{ metadata: { plan: 'pro' } }] } }],
		[{ lines: { data: [{ metadata: { webhookMetadata: encodeURIComponent('plan=pro') } }] } }],
		[{ metadata: { webhookMetadata: JSON.stringify(JSON.stringify({ plan: 'pro' })) } }],
	])('a raw invoice passes the metadata filter with the metadata in %j', async (more) => {
		const raw = { ...stripeInvoice, subscription_details: undefined };
		const options = { metadataKey: 'plan', metadataValue: 'pro' };
		const setup = newTrigger({ events: ['invoice.payment_succeeded'], options });
		const sent = signDelivery('invoice.payment_succeeded', { ...raw, ...more });
		expect((await deliver(setup, sent)).items).toHaveLength(1);
	});

	it("an invoice that names only the payment provider's subscription passes the product filter", async () => {
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

it('two orders whose IDs differ beyond 2^53 only both start the workflow', async () => {
	const setup = newTrigger();
	const items = [];
	for (const id of ['90071992547409931', '90071992547409932']) {
		const body = Buffer.from(`{"order":{"id":${id}}}`);
		const headers = {
			'x-pocketsflow-event': 'order.completed',
			'x-pocketsflow-signature': sign(body, secret),
		};
		items.push(...(await deliver(setup, { body, headers })).items);
	}
	expect(items.map(({ eventId }) => eventId)).toEqual([
		'order.completed:90071992547409931',
		'order.completed:90071992547409932',
	]);
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

	it('a repeated delivery is emitted again if the option is off', async () => {
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

describe('a delivery of an event that can recur', () => {
	// The shape that names no refund: nothing but its time tells one refund from another.
	const refundWithoutId = { ...orderRefunded, refund: undefined };
	const sendAt = (timestamp: string | undefined) =>
		signDelivery('order.refunded', refundWithoutId, {
			'x-pocketsflow-timestamp': timestamp as string,
		});

	it('is another event with another timestamp, also with equal bytes within seconds', async () => {
		const setup = newTrigger();
		const results = [
			await deliver(setup, sendAt('1790000000123')),
			await deliver(setup, sendAt('1790000000124')),
			await deliver(setup, sendAt('1790000000123')),
			await deliver(setup, sendAt('1790000000124')),
		];
		expect(results.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
		expect(results.map(({ items }) => items.length)).toEqual([1, 1, 0, 0]);
		expect(results[0].items[0].eventId).not.toBe(results[1].items[0].eventId);
	});

	it.each([undefined, 'soon', '9999999999999999'])(
		'is never taken for a repetition with the timestamp %p, and has no sentAt',
		async (timestamp) => {
			const setup = newTrigger();
			const copies = [sendAt(timestamp), sendAt(timestamp)];
			const results = await Promise.all(copies.map(async (sent) => await deliver(setup, sent)));
			const items = results.flatMap((result) => result.items);
			expect(new Set(items.map(({ eventId }) => eventId)).size).toBe(2);
			for (const item of items) expect(item).not.toHaveProperty('sentAt');
		},
	);

	it('is new again ten minutes after the first, however often it was repeated', async () => {
		const setup = newTrigger();
		const startMs = Date.now();
		const clock = jest.spyOn(Date, 'now');
		const counts = [];
		for (const minutes of [0, 6, 9, 11, 12]) {
			clock.mockReturnValue(startMs + minutes * 60_000);
			counts.push((await deliver(setup, sendAt('1790000000123'))).items.length);
		}
		clock.mockRestore();
		expect(counts).toEqual([1, 0, 0, 1, 0]);
	});
});

describe('the output of a delivery', () => {
	it('has the account in the id of a customer, as the activation learnt it', async () => {
		const sandbox = await openSandbox();
		try {
			const memory = new TriggerMemory();
			const setup = newTrigger();
			const credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
			await prepare(createHookContext({ ...setup, credential }), memory);
			const headers = { Authorization: `Bearer ${sandbox.testKey}` };
			const user = (await (await fetch(`${sandbox.url}/users/me`, { headers })).json()) as {
				userId: string;
			};
			const expected = `customer.created:test:${user.userId}:ana@example.org`;
			const sent = signDelivery('customer.created', orderCompleted);
			expect((await deliver(setup, sent, memory)).items[0].eventId).toBe(expected);
			// Static data has it for a process that did not see the activation.
			expect((await deliver(setup, sent, new TriggerMemory())).items[0].eventId).toBe(expected);
		} finally {
			await sandbox.close();
		}
	});
});

describe('the response to a delivery that starts nothing', () => {
	const right = signDelivery('order.completed', orderCompleted);

	it.each<[string, IDataObject, string]>([
		['an event that was not chosen', { events: ['order.refunded'] }, 'event is not selected'],
		['other metadata', { options: { metadataKey: 'other' } }, 'metadata does not match'],
		['another product', { options: { productIds: ['other'] } }, 'product is not selected'],
	])('is one debug line for %s', async (_what, parameters, reason) => {
		const lines = await collectLog(async () => await deliver(newTrigger(parameters), right));
		expect(lines).toEqual([{ level: 'debug', message: expect.stringContaining(reason) }]);
		expect(lines[0].message).toContain('"order.completed"');
		expect(lines[0].message).not.toContain('ana@example.org');
	});

	it('is a warning a minute for signed events that no one knows', async () => {
		const unknown = signDelivery('order.complete', orderCompleted);
		const setup = newTrigger();
		const lines = await collectLog(async () => {
			for (let n = 0; n < 3; n++) await deliver(setup, unknown);
		});
		expect(lines.map(({ level }) => level)).toEqual(['warn', 'debug', 'debug']);
		for (const { message } of lines) expect(message).toContain('"order.complete"');
	});

	it('is a debug line for a custom event that the filters leave out', async () => {
		const options = { customEvents: 'order.disputed', metadataKey: 'other' };
		const custom = signDelivery('order.disputed', orderCompleted);
		const lines = await collectLog(async () => await deliver(newTrigger({ options }), custom));
		expect(lines.map(({ level }) => level)).toEqual(['debug']);
	});

	it('is one debug line for a repetition', async () => {
		const setup = newTrigger();
		await deliver(setup, right);
		const lines = await collectLog(async () => await deliver(setup, right));
		expect(lines).toEqual([{ level: 'debug', message: expect.stringContaining('repeats') }]);
	});

	it.each([1000, 20_000])('is one line for a body that is %i levels deep', async (depth) => {
		const body = Buffer.from(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
		const headers = { ...right.headers, 'x-pocketsflow-signature': sign(body, secret) };
		const lines = await collectLog(async () => {
			const { status, items } = await deliver(newTrigger(), { body, headers });
			expect([status, items]).toEqual([200, []]);
		});
		expect(lines.map(({ level }) => level)).toEqual(['warn']);
	});

	it('is one line without the payload for what fails after the answer', async () => {
		const stringify = jest.spyOn(JSON, 'stringify').mockImplementation(() => {
			throw new RangeError('ana@example.org');
		});
		const lines = await collectLog(async () => {
			const { status, items } = await deliver(newTrigger(), right);
			expect([status, items]).toEqual([200, []]);
		}).finally(() => stringify.mockRestore());
		expect(lines).toEqual([{ level: 'error', message: expect.stringContaining('RangeError') }]);
		expect(lines[0].message).not.toContain('ana@example.org');
	});

	it('is one line a minute with a count for forged ones, which read no credential each', async () => {
		const memory = new TriggerMemory();
		const setup = newTrigger();
		let reads = 0;
		const { credential } = setup;
		Object.defineProperty(setup, 'credential', { get: () => (reads++, credential) });
		await deliver(setup, right, memory);
		reads = 0;
		const forged = {
			...right,
			headers: { ...right.headers, 'x-pocketsflow-signature': sign(right.body, 'whsec_other') },
		};
		const startMs = Date.now();
		const clock = jest.spyOn(Date, 'now').mockReturnValue(startMs);
		const lines = await collectLog(async () => {
			for (let n = 0; n < 100; n++) expect((await deliver(setup, forged, memory)).status).toBe(401);
			clock.mockReturnValue(startMs + 61_000);
			await deliver(setup, forged, memory);
		}).finally(() => clock.mockRestore());
		const refusals = lines.filter(({ message }) => /refused \d+ deliver/.test(message));
		expect(refusals.map(({ level }) => level)).toEqual(['warn', 'warn']);
		expect(refusals[0].message).toContain('refused 1 delivery');
		expect(refusals[1].message).toContain('refused 100 deliveries: wrong signature (100)');
		expect(reads).toBeLessThan(12);
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

	it.each(cases)('a delivery with %s is refused with 401 and one sentence', async (_what, sent) => {
		const { status, body, items } = await deliver(newTrigger(), sent);
		expect([status, items]).toEqual([401, []]);
		expect(body).toEqual({ message: 'The signature of this delivery is invalid' });
	});

	it('a delivery is refused without an error if the credential cannot be read', async () => {
		const setup = newTrigger();
		Object.defineProperty(setup, 'credential', {
			get: () => {
				throw new Error('gone');
			},
		});
		expect((await deliver(setup, right)).status).toBe(401);
	});

	it('a delivery is refused if no secret is known', async () => {
		const { status } = await deliver(newTrigger({}, { staticData: {} }), right);
		expect(status).toBe(401);
	});
});
