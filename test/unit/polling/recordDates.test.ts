import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { compareDates, withDates } from '../../../nodes/Pocketsflow/polling/recordDates';

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

const dateOf = (record: IDataObject) => withDates([record], -1)[0].timeMs;

test.each([
	['2026-11-23T10:00:00.000Z', 1_795_428_000_000],
	[1_795_428_000_000, 1_795_428_000_000],
	[1_795_428_000, 1_795_428_000_000],
	['1795428000000', 1_795_428_000_000],
	['1795428000', 1_795_428_000_000],
	['2026-11-23', 1_795_392_000_000],
	['1795428000 ', -1],
	['x1795428000', -1],
	['soon', -1],
	[null, -1],
	[undefined, -1],
	[['2026-11-23'], -1],
	[['1795428000'], -1],
])('createdAt %p is the date %d', (createdAt, timeMs) => {
	expect(dateOf({ _id: 'no date', createdAt })).toBe(timeMs);
});

test.each([
	['6a5200000000000000000bbb', 1_783_758_848_000],
	['6A5200000000000000000BBB', 1_783_758_848_000],
	['6a5200000000000000000bb', -1],
	['6a5200000000000000000bbbb', -1],
	['x6a5200000000000000000bb', -1],
	['6a5200000000000000000bbx', -1],
])('the id %p gives the date %d', (_id, timeMs) => {
	expect(dateOf({ _id })).toBe(timeMs);
});

test('the oldest record without a date has the one that is given', () => {
	const records = [{ _id: 'b' }, { _id: 'a', createdAt: 1_795_428_000_000 }, { _id: 'c' }];
	expect(withDates(records, 7).map(({ id, timeMs, record }) => [id, timeMs, record])).toEqual([
		['b', 1_795_428_000_000, records[0]],
		['a', 1_795_428_000_000, records[1]],
		['c', 7, records[2]],
	]);
});

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 24);

test.each([
	[{ _id: 'a' }, 'a'],
	[{ _id: 'x'.repeat(24) }, 'x'.repeat(24)],
	[{ _id: 'x'.repeat(25) }, digest('x'.repeat(25))],
	[{ name: 'no id' }, digest('{"name":"no id"}')],
])('%p is stored by an id of at most 24 characters', (record, id) => {
	expect(withDates([record], 0)[0].id).toBe(id);
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
