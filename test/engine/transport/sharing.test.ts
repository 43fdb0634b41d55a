import { bareNode, contextFor, key, quick, rejection, setupFor } from './setting';

import { standardLimits } from '../../../nodes/Pocketsflow/transport/limits';
import { send, type SendOptions } from '../../../nodes/Pocketsflow/transport/send';
import type { PocketsflowContext } from '../../../nodes/Pocketsflow/api/request';
import { hookContext, pollContext } from '../../harness/engine/context';
import { json, silence, startFaultServer, type Behaviour, type FaultServer } from './fault-server';

const create = async (context: PocketsflowContext, options: SendOptions = { limits: quick }) =>
	await send(
		context,
		{ method: 'POST', path: '/products', body: { name: 'x' } },
		'create',
		0,
		options,
	);

const read = async (context: PocketsflowContext, options: SendOptions = { limits: quick }) =>
	await send(context, { method: 'GET', path: '/products' }, 'read', 0, options);

let server: FaultServer;

afterEach(async () => await server.close());

const many = async (count: number, work: () => Promise<unknown>) =>
	await Promise.all(Array.from({ length: count }, work));

/** Answers after a while, and keeps how many requests it had at once. */
function slow(ms: number, most: { atOnce: number }): Behaviour {
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

const { inFlight } = standardLimits;

test('two executions share what may be in flight', async () => {
	const most = { atOnce: 0 };
	server = await startFaultServer(slow(100, most));
	const [one, two] = [contextFor(server.url), contextFor(server.url)];
	await Promise.all([many(40, () => create(one)), many(40, () => create(two))]);
	expect(server.seen).toHaveLength(80);
	expect(most.atOnce).toBe(inFlight);
});

test('another key has a way of its own', async () => {
	const most = { atOnce: 0 };
	server = await startFaultServer(slow(100, most));
	const one = contextFor(server.url);
	const two = contextFor(server.url, { credential: { apiKey: `${key}2`, baseUrl: server.url } });
	await Promise.all([many(40, () => create(one)), many(40, () => create(two))]);
	expect(most.atOnce).toBeGreaterThan(inFlight);
	expect(most.atOnce).toBeLessThanOrEqual(2 * inFlight);
});

test('two executions, the hooks of a trigger and a poll share the pause, and begin again one by one', async () => {
	const pauseMs = 1_000;
	let limitedAt = 0;
	server = await startFaultServer((request, response) => {
		request.resume();
		setTimeout(() => {
			const now = Date.now();
			if (limitedAt === 0 && server.seen.length > 30) limitedAt = now;
			const isLimited = limitedAt > 0 && now < limitedAt + pauseMs;
			if (isLimited) response.writeHead(429, { 'retry-after': String(pauseMs / 1_000) }).end('{}');
			else response.end('{}');
		}, 15);
	});
	const setup = setupFor(server.url);
	const [one, two] = [contextFor(server.url), contextFor(server.url)];
	const [hook, poll] = [
		hookContext({ ...setup, node: bareNode }),
		pollContext({ ...setup, node: bareNode }),
	];
	await Promise.all([
		many(30, () => create(one)),
		many(30, () => create(two)),
		many(5, () => read(hook)),
		many(5, () => read(poll)),
	]);

	// Requests that were under way when the first was turned away may still arrive; nothing else does.
	const inTime = server.seen.filter(({ at }) => at < limitedAt);
	const within = server.seen.filter(({ at }) => at >= limitedAt && at < limitedAt + pauseMs);
	const after = server.seen.filter(({ at }) => at >= limitedAt + pauseMs);
	expect(within.length).toBeLessThanOrEqual(1);
	expect(inTime.length).toBeLessThanOrEqual(30 + inFlight);
	expect(inTime.length + within.length + after.length).toBe(server.seen.length);
	// One, and only when it was answered the next.
	expect(after[1].at - after[0].at).toBeGreaterThanOrEqual(14);
	// Every request was done once; those turned away came a second time.
	const turnedAway = server.seen.length - 70;
	expect(turnedAway).toBeGreaterThan(0);
	expect(turnedAway).toBeLessThanOrEqual(inFlight);
});

test('a pause longer than the patience of a request fails it at once and leaves the others waiting', async () => {
	server = await startFaultServer([
		json(429, { error: 'Slow down' }, { 'retry-after': '1' }),
		json(200, { _id: 'abc' }),
	]);
	const context = contextFor(server.url);
	const patient = create(context);
	while (server.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
	const { message } = await rejection(read(context, { limits: { ...quick, patienceMs: 500 } }));
	expect(message).toBe(
		'The rate limit of Pocketsflow keeps this request waiting longer than the 0.5 seconds that it may. Try again later, or send fewer items at once.',
	);
	expect(await patient).toEqual({ _id: 'abc' });
	expect(server.seen).toHaveLength(2);
});

test('cancelling the execution ends what is under way and what waits, and sends nothing more', async () => {
	server = await startFaultServer(silence);
	const cancel = new AbortController();
	const context = contextFor(server.url, { signal: cancel.signal });
	const limits = quick;
	const errors = Promise.all(
		Array.from({ length: inFlight + 4 }, () => rejection(create(context, { limits }))),
	);
	while (server.seen.length < inFlight) await new Promise((resolve) => setTimeout(resolve, 5));
	cancel.abort();
	const outcomes = (await errors).map(({ context: { outcome } }) => outcome);
	expect(server.seen).toHaveLength(inFlight);
	expect(outcomes.filter((outcome) => outcome === 'unknown')).toHaveLength(inFlight);
	expect((await errors)[inFlight + 3].message).toBe('The execution was stopped.');

	const after = await rejection(create(context, { limits }));
	expect(after.message).toBe('The execution was stopped.');
	expect(server.seen).toHaveLength(inFlight);
});

test('stopping lets what was sent end and sends nothing that waits', async () => {
	const most = { atOnce: 0 };
	server = await startFaultServer(slow(50, most));
	const stop = new AbortController();
	const context = contextFor(server.url);
	const results = Promise.allSettled(
		Array.from({ length: inFlight + 4 }, () =>
			create(context, { limits: quick, stop: stop.signal }),
		),
	);
	while (server.seen.length < inFlight) await new Promise((resolve) => setTimeout(resolve, 2));
	stop.abort();
	const statuses = (await results).map(({ status }) => status);
	expect(statuses.filter((status) => status === 'fulfilled')).toHaveLength(inFlight);
	expect(server.seen).toHaveLength(inFlight);
});

test('a server that turns every other request away is followed to the end, none done twice', async () => {
	let done = 0;
	server = await startFaultServer((request, response) => {
		if (server.seen.length % 3 === 0)
			return json(429, {}, { 'retry-after': '0' })(request, response);
		done++;
		json(201, { _id: String(done) })(request, response);
	});
	const answers = await many(40, () => create(contextFor(server.url)));
	expect(done).toBe(40);
	expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(40);
});
