import { withDates } from '../../../nodes/Pocketsflow/polling/recordDates';

test('the date of a record is createdAt, else that of the id, else that of the next older record', () => {
	const records = [
		{ _id: 'b', createdAt: '2026-11-23T10:00:00.000Z' },
		{ _id: 'no date' },
		{ _id: '6a5200000000000000000bbb' },
	];
	expect(withDates(records, 0).map(({ timeMs }) => new Date(timeMs).toISOString())).toEqual([
		'2026-11-23T10:00:00.000Z',
		'2026-07-11T08:34:08.000Z',
		'2026-07-11T08:34:08.000Z',
	]);
});
