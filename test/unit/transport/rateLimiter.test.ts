import { defaultLimits } from '../../../nodes/Pocketsflow/transport/limits';
import {
	acquirePermit,
	getRateLimiter,
	releasePermit,
	type PermitResult,
} from '../../../nodes/Pocketsflow/transport/rateLimiter';
import { delay, onAbort } from '../../../nodes/Pocketsflow/transport/signals';

jest.mock('../../../nodes/Pocketsflow/transport/signals', () => ({
	...jest.requireActual('../../../nodes/Pocketsflow/transport/signals'),
	delay: jest.fn(),
}));

type Limiter = ReturnType<typeof getRateLimiter>;
type Permit = Exclude<Awaited<ReturnType<typeof acquirePermit>>, string>;

const limits = { ...defaultLimits, maxInFlight: 2, retryDelayMs: 1_000 };

/** A clock that stands still unless it is advanced, and what waits for it. */
let nowMs = 0;
let timers: Array<{ atMs: number; end(): void }> = [];
let limiter: Limiter;
let limiters = 0;

beforeEach(() => {
	nowMs = 1_000_000;
	timers = [];
	jest.mocked(delay).mockClear();
	limiter = getRateLimiter(`limiter ${++limiters}`);
	jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
	jest.spyOn(Math, 'random').mockReturnValue(0.5);
	jest.mocked(delay).mockImplementation(
		(ms, ...signals) =>
			new Promise((resolve) => {
				const timer = {
					atMs: nowMs + ms,
					end() {
						timers = timers.filter((other) => other !== timer);
						resolve();
					},
				};
				timers.push(timer);
				onAbort(signals, timer.end);
			}),
	);
});
afterEach(() => {
	// One that is idle can be forgotten.
	Object.assign(limiter, { inFlight: 0, queue: [], pausedUntilMs: 0 });
	jest.restoreAllMocks();
});

const settle = async () => await new Promise((resolve) => setImmediate(resolve));

async function advance(ms: number): Promise<void> {
	const untilMs = nowMs + ms;
	for (;;) {
		await settle();
		const [next] = timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
		if (!next) break;
		nowMs = Math.max(nowMs, next.atMs);
		next.end();
	}
	nowMs = untilMs;
}

interface Request {
	/** Undefined while it waits. */
	result?: Permit | 'timeout' | 'aborted';
}

/** Asks for a permit and lets a moment pass. */
async function ask({
	withinMs = 60_000,
	goesFirst = false,
	isUrgent = false,
	signals = [] as Array<AbortSignal | undefined>,
	maxInFlight = limits.maxInFlight,
	run = {},
} = {}): Promise<Request> {
	const request: Request = {};
	void acquirePermit(limiter, {
		limits: { ...limits, maxInFlight },
		run,
		deadlineMs: nowMs + withinMs,
		goesFirst,
		isUrgent,
		signals,
	}).then((result) => (request.result = result));
	await settle();
	return request;
}

const permitted = expect.objectContaining({ issuedAtMs: expect.any(Number) });

async function release({ result }: Request, outcome: PermitResult = 'answered'): Promise<void> {
	expect(result).toEqual(permitted);
	releasePermit(limiter, result as Permit, outcome);
	await advance(0);
}

const limited = (retryAfterMs?: number): PermitResult => ({ rateLimited: true, retryAfterMs });

/** Sends one request that is answered 429, and says for how long that pauses the others. */
async function pause(retryAfterMs?: number): Promise<number> {
	await release(await ask(), limited(retryAfterMs));
	return limiter.pausedUntilMs - nowMs;
}

describe('one run', () => {
	it('holds no more places than its share, and those of others pass it', async () => {
		const bulk = {};
		const most = { maxInFlight: 10, run: bulk };
		const held: Request[] = [];
		for (let index = 0; index < 12; index++) held.push(await ask(most));
		expect(held.filter(({ result }) => result !== undefined)).toHaveLength(8);
		const checkout = await ask({ maxInFlight: 10 });
		expect(checkout.result).toEqual(permitted);
		await release(held[0]);
		expect(held.map(({ result }) => result)).toEqual([
			...Array.from({ length: 9 }, () => permitted),
			...Array.from({ length: 3 }, () => undefined),
		]);
	});

	it('is forgotten when nothing of it is in flight any more', async () => {
		await release(await ask());
		expect(limiter.held.size).toBe(0);
	});
});

