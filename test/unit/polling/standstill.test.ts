import type { Switches } from '../../model/pocketsflow';
import { minuteMs, ModelLife, type LifeOptions } from './modelLife';

afterEach(() => jest.restoreAllMocks());

function begin(options: LifeOptions): ModelLife {
	const life = new ModelLife(options);
	jest.spyOn(Date, 'now').mockImplementation(life.clock);
	return life;
}

/** Sells so many times, evenly, and leaves the clock at the end. */
function sell(life: ModelLife, count: number, everyMs: number): string[] {
	return Array.from({ length: count }, () => {
		life.nowMs += everyMs;
		return life.model.sell().id;
	});
}

const sorted = (ids: string[]) => [...ids].sort();

/** So few items that a poll, which reads 400 records ahead, cannot take the backlogs below. */
const batch = 100;

/** Old orders, then polls next to new ones, then an outage with a backlog. */
async function liveThrough(options: LifeOptions & { old: number; backlog?: number }) {
	const life = begin({ apiPageSize: 100, options: { batch }, ...options });
	sell(life, options.old, 20_000);
	life.nowMs += 20 * minuteMs;
	await life.poll();
	const fresh: string[] = [];
	for (let polls = 0; polls < 10; polls++) {
		fresh.push(...sell(life, 3, 1_000));
		await life.poll();
	}
	if (options.backlog) fresh.push(...sell(life, options.backlog, 5_000));
	await life.comeToRest(8);
	return { life, fresh };
}

const ignoresStart = { startDate: 'ignored' } as const;
const paidLater = { order: 'paid', late: 'paidLater' } as const;
const blind = { totalCount: 'absent', order: 'stored' } as const;

const standstills: Array<[string, Partial<Switches>, old: number, backlog: number]> = [
	['startDate is ignored', ignoresStart, 300, 200],
	['startDate and counts are missing', { ...ignoresStart, totalCount: 'absent' }, 300, 200],
	['startDate is ignored, oldest first', { ...ignoresStart, order: 'oldest' }, 300, 200],
	['startDate is ignored, in no order', { ...ignoresStart, order: 'stored' }, 300, 200],
	['the whole list is counted', { totalCount: 'wholeList' }, 300, 600],
	['startDate is a day', { startDate: 'day' }, 600, 600],
	['endDate is a day', { endDate: 'day' }, 100, 600],
	['endDate is midnight', { endDate: 'midnight' }, 100, 600],
	['endDate is ignored', { endDate: 'ignored' }, 100, 600],
	['the list stands oldest first', { order: 'oldest' }, 100, 600],
	['the list is sorted by payment, paid later than made', paidLater, 100, 600],
	['pages have 20 records, paid later than made', { pageSize: 'ignored', ...paidLater }, 100, 200],
	['nothing is counted and nothing sorted', blind, 100, 600],
];

test.each(standstills)(
	'every new order is found once, and no old one, if %s',
	async (_what, switches, old, backlog) => {
		const apiPageSize = switches.pageSize === 'ignored' ? 20 : 100;
		const { life, fresh } = await liveThrough({ switches, old, backlog, apiPageSize });
		expect(sorted(life.idsOf('order.completed'))).toEqual(sorted(fresh));
		expect(life.failures).toEqual([]);
		expect(Math.max(...life.requestCounts.slice(1))).toBeLessThanOrEqual(60);
	},
);

test('small unsorted pages lose no order', async () => {
	const switches = { pageSize: 'ignored', order: 'stored' } as const;
	const { life, fresh } = await liveThrough({ switches, apiPageSize: 3, old: 50, backlog: 100 });
	expect(sorted(life.idsOf('order.completed'))).toEqual(sorted(fresh));
});

test('all refunds and reviews are found if their lists are paged', async () => {
	const events = ['order.refunded', 'review.created'];
	const switches = { envelope: 'swappedPaged', order: 'oldest' } as const;
	const life = begin({ switches, events, apiPageSize: 5 });
	const happen = (count: number) =>
		Array.from({ length: count }, () => {
			life.nowMs += minuteMs;
			life.model.refund(life.model.sell(), 1);
			return life.model.review();
		});
	happen(12);
	life.nowMs += 60 * minuteMs;
	await life.poll();
	const reviews = happen(12);
	await life.comeToRest(6);
	expect(sorted(life.idsOf('review.created'))).toEqual(sorted(reviews));
	expect(life.idsOf('order.refunded')).toHaveLength(12);
});

const subscriptionEvents = ['created', 'updated', 'deleted'].map(
	(what) => `customer.subscription.${what}`,
);

