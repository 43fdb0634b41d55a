/** How much the transport asks of Pocketsflow and of n8n. Times in milliseconds. */
export interface Limits {
	/** Requests of one credential under way at once, over all executions of the process. */
	inFlight: number;
	/** How long one request may wait in all: in the queue, for the rate limit and between tries. */
	patienceMs: number;
	/** Connecting, sending and receiving together, for one try. 30 s is the SDK's own (contract A). */
	requestMs: number;
	/** Tries of one request, the first included. Being turned away for the rate limit is not a try. */
	tries: number;
	/** The first pause between tries, and after a 429 without Retry-After; it doubles each time. */
	firstPauseMs: number;
	/** Size of one answer after decompression. */
	answerBytes: number;
}

export const standardLimits: Limits = {
	inFlight: 10,
	patienceMs: 5 * 60_000,
	requestMs: 30_000,
	tries: 4,
	firstPauseMs: 1_000,
	answerBytes: 64 * 1024 * 1024,
};

const longestPauseMs = 60_000;

/** The pause before repetition `count` (1 is the first): doubling, half of it left to chance. */
export function backoff(firstPauseMs: number, count: number): number {
	const full = Math.min(firstPauseMs * 2 ** (count - 1), longestPauseMs);
	return full / 2 + (Math.random() * full) / 2;
}

/** A duration as an operator says it: `5 minutes`, `30 seconds`, `1 hour`. */
export function inWords(ms: number): string {
	const [amount, unit] =
		ms >= 2 * 3_600_000
			? [ms / 3_600_000, 'hour']
			: ms >= 2 * 60_000
				? [ms / 60_000, 'minute']
				: [ms / 1_000, 'second'];
	const shown = amount < 10 ? Math.round(amount * 10) / 10 : Math.round(amount);
	return `${shown} ${unit}${shown === 1 ? '' : 's'}`;
}
