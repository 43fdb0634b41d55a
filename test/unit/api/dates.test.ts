import { parseDate, toMilliseconds } from '../../../nodes/Pocketsflow/api/dates';

test.each([
	['2026-11-23 in seconds', 1_795_392_000, '2026-11-23T00:00:00.000Z'],
	['2026-11-23 in milliseconds', 1_795_392_000_000, '2026-11-23T00:00:00.000Z'],
	['the earliest timestamp taken as milliseconds', 1e11, '1973-03-03T09:46:40.000Z'],
	['the latest timestamp taken as seconds', 1e11 - 1, '5138-11-16T09:46:39.000Z'],
])('A timestamp is told by its size to be seconds or milliseconds: %s', (_, timestamp, iso) => {
	expect(new Date(toMilliseconds(timestamp)).toISOString()).toBe(iso);
	expect(parseDate(timestamp, 'UTC')?.toISOString()).toBe(iso);
});
