import {
	dueIn,
	handOver,
	knownLimit,
	startingAfter,
	startingAt,
	type Dated,
} from '../../../nodes/Pocketsflow/polling/cursor';
import { dated, readByOffset } from '../../../nodes/Pocketsflow/polling/reading';
import { momentOf } from '../../../nodes/Pocketsflow/api/dates';

describe('a start date', () => {
	it.each([
		['2026-01-31T00:00:00', '2026-01-30T23:00:00.000Z'],
		['2026-01-31 00:00:00', '2026-01-30T23:00:00.000Z'],
		['2026-01-31', '2026-01-30T23:00:00.000Z'],
		['2026-07-31T00:00:00', '2026-07-30T22:00:00.000Z'],
		// The hours around both changes of the clock.
		['2026-03-29T01:59:59', '2026-03-29T00:59:59.000Z'],
		['2026-03-29T03:00:00', '2026-03-29T01:00:00.000Z'],
		['2026-10-25T03:00:00', '2026-10-25T02:00:00.000Z'],
		['2026-01-31T00:00:00Z', '2026-01-31T00:00:00.000Z'],
		['2026-01-31T00:00:00.000+05:30', '2026-01-30T18:30:00.000Z'],
	])('%s in Berlin is %s', (text, expected) => {
		expect(momentOf(text, 'Europe/Berlin')?.toISOString()).toBe(expected);
	});

	it.each(['', 'soon', '2026-13-45T00:00:00'])('is not %j', (text) => {
		expect(momentOf(text, 'Europe/Berlin')).toBeUndefined();
	});
});

describe('dates of records', () => {
	it('are createdAt, else that of the id, else that of the neighbour', () => {
		const records = [
			{ _id: 'b', createdAt: '2026-11-23T10:00:00.000Z' },
			{ _id: 'no date' },
			{ _id: '6a5200000000000000000bbb' },
		];
		expect(dated(records, 0).map(({ time }) => new Date(time).toISOString())).toEqual([
			'2026-11-23T10:00:00.000Z',
			'2026-07-11T08:34:08.000Z',
			'2026-07-11T08:34:08.000Z',
		]);
	});
});

describe('the cursor', () => {
	const now = Date.UTC(2026, 10, 23);
	const situation = { now, run: 'a', overlap: 60_000, repeatAfter: 0 };
	const record = (id: string, time: number): Dated => ({ id, time, stage: 'ready' });

	it('is not moved by a record dated far in the future, which is handed over once', () => {
		const reading = {
			records: [record('future', now + 1e12), record('b', now)],
			through: Infinity,
		};
		const due = dueIn(startingAt(0), reading, situation);
		expect(due.map(({ id }) => id)).toEqual(['b', 'future']);
		const next = handOver(startingAt(0), reading, due, 2, situation);
		expect(next.cursor).toBe(now);
		expect(dueIn(next, reading, situation)).toEqual([]);
	});

	it('begins beside a record dated far in the future', () => {
		const state = startingAfter([record('future', now + 1e12), record('b', now)], situation);
		expect(
			dueIn(state, { records: [record('c', now + 1)], through: Infinity }, situation),
		).toHaveLength(1);
	});

	it('keeps a bounded number of ids, and hands none over again', () => {
		const records = Array.from({ length: knownLimit + 500 }, (_, n) =>
			record(`r${n}`, now - 30_000 + n),
		);
		const state = startingAfter(records, situation);
		const reading = { records, through: Infinity };
		const next = handOver(state, reading, [], 0, situation);
		expect(next.known.length).toBeLessThanOrEqual(knownLimit);
		expect(dueIn(next, reading, situation)).toEqual([]);
	});

	it('waits for a refund to go through, however long that takes', () => {
		const refund = { ...record('refund', now), stage: 'later' as const };
		let state = handOver(startingAt(0), { records: [refund], through: Infinity }, [], 0, situation);
		const later = record('later', now + 10 * 86_400_000);
		const soon = { ...situation, now: later.time };
		const reading = { records: [refund, later], through: Infinity };
		state = handOver(state, reading, dueIn(state, reading, soon), 1, soon);
		const done = { records: [{ ...refund, stage: 'ready' as const }, later], through: Infinity };
		expect(dueIn(state, done, soon).map(({ id }) => id)).toEqual(['refund']);
	});
});

describe('a list paged by position', () => {
	const list = Array.from({ length: 25 }, (_, n) => ({
		_id: `c${n}`,
		createdAt: 1_790_000_000_000 - n * 1000,
	}));

	it('is read to its end with pages smaller than asked', async () => {
		const { records } = await readByOffset(
			async (offset) => ({ records: list.slice(offset, offset + 4) }),
			0,
		);
		expect(records).toHaveLength(25);
	});

	it('is read once where the position plays no part', async () => {
		const ask = jest.fn(async () => ({ records: list }));
		expect((await readByOffset(ask, 0)).records).toHaveLength(25);
		expect(ask.mock.calls.length).toBeLessThanOrEqual(2);
	});

	it('is read again when a record vanishes meanwhile, and nothing is missed', async () => {
		const moving = [...list];
		let asked = 0;
		const { records } = await readByOffset(async (offset) => {
			if (asked++ === 2) moving.splice(0, 2);
			return { records: moving.slice(offset, offset + 5) };
		}, 0);
		expect(moving.every(({ _id }) => records.some(({ id }) => id === _id))).toBe(true);
	});
});
