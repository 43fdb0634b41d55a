import { ModelLife } from './modelLife';

afterEach(() => jest.restoreAllMocks());

// test/unit/timezones.test.ts runs this in other time zones.
test.each([{}, { start: 'date', startDate: '2026-11-30T12:00:00Z' }])(
	'dates without a zone are UTC, whatever the time zone of the process (%j)',
	async (parameters) => {
		const life = new ModelLife({ switches: { dateForm: 'isoNoZone' }, parameters });
		jest.spyOn(Date, 'now').mockImplementation(life.clock);
		const sell = (count: number) =>
			Array.from({ length: count }, () => {
				life.nowMs += 20_000;
				return life.model.sell().id;
			});
		life.nowMs -= 60 * 60_000;
		sell(30);
		life.nowMs += 60 * 60_000;
		await life.poll();
		const ids: string[] = [];
		for (let polls = 0; polls < 20; polls++) {
			ids.push(...sell(3));
			await life.poll();
		}
		await life.comeToRest(3);
		expect(life.idsOf('order.completed').sort()).toEqual(ids.sort());
		expect(life.failures).toEqual([]);
	},
);
