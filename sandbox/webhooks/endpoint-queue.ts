import type { Switches } from '../switches';
import type { Timers, Wait } from './timers';

const MAX_HOLD_MS = 1_000;

/** The deliveries to one URL: in order, with a bounded number of them in flight. */
export class EndpointQueue {
	/** The delivery that waits until its successor was sent. */
	held: Wait | undefined;

	private readonly waiting: Array<() => Promise<void>> = [];

	private inFlight = 0;

	constructor(
		private readonly switches: Switches,
		private readonly timers: Timers,
	) {}

	/** Runs a job when its turn comes; settles as the job does. */
	async run(job: () => Promise<void>): Promise<void> {
		return await new Promise<void>((resolve, reject) => {
			this.waiting.push(async () => await job().then(resolve, reject));
			this.startNext();
		});
	}

	/** Waits until `release`, or for a second when no successor comes. */
	async hold(): Promise<void> {
		const wait = this.timers.start(MAX_HOLD_MS);
		this.held = wait;
		await wait.ended;
		if (this.held === wait) this.held = undefined;
	}

	release(wait: Wait | undefined): void {
		if (!wait || this.held !== wait) return;
		this.held = undefined;
		wait.end();
	}

	private startNext(): void {
		while (this.inFlight < Math.max(1, this.switches.deliveryConcurrency)) {
			const job = this.waiting.shift();
			if (!job) return;
			this.inFlight += 1;
			void job().finally(() => {
				this.inFlight -= 1;
				this.startNext();
			});
		}
	}
}
