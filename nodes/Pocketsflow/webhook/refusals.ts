import { BoundedMap } from '../transport/boundedMap';

/** Between two lines about refused deliveries of one node. */
const lineIntervalMs = 60_000;

interface Refusals {
	/** When the last line was written. */
	loggedAtMs: number;
	/** How many were refused since, by reason. */
	counts: Map<string, number>;
}

/** Counts refused deliveries, so that a flood of forged ones does not flood the log. */
export class RefusalLog {
	private readonly byNode = new BoundedMap<Refusals>(1000);

	/**
	 * Records a refused delivery.
	 * @returns what to log: all that were refused since the last line. Undefined within a minute after it
	 */
	record(nodeKey: string, reason: string, nowMs: number): string | undefined {
		const { loggedAtMs, counts } = this.byNode.get(nodeKey) ?? newRefusals();
		counts.set(reason, (counts.get(reason) ?? 0) + 1);
		const isDue = Math.abs(nowMs - loggedAtMs) >= lineIntervalMs;
		this.byNode.set(
			nodeKey,
			isDue ? { loggedAtMs: nowMs, counts: new Map() } : { loggedAtMs, counts },
		);
		return isDue ? describe(counts) : undefined;
	}
}

const newRefusals = (): Refusals => ({ loggedAtMs: -Infinity, counts: new Map() });

function describe(counts: Map<string, number>): string {
	const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
	const reasons = [...counts].map(([reason, count]) => `${reason} (${count})`).join(', ');
	return `refused ${total} ${total === 1 ? 'delivery' : 'deliveries'}: ${reasons}`;
}
