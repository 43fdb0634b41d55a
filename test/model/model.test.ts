import { createHmac } from 'node:crypto';
import { createEndpointsModel, endpointHelpers } from './endpoints';
import type { EndpointsModel, EndpointSwitches } from './endpoints';
import {
	createModel,
	describeSwitches,
	everyPair,
	everySwitchAlone,
	randomMixture,
	switches,
} from './pocketsflow';
import type { Model, Switches } from './pocketsflow';

const noon = Date.UTC(2026, 10, 30, 12);
const minute = 60_000;
let now = noon;

beforeEach(() => {
	now = noon;
});

function shop(chosen: Partial<Switches> = {}, apiPageSize?: number): Model {
	return createModel({ switches: chosen, seed: 7, now: () => now, apiPageSize });
}

/** A shop that sold once a minute; now is a minute after the last sale. */
function busyShop(count: number, chosen: Partial<Switches> = {}, apiPageSize?: number): Model {
	const model = shop(chosen, apiPageSize);
	for (let i = 0; i < count; i++) {
		model.sell();
		now += minute;
	}
	return model;
}

type Json = Readonly<Record<string, unknown>>;

function isJson(value: unknown): value is Json {
	return typeof value === 'object' && value !== null;
}

function get(model: Model | EndpointsModel, path: string, query: Record<string, string> = {}) {
	return model.respond({ method: 'GET', path, query });
}

function read(text: string): Json {
	const value: unknown = JSON.parse(text);
	if (!isJson(value)) throw new Error(`not an object: ${text}`);
	return value;
}

/** The records of a list, in whatever it is wrapped. */
function rows(text: string): Json[] {
	const value = read(text);
	const list = Array.isArray(value) ? value : Object.values(value).find(Array.isArray);
	return Array.isArray(list) ? list.filter(isJson) : [];
}

function orders(model: Model, query: Record<string, string> = {}): string[] {
	return rows(get(model, '/orders', query).body).map(({ _id, id }) => String(_id ?? id));
}

function pagination(model: Model, query: Record<string, string> = {}): Json {
	const { pagination: value } = read(get(model, '/orders', query).body);
	return isJson(value) ? value : {};
}

function membership(model: Model): Json {
	return rows(model.respond({ method: 'POST', path: '/orders/subscriptions', query: {} }).body)[0];
}

const at = (ms: number) => new Date(ms).toISOString();

