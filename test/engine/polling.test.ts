import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { newMemory, poll } from '../../nodes/Pocketsflow/polling/poll';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { pollContext, type NodeSetup } from '../harness/engine/context';
import { deliver, signed, trigger } from './deliver';

const node = new PocketsflowPollingTrigger();
const minute = 60_000;

let sandbox: Sandbox;
let productIds: string[];
/** How far the clocks of both n8n and Pocketsflow were moved on, ms. */
let passed = 0;
const realNow = Date.now.bind(Date);

beforeAll(async () => {
	sandbox = await startSandbox({ switches: { rateLimit: false }, seed: 'test' });
});
beforeEach(async () => {
	passed = 0;
	jest.spyOn(Date, 'now').mockImplementation(() => realNow() + passed);
	sandbox.reset();
	productIds = ((await call('GET', '/products')) as IDataObject[]).map(({ _id }) => String(_id));
	passed += minute;
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => await sandbox.close());

async function call(method: string, path: string, body?: unknown): Promise<unknown> {
	const response = await fetch(sandbox.url + path, {
		method,
		headers: { authorization: `Bearer ${sandbox.testKey}`, 'content-type': 'application/json' },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
	return (await response.json()) as unknown;
}

let nodes = 0;

const polling = (parameters: INodeParameters = {}, more: Partial<NodeSetup> = {}): NodeSetup => ({
	node,
	nodeId: `node-${++nodes}`,
	parameters,
	credential: { apiKey: sandbox.testKey, baseUrl: sandbox.url },
	staticData: {},
	...more,
});

/** One poll as n8n runs it: null, or the items of the first output. */
async function tick(setup: NodeSetup): Promise<IDataObject[] | null> {
	passed += minute;
	const output = await node.poll.call(pollContext(setup));
	return output && output[0].map(({ json }: INodeExecutionData) => json);
}

const eventIds = (items: IDataObject[] | null) => items?.map(({ eventId }) => eventId);
const idsOf = (orderIds: string[]) => orderIds.map((id) => `order.completed:${id}`);
const sale = async (count = 1, more: IDataObject = {}) =>
	(await sandbox.purchase({ productId: productIds[0], count, ...more })).orderIds;

describe('from activation on', () => {
	it('stores its start with one empty execution, and finds only what comes later', async () => {
		await sale(3);
		const setup = polling();
		expect(await tick(setup)).toEqual([]);
		expect(await tick(setup)).toBeNull();
		const ids = await sale(2);
		expect(eventIds(await tick(setup))).toEqual(idsOf(ids));
	});

	it('confirms a hand-over with one empty execution when nothing else comes', async () => {
		const setup = polling();
		await tick(setup);
		await sale();
		expect(await tick(setup)).toHaveLength(1);
		expect(await tick(setup)).toEqual([]);
		expect(await tick(setup)).toBeNull();
	});

	it('hands over again after a crash that came before the confirmation, and not after it', async () => {
		const setup = polling();
		await tick(setup);
		const ids = await sale();
		await tick(setup);
		const crashed = { ...setup, staticData: structuredClone(setup.staticData) };
		expect(eventIds((await poll(pollContext(crashed), newMemory())) ?? null)).toEqual(idsOf(ids));
		await tick(setup);
		const later = { ...setup, staticData: structuredClone(setup.staticData) };
		expect(await poll(pollContext(later), newMemory())).toBeUndefined();
	});

	it('finds what arrived while n8n was down before anything had been found', async () => {
		const setup = polling();
		await tick(setup);
		const saved = structuredClone(setup.staticData);
		await tick(setup);
		passed += 24 * 60 * minute;
		const ids = await sale(2);
		const restarted = { ...setup, staticData: saved, activation: 'init' as const };
		expect(eventIds((await poll(pollContext(restarted), newMemory())) ?? null)).toEqual(idsOf(ids));
	});

	it('finds a record that appears late with an older date', async () => {
		const setup = polling();
		await tick(setup);
		await sale();
		await tick(setup);
		const [late] = await sale(1, { createdAt: new Date(Date.now() - 10 * minute).toISOString() });
		expect(eventIds(await tick(setup))).toEqual(idsOf([late]));
	});
});

it('reads an edited credential anew, although n8n polls in one context from activation on', async () => {
	const setup = polling();
	const context = pollContext(setup);
	const memory = newMemory();
	await poll(context, memory);
	setup.credential = { apiKey: sandbox.liveKey, baseUrl: sandbox.url };
	await poll(context, memory);
	expect(Object.keys(context.getWorkflowStaticData('node'))).toEqual([
		'pollingTest',
		'pollingLive',
	]);
});

it('finds what was sold while the key was one of the other mode', async () => {
	const setup = polling();
	await tick(setup);
	setup.credential = { apiKey: sandbox.liveKey, baseUrl: sandbox.url };
	await tick(setup);
	const ids = await sale(2);
	await tick(setup);
	setup.credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
	expect(eventIds(await tick(setup))).toEqual(idsOf(ids));
});

it('finds what was sold around a rename, after which n8n forgets static data, and stores it anew', async () => {
	const setup = polling();
	await tick(setup);
	const ids = await sale(2);
	const renamed = { ...setup, staticData: {} };
	expect(eventIds(await tick(renamed))).toEqual(idsOf(ids));
	expect(renamed.staticData).toHaveProperty('pollingTest');
	const quiet = { ...setup, staticData: {} };
	expect(await tick(quiet)).toEqual([]);
});

it('is not rolled back by an older copy of static data', async () => {
	const setup = polling();
	await tick(setup);
	const old = structuredClone(setup.staticData);
	await sale();
	await tick(setup);
	await tick(setup);
	expect(await tick({ ...setup, staticData: old })).toBeNull();
});

it('begins once from a date that is an expression', async () => {
	const [id] = await sale();
	const startDate = '={{ $now.minus({ minutes: 5 }) }}';
	const setup = polling({ start: 'date', startDate, options: { batch: 1000 } });
	const first = eventIds(await tick(setup));
	expect(first).toContain(`order.completed:${id}`);
	await tick(setup);
	expect(await tick(setup)).toBeNull();
});

it('does not bring the ended subscriptions of before when more products are asked for', async () => {
	const events = ['customer.subscription.deleted'];
	const setup = polling({ events, options: { productIds: 'other' } });
	await tick(setup);
	const [offer] = (await call('GET', '/subscriptions')) as IDataObject[];
	const end = async () => {
		const { membershipIds } = await sandbox.purchase({
			offerId: String(offer._id),
			email: 'ended@example.org',
		});
		await call('POST', `/_sandbox/memberships/${membershipIds[0]}/end`);
		return membershipIds[0];
	};
	await end();
	await tick(setup);
	const widened = { ...setup, parameters: { events } };
	expect((await tick(widened)) ?? []).toEqual([]);
	const ended = await end();
	expect(eventIds(await tick(widened))).toEqual([`customer.subscription.deleted:${ended}`]);
});

it('finds a refund whose order was deleted, and what follows', async () => {
	const setup = polling({ events: ['order.refunded', 'order.completed'] });
	await tick(setup);
	const [orderId] = await sale();
	const refund = (await call('POST', '/refunds', { orderId })) as IDataObject;
	sandbox.setSwitches({
		faults: [
			{ path: `/orders/${orderId}`, kind: 'answer', status: 404, message: 'Order not found' },
		],
	});
	const found = await tick(setup);
	expect(found?.find(({ event }) => event === 'order.refunded')).toMatchObject({
		eventId: `order.refunded:${String(refund._id)}`,
		order: { id: orderId },
	});
	const ids = await sale();
	expect(eventIds(await tick(setup))).toEqual(idsOf(ids));
});

it('catches up in batches, oldest first', async () => {
	const setup = polling({ options: { batch: 40 } });
	await tick(setup);
	const start = Date.now();
	passed += 24 * 60 * minute;
	const ids = await sale(150, { createdAt: new Date(start).toISOString(), spacingMs: 9 * minute });
	const found: unknown[] = [];
	for (let polls = 0; polls < 4; polls++) {
		const items = await tick(setup);
		expect(items?.length).toBeLessThanOrEqual(40);
		found.push(...(eventIds(items) ?? []));
	}
	expect(found).toEqual(idsOf(ids));
});

it('begins at a date where one is given, and again where it is changed', async () => {
	const ids = await sale(3, { createdAt: '2026-03-29T10:00:00.000Z', spacingMs: minute });
	const from = (startDate: string) => ({ start: 'date', startDate, options: { batch: 3 } });
	const setup = polling(from('2026-03-29T09:30:00Z'));
	expect(eventIds(await tick(setup))).toEqual(idsOf(ids));
	expect(eventIds(await tick(setup))).not.toContain(idsOf(ids)[0]);
	const changed = { ...setup, parameters: from('2026-03-29T10:00:30Z') };
	expect(eventIds(await tick(changed))?.slice(0, 2)).toEqual(idsOf(ids).slice(1));
});

it.each(['contract', 'array', 'object', 'data', 'items'] as const)(
	'reads lists of the form %s',
	async (listShape) => {
		sandbox.setSwitches({ listShape, maxPageSize: 7 });
		const setup = polling();
		await tick(setup);
		const ids = await sale(20);
		expect(eventIds(await tick(setup))?.sort()).toEqual(idsOf(ids).sort());
	},
);

it.each(['id', 'both'] as const)('reads records with their id in %s', async (idField) => {
	sandbox.setSwitches({ idField });
	const setup = polling();
	await tick(setup);
	const ids = await sale(2);
	expect(eventIds(await tick(setup))).toEqual(idsOf(ids));
});

describe('items', () => {
	it('are those of the webhook trigger, with their source', async () => {
		await call('POST', '/webhooks', {
			url: 'http://127.0.0.1:9/none',
			events: ['order.completed'],
		});
		const setup = polling();
		await tick(setup);
		await sale(1, {
			email: 'Ana@Example.org',
			metadata: { order_id: 'A-1001' },
			taxRate: 0.08,
		});
		await sandbox.settled();
		const [polled] = (await tick(setup)) ?? [];
		const sent = sandbox.deliveries[sandbox.deliveries.length - 1];
		const [delivered] = (await deliver(trigger(), signed('order.completed', JSON.parse(sent.body))))
			.items;
		const expected = delivered;
		expect(polled).toEqual({
			...expected,
			source: 'poll',
			deliveredAt: expect.any(String),
			order: expect.objectContaining(expected.order),
			product: { id: (expected.product as IDataObject).id, name: expect.anything() },
			customer: expect.objectContaining({ email: (expected.customer as IDataObject).email }),
		});
	});

	it('carry the record of the API with Simplify off', async () => {
		const setup = polling({ simplify: false });
		await tick(setup);
		const [id] = await sale();
		const [item] = (await tick(setup)) ?? [];
		expect(item).toMatchObject({
			event: 'order.completed',
			source: 'poll',
			testMode: true,
			record: { _id: id, productId: productIds[0] },
		});
	});

	it('come only for the products asked for', async () => {
		const setup = polling({ options: { productIds: productIds[1] } });
		await tick(setup);
		await sale(2);
		const wanted = await sale(1, { productId: productIds[1] });
		await sale(2);
		expect(eventIds(await tick(setup))).toEqual(idsOf(wanted));
	});

	it('come of every kind of event, with ids of the catalogue', async () => {
		const events = [
			'order.refunded',
			'customer.created',
			'customer.subscription.created',
			'customer.subscription.updated',
			'customer.subscription.deleted',
			'review.created',
		];
		const setup = polling({ events });
		await tick(setup);
		const [offer] = (await call('GET', '/subscriptions')) as IDataObject[];
		const [orderId] = await sale(1, { email: 'new@example.org', metadata: { order_id: 'A-7' } });
		const refund = (await call('POST', '/refunds', { orderId })) as IDataObject;
		const { membershipIds } = await sandbox.purchase({
			offerId: String(offer._id),
			email: 'lee@example.org',
		});
		const review = (await call('POST', '/_sandbox/reviews', {
			productId: productIds[0],
		})) as IDataObject;
		const found = await tick(setup);
		expect(eventIds(found)?.sort()).toEqual(
			[
				'customer.created:test:lee@example.org',
				'customer.created:test:new@example.org',
				`customer.subscription.created:${membershipIds[0]}`,
				`order.refunded:${String(refund._id)}`,
				`review.created:${String(review._id)}`,
			].sort(),
		);
		expect(found?.find(({ event }) => event === 'order.refunded')).toMatchObject({
			order: { id: orderId },
			product: { id: productIds[0] },
			customer: { email: 'new@example.org' },
			refund: { id: refund._id },
			metadata: { order_id: 'A-7' },
		});
		expect(found?.find(({ event }) => event === 'customer.subscription.created')).toMatchObject({
			subscription: { id: offer._id, status: 'active' },
			subscriptionCustomerId: membershipIds[0],
			customer: { email: 'lee@example.org' },
		});

		await call('POST', `/_sandbox/memberships/${membershipIds[0]}/pause`);
		const paused = eventIds(await tick(setup));
		expect(paused).toEqual([
			expect.stringMatching(`^customer\\.subscription\\.updated:${membershipIds[0]}:[0-9a-f]{12}$`),
		]);
		await call('POST', `/_sandbox/memberships/${membershipIds[0]}/resume`);
		await tick(setup);
		await call('POST', `/_sandbox/memberships/${membershipIds[0]}/pause`);
		expect(eventIds(await tick(setup))).not.toEqual(paused);
		await call('POST', `/_sandbox/memberships/${membershipIds[0]}/end`);
		expect(eventIds(await tick(setup))).toEqual([
			`customer.subscription.deleted:${membershipIds[0]}`,
		]);
		await tick(setup);
		expect(await tick(setup)).toBeNull();
	});
});

describe('a poll that fails', () => {
	it.each([0, 1, 2])(
		'at request %i changes nothing, and the next one finds everything',
		async (skip) => {
			sandbox.setSwitches({ maxPageSize: 5 });
			const setup = polling();
			await tick(setup);
			const ids = await sale(20);
			const before = JSON.stringify(setup.staticData);
			sandbox.setSwitches({
				faults: [{ path: '/orders', kind: 'answer', status: 400, message: 'No', skip, count: 1 }],
			});
			await expect(tick(setup)).rejects.toThrow('No');
			expect(JSON.stringify(setup.staticData)).toBe(before);
			expect(eventIds(await tick(setup))?.sort()).toEqual(idsOf(ids).sort());
		},
	);

	it('does so with a sentence where the answer holds no list', async () => {
		const setup = polling();
		await tick(setup);
		sandbox.setSwitches({
			faults: [{ path: '/orders', kind: 'answer', status: 200, body: 'empty' }],
		});
		await expect(tick(setup)).rejects.toThrow('Pocketsflow answered without a list');
	});
});

it('runs one poll at a time', async () => {
	const setup = polling();
	await tick(setup);
	await sale();
	sandbox.setSwitches({ latencyMs: 200 });
	const results = await Promise.all([tick(setup), tick(setup), tick(setup)]);
	expect(results.filter(Boolean)).toHaveLength(1);
});

it('leaves all other static data alone', async () => {
	const setup = polling({}, { staticData: { webhookId: 'w1', secret: 'sealed' } });
	await tick(setup);
	await sale();
	await tick(setup);
	expect(setup.staticData).toMatchObject({ webhookId: 'w1', secret: 'sealed' });
});

describe('a manual run', () => {
	it('returns the newest real record and keeps no state', async () => {
		const ids = await sale(3, { spacingMs: 5, createdAt: new Date(Date.now()).toISOString() });
		const setup = polling({}, { mode: 'manual' });
		expect(eventIds(await tick(setup))).toEqual(idsOf([ids[2]]));
		expect(setup.staticData).toEqual({});
	});

	it('says so where there is nothing yet', async () => {
		const setup = polling({ options: { productIds: 'none' } }, { mode: 'manual' });
		await expect(tick(setup)).rejects.toThrow('Pocketsflow has nothing in test mode');
	});
});

it('with the option to repeat hands over twice, and no more', async () => {
	const setup = polling({ options: { repeatAfter: 5 } });
	await tick(setup);
	const ids = await sale(2);
	const found: unknown[] = [];
	for (let polls = 0; polls < 12; polls++) found.push(eventIds(await tick(setup)) ?? []);
	expect(found.filter((list) => (list as unknown[]).length > 0)).toEqual([idsOf(ids), idsOf(ids)]);
});
