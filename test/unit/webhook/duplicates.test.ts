import { RecentDeliveries } from '../../../nodes/Pocketsflow/webhook/memory';

describe('RecentDeliveries', () => {
	it('recognises the same key only', () => {
		const recent = new RecentDeliveries();
		expect(recent.record('a', 0)).toBe(false);
		expect(recent.record('a', 1)).toBe(true);
		expect(recent.record('b', 2)).toBe(false);
	});

	it('recognises a copy that comes after others', () => {
		const recent = new RecentDeliveries();
		const repeats = ['active', 'past due', 'active'].map((key, at) => recent.record(key, at));
		expect(repeats).toEqual([false, false, true]);
	});

	it('counts the age from the first delivery: repetitions do not lengthen it', () => {
		const recent = new RecentDeliveries(10, 1000);
		const repeats = [0, 900, 1000, 1001, 1900].map((nowMs) => recent.record('a', nowMs));
		expect(repeats).toEqual([false, true, true, false, true]);
	});

	it('stays within its capacity and forgets the oldest first', () => {
		const recent = new RecentDeliveries(100);
		for (let n = 0; n < 10_000; n++) recent.record(`k${n}`, n / 1000);
		const remembered = Array.from({ length: 100 }, (_, n) => recent.record(`k${9900 + n}`, 11));
		expect(remembered).toEqual(Array(100).fill(true));
		expect(recent.record('k9899', 11)).toBe(false);
	});
});