describe('The lists of the model', () => {
	it('show the newest order first, page by page, with exact totals', () => {
		const model = busyShop(45);
		const pages = ['1', '2', '3'].map((page) => orders(model, { page }));
		const sold = model.truth().filter(({ kind }) => kind === 'order');
		expect(pages.map(({ length }) => length)).toEqual([20, 20, 5]);
		expect(pages.flat()).toEqual(sold.map(({ id }) => id).reverse());
		expect(pagination(model, { page: '3' })).toEqual({
			totalCount: 45,
			totalPages: 3,
			currentPage: 3,
			pageSize: 20,
			hasMore: false,
		});
	});

	it.each([
		['honoured', 5],
		['ignored', 10],
		['day', 10],
		['exclusive', 4],
	] as const)('list what a start date that is %s leaves', (startDate, count) => {
		const model = busyShop(10, { startDate });
		expect(orders(model, { startDate: at(noon + 5 * minute) })).toHaveLength(count);
	});

	it.each([
		['honoured', 6],
		['ignored', 10],
		['day', 10],
		['midnight', 0],
		['exclusive', 5],
	] as const)('list what an end date that is %s leaves', (endDate, count) => {
		const model = busyShop(10, { endDate });
		expect(orders(model, { endDate: at(noon + 5 * minute) })).toHaveLength(count);
	});

	it.each([
		['exact', 5],
		['absent', undefined],
		['wholeList', 10],
		['text', '5'],
	] as const)('count the records in the form %s', (totalCount, expected) => {
		const model = busyShop(10, { totalCount });
		const { totalCount: shown } = pagination(model, { startDate: at(noon + 5 * minute) });
		expect(shown).toBe(expected);
	});

	it('count otherwise with each request if totals change while reading', () => {
		const model = busyShop(10, { totalCount: 'changing' });
		const counts = Array.from({ length: 20 }, () => pagination(model).totalCount);
		expect(new Set(counts).size).toBeGreaterThan(2);
	});

	it.each([
		['honoured', 30],
		['ignored', 20],
		['capped', 20],
	] as const)('grant a page size of 30 as %s says', (pageSize, size) => {
		expect(orders(busyShop(50, { pageSize }), { pageSize: '30' })).toHaveLength(size);
	});

	it('sort by the date, by the last change or by the payment', () => {
		const sellThree = (order: Switches['order']) => {
			const model = shop({ order });
			const sold = [10 * minute, 5 * minute, 0].map((paidAfterMs) => {
				now += 1000;
				return model.sell({ paidAfterMs });
			});
			now += 20 * minute;
			model.refund(sold[1]);
			const found = orders(model);
			return found.map((id) => sold.findIndex((one) => one.id === id));
		};
		expect(sellThree('newest')).toEqual([2, 1, 0]);
		expect(sellThree('oldest')).toEqual([0, 1, 2]);
		expect(sellThree('paid')).toEqual([0, 1, 2]);
		expect(sellThree('updated')[0]).toBe(1);
	});

	it('have one random order forever, or a new one for each request', () => {
		const stored = busyShop(15, { order: 'stored' });
		const newestFirst = orders(busyShop(15));
		expect(orders(stored)).toEqual(orders(stored));
		expect(orders(stored)).not.toEqual(newestFirst);
		const reshuffled = busyShop(15, { order: 'reshuffled' });
		const [first, second] = [orders(reshuffled), orders(reshuffled)];
		expect(first).not.toEqual(second);
		expect([...first].sort()).toEqual([...second].sort());
	});

	it('mix records of one date again for each request if ties are unstable', () => {
		const model = shop({ ties: 'unstable' });
		for (let i = 0; i < 15; i++) model.sell();
		const [first, second] = [orders(model), orders(model)];
		expect(first).not.toEqual(second);
		expect([...first].sort()).toEqual([...second].sort());
	});

	it('have an empty last page, which the totals announce', () => {
		const model = busyShop(40, { lastPage: 'empty' });
		expect(pagination(model, { page: '2' })).toMatchObject({ hasMore: true, totalPages: 3 });
		expect(orders(model, { page: '3' })).toEqual([]);
		expect(pagination(model, { page: '3' }).hasMore).toBe(false);
	});

	it('say wrongly, or not at all, whether there is more', () => {
		const more = (hasMore: Switches['hasMore'], page: string) =>
			pagination(busyShop(25, { hasMore }), { page }).hasMore;
		expect(more('alwaysTrue', '2')).toBe(true);
		expect(more('alwaysFalse', '1')).toBe(false);
		expect(more('absent', '1')).toBeUndefined();
	});

	it('swap arrays and objects', () => {
		const model = busyShop(30, { envelope: 'swapped' });
		expect(Array.isArray(read(get(model, '/orders').body))).toBe(true);
		expect(read(get(model, '/customers').body)).toHaveProperty('customers');
		expect(read(get(model, '/refunds').body)).toMatchObject({ refunds: [], pagination: {} });
		expect(read(get(shop({ envelope: 'data' }), '/products').body)).toHaveProperty('data');
	});

	it('page customers by limit and offset, sorted as asked or not', () => {
		const query = { sortBy: 'createdAt', sortOrder: 'asc', limit: '2', offset: '1' };
		const emails = (customerSort: Switches['customerSort']) => {
			const list = rows(get(busyShop(5, { customerSort }), '/customers', query).body);
			return list.map(({ buyerEmail }) => buyerEmail);
		};
		expect(emails('honoured')).toEqual(['buyer2@example.com', 'buyer3@example.com']);
		expect(emails('ignored')).toEqual(['buyer4@example.com', 'buyer3@example.com']);
	});
});