describe('requests in flight', () => {
	it('are as many as the limits allow; the others follow one by one, in their order', async () => {
		const requests = [await ask(), await ask(), await ask(), await ask()];
		expect(requests.map(({ result }) => result)).toEqual([
			permitted,
			permitted,
			undefined,
			undefined,
		]);
		await release(requests[0]);
		expect(requests[2].result).toEqual(permitted);
		expect(requests[3].result).toBeUndefined();
		await release(requests[1], 'failed');
		expect(requests[3].result).toEqual(permitted);
		await release(requests[2]);
		await release(requests[3]);
		expect(limiter).toMatchObject({ inFlight: 0, queue: [] });
		expect(timers).toEqual([]);
	});

	it('requests need no timer if none has to wait', async () => {
		await release(await ask());
		expect(delay).not.toHaveBeenCalled();
	});

	it('give way to one that goes first, and to none that comes later', async () => {
		const [one, two] = [await ask(), await ask()];
		const waiting = await ask();
		const first = await ask({ goesFirst: true });
		const roomy = await ask({ maxInFlight: 3 });
		expect([waiting.result, first.result, roomy.result]).toEqual([undefined, undefined, undefined]);
		await release(one);
		expect([waiting.result, first.result]).toEqual([undefined, permitted]);
		await release(two);
		expect(waiting.result).toEqual(permitted);
		expect((await ask({ goesFirst: true, maxInFlight: 4 })).result).toEqual(permitted);
	});

	it('do not hold up an urgent one', async () => {
		await ask();
		await ask();
		await ask();
		const run = {};
		expect((await ask({ isUrgent: true, run })).result).toEqual(permitted);
		expect(limiter.inFlight).toBe(3);
		expect(limiter.held.get(run)).toBe(1);
	});

	it('let the next begin a little later, so that it can still be stopped', async () => {
		const stop = new AbortController();
		const [one] = [await ask(), await ask()];
		const stopped = await ask({ signals: [undefined, stop.signal] });
		const next = await ask();
		releasePermit(limiter, one.result as Permit, 'failed');
		stop.abort();
		await advance(0);
		expect([stopped.result, next.result]).toEqual(['aborted', permitted]);
	});
});

describe('a request that waits', () => {
	it('is refused when its time ends, and leaves the others waiting', async () => {
		const [one] = [await ask(), await ask()];
		const [short, long] = [await ask({ withinMs: 100 }), await ask()];
		await advance(99);
		expect(short.result).toBeUndefined();
		await advance(1);
		expect([short.result, long.result]).toEqual(['timeout', undefined]);
		await release(one);
		expect(long.result).toEqual(permitted);
	});

	it('is refused when it is stopped, before it waits and while it does', async () => {
		const stop = new AbortController();
		const signals = [undefined, stop.signal];
		await ask();
		await ask();
		const waiting = await ask({ signals });
		stop.abort();
		await settle();
		expect(waiting.result).toBe('aborted');
		expect((await ask({ signals, isUrgent: true })).result).toBe('aborted');
		expect(limiter).toMatchObject({ inFlight: 2, queue: [] });
		expect(timers).toEqual([]);
	});
});

