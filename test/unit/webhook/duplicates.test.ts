import { RecentDeliveries } from '../../../nodes/Pocketsflow/webhook/duplicates';

const delivery = (key: string, content = '1', moment = 0) => ({ key, content, moment });

describe('recent deliveries', () => {
	it('recognise the same content for the same key only', () => {
		const recent = new RecentDeliveries();
		expect(recent.repeats(delivery('a'), 0)).toBe(false);
		expect(recent.repeats(delivery('a'), 1)).toBe(true);
		expect(recent.repeats(delivery('b'), 2)).toBe(false);
	});

	it('let a state pass that came back after another one', () => {
		const recent = new RecentDeliveries();
		const states = ['active', 'past due', 'active'];
		const passed = states.map((state, at) => recent.repeats(delivery('member', state), at));
		expect(passed).toEqual([false, false, false]);
	});

	it('let the same content of another moment pass when it is no copy', () => {
		const recent = new RecentDeliveries(10, 60_000, 1000);
		expect(recent.repeats(delivery('order', 'refunded', 1), 0)).toBe(false);
		expect(recent.repeats(delivery('order', 'refunded', 2), 1000)).toBe(true);
		expect(recent.repeats(delivery('order', 'refunded', 3), 2001)).toBe(false);
		expect(recent.repeats(delivery('order', 'refunded', 3), 50_000)).toBe(true);
	});

	it('forget after their age, so that an identical renewal a month later passes', () => {
		const recent = new RecentDeliveries(10, 1000);
		expect(recent.repeats(delivery('a'), 0)).toBe(false);
		expect(recent.repeats(delivery('a'), 1001)).toBe(false);
	});

	it('stay within their capacity and forget the oldest first', () => {
		const recent = new RecentDeliveries(100);
		for (let n = 0; n < 10_000; n++) recent.repeats(delivery(`k${n}`), n / 1000);
		expect(recent.size).toBe(100);
		expect(recent.repeats(delivery('k9999'), 11)).toBe(true);
		expect(recent.repeats(delivery('k0'), 11)).toBe(false);
	});
});
