/** How much one request may take, of time, of size and of attempts. */
export interface Limits {
	/** Requests of one credential in flight at once, over all executions of the process. */
	maxInFlight: number;
	/** One request in all: in the queue, paused by the rate limit, and between attempts. */
	totalTimeoutMs: number;
	/** One attempt: connecting, sending and receiving together. */
	requestTimeoutMs: number;
	/** Attempts at one request, the first included. A 429 does not count as an attempt. */
	maxAttempts: number;
	/** The delay before the first retry, and after a 429 without Retry-After; it doubles each time. */
	retryDelayMs: number;
	/** Size of one response after decompression. */
	maxResponseBytes: number;
}

/** The limits of all requests that ask for no others. The request timeout is that of Pocketsflow's SDK. */
export const defaultLimits: Limits = {
	maxInFlight: 10,
	totalTimeoutMs: 5 * 60_000,
	requestTimeoutMs: 30_000,
	maxAttempts: 4,
	retryDelayMs: 1_000,
	maxResponseBytes: 64 * 1024 * 1024,
};

const maxBackoffMs = 60_000;

/**
 * Computes the delay before a retry in ms: doubling from `retryDelayMs`, up to a minute, half of it random.
 * @param retry 1 for the first retry
 */
export function computeBackoffMs(retryDelayMs: number, retry: number): number {
	const fullMs = Math.min(retryDelayMs * 2 ** (retry - 1), maxBackoffMs);
	return fullMs / 2 + (Math.random() * fullMs) / 2;
}

const unitsMs = { hour: 3_600_000, minute: 60_000, second: 1_000 } as const;

/** Formats a duration for a message: `5 minutes`, `30 seconds`, `90 seconds`, `24 hours`. */
export function formatDuration(ms: number): string {
	const unit = ms >= 2 * unitsMs.hour ? 'hour' : ms >= 2 * unitsMs.minute ? 'minute' : 'second';
	const amount = ms / unitsMs[unit];
	const rounded = amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount);
	return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`;
}
