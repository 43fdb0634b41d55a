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
	it('begins with the twentieth delivery within a tenth of a second', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 19, 5)).toEqual([]);
		burst.record(99);
		expect(burst.isOn(99)).toBe(true);
	});

	it('does not begin when the twentieth comes later', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 19, 5)).toEqual([]);
		burst.record(100);
		expect(burst.isOn(100)).toBe(false);
	});

	it.each([6, 27, 100])('does not begin with one delivery every %d ms', (everyMs) => {
		expect(recordEvenly(new Burst(), 2000, everyMs)).toEqual([]);
	});

	it('begins in the middle of a slow stream', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 100, 50)).toEqual([]);
		expect(recordEvenly(burst, 20, 1, 5_000)).toEqual([5_018, 5_019]);
	});

	it('ends a quarter of a second after its last delivery', () => {
		const burst = new Burst();
		expect(recordEvenly(burst, 20, 0)).toEqual([0]);
		expect([249, 250].map((ms) => burst.isOn(ms))).toEqual([true, false]);
	});

	it('holds a lasting stream for five seconds, and then not again until it is quiet', () => {
		const burst = new Burst();
		const held = recordEvenly(burst, 20_000, 1);
		expect([held[0], held.at(-1), held.length]).toEqual([19, 5_018, 5_000]);
		expect(recordEvenly(burst, 20, 1, 20_249)).toEqual([20_268]);
	});

	it.each([-3_600_000, 3_600_000])('ends when the clock is moved by %d ms', (ms) => {
		const burst = new Burst();
		recordEvenly(burst, 30, 1, 10_000_000);
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
			recordEvenly(burst, 20, 0, lastMs);
			const isOn = jest.spyOn(burst, 'isOn');
			await Promise.all(Array.from({ length: 100 }, () => burst.waitForEnd()));
			expect(burst.isOn(Date.now())).toBe(false);
			expect(Date.now() - lastMs).toBeGreaterThanOrEqual(250);
			expect(isOn.mock.calls.length).toBeLessThan(10);
			isOn.mockRestore();
		}
	});
});