describe('The records of the model', () => {
	it.each([
		['isoZ', '"2026-11-30T12:00:00.500Z"'],
		['isoOffset', '"2026-11-30T05:00:00.500-07:00"'],
		['isoNoZone', '"2026-11-30T12:00:00.500"'],
		['seconds', '1796040000'],
		['milliseconds', '1796040000500'],
		['digits', '"1796040000500"'],
	] as const)('are dated in the form %s', (dateForm, expected) => {
		now += 500;
		const model = shop({ dateForm });
		model.sell();
		expect(get(model, '/orders').body).toContain(`"createdAt":${expected}`);
	});

	it('have dates of a wrong clock, which the truth names', () => {
		const model = shop({ clock: 'minutesAhead' });
		const { id } = model.sell();
		const truth = model.truth().find((one) => one.kind === 'order' && one.id === id);
		expect(truth).toMatchObject({ happenedAtMs: noon, shownAtMs: noon + 4 * minute });
		expect(get(model, '/orders').body).toContain(at(noon + 4 * minute));
	});

	it('carry numbers beyond 2^53 digit by digit, and are found by them', () => {
		const model = shop({ idForm: 'hugeNumber', idField: 'id' });
		const [one, other] = [model.sell(), model.sell()];
		expect(one.id).not.toBe(other.id);
		expect(Number(one.id)).toBe(Number(other.id));
		expect(get(model, '/orders').body).toContain(`{"id":${other.id},`);
		expect(get(model, `/orders/${other.id}`).body).toContain(other.email);
	});

	it.each(['404', '400', '422', '500'] as const)(
		'answer %s to an ID of the payment provider',
		(foreignId) => {
			const { status } = get(shop({ foreignId }), '/orders/subscriptions/sub_1');
			expect(String(status)).toBe(foreignId);
		},
	);

	it('are found by their ID, an order also in a wrapper', () => {
		const model = shop({ orderById: 'sale' });
		const { id, customerId } = model.sell();
		expect(read(get(model, `/orders/${id}`).body)).toMatchObject({ sale: { _id: id } });
		expect(read(get(model, `/customers/${customerId}`).body)._id).toBe(customerId);
		expect(get(model, '/orders/650000000000000000000000').status).toBe(404);
	});

	it('appear when they are paid, dated when they were made', () => {
		const model = shop();
		const { id } = model.sell({ paidAfterMs: 5 * minute });
		now += 5 * minute - 1;
		expect(orders(model)).toEqual([]);
		expect(get(model, `/orders/${id}`).status).toBe(404);
		now += 1;
		expect(orders(model)).toEqual([id]);
		const truth = model.truth().find(({ kind }) => kind === 'order');
		expect(truth).toMatchObject({ visibleFromMs: now, happenedAtMs: now, shownAtMs: noon });
	});

	it('appear late by chance, but never later than the bound', () => {
		const model = busyShop(50, { late: 'appearsLate' });
		const delays = model
			.truth()
			.filter(({ kind }) => kind === 'order')
			.map((one) => one.visibleFromMs - one.happenedAtMs);
		expect(delays.some((ms) => ms > minute)).toBe(true);
		expect(delays.some((ms) => ms === 0)).toBe(true);
		expect(Math.max(...delays)).toBeLessThan(10 * minute);
	});

	it('show a customer once, from the first purchase that is paid', () => {
		const model = shop();
		model.sell({ customer: 'ana@example.com', paidAfterMs: 9 * minute });
		now += minute;
		model.sell({ customer: 'ana@example.com' });
		const customers = model.truth().filter(({ kind }) => kind === 'customer');
		expect(customers).toMatchObject([{ visibleFromMs: now, happenedAtMs: now }]);
		expect(rows(get(model, '/customers').body)).toMatchObject([{ numberOfOrders: 2 }]);
	});

	it('refund in steps, with or without a record', () => {
		const model = shop();
		const order = model.sell();
		model.refund(order, 10);
		expect(rows(get(model, '/orders').body)).toMatchObject([{ isRefunded: false }]);
		model.refund(order, 19.99, { record: false });
		expect(rows(get(model, '/orders').body)).toMatchObject([{ isRefunded: true }]);
		expect(rows(get(model, '/payments').body)).toMatchObject([{ isRefunded: true }]);
		expect(rows(get(model, '/refunds').body)).toMatchObject([{ orderId: order.id, amount: 10 }]);
		const refunds = model.truth().filter(({ kind }) => kind === 'refund');
		expect(refunds.map(({ detail }) => detail.hasRecord)).toEqual([true, false]);
	});

	it('never show a refund record if the API has none', () => {
		const model = shop({ refundRecord: 'never' });
		model.refund(model.sell());
		expect(rows(get(model, '/refunds').body)).toEqual([]);
	});

	it('can be reviewed', () => {
		const model = shop();
		const id = model.review({ rating: 4, text: 'Good' });
		expect(rows(get(model, '/reviews').body)).toMatchObject([
			{ _id: id, rating: 4, review: 'Good' },
		]);
	});
});