describe('one empty answer', () => {
	/** A shop with a long history. */
	function openOldShop(events: string[]): ModelLife {
		const life = begin({ events });
		for (let number = 0; number < 300; number++) {
			life.nowMs += 120 * minuteMs;
			life.model.sell();
			const membership = life.model.subscribe();
			if (number % 3 > 0) membership.end();
		}
		life.nowMs += 3 * 24 * 60 * minuteMs;
		return life;
	}

	it('an empty response at activation does not cause old records to be emitted', async () => {
		const life = openOldShop(['order.completed', ...subscriptionEvents]);
		life.model.answerEmptyFor(90_000);
		await life.poll();
		await life.comeToRest(10);
		expect(life.emitted).toEqual([]);
		const { id } = life.model.sell();
		await life.poll();
		expect(life.idsOf('order.completed')).toEqual([id]);
	});

	it('an empty response that a full one follows fails the first poll, and no old order is emitted', async () => {
		const life = openOldShop(['order.completed']);
		life.model.sell();
		const { respond } = life.model;
		let requests = 0;
		jest.spyOn(life.model, 'respond').mockImplementation((request) => {
			if (requests++ === 0) life.model.answerEmptyFor(1);
			else life.model.answerEmptyFor(0);
			return respond.call(life.model, request);
		});
		await life.poll();
		expect(life.failures).toEqual([expect.stringContaining('two different responses')]);
		await life.comeToRest(3);
		expect(life.emitted).toEqual([]);
	});

	it('an empty response later does not repeat the end of a subscription', async () => {
		const life = begin({ events: subscriptionEvents });
		const membership = life.model.subscribe();
		await life.poll();
		membership.end();
		await life.poll();
		life.model.answerEmptyFor(90_000);
		await life.comeToRest(5);
		expect(life.idsOf('customer.subscription.deleted')).toEqual([membership.id]);
	});
});

test('all customers created at the same moment are found although the sort is ignored', async () => {
	const switches = { customerSort: 'ignored', equalDates: 'minute', ties: 'unstable' } as const;
	const life = begin({ switches, events: ['customer.created'], apiPageSize: 20 });
	for (let number = 0; number < 150; number++) life.model.sell();
	life.nowMs += 60 * minuteMs;
	await life.poll();
	const buyers = Array.from({ length: 200 }, () => life.model.sell().customerId);
	await life.comeToRest(15);
	expect(sorted(life.idsOf('customer.created'))).toEqual(sorted(buyers));
});

const rushes: Array<[string, Partial<Switches>, number]> = [
	['endDate is ignored', { endDate: 'ignored' }, 100],
	['pages have 20 records', { pageSize: 'capped' }, 20],
	['nothing is sorted and nothing counted', blind, 100],
];
test.each(rushes)(
	'a burst of one sale a second loses no sale, and most are emitted meanwhile, if %s',
	async (_what, switches, apiPageSize) => {
		const life = begin({ switches, apiPageSize });
		await life.poll();
		const { respond } = life.model;
		// Each request takes a second, in which something is sold.
		const fresh: string[] = [];
		const spy = jest.spyOn(life.model, 'respond').mockImplementation((request) => {
			life.nowMs += 200;
			fresh.push(life.model.sell().id);
			return respond.call(life.model, request);
		});
		for (let polls = 0; polls < 8; polls++) {
			fresh.push(...sell(life, 55, 1_000));
			life.nowMs -= 55_000;
			await life.poll();
		}
		expect(life.idsOf('order.completed').length).toBeGreaterThan(fresh.length * 0.9);
		expect(life.failures).toEqual([]);
		spy.mockRestore();
		await life.comeToRest(10);
		expect(sorted(life.idsOf('order.completed'))).toEqual(sorted(fresh));
	},
	60_000,
);

describe('a subscription', () => {
	it('a subscription that ends, returns and ends again emits two ends with two event IDs', async () => {
		const life = begin({ events: subscriptionEvents });
		const membership = life.model.subscribe();
		await life.poll();
		for (const change of ['end', 'reactivate', 'end'] as const) {
			membership[change]();
			await life.poll();
		}
		const ends = life.emitted.filter(({ event }) => event === 'customer.subscription.deleted');
		expect(ends.map(({ eventId }) => eventId)).toEqual([
			`customer.subscription.deleted:${membership.id}`,
			`customer.subscription.deleted:${membership.id}:2`,
		]);
	});

	it('a subscription that ended before the first poll is emitted if it returns', async () => {
		const life = begin({ events: subscriptionEvents });
		const membership = life.model.subscribe();
		membership.end();
		await life.poll();
		membership.reactivate();
		await life.poll();
		expect(life.idsOf('customer.subscription.updated')).toEqual([membership.id]);
	});

	it('a subscription that changes its offer or is paused by a flag is emitted with the change', async () => {
		const switches = { pausedForm: 'flag', status: 'upper' } as const;
		const life = begin({ switches, events: subscriptionEvents });
		const membership = life.model.subscribe();
		const offer = life.model.addOffer({ name: 'Yearly' });
		await life.poll();
		membership.changeOffer(offer);
		const [changed] = await life.poll();
		expect(changed).toMatchObject({ subscription: { id: offer.id } });
		membership.pause();
		const [paused] = await life.poll();
		expect(paused).toMatchObject({ subscriptionCustomer: { paused: true, active: true } });
	});

	it('a subscription with only a customer ID is emitted with the email address, for one request', async () => {
		const life = begin({ switches: { membershipEmail: 'absent' }, events: subscriptionEvents });
		await life.poll();
		const membership = life.model.subscribe({ customer: 'ana@example.org' });
		const [created] = await life.poll();
		expect(created).toMatchObject({
			customer: { id: membership.customerId, email: 'ana@example.org' },
		});
		membership.pause();
		const before = life.model.requests.filter(({ path }) => path.startsWith('/customers/')).length;
		const [updated] = await life.poll();
		expect(updated).toMatchObject({ customer: { email: 'ana@example.org' } });
		expect(before).toBe(1);
		expect(life.model.requests.filter(({ path }) => path.startsWith('/customers/'))).toHaveLength(
			1,
		);
	});
});

