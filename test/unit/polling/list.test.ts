import {
	advance,
	countRoom,
	dayMs,
	pendingLimit,
	selectDue,
	startAt,
	startNow,
	toPending,
	type Disposition,
	type ListRecord,
	type ListState,
	type Reading,
} from '../../../nodes/Pocketsflow/polling/list';
import { undatedMs } from '../../../nodes/Pocketsflow/polling/records';

const nowMs = Date.UTC(2026, 10, 23);
const conditions = {
	nowMs,
	overlapMs: 1_000,
	recordLimit: 100,
	pendingForMs: 7 * dayMs,
	inBatches: new Map<string, number>(),
};
const make = (id: string, timeMs: number, disposition: Disposition = 'emit'): ListRecord => ({
	id,
	timeMs,
	disposition,
});
const read = (records: ListRecord[], more: Partial<Reading> = {}): Reading => ({
	records,
	isVerified: true,
	throughMs: Infinity,
	missing: [],
	triedIds: new Set(),
	...more,
});
const select = (state: ListState, records: ListRecord[], given: Partial<typeof conditions> = {}) =>
	selectDue(state, records, new Map(), { ...conditions, ...given });

/** The numbers from 0 on, in no order. */
const mixed = (count: number) => Array.from({ length: count }, (_, n) => (n * 7) % count);

/** One poll that emits everything that is due, or so many, and the state after it. */
function poll(
	state: ListState,
	reading: Reading,
	room = Infinity,
	given: Partial<typeof conditions> = {},
) {
	const due = select(state, [...reading.records], given);
	return advance(state, reading, due, due.slice(0, room), { ...conditions, ...given });
}

describe('a list that is followed from now on', () => {
	it('takes what is in it as seen, and waits for what is pending', () => {
		const state = startNow(
			[
				...[make('new', nowMs), make('edge', nowMs - 1_000), make('old', nowMs - 1_001)],
				make('wait', nowMs, 'pending'),
			],
			conditions,
		);
		expect(state).toMatchObject({ fromMs: nowMs - 1_000, newestMs: nowMs, settledMs: nowMs });
		expect(state.seen.map(([id]) => id)).toEqual(['new', 'edge']);
		expect(state.pending).toEqual([['wait', nowMs, nowMs + 7 * dayMs]]);
	});

	it.each([
		['empty', []],
		['long quiet', [make('old', 5)]],
		['dated far ahead', [make('future', nowMs + dayMs + 1)]],
	])('begins a day ago if it is %s, never in 1970', (_what, records) => {
		expect(startNow(records, conditions).fromMs).toBe(nowMs - 24 * 60 * 60_000);
	});

	it('a date that is a day ahead is believed', () => {
		expect(startNow([make('ahead', nowMs + dayMs)], conditions).newestMs).toBe(nowMs + dayMs);
	});

	it('keeps records without a date as seen forever', () => {
		let state = startNow([make('undated', undatedMs)], conditions);
		for (let n = 0; n < 5; n++) state = poll(state, read([make(`r${n}`, nowMs + n * 60_000)]));
		expect(state.seen).toContainEqual(['undated', undatedMs]);
		expect(select(state, [make('undated', undatedMs)])).toEqual([]);
	});
});

describe('what is due', () => {
	it('is what is new, what must come again and what was waited for, oldest first', () => {
		const state: ListState = {
			...startAt(10, [['waited', 5, nowMs + 1]]),
			seen: [['seen', 11]],
		};
		const records = [
			...[make('z', 11), make('y', 11), make('edge', 10), make('old', 9), make('seen', 11)],
			...[make('own', 12), make('again', 3), make('waited', 5)],
			...[make('skip', 11, 'skip'), make('wait', 11, 'pending')],
		];
		const inBatches = new Map([
			['own', 12],
			['again', 3],
		]);
		const due = selectDue(state, records, new Map([['again', true]]), { inBatches });
		expect(due.map(({ id }) => id)).toEqual(['again', 'waited', 'edge', 'y', 'z']);
	});
});

