import { RecentDeliveries } from '../../../nodes/Pocketsflow/events/duplicates';

describe('recent deliveries', () => {
	it('recognise the same content for the same key only', () => {
		const recent = new RecentDeliveries();
		expect(recent.repeats('a', '1', 0)).toBe(false);
		expect(recent.repeats('a', '1', 1)).toBe(true);
		expect(recent.repeats('b', '1', 2)).toBe(false);
	});

	it('let a state pass that came back after another one', () => {
		const recent = new RecentDeliveries();
		const passed = ['active', 'past due', 'active'].map((state, at) => recent.repeats('member', state, at));
		expect(passed).toEqual([false, false, false]);
	});

	it('forget after their age, so that an identical renewal a month later passes', () => {
		const recent = new RecentDeliveries(10, 1000);
		expect(recent.repeats('a', '1', 0)).toBe(false);
		expect(recent.repeats('a', '1', 1001)).toBe(false);
	});

	it('stay within their capacity and forget the oldest first', () => {
		const recent = new RecentDeliveries(100);
		for (let n = 0; n < 10_000; n++) recent.repeats(`k${n}`, '', n / 1000);
		expect(recent.size).toBe(100);
		expect(recent.repeats('k9999', '', 11)).toBe(true);
		expect(recent.repeats('k0', '', 11)).toBe(false);
	});
});
