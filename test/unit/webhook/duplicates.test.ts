import { RecentDeliveries } from '../../../nodes/Pocketsflow/webhook/duplicates';

const fingerprint = (key: string, digest = '1', discriminator = 0) => ({
	key,
	digest,
	discriminator,
});

describe('RecentDeliveries', () => {
	it('recognises the same content for the same key only', () => {
		const recent = new RecentDeliveries();
		expect(recent.record(fingerprint('a'), 0)).toBe(false);
		expect(recent.record(fingerprint('a'), 1)).toBe(true);
		expect(recent.record(fingerprint('b'), 2)).toBe(false);
	});

	it('takes a state that came back after another one for new', () => {
		const recent = new RecentDeliveries();
		const states = ['active', 'past due', 'active'];
		const repeats = states.map((state, at) => recent.record(fingerprint('member', state), at));
		expect(repeats).toEqual([false, false, false]);
	});

	it('takes the same content of another moment for new when it comes too late for a copy', () => {
		const recent = new RecentDeliveries(10, 60_000, 1000);
		expect(recent.record(fingerprint('order', 'refunded', 1), 0)).toBe(false);
		expect(recent.record(fingerprint('order', 'refunded', 2), 1000)).toBe(true);
		expect(recent.record(fingerprint('order', 'refunded', 3), 2001)).toBe(false);
		expect(recent.record(fingerprint('order', 'refunded', 3), 50_000)).toBe(true);
	});

	it('forgets a delivery after its age, so that an identical renewal a month later is new', () => {
		const recent = new RecentDeliveries(10, 1000);
		expect(recent.record(fingerprint('a'), 0)).toBe(false);
		expect(recent.record(fingerprint('a'), 1001)).toBe(false);
	});

	it('stays within its capacity and forgets the oldest first', () => {
		const recent = new RecentDeliveries(100);
		for (let n = 0; n < 10_000; n++) recent.record(fingerprint(`k${n}`), n / 1000);
		expect(recent.size).toBe(100);
		expect(recent.record(fingerprint('k9999'), 11)).toBe(true);
		expect(recent.record(fingerprint('k0'), 11)).toBe(false);
	});
});