describe('the state after a poll', () => {
	const start = startAt(nowMs - 60_000);

	it('moves to the overlap behind the newest, never back', () => {
		const next = poll(start, read([make('a', nowMs)]));
		expect(next).toMatchObject({ fromMs: nowMs - 1_000, newestMs: nowMs, seen: [['a', nowMs]] });
		expect(poll(next, read([make('b', nowMs - 900)])).fromMs).toBe(nowMs - 1_000);
	});

	it('passes over no new record that still waits', () => {
		const records = [make('a', nowMs - 40_000), make('b', nowMs - 20_000), make('c', nowMs)];
		const next = poll(start, read(records), 1);
		expect(next.fromMs).toBe(nowMs - 21_000);
		expect(next.waitingMs).toBeUndefined();
		expect(select(next, records).map(({ id }) => id)).toEqual(['b', 'c']);
	});

	it('the state is not held by a pending record that still waits', () => {
		const waits = make('waits', 5);
		const state = { ...start, pending: toPending([make('waits', nowMs)], nowMs, dayMs) };
		const due = select(state, [waits, make('new', nowMs)]);
		const next = advance(state, read(due), due, [due[1]], conditions);
		expect(next.fromMs).toBe(nowMs - 1_000);
	});

	it('a record of the very first moment is seen', () => {
		expect(poll(startAt(nowMs), read([make('edge', nowMs)])).seen).toEqual([['edge', nowMs]]);
		expect(startAt(5).pending).toEqual([]);
	});

	it('reading older records continues from the last position', () => {
		expect(poll(start, read([], { againNext: 4 })).againNext).toBe(4);
	});

	it('passes over no new record that waited while the reading that brought it went on past it', () => {
		const state = startAt(0);
		const waits = make('waits', 60_000);
		const partial = { isVerified: false };
		const begun = poll(state, read([waits, make('later', 90_000)], { ...partial, next: 3 }), 0);
		const goingOn = poll(begun, read([make('other', 80_000)], { ...partial, next: 5 }));
		expect(goingOn).toMatchObject({ newestMs: 60_000, waitingMs: 60_000 });
		const ended = poll(goingOn, read([], { isVerified: false }));
		expect(ended.fromMs).toBeLessThanOrEqual(waits.timeMs);
		expect(select(ended, [waits])).toEqual([waits]);
		expect(ended.waitingMs).toBeUndefined();
	});

	it('passes over nothing that was not read', () => {
		const records = [make('a', nowMs - 40_000), make('c', nowMs)];
		expect(poll(start, read(records, { throughMs: nowMs - 30_000 })).fromMs).toBe(nowMs - 41_000);
		const incomplete = poll(start, read(records, { next: 7 }));
		expect(incomplete).toMatchObject({ fromMs: start.fromMs, next: 7, settledMs: start.settledMs });
		expect(incomplete.seen).toHaveLength(2);
		expect(incomplete.waitingMs).toBeUndefined();
	});

	it('a poll stays one reading behind if the API gives no proof', () => {
		const first = poll(start, read([make('a', nowMs - 30_000)], { isVerified: false }));
		expect(first.fromMs).toBe(start.fromMs);
		const second = poll(first, read([make('b', nowMs)], { isVerified: false }));
		expect(second.fromMs).toBe(nowMs - 31_000);
		expect(poll(second, read([], { isVerified: false })).fromMs).toBe(nowMs - 1_000);
	});

	it('is not moved by a record dated far ahead, which is emitted once', () => {
		const future = make('future', nowMs + 2 * dayMs);
		const next = poll(start, read([future, make('b', nowMs)]));
		expect(next.newestMs).toBe(nowMs);
		expect(select(next, [future])).toEqual([]);
	});

	it('waits for pending records until they are emitted, not wanted or too old', () => {
		const waiting = [make('a', nowMs, 'pending'), make('b', nowMs, 'pending')];
		const next = poll(start, read(waiting));
		expect(next.pending.map(([id]) => id)).toEqual(['a', 'b']);
		const later = { nowMs: nowMs + 6 * dayMs };
		const after = poll(next, read([make('a', nowMs), make('b', nowMs, 'skip')]), 1, later);
		expect(after.pending).toEqual([]);
		expect(poll(next, read([]), 1, { nowMs: nowMs + 7 * dayMs }).pending).toEqual([]);
		expect(toPending([make('old', nowMs - 7 * dayMs)], nowMs, 7 * dayMs)).toEqual([]);
	});

	it('waits for no record that is older, was seen, or only has no room', () => {
		const seen: ListState = { ...start, seen: [['seen', nowMs]] };
		const listPending = (record: ListRecord) => poll(seen, read([record]), 0).pending;
		expect(listPending(make('old', start.fromMs - 1, 'pending'))).toEqual([]);
		expect(listPending(make('edge', start.fromMs, 'pending'))).toHaveLength(1);
		expect(listPending(make('seen', nowMs, 'pending'))).toEqual([]);
		expect(listPending(make('due', nowMs))).toEqual([]);
	});

	it('waits a day for what was to come again and is not in the list', () => {
		const next = poll(start, read([], { missing: [['gone', 5]] }));
		expect(next.pending).toEqual([['gone', 5, nowMs + dayMs]]);
		expect(select(next, [make('gone', 5)])).toHaveLength(1);
	});

	it('puts pending records that were tried behind the others', () => {
		const pending = toPending([make('a', nowMs), make('b', nowMs)], nowMs, dayMs);
		const next = poll({ ...start, pending }, read([], { triedIds: new Set(['a']) }));
		expect(next.pending.map(([id]) => id)).toEqual(['b', 'a']);
	});

	it('keeps a bounded number of pending records, the newest', () => {
		const many = mixed(pendingLimit + 5).map((n) => make(`p${n}`, nowMs - n, 'pending'));
		const { pending } = poll(start, read(many));
		expect(pending).toHaveLength(pendingLimit);
		expect(pending.filter(([, timeMs]) => timeMs <= nowMs - pendingLimit)).toEqual([]);
	});

	it('keeps a bounded number of seen records, and emits none again', () => {
		const many = mixed(150).map((n) => make(`r${n}`, nowMs - 800 + n));
		expect(poll(start, read(many.slice(0, 100))).seen).toHaveLength(100);
		const next = poll(start, read(many));
		expect(next.seen).toHaveLength(100);
		expect(select(next, many)).toEqual([]);
	});

	it('has no room for new records while those that are seen cannot be forgotten', () => {
		const seen = Array.from({ length: 100 }, (_, n): [string, number] => [`s${n}`, nowMs]);
		expect(countRoom({ ...start, seen }, conditions)).toBe(100);
		expect(countRoom({ ...start, seen, next: 3 }, conditions)).toBe(0);
		const undated = seen.map(([id]): [string, number] => [id, undatedMs]);
		expect(countRoom({ ...start, seen: undated }, conditions)).toBe(0);
		const inBatches = new Map(seen.slice(0, 60));
		expect(countRoom(start, { ...conditions, inBatches })).toBe(40);
	});
});
