import { bareNode, createContext, key, quickLimits, catchError, buildSetup } from './fixtures';

import type { ServerResponse } from 'node:http';

import { defaultLimits } from '../../../nodes/Pocketsflow/transport/limits';
import { send, type SendOptions } from '../../../nodes/Pocketsflow/transport/send';
import type { PocketsflowContext } from '../../../nodes/Pocketsflow/transport/credential';
import { createHookContext, createPollContext } from '../../harness/engine/context';
import { until } from '../../harness/until';
import { json, silence, startFaultServer, type Behavior, type FaultServer } from './faultServer';

const create = async (
	context: PocketsflowContext,
	options: SendOptions = { limits: quickLimits },
) =>
	await send(
		context,
		{ method: 'POST', path: '/products', body: { name: 'x' } },
		'create',
		0,
		options,
	);

const read = async (context: PocketsflowContext, options: SendOptions = { limits: quickLimits }) =>
	await send(context, { method: 'GET', path: '/products' }, 'read', 0, options);

let server: FaultServer;

afterEach(async () => await server.close());

const repeat = async (count: number, work: () => Promise<unknown>) =>
	await Promise.all(Array.from({ length: count }, work));

/** Answers after a while, and keeps how many requests it had at the same time. */
function slow(ms: number, most: { atOnce: number }): Behavior {
	let now = 0;
	return (request, response) => {
		most.atOnce = Math.max(most.atOnce, ++now);
		request.resume();
		setTimeout(() => {
			now--;
			response.end('{}');
		}, ms);
	};
}

const { maxInFlight, maxInFlightPerRun } = defaultLimits;

test('Two executions of one credential share the number of requests in flight', async () => {
	const most = { atOnce: 0 };
	server = await startFaultServer(slow(100, most));
	const [one, two] = [createContext(server.url), createContext(server.url)];
	await Promise.all([repeat(40, () => create(one)), repeat(40, () => create(two))]);
	expect(server.received).toHaveLength(80);
	expect(most.atOnce).toBe(maxInFlight);
});

test('A request of another execution is answered while one holds all places that it may', async () => {
	server = await startFaultServer([
		...Array.from({ length: maxInFlightPerRun }, () => silence),
		json(201, { _id: 'checkout' }),
	]);
	const cancel = new AbortController();
	const bulk = createContext(server.url, { signal: cancel.signal });
	const hanging = repeat(maxInFlight + 5, () => catchError(create(bulk)));
	await until('the bulk to have its share', () => server.received.length >= maxInFlightPerRun, {
		everyMs: 5,
	});
	expect(await create(createContext(server.url))).toEqual({ _id: 'checkout' });
	expect(server.received).toHaveLength(maxInFlightPerRun + 1);
	cancel.abort();
	await hanging;
});

test('Another API key has its own rate limiter', async () => {
	const most = { atOnce: 0 };
	server = await startFaultServer(slow(100, most));
	const one = createContext(server.url);
	const two = createContext(server.url, { credential: { apiKey: `${key}2`, baseUrl: server.url } });
	await Promise.all([repeat(40, () => create(one)), repeat(40, () => create(two))]);
	expect(most.atOnce).toBeGreaterThan(maxInFlight);
	expect(most.atOnce).toBeLessThanOrEqual(2 * maxInFlight);
});

