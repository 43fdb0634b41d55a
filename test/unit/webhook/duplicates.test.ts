import { TriggerMemory } from '../../../nodes/Pocketsflow/webhook/memory';

it('the memory of recent deliveries stays within its capacity and forgets the oldest first', () => {
	const memory = new TriggerMemory();
	for (let n = 0; n < 30_000; n++) expect(memory.recordDelivery(`k${n}`, n / 1000)).toBe(false);
	for (let n = 20_000; n < 30_000; n++) expect(memory.recordDelivery(`k${n}`, 31)).toBe(true);
	expect(memory.recordDelivery('k19999', 31)).toBe(false);
});