describe('The memberships of the model', () => {
	it('live, end, return and change their offer, and the truth says what can be seen', () => {
		const model = shop();
		const one = model.subscribe({ incomplete: true });
		const steps = [
			() => one.complete(),
			() => one.pause(),
			() => one.resume(),
			() => one.end(),
			() => one.reactivate(),
			() => one.changeOffer(model.addOffer({ name: 'Yearly' })),
		];
		const statuses = steps.map((step) => {
			now += minute;
			step();
			return membership(model).status;
		});
		expect(statuses).toEqual(['active', 'paused', 'active', 'canceled', 'active', 'active']);
		const changes = model.truth().filter(({ kind }) => kind === 'membershipChange');
		expect(changes.map(({ detail }) => detail.change)).toEqual([
			'activated',
			'paused',
			'resumed',
			'ended',
			'reactivated',
			'offerChanged',
		]);
		expect(changes[1].visibleUntilMs).toBe(changes[2].visibleFromMs);
		expect(changes[5].visibleUntilMs).toBeNull();
	});

	it.each([
		['upper', 'CANCELED'],
		['title', 'Canceled'],
		['otherWords', 'cancelled'],
	] as const)('spell their status as %s says', (status, expected) => {
		const model = shop({ status });
		model.subscribe().end();
		expect(membership(model).status).toBe(expected);
	});

	it('are paused by status, or by a flag alone', () => {
		const model = shop({ pausedForm: 'flag' });
		model.subscribe().pause();
		expect(membership(model)).toMatchObject({ status: 'active', paused: true });
	});

	it('name their buyer by our ID alone, or by the one of the payment provider', () => {
		const model = shop({ membershipEmail: 'absent' });
		const { customerId, email } = model.subscribe();
		expect(membership(model)).toMatchObject({ customerId });
		expect(membership(model)).not.toHaveProperty('buyerEmail');
		expect(read(get(model, `/customers/${customerId}`).body).buyerEmail).toBe(email);
		const other = shop({ membershipCustomer: 'provider' });
		other.subscribe();
		expect(membership(other).customerId).toMatch(/^cus_/);
	});

	it('are filtered by the status in the body, as an object or as text', () => {
		const model = shop();
		model.subscribe().end();
		const { id } = model.subscribe();
		const request = { method: 'POST', path: '/orders/subscriptions', query: {} };
		const found = rows(model.respond({ ...request, body: { status: 'active' } }).body);
		expect(found).toMatchObject([{ _id: id }]);
		const asText = model.respond({ ...request, body: '{"status":"active"}' }).body;
		expect(rows(asText)).toEqual(found);
	});

	it('pay again with each renewal', () => {
		const model = shop();
		model.sell();
		const one = model.subscribe();
		now += minute;
		const id = one.renew();
		const payments = rows(get(model, '/payments', { type: 'subscription' }).body);
		expect(payments).toHaveLength(2);
		expect(payments[0]).toMatchObject({ _id: id, isSubscription: true });
	});
});

