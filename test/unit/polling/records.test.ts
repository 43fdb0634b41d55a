import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import {
	compareDates,
	newestOf,
	newestUpTo,
	oldestOf,
	readRecords,
	undatedMs,
} from '../../../nodes/Pocketsflow/polling/records';

const dateOf = (record: IDataObject) => readRecords([record])[0].timeMs;

test.each([
	['2026-11-23T10:00:00.000Z', 1_795_428_000_000],
	[1_795_428_000_000, 1_795_428_000_000],
	[1_795_428_000, 1_795_428_000_000],
	['1795428000000', 1_795_428_000_000],
	['1795428000', 1_795_428_000_000],
	['2026-11-23', 1_795_392_000_000],
	['2026-11-23T10:00:00', 1_795_428_000_000],
	['2026-11-23 10:00:00.000', 1_795_428_000_000],
	['2026-11-23T12:00:00+02:00', 1_795_428_000_000],
	['2026-11-23 12:00:00 +0200', 1_795_428_000_000],
	['2026-11-23 10:00:00 UTC', 1_795_428_000_000],
	['x1795428000', undatedMs],
	['soon', undatedMs],
	[null, undatedMs],
	[undefined, undatedMs],
	[['2026-11-23'], undatedMs],
	[['1795428000'], undatedMs],
])('createdAt %p is the date %d, whatever the time zone of the process', (createdAt, timeMs) => {
	expect(dateOf({ _id: 'no date', createdAt })).toBe(timeMs);
});

test.each([
	['6a5200000000000000000bbb', 1_783_758_848_000],
	['6A5200000000000000000BBB', 1_783_758_848_000],
	['6a5200000000000000000bb', undatedMs],
	['6a5200000000000000000bbbb', undatedMs],
	['x6a5200000000000000000bb', undatedMs],
	['6a5200000000000000000bbx', undatedMs],
])('the id %p gives the date %d', (_id, timeMs) => {
	expect(dateOf({ _id })).toBe(timeMs);
});

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 24);

test.each([
	[{ _id: 'a' }, 'a'],
	[{ _id: 'x'.repeat(24) }, 'x'.repeat(24)],
	[{ _id: 'x'.repeat(25) }, digest('x'.repeat(25))],
	[{ name: 'no id' }, digest('{"name":"no id"}')],
])('%p is stored by an id of at most 24 characters', (record, id) => {
	expect(readRecords([record])[0].id).toBe(id);
});

test('records stand oldest first, those of the same moment by their IDs', () => {
	const [a, b, c] = [
		{ id: 'z', timeMs: 1 },
		{ id: 'a', timeMs: 2 },
		{ id: 'b', timeMs: 2 },
	];
	for (const records of [
		[a, b, c],
		[c, b, a],
		[b, c, a],
	])
		expect(records.sort(compareDates)).toEqual([a, b, c]);
});

test('the newest and the oldest of some dates are found, up to a limit, with another for none', () => {
	expect([newestOf([2, 5, 3], 1), newestOf([2], 4), newestOf([], 4)]).toEqual([5, 4, 4]);
	const records = [{ timeMs: 2 }, { timeMs: 5 }, { timeMs: 3 }];
	expect([5, 4, 1].map((limitMs) => newestUpTo(records, limitMs, 0))).toEqual([5, 3, 0]);
	expect([oldestOf([3, 2, 5], 9), oldestOf([3], 1), oldestOf([], 4)]).toEqual([2, 1, 4]);
});
