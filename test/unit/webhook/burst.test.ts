import { Burst } from '../../../nodes/Pocketsflow/webhook/burst';

/** Records deliveries at an even distance. @returns at which of their times the burst was on */
function recordEvenly(burst: Burst, count: number, everyMs: number, fromMs = 0): number[] {
	const times = Array.from({ length: count }, (_, n) => fromMs + n * everyMs);
	return times.filter((nowMs) => {
		burst.record(nowMs);
		return burst.isOn(nowMs);
	});
}

describe('a burst', () => {
	it('begins with the two hundredth delivery within a second', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 199, 5)).toEqual([]);
		burst.record(999);
		expect(burst.isOn(999)).toBe(true);
	});

	it('does not begin when the two hundredth comes later', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 199, 5)).toEqual([]);
		burst.record(1_000);
		expect(burst.isOn(1_000)).toBe(false);
	});

	it.each([6, 27, 100])('does not begin with one delivery every %d ms', (everyMs) => {
		expect(recordEvenly(new Burst(), 2000, everyMs)).toEqual([]);
	});

	it('begins in the middle of a slow stream', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 100, 50)).toEqual([]);
		expect(recordEvenly(burst, 185, 1, 5_000)).toEqual([5_183, 5_184]);
	});

	it('ends a quarter of a second after its last delivery', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 200, 0)).toEqual([0]);
		expect([249, 250].map((ms) => burst.isOn(ms))).toEqual([true, false]);
	});

	it('lets a lasting stream wait for five seconds, and then not again until it is quiet', () => {
		const burst = new Burst();
		const waiting = recordEvenly(burst, 20_000, 1);
		expect([waiting[0], waiting.at(-1), waiting.length]).toEqual([199, 5_198, 5_000]);
		expect(recordEvenly(burst, 200, 1, 20_249)).toEqual([20_448]);
	});

	it.each([-3_600_000, 3_600_000])('ends when the clock is moved by %d ms', (ms) => {
		const burst = new Burst();
		recordEvenly(burst, 300, 1, 10_000_000);
		expect(recordEvenly(burst, 2, 1, 10_000_000 + ms)).toEqual([]);
	});
});

describe('waiting for the end of a burst', () => {
	it('is over at once without one', async () => {
		let hasEnded = false;
		void new Burst().waitForEnd().then(() => {
			hasEnded = true;
		});
		await new Promise(setImmediate);
		expect(hasEnded).toBe(true);
	});

	it('takes as long as it lasts, by one clock for all, and again for the next one', async () => {
		for (const burst of [new Burst()].flatMap((one) => [one, one])) {
			const lastMs = Date.now();
			recordEvenly(burst, 200, 0, lastMs);
			const isOn = jest.spyOn(burst, 'isOn');
			await Promise.all(Array.from({ length: 100 }, () => burst.waitForEnd()));
			expect(burst.isOn(Date.now())).toBe(false);
			expect(Date.now() - lastMs).toBeGreaterThanOrEqual(250);
			expect(isOn.mock.calls.length).toBeLessThan(10);
			isOn.mockRestore();
		}
	});
});
