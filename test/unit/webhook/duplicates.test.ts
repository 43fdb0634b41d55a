import { RecentDeliveries } from '../../../nodes/Pocketsflow/webhook/memory';

it('the memory of recent deliveries stays within its capacity and forgets the oldest first', () => {
	const recent = new RecentDeliveries(100);
	for (let n = 0; n < 10_000; n++) expect(recent.record(`k${n}`, n / 1000)).toBe(false);
	for (let n = 9_900; n < 10_000; n++) expect(recent.record(`k${n}`, 11)).toBe(true);
	expect(recent.record('k9899', 11)).toBe(false);
});