test('Two executions, the hooks of a trigger and a poll pause together and go on one by one', async () => {
	const pauseMs = 1_000;
	const limit = (response: ServerResponse) =>
		response.writeHead(429, { 'retry-after': String(pauseMs / 1_000) }).end('{}');
	// From the 31st on, requests are held until all that may be in flight are, and then answered 429
	// together: on a busy machine others would be sent before the client has seen the first 429.
	const held: ServerResponse[] = [];
	let limitedAt = 0;
	server = await startFaultServer((request, response) => {
		request.resume();
		if (limitedAt === 0 && server.received.length > 30) {
			held.push(response);
			if (held.length < maxInFlight) return;
			setTimeout(() => {
				limitedAt = Date.now();
				held.forEach(limit);
			}, 15);
			return;
		}
		setTimeout(() => {
			const isLimited = limitedAt > 0 && Date.now() < limitedAt + pauseMs;
			if (isLimited) limit(response);
			else response.end('{}');
		}, 15);
	});
	const setup = buildSetup(server.url);
	const [one, two] = [createContext(server.url), createContext(server.url)];
	const [hook, poll] = [
		createHookContext({ ...setup, node: bareNode }),
		createPollContext({ ...setup, node: bareNode }),
	];
	await Promise.all([
		repeat(30, () => create(one)),
		repeat(30, () => create(two)),
		repeat(5, () => read(hook)),
		repeat(5, () => read(poll)),
	]);

	const inTime = server.received.filter(({ at }) => at < limitedAt);
	const within = server.received.filter(({ at }) => at >= limitedAt && at < limitedAt + pauseMs);
	const after = server.received.filter(({ at }) => at >= limitedAt + pauseMs);
	expect(within.length).toBeLessThanOrEqual(1);
	expect(inTime.length).toBeLessThanOrEqual(30 + maxInFlight);
	expect(inTime.length + within.length + after.length).toBe(server.received.length);
	// One, and only when it was answered the next.
	expect(after[1].at - after[0].at).toBeGreaterThanOrEqual(14);
	// Every request was done once; those answered 429 came a second time.
	const rateLimited = server.received.length - 70;
	expect(rateLimited).toBeGreaterThan(0);
	expect(rateLimited).toBeLessThanOrEqual(maxInFlight);
});

test('A pause longer than the total timeout fails a request immediately and leaves the others waiting', async () => {
	server = await startFaultServer([
		json(429, { error: 'Slow down' }, { 'retry-after': '1' }),
		json(200, { _id: 'abc' }),
	]);
	const context = createContext(server.url);
	const waiting = create(context);
	await until('the first request', () => server.received.length > 0, { everyMs: 50 });
	const { message } = await catchError(
		read(context, { limits: { ...quickLimits, totalTimeoutMs: 500 } }),
	);
	expect(message).toBe(
		"Because of Pocketsflow's rate limit, this request had to wait longer than the maximum of 0.5 seconds.",
	);
	expect(await waiting).toEqual({ _id: 'abc' });
	expect(server.received).toHaveLength(2);
});

test('Cancelling the execution ends requests in flight and queued ones, and sends nothing more', async () => {
	server = await startFaultServer(silence);
	const cancel = new AbortController();
	const context = createContext(server.url, { signal: cancel.signal });
	const limits = quickLimits;
	const errors = Promise.all(
		Array.from({ length: maxInFlightPerRun + 4 }, () => catchError(create(context, { limits }))),
	);
	await until('all permits to be used', () => server.received.length >= maxInFlightPerRun, {
		everyMs: 5,
	});
	cancel.abort();
	const outcomes = (await errors).map(({ context: { outcome } }) => outcome);
	expect(server.received).toHaveLength(maxInFlightPerRun);
	expect(outcomes.filter((outcome) => outcome === 'unknown')).toHaveLength(maxInFlightPerRun);
	expect((await errors)[maxInFlightPerRun + 3].message).toBe('The execution was stopped.');

	const after = await catchError(create(context, { limits }));
	expect(after.message).toBe('The execution was stopped.');
	expect(server.received).toHaveLength(maxInFlightPerRun);
});

test('Stopping lets requests in flight end and sends none of the queued ones', async () => {
	const most = { atOnce: 0 };
	server = await startFaultServer(slow(50, most));
	const stop = new AbortController();
	const context = createContext(server.url);
	const results = Promise.allSettled(
		Array.from({ length: maxInFlightPerRun + 4 }, () =>
			create(context, { limits: quickLimits, stop: stop.signal }),
		),
	);
	await until('all permits to be used', () => server.received.length >= maxInFlightPerRun, {
		everyMs: 2,
	});
	stop.abort();
	const statuses = (await results).map(({ status }) => status);
	expect(statuses.filter((status) => status === 'fulfilled')).toHaveLength(maxInFlightPerRun);
	expect(server.received).toHaveLength(maxInFlightPerRun);
});

test('Every request is done once although the server answers every third one 429', async () => {
	let done = 0;
	server = await startFaultServer((request, response) => {
		if (server.received.length % 3 === 0)
			return json(429, {}, { 'retry-after': '0' })(request, response);
		done++;
		json(201, { _id: String(done) })(request, response);
	});
	const answers = await repeat(40, () => create(createContext(server.url)));
	expect(done).toBe(40);
	expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(40);
});
