import { parseDate } from '../../../nodes/Pocketsflow/api/dates';

it.each(['Pacific', 'GMT+5', ''])('a date in the time zone %j is an error that says so', (zone) => {
	expect(() => parseDate('2026-01-31T00:00:00', zone)).toThrow("The workflow's time zone");
	expect(parseDate('2026-01-31T00:00:00Z', zone)?.getTime()).toBe(Date.UTC(2026, 0, 31));
});

describe('a date in a parameter', () => {
	it.each([
		['2026-01-31T00:00:00', '2026-01-30T23:00:00.000Z'],
		['2026-01-31 00:00:00', '2026-01-30T23:00:00.000Z'],
		['2026-01-31', '2026-01-30T23:00:00.000Z'],
		['2026-07-31T00:00:00', '2026-07-30T22:00:00.000Z'],
		// The hours around both changes of the clock.
		['2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
		['2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
		// An hour that comes twice is the earlier one.
		['2026-10-25T02:30:00', '2026-10-25T00:30:00.000Z'],
		['2026-10-25T01:59:59', '2026-10-24T23:59:59.000Z'],
		['2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
		['2026-01-31T00:00:00Z', '2026-01-31T00:00:00.000Z'],
		['2026-01-31T00:00:00.000+05:30', '2026-01-30T18:30:00.000Z'],
	])('%s in Berlin is %s', (text, expected) => {
		expect(parseDate(text, 'Europe/Berlin')?.toISOString()).toBe(expected);
	});

	it.each(['', 'soon', '2026-13-45T00:00:00'])('is not %j', (text) => {
		expect(parseDate(text, 'Europe/Berlin')).toBeUndefined();
	});
});