test.each([300, 1_100])('%i abandoned memberships cost few requests, and expire', async (count) => {
	const life = begin({ events: ['customer.subscription.created'], apiPageSize: 100 });
	await life.poll();
	const memberships = Array.from({ length: count }, () => {
		life.nowMs += minuteMs;
		return life.model.subscribe({ incomplete: true });
	});
	await life.comeToRest(20);
	expect(life.lastRequests).toBeLessThanOrEqual(4);
	memberships[5].complete();
	const newest = life.model.subscribe({ incomplete: true });
	await life.poll();
	newest.complete();
	await life.poll();
	expect(life.idsOf('customer.subscription.created')).toContain(newest.id);
	await life.comeToRest(6);
	expect(sorted(life.idsOf('customer.subscription.created'))).toEqual(
		sorted([memberships[5].id, newest.id]),
	);
	await life.poll('kept', 8 * 24 * 60);
	await life.comeToRest(2);
	expect(life.lastRequests).toBe(1);
	expect(life.failures).toEqual([]);
});

test('watching 2,000 memberships takes at most a third of the rate limit if the page size is ignored', async () => {
	const life = begin({ switches: { pageSize: 'ignored' }, events: subscriptionEvents.slice(1) });
	const memberships = Array.from({ length: 2_000 }, () => life.model.subscribe());
	await life.poll();
	memberships[3].end();
	memberships[1_990].end();
	await life.comeToRest(10);
	expect(sorted(life.idsOf('customer.subscription.deleted'))).toEqual(
		sorted([memberships[3].id, memberships[1_990].id]),
	);
	expect(Math.max(...life.requestCounts.slice(1))).toBeLessThanOrEqual(33);
});

/** Every event that has its own list. */
const listedEvents = [
	'order.completed',
	'customer.created',
	'customer.subscription.created',
	'review.created',
	'order.refunded',
];

describe.each([1, 5, 150])('a quiet account with %i sales', (count) => {
	/** The requests of each poll of such an account, after polls that came to know it. */
	async function countRequests(events: string[], switches: Partial<Switches> = {}) {
		const life = begin({ switches, events, apiPageSize: 100 });
		sell(life, count, 120 * minuteMs);
		life.nowMs += 24 * 60 * minuteMs;
		await life.comeToRest(6);
		const begun = life.requestCounts.length;
		for (let polls = 0; polls < 6; polls++) await life.poll();
		return { life, counts: life.requestCounts.slice(begun) };
	}

	it.each(listedEvents.map((event) => [event]))('a poll of %s takes one request', async (event) => {
		expect((await countRequests([event])).counts).toEqual([1, 1, 1, 1, 1, 1]);
	});

	it('a poll of every event takes six requests', async () => {
		const { counts } = await countRequests([...listedEvents, ...subscriptionEvents.slice(1)]);
		expect(counts).toEqual([6, 6, 6, 6, 6, 6]);
	});

	it.each<[string, Partial<Switches>, number]>([
		['newest first, in the same poll', {}, 1],
		[
			'oldest first although asked otherwise, one poll later',
			{ customerSort: 'ignored', order: 'oldest' },
			2,
		],
	])('the next customer is found in a list that is sorted %s', async (_what, switches, polls) => {
		const events = ['customer.created'];
		for (const isLater of [false, true]) {
			const { life } = await countRequests(events, switches);
			if (isLater) await life.poll();
			const { customerId } = life.model.sell();
			for (let poll = 0; poll < polls; poll++) await life.poll();
			expect(life.idsOf('customer.created')).toEqual([customerId]);
		}
	});
});

test('records with IDs that are too large for a JavaScript number are found once each', async () => {
	const events = [...listedEvents, ...subscriptionEvents.slice(1)];
	const life = begin({ switches: { idForm: 'hugeNumber' }, events });
	await life.poll();
	const orders = sell(life, 4, 1_000);
	const memberships = [life.model.subscribe(), life.model.subscribe()];
	await life.poll();
	memberships[1].end();
	await life.comeToRest(3);
	expect(sorted(life.idsOf('order.completed'))).toEqual(sorted(orders));
	expect(life.idsOf('customer.created')).toHaveLength(6);
	expect(sorted(life.idsOf('customer.subscription.created'))).toEqual(
		sorted(memberships.map(({ id }) => id)),
	);
	expect(life.idsOf('customer.subscription.deleted')).toEqual([memberships[1].id]);
});
