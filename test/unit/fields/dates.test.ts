import fc from 'fast-check';

import { parseDate } from '../../../nodes/Pocketsflow/api/dates';
import { dateField, dayField } from '../../../nodes/Pocketsflow/fields/kinds/date';

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
		['2026-11-23 10:00:00+00', 'Europe/Berlin', 'start', '2026-11-23T10:00:00.000Z'],
		['2026-11-23 10:00:00.123456+05:30', 'UTC', 'start', '2026-11-23T04:30:00.123Z'],
		['2026-11-23T10:00:00-0800', 'UTC', 'start', '2026-11-23T18:00:00.000Z'],
		['2026-11-23 10:00Z', 'Europe/Berlin', 'start', '2026-11-23T10:00:00.000Z'],
	] as const)('%s in the time zone %s, %s of day, is %s', (raw, zone, edge, wanted) => {
		expect(parseDate(raw, zone, edge)?.toISOString()).toBe(wanted);
	});

	it.each([
		[1e11, '1973-03-03T09:46:40.000Z'],
		[1e11 - 1, '5138-11-16T09:46:39.000Z'],
	])('the size of the timestamp %d decides whether it is in ms or seconds', (raw, wanted) => {
		expect(parseDate(raw, 'UTC')?.toISOString()).toBe(wanted);
	});

	it.each([
		'2026-02-29',
		'2026-13-01',
		'2026-11-23T25:00',
		'tomorrow',
		'23.11.2026',
		'11/23/2026',
		-1,
		0,
		46349,
		20261123,
		99_999_999,
		'2026-11-23 10:00:00+',
		NaN,
		{},
		[],
	])('cannot be read from %p', (raw) => {
		expect(parseDate(raw, 'UTC')).toBeUndefined();
	});

	it.each([46349, 20261123])('that is the number %p is refused with what to do', (raw) => {
		const field = dateField({ displayName: 'Expiration', name: 'expiration' });
		expect(() => field.read(raw)).toThrow(
			expect.objectContaining({
				message: "'Expiration' must be a date",
				description: expect.stringMatching(/is not a timestamp.*such as 2026-11-23.*spreadsheet/),
			}),
		);
	});

	it('is read by a day field as the day in the time zone of the workflow', () => {
		const field = dayField({ displayName: 'Day', name: 'day' });
		expect(field.read('2026-11-23T23:30:00Z', 'Asia/Tokyo')).toBe('2026-11-24');
		expect(field.read('2026-11-23', 'America/New_York')).toBe('2026-11-23');
	});
});
