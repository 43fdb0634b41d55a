import { sleep } from 'n8n-workflow';

/**
 * So many deliveries within that time begin a burst. An n8n that makes an isolate for each request stays
 * below it, and must: a delivery that waits there would keep its isolate in memory
 * (docs/n8n-engine.md#expression-isolates).
 */
const burstSize = 200;
const burstWindowMs = 1_000;

/** A burst has ended when no delivery came for so long. */
const quietMs = 250;

/** After so long whoever was not answered has given up (docs/pocketsflow-api.md#deliveries). */
const longestMs = 5_000;

const checkEveryMs = 50;

/**
 * Notices when very many deliveries come at once, so that all of them can be answered before n8n begins to
 * store and execute them, which takes several times as long (docs/scaling.md#where-the-time-goes).
 */
export class Burst {
	/** When the latest deliveries came, the last one at the end. */
	private arrivals: number[] = [];
	/** Kept until it is quiet, so that a lasting stream waits for `longestMs` only. */
	private beganAtMs = Infinity;
	private end: Promise<void> | undefined;

	/** Counts a delivery. */
	record(nowMs: number): void {
		if (this.isQuiet(nowMs)) {
			this.arrivals = [];
			this.beganAtMs = Infinity;
		}
		this.arrivals.push(nowMs);
		if (this.arrivals.length < burstSize) return;
		if (nowMs - this.arrivals[0] < burstWindowMs) this.beganAtMs = Math.min(this.beganAtMs, nowMs);
		this.arrivals.shift();
	}

	/** Whether deliveries are to be answered only. */
	isOn(nowMs: number): boolean {
		return !this.isQuiet(nowMs) && Math.abs(nowMs - this.beganAtMs) < longestMs;
	}

	/** Waits until the burst has ended; not at all without one. All deliveries share one clock. */
	async waitForEnd(): Promise<void> {
		this.end ??= this.watch().finally(() => {
			this.end = undefined;
		});
		await this.end;
	}

	private async watch(): Promise<void> {
		while (this.isOn(Date.now())) await sleep(checkEveryMs);
	}

	private isQuiet(nowMs: number): boolean {
		return Math.abs(nowMs - (this.arrivals.at(-1) ?? Infinity)) >= quietMs;
	}
}