describe('The faults of the model', () => {
	it('answer empty lists for as long as asked', () => {
		const model = busyShop(3);
		model.answerEmptyFor(minute);
		expect(read(get(model, '/orders').body)).toMatchObject({ orders: [] });
		now += minute;
		expect(orders(model)).toHaveLength(3);
	});

	it('answer empty lists in some minutes, until the model calms down', () => {
		const model = busyShop(3, { emptySpells: 'sometimes' });
		const look = () => {
			now += minute;
			return orders(model).length;
		};
		expect(new Set(Array.from({ length: 100 }, look))).toEqual(new Set([0, 3]));
		model.calmDown();
		expect(new Set(Array.from({ length: 100 }, look))).toEqual(new Set([3]));
	});

	it('see the shop as it was for one request', () => {
		const model = shop();
		const one = model.subscribe();
		now += 5 * minute;
		one.pause();
		model.sell();
		model.lagNext(2);
		expect(orders(model)).toEqual([]);
		expect(membership(model).status).toBe('active');
		expect(orders(model)).toHaveLength(1);
		expect(membership(model).status).toBe('paused');
	});

	it('let records vanish and return', () => {
		const model = shop();
		const { id } = model.sell();
		model.vanish('order', id, minute);
		expect(orders(model)).toEqual([]);
		now += minute;
		expect(orders(model)).toEqual([id]);
		const often = busyShop(18, { vanishing: 'sometimes' });
		const counts = Array.from({ length: 50 }, () => {
			now += minute;
			return orders(often).length;
		});
		expect(new Set(counts)).toContain(18);
		expect(new Set(counts).size).toBeGreaterThan(1);
	});

	it('fail the next requests as asked, and show the log of all', () => {
		const model = shop({ errorBody: 'detail' });
		model.failNext(1, { status: 503 });
		model.failNext(1, { status: 403, shape: 'html' });
		model.failNext(1, { status: 200, shape: 'errorsList' });
		const answers = Array.from({ length: 4 }, () => get(model, '/users/me'));
		expect(answers.map(({ status }) => status)).toEqual([503, 403, 200, 200]);
		expect(answers[0].body).toBe('{"detail":"Something went wrong"}');
		expect(answers[1].headers['content-type']).toBe('text/html');
		expect(read(answers[2].body)).toHaveProperty('errors');
		expect(model.requests.map(({ path, status }) => `${path} ${status}`)[0]).toBe('/users/me 503');
	});

	it.each(switches.errorBody)('have a body of the form %s', (errorBody) => {
		const { status, body } = get(shop({ errorBody }), '/nothing');
		expect(status).toBe(404);
		expect(body).toContain('Cannot GET /nothing');
	});
});

describe('The choice of switches', () => {
	it('has each unlikely value alone, after the likely form', () => {
		const values = Object.values(switches).reduce((sum, { length }) => sum + length - 1, 0);
		const all = everySwitchAlone();
		expect(all).toHaveLength(values + 1);
		expect(describeSwitches(all[0])).toBe('{  }');
		expect(describeSwitches(all[1])).toBe("{ startDate: 'ignored' }");
	});

	it('has every pair once, in an order that the seed decides', () => {
		const texts = everyPair(1).map(describeSwitches);
		expect(new Set(texts).size).toBe(texts.length);
		expect(texts.every((text) => text.split(', ').length === 2)).toBe(true);
		expect(everyPair(2).map(describeSwitches)).not.toEqual(texts);
		expect(everyPair(1).map(describeSwitches)).toEqual(texts);
	});

	it('reaches every value of every switch by random mixtures', () => {
		const seen = new Set<string>();
		for (let seed = 0; seed < 300; seed++) {
			for (const entry of Object.entries(randomMixture(seed))) seen.add(entry.join());
		}
		const values = Object.values(switches).reduce((sum, { length }) => sum + length, 0);
		expect(seen.size).toBe(values);
	});

	it('gives the same answers for the same seed, whatever the mixture', () => {
		const story = (seed: number) => {
			now = noon;
			const model = createModel({ switches: randomMixture(seed), seed, now: () => now });
			return Array.from({ length: 30 }, () => {
				now += minute;
				model.refund(model.sell());
				model.subscribe().pause();
				const { status, body } = get(model, '/orders');
				const { body: memberships } = get(model, '/subscriptions/subscribers');
				return `${status} ${body} ${memberships}`;
			});
		};
		for (let seed = 0; seed < 20; seed++) expect(story(seed)).toEqual(story(seed));
	});
});