describe('a pause', () => {
	it('holds up all but urgent requests until it ends, then they go one by one', async () => {
		expect(await pause(200)).toBe(225);
		const [one, two, first] = [await ask(), await ask(), await ask({ goesFirst: true })];
		const urgent = await ask({ isUrgent: true });
		expect(urgent.result).toEqual(permitted);
		releasePermit(limiter, urgent.result as Permit, 'failed');
		await advance(224);
		expect([one.result, two.result, first.result]).toEqual([undefined, undefined, undefined]);
		await advance(1);
		expect([one.result, two.result, first.result]).toEqual([undefined, undefined, permitted]);
		await release(first, 'failed');
		expect([one.result, two.result]).toEqual([permitted, undefined]);
		await release(one);
		expect(limiter.concurrency).toBe(2);
		const three = await ask();
		expect([two.result, three.result]).toEqual([permitted, permitted]);
	});

	it('wakes the queue with one timer, also the next time', async () => {
		for (let times = 0; times < 2; times++) {
			const pauseMs = await pause(200);
			const waiting = [await ask(), await ask()];
			const deadlines = 2;
			expect(timers).toHaveLength(deadlines + 1);
			await advance(pauseMs);
			await release(waiting[0]);
			await release(waiting[1]);
			expect(timers).toEqual([]);
		}
	});

	it('a pause that is over holds up nothing', async () => {
		await advance(await pause(200));
		expect((await ask()).result).toEqual(permitted);
	});

	it('a pause that outlasts the time of a request refuses it immediately, without a timer', async () => {
		const pauseMs = await pause(200);
		const late = await ask({ withinMs: pauseMs - 1 });
		expect(late.result).toBe('timeout');
		expect(timers).toEqual([]);
		expect((await ask({ withinMs: pauseMs })).result).toBeUndefined();
	});

	it('a pause that begins refuses the requests that cannot wait so long', async () => {
		const [one] = [await ask(), await ask()];
		const [short, long] = [await ask({ withinMs: 224 }), await ask({ withinMs: 225 })];
		await release(one, limited(200));
		expect([short.result, long.result]).toEqual(['timeout', undefined]);
	});

	it('a pause without Retry-After doubles until a request is answered', async () => {
		for (const expected of [750, 1_500, 3_000]) {
			const pauseMs = await pause();
			expect(pauseMs).toBe(expected);
			await advance(pauseMs);
		}
		await release(await ask(), 'failed');
		const after = await pause();
		expect(after).toBe(6_000);
		await advance(after);
		await release(await ask());
		expect(await pause()).toBe(750);
	});

	it('a pause is at least 50 ms, and longer if Retry-After was too short before', async () => {
		for (const expected of [75, 775, 1_525]) {
			const pauseMs = await pause(0);
			expect(pauseMs).toBe(expected);
			await advance(pauseMs);
		}
		expect(await pause(2_000 * 60)).toBe(120_025);
	});

	it('is no longer than one request may take', async () => {
		expect(await pause(3_600_000)).toBe(defaultLimits.totalTimeoutMs);
	});

	it('is begun by the first 429 only; others of before can make it longer, and not shorter', async () => {
		const [one, two, three, four] = [
			await ask({ maxInFlight: 4 }),
			await ask({ maxInFlight: 4 }),
			await ask({ maxInFlight: 4 }),
			await ask({ maxInFlight: 4 }),
		];
		await release(one, limited(1_000));
		expect(limiter).toMatchObject({ concurrency: 1, consecutivePauses: 1 });
		expect(limiter.pausedUntilMs - nowMs).toBe(1_025);
		await release(two, limited());
		await release(three, limited(500));
		expect(limiter.pausedUntilMs - nowMs).toBe(1_025);
		await release(four, limited(2_000));
		expect(limiter.pausedUntilMs - nowMs).toBe(2_025);
		expect(limiter).toMatchObject({ concurrency: 1, consecutivePauses: 1 });
	});

	it('a pause without Retry-After is not extended by a later 429 to an earlier request', async () => {
		const [one, two] = [await ask(), await ask()];
		await release(one, limited());
		await advance(100);
		await release(two, limited());
		expect(limiter.pausedUntilMs - nowMs).toBe(650);
	});

	it('is not ended by an answer to a request of before, but by one that was sent as it ended', async () => {
		const [one, two] = [await ask(), await ask()];
		await release(one, limited(1_000));
		const waiting = await ask();
		await release(two);
		expect(limiter).toMatchObject({ concurrency: 1, consecutivePauses: 1 });
		await advance(1_025);
		await release(waiting);
		expect(limiter).toMatchObject({ concurrency: 2, consecutivePauses: 0 });
	});
});

describe('the rate limiter of a credential', () => {
	/** Makes so many others. */
	const crowd = (count: number) => {
		for (let n = 0; n < count; n++) getRateLimiter(`crowd ${++limiters}`);
	};

	it('the rate limiter is the same for the same key, and forgotten after a hundred newer keys', () => {
		const idle = getRateLimiter('idle');
		crowd(99);
		expect(getRateLimiter('idle')).toBe(idle);
		crowd(99);
		expect(getRateLimiter('idle')).toBe(idle);
		crowd(100);
		expect(getRateLimiter('idle')).not.toBe(idle);
	});

	it.each<[string, Partial<Limiter>]>([
		['has a request in flight', { inFlight: 1 }],
		['has one in its queue', { queue: [{} as Limiter['queue'][number]] }],
		['pauses', { pausedUntilMs: 1_000_001 }],
	])('is kept while it %s', (what, busy) => {
		const kept = Object.assign(getRateLimiter(what), busy);
		crowd(100);
		expect(getRateLimiter(what)).toBe(kept);
		Object.assign(kept, { inFlight: 0, queue: [], pausedUntilMs: nowMs });
		crowd(100);
		expect(getRateLimiter(what)).not.toBe(kept);
	});
});
