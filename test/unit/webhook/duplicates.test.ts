import { TriggerMemory } from '../../../nodes/Pocketsflow/webhook/memory';

it('the memory of recent deliveries stays within its capacity and forgets the oldest first', () => {
	const memory = new TriggerMemory();
	const countRepeated = (from: number, to: number, nowMs: number) =>
		Array.from({ length: to - from }, (_, n) =>
			memory.recordDelivery(`k${from + n}`, nowMs),
		).filter(Boolean).length;
	expect(countRepeated(0, 30_000, 0)).toBe(0);
	expect(countRepeated(20_000, 30_000, 1)).toBe(10_000);
	expect(countRepeated(19_999, 20_000, 1)).toBe(0);
});
