import { BoundedMap } from '../transport/boundedMap';

/**
 * Recent deliveries of this process, so that a redelivery starts no second execution. Bounded in
 * number and age, and empty after a restart, when a redelivery may start one: lasting
 * de-duplication belongs to the workflow, on `eventId`, because n8n loses static data that is
 * written while it handles a delivery (docs/n8n-engine.md#static-data).
 */
export class RecentDeliveries {
	private readonly receivedAtMs: BoundedMap<number>;

	/** @param ageMs how long a delivery is remembered; a repetition does not lengthen it */
	constructor(
		capacity = 10_000,
		private readonly ageMs = 10 * 60_000,
	) {
		this.receivedAtMs = new BoundedMap(capacity);
	}

	/**
	 * Records a delivery. Synchronous, so that of concurrent copies exactly one is new.
	 * @param key what a repetition has in common with the delivery that it repeats
	 * @returns whether it is a repetition
	 */
	record(key: string, nowMs: number): boolean {
		this.forgetOld(nowMs);
		if (this.receivedAtMs.get(key) !== undefined) return true;
		this.receivedAtMs.set(key, nowMs);
		return false;
	}

	/** How many deliveries are remembered. */
	get size(): number {
		return this.receivedAtMs.size;
	}

	private forgetOld(nowMs: number): void {
		for (const [key, receivedAtMs] of this.receivedAtMs) {
			if (nowMs - receivedAtMs <= this.ageMs) return;
			this.receivedAtMs.delete(key);
		}
	}
}
