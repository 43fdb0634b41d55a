export interface Wait {
	readonly ended: Promise<void>;
	end(): void;
}

/** Waits that can all be ended at the same time, so that a sandbox closes without delay. */
export class Timers {
	private readonly waits = new Set<Wait>();

	private closed = false;

	/** Starts a wait of some ms; after `close` it has already ended. */
	start(durationMs: number): Wait {
		let resolve = () => {};
		const ended = new Promise<void>((done) => (resolve = done));
		const timer = setTimeout(() => wait.end(), durationMs);
		const wait: Wait = {
			ended,
			end: () => {
				clearTimeout(timer);
				this.waits.delete(wait);
				resolve();
			},
		};
		this.waits.add(wait);
		if (this.closed) wait.end();
		return wait;
	}

	async sleep(durationMs: number): Promise<void> {
		await this.start(durationMs).ended;
	}

	close(): void {
		this.closed = true;
		for (const wait of this.waits) wait.end();
	}
}
