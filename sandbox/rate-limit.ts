import type { Switches } from './switches';

interface Bucket {
	tokens: number;
	at: number;
}

/**
 * Token buckets (contract A, "Rate limits"): the burst is their size, the rate per minute refills
 * them. The documents name two limits and two scopes; the switches choose.
 */
export class RateLimit {
	private readonly buckets = new Map<string, Bucket>();

	constructor(private readonly switches: Switches) {}

	/** Takes a token; returns the milliseconds until the next one when there is none. */
	take(holder: string, now = Date.now()): number | undefined {
		const { rateLimit, rateLimitPerMinute, rateLimitBurst } = this.switches;
		if (!rateLimit) return undefined;
		const perMs = rateLimitPerMinute / 60_000;
		const bucket = this.buckets.get(holder) ?? { tokens: rateLimitBurst, at: now };
		bucket.tokens = Math.min(rateLimitBurst, bucket.tokens + (now - bucket.at) * perMs);
		bucket.at = now;
		this.buckets.set(holder, bucket);
		if (bucket.tokens < 1) return perMs > 0 ? (1 - bucket.tokens) / perMs : 60_000;
		bucket.tokens -= 1;
		return undefined;
	}

	/** Fills all buckets. */
	clear(): void {
		this.buckets.clear();
	}
}
