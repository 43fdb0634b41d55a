import type { Repeatable } from '../events/identity';

/**
 * Recent deliveries of this process, so that a redelivery starts no second execution. Bounded in number
 * and age; empty after a restart, which only means that a redelivery may start a second execution:
 * durable de-duplication belongs to the flow, on `eventId` (n8n-core loses static data that is written
 * in `webhook()`).
 */
export class RecentDeliveries {
	private readonly seen = new Map<
		string,
		{ content: string; moment: number | string; at: number }
	>();

	constructor(
		private readonly capacity = 10_000,
		private readonly ageMs = 10 * 60_000,
		/**
		 * Within this the same content is a repetition although it was sent at another moment, which is not
		 * signed. Later it is not: a second refund of the same amount has the same bytes as the first.
		 */
		private readonly copyMs = 10_000,
	) {}

	/**
	 * Records a delivery and says whether it repeats one: synchronous, so that of concurrent copies
	 * exactly one is new.
	 */
	repeats({ key, content, moment }: Repeatable, now: number): boolean {
		const last = this.seen.get(key);
		this.seen.delete(key);
		this.seen.set(key, { content, moment, at: now });
		for (const [oldest, { at }] of this.seen) {
			if (this.seen.size <= this.capacity && now - at <= this.ageMs) break;
			this.seen.delete(oldest);
		}
		if (last?.content !== content) return false;
		return now - last.at <= (last.moment === moment ? this.ageMs : this.copyMs);
	}

	/** How many deliveries are remembered. */
	get size(): number {
		return this.seen.size;
	}
}
