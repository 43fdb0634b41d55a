import { BoundedMap } from './boundedMap';
import { computeBackoffMs, defaultLimits, type Limits } from './limits';
import { delay } from './signals';

/** When one credential's requests are sent in this process (docs/pocketsflow-api.md#rate-limits). */
interface RateLimiter {
	inFlight: number;
	/** How many of these belong to each run. */
	held: Map<object, number>;
	/** Requests that may be in flight; 1 after a pause, plus one for each response. */
	concurrency: number;
	pausedUntilMs: number;
	/** Since the last response to a request. The delay grows with them. */
	consecutivePauses: number;
	queue: QueuedRequest[];
	isWakeUpScheduled: boolean;
}

interface QueuedRequest {
	deadlineMs: number;
	limits: Limits;
	run: object;
	settle(result: Permit | Refusal): void;
}

interface Permit {
	/** Tells whether the request was sent before a pause. */
	issuedAtMs: number;
	limits: Limits;
	run: object;
}

type Refusal = 'timeout' | 'aborted';

export type PermitResult = 'answered' | 'failed' | { rateLimited: true; retryAfterMs?: number };

interface AcquireOptions {
	limits: Limits;
	/** Represents the execution of a node, which may have many requests waiting. */
	run: object;
	/** A request whose turn would certainly come later is refused immediately. */
	deadlineMs: number;
	/** For a request that had its turn and got a 429. */
	goesFirst: boolean;
	/** Whether to skip every pause and the queue, because a delivery waits for the response. */
	isUrgent?: boolean;
	signals: Array<AbortSignal | undefined>;
}

const maxLimiters = 100;
const minPauseMs = 50;

const limiters = new BoundedMap<RateLimiter>(
	maxLimiters,
	({ inFlight, queue, pausedUntilMs }) =>
		inFlight === 0 && queue.length === 0 && pausedUntilMs <= Date.now(),
);

/** Finds the rate limiter of a credential by its hash. Idle ones are dropped if there are many. */
export function getRateLimiter(key: string): RateLimiter {
	const limiter = limiters.get(key) ?? {
		inFlight: 0,
		held: new Map(),
		concurrency: Infinity,
		pausedUntilMs: 0,
		consecutivePauses: 0,
		queue: [],
		isWakeUpScheduled: false,
	};
	limiters.set(key, limiter);
	return limiter;
}

export async function acquirePermit(
	limiter: RateLimiter,
	{ limits, run, deadlineMs, goesFirst, isUrgent, signals }: AcquireOptions,
): Promise<Permit | Refusal> {
	const isAborted = () => signals.some((signal) => signal?.aborted);
	if (isAborted()) return 'aborted';
	if (isUrgent) return takePermit(limiter, { limits, run });
	return await new Promise((resolve) => {
		const settled = new AbortController();
		const queued: QueuedRequest = {
			deadlineMs,
			limits,
			run,
			settle(result) {
				// With a reason, because Node.js would otherwise create an error with a stack trace.
				settled.abort(result);
				resolve(result);
			},
		};
		if (goesFirst) limiter.queue.unshift(queued);
		else limiter.queue.push(queued);
		admitQueued(limiter);
		if (settled.signal.aborted) return;
		void delay(deadlineMs - Date.now(), settled.signal, ...signals).then(() => {
			limiter.queue = limiter.queue.filter((other) => other !== queued);
			queued.settle(isAborted() ? 'aborted' : 'timeout');
		});
	});
}

/** Returns a permit and lets the next requests through, or pauses them all. */
export function releasePermit(limiter: RateLimiter, permit: Permit, result: PermitResult): void {
	limiter.inFlight--;
	const held = countHeld(limiter, permit.run) - 1;
	if (held > 0) limiter.held.set(permit.run, held);
	else limiter.held.delete(permit.run);
	const isCurrent = permit.issuedAtMs >= limiter.pausedUntilMs;
	if (typeof result === 'object')
		pauseRequests(limiter, permit.limits, result.retryAfterMs, isCurrent);
	else if (result === 'answered' && isCurrent) {
		limiter.consecutivePauses = 0;
		limiter.concurrency++;
	}
	// Slightly later: after a failure, the caller may stop queued requests, and no new one must start.
	if (limiter.queue.length > 0) void delay(0).then(() => admitQueued(limiter));
}

/**
 * Pauses all requests. Of several 429 together, the first starts the pause; the others can extend
 * it with their Retry-After. If Retry-After repeatedly proves too short, a longer pause applies.
 */
function pauseRequests(
	limiter: RateLimiter,
	{ retryDelayMs }: Limits,
	retryAfterMs: number | undefined,
	beginsPause: boolean,
): void {
	if (beginsPause) {
		limiter.consecutivePauses++;
		limiter.concurrency = 1;
	}
	const { consecutivePauses: pauses } = limiter;
	let pauseMs = 0;
	if (retryAfterMs !== undefined) {
		const leastMs = pauses > 1 ? computeBackoffMs(retryDelayMs, pauses - 1) : 0;
		pauseMs = Math.max(retryAfterMs, leastMs, minPauseMs) + Math.random() * minPauseMs;
	} else if (beginsPause) pauseMs = computeBackoffMs(retryDelayMs, pauses);
	limiter.pausedUntilMs = Math.max(
		limiter.pausedUntilMs,
		Date.now() + Math.min(pauseMs, defaultLimits.totalTimeoutMs),
	);
}

/** Lets queued requests through as long as there is room, and after a pause. */
function admitQueued(limiter: RateLimiter): void {
	const isLate = ({ deadlineMs }: QueuedRequest) => deadlineMs < limiter.pausedUntilMs;
	const late = limiter.queue.filter(isLate);
	limiter.queue = limiter.queue.filter((queued) => !isLate(queued));
	for (const { settle } of late) settle('timeout');
	if (limiter.pausedUntilMs > Date.now()) return scheduleWakeUp(limiter);
	for (;;) {
		// In order, except that a run that has used its share lets others pass.
		const index = limiter.queue.findIndex((queued) => !hasShare(limiter, queued));
		if (index === -1 || !hasRoom(limiter, limiter.queue[index])) return;
		const [queued] = limiter.queue.splice(index, 1);
		queued.settle(takePermit(limiter, queued));
	}
}

function scheduleWakeUp(limiter: RateLimiter): void {
	if (limiter.isWakeUpScheduled || limiter.queue.length === 0) return;
	limiter.isWakeUpScheduled = true;
	void delay(limiter.pausedUntilMs - Date.now()).then(() => {
		limiter.isWakeUpScheduled = false;
		admitQueued(limiter);
	});
}

const countHeld = ({ held }: RateLimiter, run: object) => held.get(run) ?? 0;

const hasShare = (limiter: RateLimiter, { limits, run }: QueuedRequest) =>
	countHeld(limiter, run) >= limits.maxInFlightPerRun;

const hasRoom = ({ inFlight, concurrency }: RateLimiter, { limits }: QueuedRequest) =>
	inFlight < Math.min(concurrency, limits.maxInFlight);

function takePermit(limiter: RateLimiter, { limits, run }: Pick<Permit, 'limits' | 'run'>): Permit {
	limiter.inFlight++;
	limiter.held.set(run, countHeld(limiter, run) + 1);
	return { issuedAtMs: Date.now(), limits, run };
}
