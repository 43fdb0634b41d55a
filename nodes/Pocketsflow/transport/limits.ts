export interface Limits {
	/** Requests of one credential in flight at the same time, across all executions of the process. */
	maxInFlight: number;
	/** How many of these one execution of a node may use, so that it does not hold up others. */
	maxInFlightPerRun: number;
	/** Of one request: in the queue, paused by the rate limit, and between attempts. */
	totalTimeoutMs: number;
	/** Of one attempt: connecting, sending and receiving together. */
	requestTimeoutMs: number;
	/** Attempts at one request, including the first. A 429 does not count as an attempt. */
	maxAttempts: number;
	/** The delay before the first retry, and after a 429 without Retry-After. It doubles each time. */
	retryDelayMs: number;
	/** Size of one response after decompression. */
	maxResponseBytes: number;
}

/** The request timeout is that of Pocketsflow's SDK. */
export const defaultLimits: Limits = {
	maxInFlight: 10,
	maxInFlightPerRun: 8,
	totalTimeoutMs: 5 * 60_000,
	requestTimeoutMs: 30_000,
	maxAttempts: 4,
	retryDelayMs: 1_000,
	maxResponseBytes: 64 * 1024 * 1024,
};

const maxBackoffMs = 60_000;

/** Computes the delay in ms before a retry (from 1 on): doubled, up to a minute, half of it random. */
export function computeBackoffMs(retryDelayMs: number, retry: number): number {
	const fullMs = Math.min(retryDelayMs * 2 ** (retry - 1), maxBackoffMs);
	return fullMs / 2 + (Math.random() * fullMs) / 2;
}

const minuteMs = 60_000;

/** Formats a duration for a message, rounded up: `0.4 seconds`, `5 minutes 1 second`. */
export function formatDuration(ms: number): string {
	if (ms < 10_000) return formatAmount(Math.ceil(ms / 100) / 10, 'second');
	const seconds = Math.ceil(ms / 1_000);
	if (seconds < 120) return formatAmount(seconds, 'second');
	if (seconds < 7_200) return formatAmounts(seconds, 'minute', 'second');
	return formatAmounts(Math.ceil(ms / minuteMs), 'hour', 'minute');
}

function formatAmounts(total: number, unit: string, part: string): string {
	const rest = total % 60;
	const whole = formatAmount(Math.floor(total / 60), unit);
	return rest === 0 ? whole : `${whole} ${formatAmount(rest, part)}`;
}

const formatAmount = (amount: number, unit: string) =>
	`${amount} ${unit}${amount === 1 ? '' : 's'}`;