describe('The endpoints of the model', () => {
	const url = 'https://n8n.example.com/webhook/1';
	const account = (chosen: Partial<EndpointSwitches> = {}, limit?: number) =>
		createEndpointsModel({ switches: chosen, seed: 7, now: () => now, limit, apiPageSize: 3 });
	const send = (
		model: EndpointsModel,
		method: string,
		path: string,
		body?: unknown,
		key = 'live',
	) =>
		model.respond({
			method,
			path,
			query: {},
			body,
			headers: { Authorization: `Bearer pk_${key}_1` },
		});
	const wish = { url, events: ['order.completed', 'order.refunded'], description: 'x'.repeat(60) };

	it('are created, listed, changed and deleted', () => {
		const model = account();
		const { _id: id, secret } = read(send(model, 'POST', '/webhooks', wish).body);
		const path = `/webhooks/${String(id)}`;
		expect(secret).toMatch(/^whsec_/);
		expect(rows(send(model, 'GET', '/webhooks').body)).toMatchObject([{ _id: id, url }]);
		send(model, 'PUT', path, { active: false });
		expect(read(send(model, 'GET', path).body)).toMatchObject({ active: false, url });
		expect(send(model, 'DELETE', path).status).toBe(200);
		expect(send(model, 'GET', path).status).toBe(404);
		expect(model.endpoints()).toEqual([]);
	});

	it.each([
		['webhook', 'webhook'],
		['data', 'data'],
		['endpoint', 'endpoint'],
	] as const)('are created with an answer wrapped in %s', (createAnswer, key) => {
		const body = read(send(account({ createAnswer }), 'POST', '/webhooks', wish).body);
		expect(body[key]).toMatchObject({ url });
	});

	it.each(['message', 'empty'] as const)('exist also after the answer %s', (createAnswer) => {
		const model = account({ createAnswer });
		expect(send(model, 'POST', '/webhooks', wish).body).not.toContain(url);
		expect(model.endpoints()).toHaveLength(1);
	});

	it('endpoints return no secret at creation, and show it later if the switch says so', () => {
		const model = account({ createSecret: 'absent', readSecret: 'byIdOnly' });
		const { _id: id, ...created } = read(send(model, 'POST', '/webhooks', wish).body);
		expect(created).not.toHaveProperty('secret');
		expect(send(model, 'GET', '/webhooks').body).not.toContain('whsec_');
		const [{ secret }] = model.endpoints();
		expect(read(send(model, 'GET', `/webhooks/${String(id)}`).body).secret).toBe(secret);
	});

	it('mask their secret', () => {
		const model = account({ readSecret: 'masked' });
		send(model, 'POST', '/webhooks', wish);
		const [{ secret }] = rows(send(model, 'GET', '/webhooks').body);
		expect(secret).toMatch(/^whsec_••••[0-9a-f]{4}$/);
	});

	it('refuse a second one of the same URL with 409', () => {
		const model = account({ duplicateUrl: '409' });
		const statuses = [1, 2].map(() => send(model, 'POST', '/webhooks', wish).status);
		expect(statuses).toEqual([201, 409]);
	});

	it.each(['403', '429'] as const)('answer %s when the account is full', (atLimit) => {
		const model = account({ atLimit }, 1);
		model.addForeign('https://other.example.com');
		expect(send(model, 'POST', '/webhooks', wish).status).toBe(Number(atLimit));
		expect(send(model, 'POST', '/webhooks', wish, 'test').status).toBe(201);
	});

	it('cut their description', () => {
		const model = account({ description: 'cut20' });
		send(model, 'POST', '/webhooks', wish);
		expect(model.endpoints()[0].description).toBe('x'.repeat(20));
	});

	it.each(['pagedObject', 'pagedText'] as const)('are listed by page as %s', (list) => {
		const model = account({ list });
		for (let i = 0; i < 4; i++) model.addForeign(`https://other.example.com/${i}`);
		expect(rows(get(model, '/webhooks').body)).toHaveLength(3);
		expect(rows(get(model, '/webhooks', { page: '2' }).body)).toHaveLength(1);
	});

	it('can be seen only by a key of the same mode', () => {
		const model = account();
		const { _id: id } = read(send(model, 'POST', '/webhooks', wish, 'test').body);
		expect(rows(send(model, 'GET', '/webhooks').body)).toEqual([]);
		expect(send(model, 'DELETE', `/webhooks/${String(id)}`).status).toBe(404);
		expect(model.deliver('order.completed', {})).toEqual([]);
		expect(model.deliver('order.completed', {}, 'test')).toHaveLength(1);
	});

	it('get signed deliveries of the events that they take, while they are active', () => {
		const model = account();
		send(model, 'POST', '/webhooks', wish);
		const [endpoint] = model.endpoints();
		const raw = '{"order":{"id":9007199254740993}}';
		const [delivery] = model.deliver('order.completed', raw);
		const sign = (secret: string) =>
			createHmac('sha256', secret).update(delivery.body).digest('hex');
		expect(delivery).toMatchObject({ endpointId: endpoint.id, url });
		expect(delivery.body).toBe(`{"order":{"id":9007199254740993},"webhookId":"${endpoint.id}"}`);
		expect(delivery.headers).toMatchObject({
			'x-pocketsflow-event': 'order.completed',
			'x-pocketsflow-signature': sign(endpoint.secret),
			'x-pocketsflow-timestamp': String(now),
		});
		const old = endpoint.secret;
		expect(model.changeSecret(endpoint.id)).not.toBe(old);
		expect(sign(endpoint.secret)).not.toBe(delivery.headers['x-pocketsflow-signature']);
		model.narrowEvents(endpoint.id, ['order.refunded']);
		expect(model.deliver('order.completed', {})).toEqual([]);
		expect(model.deliver('order.refunded', {})).toHaveLength(1);
		model.disable(endpoint.id);
		expect(model.deliver('order.refunded', {})).toEqual([]);
		model.deleteEndpoint(endpoint.id);
		expect(model.endpoints()).toEqual([]);
	});

	it('sign as the published example does', () => {
		const hash = createHmac('sha256', 'whsec_test').update(
			'{"order":{"id":"o1"},"webhookId":"w1"}',
		);
		expect(hash.digest('hex')).toBe(
			'ecfdff394c5d4953b02bf956c99a8917fab53bde796dd9df60e4a430740459ca',
		);
	});

	it('send a test delivery', () => {
		const model = account();
		const { _id: id } = read(send(model, 'POST', '/webhooks', wish).body);
		expect(send(model, 'POST', `/webhooks/${String(id)}/test`).status).toBe(200);
		expect(model.testDeliveries).toMatchObject([{ endpointId: id, url }]);
	});

	it('can fail before or after the work was done', () => {
		const model = account();
		model.failNext(1, { status: 502 });
		model.failNext(1, { status: 502, isCarriedOut: true });
		expect(send(model, 'POST', '/webhooks', wish).status).toBe(502);
		expect(model.endpoints()).toHaveLength(0);
		expect(send(model, 'POST', '/webhooks', wish).status).toBe(502);
		expect(model.endpoints()).toHaveLength(1);
	});

	it('have switches that are mixed like those of the lists', () => {
		const {
			everySwitchAlone: alone,
			randomMixture: random,
			describeSwitches: describe,
		} = endpointHelpers;
		expect(describe(alone()[1])).toBe("{ createAnswer: 'webhook' }");
		expect(describe(random(3))).toBe(describe(random(3)));
	});
});
