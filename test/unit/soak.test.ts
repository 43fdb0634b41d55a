import { judgeFigure, type Point } from '../soak/figures';

/** A sample every 20 seconds for some hours; noise is the same in each run. */
const sample = (hours: number, read: (hours: number, noise: number) => number): Point[] =>
	Array.from({ length: Math.round(hours * 180) + 1 }, (_, index) => {
		const at = index / 180;
		return { hours: at, value: read(at, Math.sin(index * 12.9898) + Math.sin(index * 4.1414)) };
	});

const bound = { perHour: 20 };

describe('the judgement of the soak run', () => {
	it('a noisy figure that does not grow is flat', () => {
		const points = sample(2, (_, noise) => 300 + 25 * noise);
		const judgement = judgeFigure(points, bound);
		expect(judgement.verdict).toBe('flat');
		expect(Math.abs(judgement.perHour)).toBeLessThan(5);
	});

	it('a leak is found behind the same noise', () => {
		const points = sample(2, (hours, noise) => 300 + 30 * hours + 25 * noise);
		const judgement = judgeFigure(points, bound);
		expect(judgement.verdict).toBe('not flat');
		expect(judgement.perHour).toBeGreaterThan(25);
		expect(judgement.perHour).toBeLessThan(35);
	});

	it('a leak that begins after an hour is found', () => {
		const points = sample(2, (hours) => 300 + 60 * Math.max(0, hours - 1));
		expect(judgeFigure(points, bound).verdict).toBe('not flat');
	});

	it('memory that is freed within the minute is not a leak', () => {
		const points = sample(1, (hours) => (Math.round(hours * 180) % 3 === 0 ? 130 * hours : 10));
		expect(judgeFigure(points, bound)).toMatchObject({ verdict: 'flat', most: 130 });
		expect(judgeFigure(points, { ...bound, most: 100 }).verdict).toBe('not flat');
	});

	it('a run that is too short is judged by the most that is allowed, not by growth', () => {
		const points = sample(0.25, (hours) => 300 + 1_000 * hours);
		expect(judgeFigure(points, bound).verdict).toBe('too short');
		expect(judgeFigure(points, { ...bound, most: 400 }).verdict).toBe('not flat');
	});

	it('a run without samples cannot be judged', () => {
		expect(() => judgeFigure([{ hours: 0, value: 1 }], bound)).toThrow('two minutes or more');
	});
});
