import type {
	IDataObject,
	INodeExecutionData,
	INodeParameters,
	WorkflowActivateMode,
} from 'n8n-workflow';

import { PocketsflowPollingTrigger } from '../../nodes/Pocketsflow/PocketsflowPollingTrigger.node';
import { createMemory, type ProcessMemory } from '../../nodes/Pocketsflow/polling/pollContext';
import { poll } from '../../nodes/Pocketsflow/polling/poll';
import type { Sandbox } from '../../sandbox/sandbox';
import { createPollContext, type NodeSetup } from '../harness/engine/context';
import { deliver, newTrigger, signDelivery } from './deliver';
import { collectLog } from './logLines';
import { openSandbox } from './stockedSandbox';

const node = new PocketsflowPollingTrigger();
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let sandbox: Sandbox;
let productIds: string[];
/** How far the clocks of both n8n and Pocketsflow were moved on. */
let clockOffsetMs = 0;
const getRealNowMs = Date.now.bind(Date);

beforeAll(async () => {
	sandbox = await openSandbox();
});
beforeEach(async () => {
	clockOffsetMs = 0;
	jest.spyOn(Date, 'now').mockImplementation(() => getRealNowMs() + clockOffsetMs);
	sandbox.reset();
	productIds = ((await callSandbox('GET', '/products')) as IDataObject[]).map(({ _id }) =>
		String(_id),
	);
	clockOffsetMs += minuteMs;
});
afterEach(() => jest.restoreAllMocks());
afterAll(async () => await sandbox.close());

