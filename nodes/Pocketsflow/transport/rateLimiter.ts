import { backoff, standardLimits, type Limits } from './limits';
import { pause } from './signals';

/**
 * The way of one credential to Pocketsflow, shared by everything in this process that uses it. It is wide
 * until Pocketsflow answers 429; then all of it pauses, and it reopens with one request at a time, one
 * more for each that is answered.
 */
interface Lane {
	underWay: number;
	/** Requests that may be under way now, at most the limit of the caller. */
	width: number;
	pausedUntil: number;
	/** Pauses since a request was last let through: what the exponential time counts. */
	pauses: number;
	waiting: Waiter[];
	waking: boolean;
}

interface Waiter {
	deadline: number;
	limits: Limits;
	admit(result: Pass | Refusal): void;
}

/** The right to have one request under way. `since` tells the requests of before a pause from later ones. */
export interface Pass {
	since: number;
	limits: Limits;
}

/** Why a request was not let through: it would have waited too long, or its caller gave up. */
export type Refusal = 'late' | 'aborted';

/** What became of a request, as far as the lane is concerned. */
export type Verdict = { limited: true; retryAfterMs?: number } | 'answered' | 'failed';

const remembered = 100;
const lanes = new Map<string, Lane>();
const shortestPauseMs = 50;

/** The lane of a credential; `key` is a hash, so that no secret is kept here. Idle lanes are forgotten. */
export function laneOf(key: string): Lane {
	const lane = lanes.get(key) ?? {
		underWay: 0,
		width: Infinity,
		pausedUntil: 0,
		pauses: 0,
		waiting: [],
		waking: false,
	};
	lanes.delete(key);
	lanes.set(key, lane);
	if (lanes.size > remembered) {
		const now = Date.now();
		const idle = [...lanes].find(
			([, { underWay, waiting, pausedUntil }]) =>
				underWay + waiting.length === 0 && pausedUntil <= now,
		);
		if (idle) lanes.delete(idle[0]);
	}
	return lane;
}

/**
 * Waits for the turn of a request.
 * @param deadline when its patience ends (epoch, ms); a turn that must come later is refused at once
 * @param first whether it goes before the others, because it had its turn and was turned away
 */
export async function enter(
	lane: Lane,
	limits: Limits,
	deadline: number,
	first: boolean,
	signals: Array<AbortSignal | undefined>,
): Promise<Pass | Refusal> {
	if (signals.some((signal) => signal?.aborted)) return 'aborted';
	const free =
		first || lane.waiting.length === 0 ? passThrough(lane, limits, Date.now()) : undefined;
	if (free) return free;
	return await new Promise((resolve) => {
		const done = new AbortController();
		const waiter: Waiter = {
			deadline,
			limits,
			admit(result) {
				// With a reason, because Node.js would make an error with a stack trace otherwise.
				done.abort(result);
				resolve(result);
			},
		};
		lane.waiting[first ? 'unshift' : 'push'](waiter);
		move(lane);
		if (done.signal.aborted) return;
		void pause(deadline - Date.now(), done.signal, ...signals).then(() => {
			const place = lane.waiting.indexOf(waiter);
			if (place < 0) return;
			lane.waiting.splice(place, 1);
			waiter.admit(signals.some((signal) => signal?.aborted) ? 'aborted' : 'late');
		});
	});
}

/** Gives a pass back and lets the next requests through, or pauses them all. */
export function leave(lane: Lane, pass: Pass, verdict: Verdict): void {
	lane.underWay--;
	const ofThisOpening = pass.since >= lane.pausedUntil;
	if (typeof verdict === 'object') close(lane, pass, verdict.retryAfterMs, ofThisOpening);
	else if (verdict === 'answered' && ofThisOpening) {
		lane.pauses = 0;
		lane.width++;
	}
	// A little later: after a failure the caller may stop what waits, and nothing new must begin.
	if (lane.waiting.length > 0) void pause(0).then(() => move(lane));
}

/**
 * All requests under way when the limit is reached are turned away: only the first begins a pause, the
 * others can make it longer if Pocketsflow says so. A Retry-After that proves too short, again
 * and again, is not believed.
 */
function close(lane: Lane, pass: Pass, retryAfterMs: number | undefined, begins: boolean): void {
	const now = Date.now();
	const { firstPauseMs } = pass.limits;
	if (begins) {
		lane.pauses++;
		lane.width = 1;
	}
	const doubted = lane.pauses > 1 ? backoff(firstPauseMs, lane.pauses - 1) : 0;
	const told =
		retryAfterMs === undefined
			? begins
				? backoff(firstPauseMs, lane.pauses)
				: 0
			: Math.max(retryAfterMs, doubted, shortestPauseMs) + Math.random() * shortestPauseMs;
	lane.pausedUntil = Math.max(lane.pausedUntil, now + Math.min(told, standardLimits.patienceMs));
}

function move(lane: Lane): void {
	const late = lane.waiting.filter(({ deadline }) => deadline < lane.pausedUntil);
	if (late.length > 0) {
		lane.waiting = lane.waiting.filter((waiter) => !late.includes(waiter));
		for (const waiter of late) waiter.admit('late');
	}
	const now = Date.now();
	if (lane.pausedUntil > now) {
		if (lane.waking || lane.waiting.length === 0) return;
		lane.waking = true;
		void pause(lane.pausedUntil - now).then(() => {
			lane.waking = false;
			move(lane);
		});
		return;
	}
	while (lane.waiting.length > 0) {
		const pass = passThrough(lane, lane.waiting[0].limits, now);
		if (!pass) return;
		lane.waiting.shift()?.admit(pass);
	}
}

/** A pass, if the lane is open and has room for one more. */
function passThrough(lane: Lane, limits: Limits, now: number): Pass | undefined {
	if (lane.pausedUntil > now) return undefined;
	if (lane.underWay >= Math.min(lane.width, limits.inFlight)) return undefined;
	lane.underWay++;
	return { since: now, limits };
}
