import type { Switches } from '../switches';

interface Bucket {
	tokens: number;
	updatedAtMs: number;
}

/** Token buckets: the burst is their size (docs/pocketsflow-api.md#rate-limits). */
export class RateLimiter {
	private readonly buckets = new Map<string, Bucket>();

	constructor(private readonly switches: Switches) {}

	/** Takes a token; returns the ms until the next one when there is none. */
	take(holder: string, nowMs = Date.now()): number | undefined {
		const { rateLimit, rateLimitPerMinute, rateLimitBurst } = this.switches;
		if (!rateLimit) return undefined;
		const tokensPerMs = rateLimitPerMinute / 60_000;
		const bucket = this.buckets.get(holder) ?? { tokens: rateLimitBurst, updatedAtMs: nowMs };
		const refill = (nowMs - bucket.updatedAtMs) * tokensPerMs;
		bucket.tokens = Math.min(rateLimitBurst, bucket.tokens + refill);
		bucket.updatedAtMs = nowMs;
		this.buckets.set(holder, bucket);
		if (bucket.tokens < 1) return tokensPerMs > 0 ? (1 - bucket.tokens) / tokensPerMs : 60_000;
		bucket.tokens -= 1;
		return undefined;
	}

	clear(): void {
		this.buckets.clear();
	}
}
