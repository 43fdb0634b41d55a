import fc from 'fast-check';

import { parseDate } from '../../../nodes/Pocketsflow/api/dates';
import { dayField } from '../../../nodes/Pocketsflow/fields/dates';

describe('a date', () => {
	it('is read as the same point in time from ISO text, a Date or a timestamp', () => {
		fc.assert(
			fc.property(
				fc.date({ min: new Date('1974-01-01'), max: new Date('2099-12-31'), noInvalidDate: true }),
				(moment) => {
					const iso = moment.toISOString();
					for (const raw of [iso, moment, moment.getTime(), String(moment.getTime())])
						expect(parseDate(raw, 'Asia/Kathmandu')?.toISOString()).toBe(iso);
				},
			),
		);
	});

	it.each([
		['2026-11-23', 'UTC', 'start', '2026-11-23T00:00:00.000Z'],
		['2026-11-23', 'UTC', 'end', '2026-11-23T23:59:59.999Z'],
		['2026-11-23', 'Europe/Berlin', 'end', '2026-11-23T22:59:59.999Z'],
		['2026-10-25', 'Europe/Berlin', 'start', '2026-10-24T22:00:00.000Z'],
		['2026-10-25', 'Europe/Berlin', 'end', '2026-10-25T22:59:59.999Z'],
		['2026-11-23 09:30', 'Asia/Kolkata', 'end', '2026-11-23T04:00:00.000Z'],
		['2026-11-23T09:30:00.5', 'UTC', 'start', '2026-11-23T09:30:00.500Z'],
	] as const)('%s in the time zone %s, %s of day, is %s', (raw, zone, edge, wanted) => {
		expect(parseDate(raw, zone, edge)?.toISOString()).toBe(wanted);
	});

	it.each([
		'2026-02-29',
		'2026-13-01',
		'2026-11-23T25:00',
		'tomorrow',
		'23.11.2026',
		'11/23/2026',
		-1,
		NaN,
		{},
		[],
	])('cannot be read from %p', (raw) => {
		expect(parseDate(raw, 'UTC')).toBeUndefined();
	});

	it('is read by a day field as the day in the time zone of the workflow', () => {
		const field = dayField({ displayName: 'Day', name: 'day' });
		expect(field.read('2026-11-23T23:30:00Z', 'Asia/Tokyo')).toBe('2026-11-24');
		expect(field.read('2026-11-23', 'America/New_York')).toBe('2026-11-23');
	});
});
