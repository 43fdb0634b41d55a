/**
 * Recent deliveries of this process, so that a redelivery starts no second execution. Bounded in number
 * and age; empty after a restart, which only means that a redelivery may start a second execution:
 * durable de-duplication belongs to the flow, on `eventId` (n8n-core loses static data that is written
 * in `webhook()`).
 */
export class RecentDeliveries {
	private readonly seen = new Map<string, { content: string; at: number }>();

	constructor(
		private readonly capacity = 10_000,
		private readonly ageMs = 10 * 60_000,
	) {}

	/**
	 * Records a delivery and says whether it repeats one: synchronous, so that of concurrent copies
	 * exactly one is new.
	 * @param key what it is about; a delivery with the same key and `content` as the last one repeats it
	 */
	repeats(key: string, content: string, now: number): boolean {
		const last = this.seen.get(key);
		this.seen.delete(key);
		this.seen.set(key, { content, at: now });
		for (const [oldest, { at }] of this.seen) {
			if (this.seen.size <= this.capacity && now - at <= this.ageMs) break;
			this.seen.delete(oldest);
		}
		return last !== undefined && last.content === content && now - last.at <= this.ageMs;
	}

	/** How many deliveries are remembered. */
	get size(): number {
		return this.seen.size;
	}
}
