import type { DeliveryFingerprint } from '../events/identity';
import { BoundedMap } from '../transport/boundedMap';

interface LastDelivery {
	digest: string;
	discriminator: number | string;
	receivedAtMs: number;
}

/**
 * Recent deliveries of this process, so that a redelivery starts no second execution. Bounded in
 * number and age, and empty after a restart, when a redelivery may start one: lasting
 * de-duplication belongs to the workflow, on `eventId`, because n8n loses static data that is
 * written while it handles a delivery (docs/n8n-engine.md#static-data).
 */
export class RecentDeliveries {
	private readonly lastByKey: BoundedMap<LastDelivery>;

	/**
	 * @param ageMs how long a delivery is remembered
	 * @param copyAgeMs within this the same content is a repeat whatever its discriminator, which
	 * comes from a header that is not signed. Later it is not: two refunds of the same amount have
	 * the same bytes.
	 */
	constructor(
		capacity = 10_000,
		private readonly ageMs = 10 * 60_000,
		private readonly copyAgeMs = 10_000,
	) {
		this.lastByKey = new BoundedMap(capacity);
	}

	/**
	 * Records a delivery. Synchronous, so that of concurrent copies exactly one is new.
	 * @returns whether it repeats the last one with its key
	 */
	record({ key, digest, discriminator }: DeliveryFingerprint, nowMs: number): boolean {
		const last = this.lastByKey.get(key);
		this.lastByKey.set(key, { digest, discriminator, receivedAtMs: nowMs });
		this.forgetOld(nowMs);
		if (last?.digest !== digest) return false;
		const isSameMoment = last.discriminator === discriminator;
		return nowMs - last.receivedAtMs <= (isSameMoment ? this.ageMs : this.copyAgeMs);
	}

	/** How many deliveries are remembered. */
	get size(): number {
		return this.lastByKey.size;
	}

	private forgetOld(nowMs: number): void {
		for (const [key, { receivedAtMs }] of this.lastByKey) {
			if (nowMs - receivedAtMs <= this.ageMs) return;
			this.lastByKey.delete(key);
		}
	}
}