async function callSandbox(method: string, path: string, body?: unknown): Promise<unknown> {
	const response = await fetch(sandbox.url + path, {
		method,
		headers: { authorization: `Bearer ${sandbox.testKey}`, 'content-type': 'application/json' },
		...(body !== undefined && { body: JSON.stringify(body) }),
	});
	if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}`);
	return (await response.json()) as unknown;
}

let nodeCount = 0;

/** A polling trigger that was never run. */
const setUpNode = (parameters: INodeParameters = {}, more: Partial<NodeSetup> = {}): NodeSetup => ({
	node,
	nodeId: `node-${++nodeCount}`,
	parameters,
	credential: { apiKey: sandbox.testKey, baseUrl: sandbox.url },
	staticData: {},
	...more,
});

/** One poll as n8n runs it, a minute later: null, or the items of the first output. */
async function pollLater(setup: NodeSetup): Promise<IDataObject[] | null> {
	clockOffsetMs += minuteMs;
	const output = await node.poll.call(createPollContext(setup));
	return output && output[0].map(({ json }: INodeExecutionData) => json);
}

const getEventIds = (items: IDataObject[] | null) => items?.map(({ eventId }) => eventId);
const toEventIds = (orderIds: string[]) => orderIds.map((id) => `order.completed:${id}`);
const sell = async (count = 1, more: IDataObject = {}) =>
	(await sandbox.purchase({ productId: productIds[0], count, ...more })).orderIds;

/** The event IDs of what a poll a minute later finds. */
const findIds = async (setup: NodeSetup) => getEventIds(await pollLater(setup));

/** A node that has polled once, which sets its start. */
async function activate(parameters?: INodeParameters, more?: Partial<NodeSetup>) {
	const setup = setUpNode(parameters, more);
	await pollLater(setup);
	return setup;
}

const refund = async (orderId: string) =>
	String(((await callSandbox('POST', '/refunds', { orderId })) as IDataObject)._id);
const subscribe = async (email: string) => {
	const [offer] = (await callSandbox('GET', '/subscriptions')) as IDataObject[];
	return (await sandbox.purchase({ offerId: String(offer._id), email })).membershipIds[0];
};
const setStatus = async (what: string, id: string, status: string, more: IDataObject = {}) =>
	await callSandbox('POST', `/_sandbox/${what}/${id}/status`, { status, ...more });
const review = async () =>
	String(
		((await callSandbox('POST', '/_sandbox/reviews', { productId: productIds[0] })) as IDataObject)
			._id,
	);
const change = async (membershipId: string, what: string) =>
	await callSandbox('POST', `/_sandbox/memberships/${membershipId}/${what}`);

describe('a polling trigger that was activated', () => {
	it('stores its start with one empty execution, and finds only what comes later', async () => {
		await sell(3);
		const setup = setUpNode();
		expect(await pollLater(setup)).toEqual([]);
		expect(await pollLater(setup)).toBeNull();
		const ids = await sell(2);
		expect(await findIds(setup)).toEqual(toEventIds(ids));
	});

	it('confirms what it emitted with one empty execution when nothing else comes', async () => {
		const setup = await activate();
		await sell();
		expect(await pollLater(setup)).toHaveLength(1);
		expect(await pollLater(setup)).toEqual([]);
		expect(await pollLater(setup)).toBeNull();
	});
});

test('the polling trigger reads an edited credential, although n8n polls in one context from activation on', async () => {
	const setup = setUpNode();
	const context = createPollContext(setup);
	const memory = createMemory();
	await poll(context, memory);
	setup.credential = { apiKey: sandbox.liveKey, baseUrl: sandbox.url };
	await poll(context, memory);
	expect(Object.keys(context.getWorkflowStaticData('node'))).toEqual([
		'pollingTest',
		'pollingLive',
	]);
});

test('the polling trigger finds what was sold while the key was one of the other mode', async () => {
	const setup = await activate();
	setup.credential = { apiKey: sandbox.liveKey, baseUrl: sandbox.url };
	await pollLater(setup);
	const ids = await sell(2);
	await pollLater(setup);
	setup.credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
	expect(await findIds(setup)).toEqual(toEventIds(ids));
});

describe('a poll whose result n8n drops', () => {
	/** n8n reads the stored state for every poll, and stores nothing of this one. */
	const pollAbandoned = async (setup: NodeSetup) =>
		await pollLater({ ...setup, staticData: structuredClone(setup.staticData) });

	it('comes three times, then an error says so, and an hour later once more', async () => {
		const setup = await activate();
		const ids = await sell();
		for (let polls = 0; polls < 3; polls++)
			expect(getEventIds(await pollAbandoned(setup))).toEqual(toEventIds(ids));
		await expect(pollAbandoned(setup)).rejects.toThrow('n8n did not store');
		clockOffsetMs += 60 * minuteMs;
		expect(await findIds(setup)).toEqual(toEventIds(ids));
	});

	it('comes again with the start date from which the first poll emitted', async () => {
		const [id] = await sell();
		const startDate = '={{ $now.minus({ minutes: 5 }) }}';
		const setup = setUpNode({ start: 'date', startDate, options: { batch: 1000 } });
		expect(getEventIds(await pollAbandoned(setup))).toContain(`order.completed:${id}`);
		expect(await findIds(setup)).toContain(`order.completed:${id}`);
	});
});

test('two polling triggers with one node ID in one workflow both find everything', async () => {
	const one = setUpNode({}, { nodeId: 'copied', nodeName: 'One' });
	const other = setUpNode({}, { nodeId: 'copied', nodeName: 'Other' });
	for (const setup of [one, other]) await pollLater(setup);
	for (let polls = 0; polls < 3; polls++) {
		const ids = toEventIds(await sell(2));
		for (const setup of [one, other]) expect(await findIds(setup)).toEqual(ids);
	}
});

test('the polling trigger starts only once from a date that is an expression', async () => {
	const [id] = await sell();
	const startDate = '={{ $now.minus({ minutes: 5 }) }}';
	const setup = setUpNode({ start: 'date', startDate, options: { batch: 1000 } });
	const first = await findIds(setup);
	expect(first).toContain(`order.completed:${id}`);
	await pollLater(setup);
	expect(await pollLater(setup)).toBeNull();
});

test('the polling trigger does not emit the subscriptions that ended before the user asked for more products', async () => {
	const events = ['customer.subscription.deleted'];
	const setup = await activate({ events, options: { productIds: 'other' } });
	const end = async () => {
		const id = await subscribe('ended@example.org');
		await change(id, 'end');
		return id;
	};
	await end();
	await pollLater(setup);
	const widened = { ...setup, parameters: { events } };
	expect((await pollLater(widened)) ?? []).toEqual([]);
	const ended = await end();
	expect(await findIds(widened)).toEqual([`customer.subscription.deleted:${ended}`]);
});

test('the polling trigger catches up in batches, oldest first', async () => {
	const setup = await activate({ options: { batch: 40 } });
	const start = Date.now();
	clockOffsetMs += 24 * 60 * minuteMs;
	const ids = await sell(150, {
		createdAt: new Date(start).toISOString(),
		spacingMs: 9 * minuteMs,
	});
	const found: unknown[] = [];
	for (let polls = 0; polls < 4; polls++) {
		const items = await pollLater(setup);
		expect(items?.length).toBeLessThanOrEqual(40);
		found.push(...(getEventIds(items) ?? []));
	}
	expect(found).toEqual(toEventIds(ids));
});

test('the polling trigger starts from the start date, and again if the date changes', async () => {
	const ids = await sell(3, { createdAt: '2026-03-29T10:00:00.000Z', spacingMs: minuteMs });
	const from = (startDate: string) => ({ start: 'date', startDate, options: { batch: 3 } });
	const setup = setUpNode(from('2026-03-29T09:30:00Z'));
	expect(await findIds(setup)).toEqual(toEventIds(ids));
	expect(await findIds(setup)).not.toContain(toEventIds(ids)[0]);
	const changed = { ...setup, parameters: from('2026-03-29T10:00:30Z') };
	expect((await findIds(changed))?.slice(0, 2)).toEqual(toEventIds(ids).slice(1));
});

test.each(['contract', 'array', 'object', 'data', 'items'] as const)(
	'the polling trigger reads lists of the shape %s',
	async (listShape) => {
		sandbox.setSwitches({ listShape, maxPageSize: 7 });
		const setup = await activate();
		const ids = await sell(20);
		expect((await findIds(setup))?.sort()).toEqual(toEventIds(ids).sort());
	},
);

test.each(['id', 'both'] as const)(
	'the polling trigger reads records with their id in %s',
	async (idField) => {
		sandbox.setSwitches({ idField });
		const setup = await activate();
		const ids = await sell(2);
		expect(await findIds(setup)).toEqual(toEventIds(ids));
	},
);

describe('the items of a poll', () => {
	it('are those of the webhook trigger, with their source', async () => {
		await callSandbox('POST', '/webhooks', {
			url: 'http://127.0.0.1:9/none',
			events: ['order.completed'],
		});
		const setup = await activate();
		await sell(1, {
			email: 'Ana@Example.org',
			metadata: { order_id: 'A-1001' },
			taxRate: 0.08,
		});
		await sandbox.waitForDeliveries();
		const [polled] = (await pollLater(setup)) ?? [];
		const sent = sandbox.deliveries[sandbox.deliveries.length - 1];
		const [delivered] = (
			await deliver(newTrigger(), signDelivery('order.completed', JSON.parse(sent.body)))
		).items;
		const expected = delivered;
		expect(polled).toEqual({
			...expected,
			source: 'poll',
			// The date of the record; a delivery has its own.
			sentAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
			deliveredAt: expect.any(String),
			order: expect.objectContaining(expected.order),
			product: { ...(expected.product as IDataObject), name: expect.anything() },
			customer: expect.objectContaining({ email: (expected.customer as IDataObject).email }),
		});
	});

	it('carry the record of the API with Simplify off', async () => {
		const setup = await activate({ simplify: false });
		const [id] = await sell();
		const [item] = (await pollLater(setup)) ?? [];
		expect(item).toMatchObject({
			event: 'order.completed',
			source: 'poll',
			testMode: true,
			record: { _id: id, productId: productIds[0] },
		});
	});

	it('come only for the products asked for', async () => {
		const setup = await activate({ options: { productIds: productIds[1] } });
		await sell(2);
		const wanted = await sell(1, { productId: productIds[1] });
		await sell(2);
		expect(await findIds(setup)).toEqual(toEventIds(wanted));
	});

	it('come for every polled event besides orders, with the ids of the catalogue', async () => {
		const events = [
			'order.refunded',
			'customer.created',
			'customer.subscription.created',
			'customer.subscription.updated',
			'customer.subscription.deleted',
			'review.created',
		];
		const setup = await activate({ events });
		const [offer] = (await callSandbox('GET', '/subscriptions')) as IDataObject[];
		const [orderId] = await sell(1, { email: 'new@example.org', metadata: { order_id: 'A-7' } });
		const refundId = await refund(orderId);
		const membershipId = await subscribe('lee@example.org');
		const reviewId = await review();
		const found = await pollLater(setup);
		const { userId } = (await callSandbox('GET', '/users/me')) as { userId: string };
		expect(getEventIds(found)?.sort()).toEqual(
			[
				`customer.created:test:${userId}:lee@example.org`,
				`customer.created:test:${userId}:new@example.org`,
				`customer.subscription.created:${membershipId}`,
				`order.refunded:${refundId}`,
				`review.created:${reviewId}`,
			].sort(),
		);
		expect(found?.find(({ event }) => event === 'order.refunded')).toMatchObject({
			order: { id: orderId },
			product: { id: productIds[0] },
			customer: { email: 'new@example.org' },
			refund: { id: refundId },
			metadata: { order_id: 'A-7' },
		});
		expect(found?.find(({ event }) => event === 'customer.subscription.created')).toMatchObject({
			subscription: { id: offer._id, status: 'active' },
			subscriptionCustomerId: membershipId,
			customer: { email: 'lee@example.org' },
		});

		await change(membershipId, 'pause');
		const paused = await findIds(setup);
		expect(paused).toEqual([
			expect.stringMatching(`^customer\\.subscription\\.updated:${membershipId}:[0-9a-f]{12}$`),
		]);
		await change(membershipId, 'resume');
		await pollLater(setup);
		await change(membershipId, 'pause');
		expect(await findIds(setup)).not.toEqual(paused);
		await change(membershipId, 'end');
		expect(await findIds(setup)).toEqual([`customer.subscription.deleted:${membershipId}`]);
		await pollLater(setup);
		expect(await pollLater(setup)).toBeNull();
	});
});

describe('a poll that fails', () => {
	it('a poll reports that the response holds no list', async () => {
		const setup = await activate();
		sandbox.setSwitches({
			faults: [{ path: '/orders', kind: 'answer', status: 200, body: 'empty' }],
		});
		await expect(pollLater(setup)).rejects.toThrow('Pocketsflow returned no list');
	});
});

test('the polling trigger runs one poll of a node at a time', async () => {
	const setup = await activate();
	await sell();
	sandbox.setSwitches({ latencyMs: 200 });
	const results = await Promise.all([pollLater(setup), pollLater(setup), pollLater(setup)]);
	expect(results.filter(Boolean)).toHaveLength(1);
});

test('the polling trigger leaves all other static data alone', async () => {
	const setup = await activate({}, { staticData: { webhookId: 'w1', secret: 'sealed' } });
	await sell();
	await pollLater(setup);
	expect(setup.staticData).toMatchObject({ webhookId: 'w1', secret: 'sealed' });
});

describe('a manual run of the polling trigger', () => {
	it('returns the newest real record and keeps no state', async () => {
		const ids = await sell(3, { spacingMs: 5, createdAt: new Date(Date.now()).toISOString() });
		const setup = setUpNode({}, { mode: 'manual' });
		expect(await findIds(setup)).toEqual(toEventIds([ids[2]]));
		expect(setup.staticData).toEqual({});
	});

	it('says that there is nothing yet', async () => {
		const setup = setUpNode({ options: { productIds: 'none' } }, { mode: 'manual' });
		await expect(pollLater(setup)).rejects.toThrow('No test-mode data matches');
	});
});

test.each([{}, { start: 'date', startDate: '={{ $now.toISO() }}' }])(
	'the polling trigger finds a refund that was pending long before the activation (%j)',
	async (start) => {
		const [orderId] = await sell();
		const id = await refund(orderId);
		const createdAt = new Date(Date.now() - 40 * 24 * 60 * minuteMs).toISOString();
		await setStatus('refunds', id, 'pending', { createdAt });
		const setup = await activate({ events: ['order.refunded'], ...start });
		await pollLater(setup);
		await setStatus('refunds', id, 'completed');
		expect(await findIds(setup)).toEqual([`order.refunded:${id}`]);
	},
);

test('the polling trigger takes an incomplete membership for no subscription, and its expiry for no end', async () => {
	const events = ['created', 'updated', 'deleted'].map((what) => `customer.subscription.${what}`);
	const setup = setUpNode({ events });
	const before = await subscribe('before@example.org');
	await setStatus('memberships', before, 'incomplete');
	await pollLater(setup);
	const [paid, expired] = [await subscribe('paid@example.org'), await subscribe('no@example.org')];
	await setStatus('memberships', paid, 'incomplete');
	await setStatus('memberships', expired, 'incomplete');
	expect(await pollLater(setup)).toBeNull();
	await setStatus('memberships', before, 'active');
	await setStatus('memberships', paid, 'trialing');
	await setStatus('memberships', expired, 'incomplete_expired');
	expect((await findIds(setup))?.sort()).toEqual(
		[`customer.subscription.created:${before}`, `customer.subscription.created:${paid}`].sort(),
	);
	expect(await pollLater(setup)).toEqual([]);
	expect(await pollLater(setup)).toBeNull();
});

describe('a list that cannot be read', () => {
	const failWith = (path: string, status: number) =>
		sandbox.setSwitches({ faults: [{ path, kind: 'answer', status, message: 'No' }] });

	it('stops no other list, is shown as a failed execution once an hour, and is read again', async () => {
		const shown: string[] = [];
		const emitError = ({ message }: Error) => void shown.push(message);
		const setup = await activate({ events: ['review.created', 'order.completed'] }, { emitError });
		failWith('/reviews', 403);
		const ids = await sell();
		expect(await findIds(setup)).toEqual(toEventIds(ids));
		for (let polls = 0; polls < 70; polls++) await pollLater(setup);
		expect(shown).toEqual([expect.stringContaining('review.created'), expect.anything()]);
		const id = await review();
		sandbox.setSwitches({ faults: [] });
		expect(await findIds(setup)).toEqual([`review.created:${id}`]);
	});

	it.each([400, 404, 410])('a refund whose order answers %i comes without it', async (status) => {
		const setup = await activate({ events: ['order.refunded'] });
		const [orderId] = await sell();
		const id = await refund(orderId);
		failWith(`/orders/${orderId}`, status);
		expect(await findIds(setup)).toEqual([`order.refunded:${id}`]);
	});

	it('keeps only the refund waiting whose order answers 403', async () => {
		const setup = await activate({ events: ['order.refunded'], options: { batch: 1 } });
		const [first, second] = await sell(2);
		const waiting = await refund(first);
		failWith(`/orders/${first}`, 403);
		await pollLater(setup);
		const healthy = await refund(second);
		expect(await findIds(setup)).toEqual([`order.refunded:${healthy}`]);
		sandbox.setSwitches({ faults: [] });
		expect(await findIds(setup)).toEqual([`order.refunded:${waiting}`]);
	});
});

test('two main processes that take turns emit nothing twice because both remember', async () => {
	const setup = setUpNode();
	const [first, second] = [createMemory(), createMemory()];
	const pollLaterWith = async (memory: ProcessMemory) => {
		clockOffsetMs += minuteMs;
		return (await pollWith(setup, memory)) ?? [];
	};
	// Polls that find nothing are counted, but not stored.
	for (let polls = 0; polls < 6; polls++) await pollLaterWith(first);
	const ids = await sell();
	expect(await pollLaterWith(second)).toEqual(toEventIds(ids));
	await pollLaterWith(second);
	expect(await pollLaterWith(first)).toEqual([]);
	expect(await pollLaterWith(second)).toEqual([]);
});

test('neither orders nor subscription changes starve with one item to the poll', async () => {
	const events = ['order.completed', 'customer.subscription.updated'];
	const setup = setUpNode({ events, options: { batch: 1 } });
	const id = await subscribe('busy@example.org');
	await pollLater(setup);
	const wanted = toEventIds(await sell(3));
	const found: unknown[] = [];
	for (let polls = 0; polls < 8; polls++) {
		await change(id, polls % 2 ? 'resume' : 'pause');
		found.push(...((await findIds(setup)) ?? []));
	}
	expect(found).toEqual(expect.arrayContaining(wanted));
	expect(found.length).toBeGreaterThan(wanted.length + 2);
});

test.each(['Pacific', 'GMT+5'])(
	'the polling trigger says that the time zone %s is not known',
	async (timezone) => {
		const setup = setUpNode({ start: 'date', startDate: '2026-01-31T00:00:00' }, { timezone });
		await expect(pollLater(setup)).rejects.toThrow(`"${timezone}" is unknown. Select another`);
	},
);

test('a stored state of another version never starts the trigger again in silence', async () => {
	const staticData = { pollingTest: JSON.stringify({ version: 1, revision: 3, lists: {} }) };
	await expect(pollLater(setUpNode({}, { staticData }))).rejects.toThrow('From a Date');
	const dated = { start: 'date', startDate: '={{ $now.minus({ minutes: 5 }) }}' };
	const [id] = await sell();
	const found = await pollLater(setUpNode(dated, { staticData }));
	expect(getEventIds(found)).toContain(`order.completed:${id}`);
});

/** n8n starts again, and what the node stored is gone. */
const loseState = (setup: NodeSetup, activation: WorkflowActivateMode = 'init'): NodeSetup => ({
	...setup,
	staticData: {},
	activation,
});

/** A poll of a process with this memory; its event IDs. */
const pollWith = async (setup: NodeSetup, memory: ProcessMemory) =>
	getEventIds((await poll(createPollContext(setup), memory)) ?? null);

describe('a polling trigger whose stored state is gone when n8n starts', () => {
	it.each<WorkflowActivateMode>(['init', 'leadershipChange'])(
		'finds the sales of the last day again, with the same event IDs (%s)',
		async (activation) => {
			const setup = setUpNode();
			const memory = createMemory();
			await pollWith(setup, memory);
			clockOffsetMs += hourMs;
			const handled = await sell();
			expect(await pollWith(setup, memory)).toEqual(toEventIds(handled));
			const missed = await sell(2);
			clockOffsetMs += 20 * hourMs;
			expect(await pollWith(loseState(setup, activation), createMemory())).toEqual(
				toEventIds([...handled, ...missed]),
			);
		},
	);

	it('a poll with lost state looks back a day, or as far as Look Back says', async () => {
		const ids = await sell();
		clockOffsetMs += 30 * hourMs;
		expect(await pollWith(loseState(setUpNode()), createMemory())).toEqual([]);
		const further = setUpNode({ options: { lookBack: 48 } });
		expect(await pollWith(loseState(further), createMemory())).toEqual(toEventIds(ids));
	});

	it('says in the log how far it looks back, once', async () => {
		const setup = loseState(setUpNode());
		const memory = createMemory();
		const lines = await collectLog(async () => {
			await pollWith(setup, memory);
			await pollWith(setup, memory);
		});
		expect(lines.filter(({ level }) => level === 'warn')).toEqual([
			{
				level: 'warn',
				message: expect.stringMatching(/found no stored state.* looks back 24 hours/),
			},
		]);
	});

	it('emits the end of a subscription whose paid period may have ended meanwhile', async () => {
		const events = { events: ['customer.subscription.deleted'] };
		const endedBefore = await subscribe('before@example.com');
		await change(endedBefore, 'end');
		clockOffsetMs += 60 * 24 * hourMs;
		const active = await subscribe('active@example.com');
		const ended = await subscribe('ended@example.com');
		const setup = setUpNode(events);
		await pollWith(setup, createMemory());
		await change(ended, 'end');
		clockOffsetMs += 20 * hourMs;
		const memory = createMemory();
		expect(await pollWith(loseState(setup), memory)).toEqual([
			`customer.subscription.deleted:${ended}`,
		]);
		expect(active).not.toBe(ended);
	});
});

it('begins now, not a day before, when a user activates the workflow', async () => {
	await sell();
	clockOffsetMs += hourMs;
	expect(await pollWith(loseState(setUpNode(), 'activate'), createMemory())).toEqual([]);
});

it('a poll does not look back a day for a key of the other mode, because nothing was lost there', async () => {
	const setup = setUpNode();
	const memory = createMemory();
	setup.activation = 'init';
	setup.credential = { apiKey: sandbox.liveKey, baseUrl: sandbox.url };
	await pollWith(setup, memory);
	await sell();
	clockOffsetMs += 2 * hourMs;
	setup.credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
	expect(await pollWith(setup, memory)).toEqual([]);
});

describe('a polling trigger whose stored state comes back older', () => {
	/** Polls, a copy of the state between them, and what was sold after it. */
	async function pollAroundCopy() {
		const setup = setUpNode();
		const memory = createMemory();
		await pollWith(setup, memory);
		await sell();
		await pollWith(setup, memory);
		clockOffsetMs += hourMs;
		await pollWith(setup, memory);
		const copy = structuredClone(setup.staticData);
		const since = await sell(2);
		expect(await pollWith(setup, memory)).toEqual(toEventIds(since));
		// A state that n8n returns shows that it kept what was emitted.
		clockOffsetMs += hourMs;
		await pollWith(setup, memory);
		return { setup, memory, copy, since };
	}

	it('finds what was sold since, however long ago, with the same event IDs', async () => {
		const { setup, copy, since } = await pollAroundCopy();
		clockOffsetMs += 30 * 24 * hourMs;
		const missed = await sell();
		const restored: NodeSetup = { ...setup, staticData: copy, activation: 'init' };
		// What was emitted before the copy is as old as it, and had been confirmed.
		expect(await pollWith(restored, createMemory())).toEqual(toEventIds([...since, ...missed]));
	});

	it('does not believe it over what the running n8n knows', async () => {
		const { setup, memory, copy } = await pollAroundCopy();
		const missed = await sell();
		const imported: NodeSetup = { ...setup, staticData: copy, activation: 'activate' };
		expect(await pollWith(imported, memory)).toEqual(toEventIds(missed));
	});

	it('goes on from it in a copy of the workflow, which is another node', async () => {
		const { setup, memory, copy, since } = await pollAroundCopy();
		const copied: NodeSetup = {
			...setup,
			nodeId: `${setup.nodeId}-copy`,
			staticData: copy,
			activation: 'activate',
		};
		expect(await pollWith(copied, memory)).toEqual(toEventIds(since));
	});

	it('a poll continues from memory if nothing is stored', async () => {
		const { setup, memory } = await pollAroundCopy();
		const missed = await sell();
		expect(await pollWith(loseState(setup, 'activate'), memory)).toEqual(toEventIds(missed));
	});
});
