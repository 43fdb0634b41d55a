import {
	aheadLimitMs,
	confirmEmissions,
	countKnown,
	findRepeats,
	limitNew,
	pendingLimit,
	recordEmitted,
	selectDue,
	startAfter,
	startAtDate,
	type CursorState,
	type Disposition,
	type IdAndTime,
	type ListRecord,
	type PollConditions,
	type Reading,
	type UnconfirmedRecord,
} from '../../../nodes/Pocketsflow/polling/cursor';
import { confirmAfterMs, type Emission } from '../../../nodes/Pocketsflow/polling/emissions';

const nowMs = Date.UTC(2026, 10, 23);
const dayMs = 86_400_000;
const recordLimit = 5_000;
const conditions = { nowMs, processId: 'a', overlapMs: 60_000, repeatAfterMs: 0, recordLimit };
const record = (id: string, timeMs: number, disposition: Disposition): ListRecord => ({
	id,
	timeMs,
	disposition,
});
const toEmit = (id: string, timeMs: number) => record(id, timeMs, 'emit');
const toSkip = (id: string, timeMs: number) => record(id, timeMs, 'skip');
const toWait = (id: string, timeMs: number) => record(id, timeMs, 'pending');
const read = (...records: ListRecord[]): Reading => ({
	records,
	throughMs: Infinity,
	ranges: [{ fromMs: 0, throughMs: Infinity }],
});
const idsOf = (records: ListRecord[]) => records.map(({ id }) => id);

const emission = (agoMs = 0, processId = 'a', isRepeat = false): Emission => ({
	emittedAtMs: nowMs - agoMs,
	processId,
	isRepeat,
});
const emitted = (id: string, timeMs: number, ...emissions: Emission[]): UnconfirmedRecord => ({
	id,
	timeMs,
	emissions: emissions.length > 0 ? emissions : [emission()],
});
const stateOf = (more: Partial<CursorState> = {}): CursorState => ({ ...startAtDate(0), ...more });

/** The state after a poll that emits what is due, or nothing. */
function poll(
	state: CursorState,
	reading: Reading,
	emits = true,
	given: PollConditions = conditions,
): CursorState {
	const due = selectDue(state, reading, given);
	return recordEmitted(state, reading, due, emits ? due : [], given);
}

describe('the cursor', () => {
	it('is not moved by a record dated far in the future, which is emitted once', () => {
		const reading = read(toEmit('future', nowMs + 1e12), toEmit('b', nowMs));
		const due = selectDue(startAtDate(0), reading, conditions);
		expect(due.map(({ id }) => id)).toEqual(['b', 'future']);
		const next = recordEmitted(startAtDate(0), reading, due, due, conditions);
		expect(next.cursorMs).toBe(nowMs);
		expect(selectDue(next, reading, conditions)).toEqual([]);
	});

	it('starts beside a record dated far in the future', () => {
		const records = [toEmit('future', nowMs + 1e12), toEmit('b', nowMs)];
		const state = startAfter(records, conditions);
		expect(selectDue(state, read(toEmit('c', nowMs + 1)), conditions)).toHaveLength(1);
	});

	it('follows dates up to a day ahead of the clock', () => {
		const ahead = [toEmit('in', nowMs + aheadLimitMs), toEmit('out', nowMs + aheadLimitMs + 1)];
		expect(aheadLimitMs).toBe(dayMs);
		expect(startAfter(ahead, conditions).cursorMs).toBe(nowMs + dayMs);
		expect(poll(startAtDate(0), read(...ahead)).cursorMs).toBe(nowMs + dayMs);
	});

	it('keeps a bounded number of ids, and emits none again', () => {
		const records = Array.from({ length: recordLimit + 500 }, (_, n) =>
			toEmit(`r${n}`, nowMs - 30_000 + n),
		);
		const state = startAfter(records, conditions);
		const reading = read(...records);
		const next = recordEmitted(state, reading, [], [], conditions);
		expect(next.done.length).toBeLessThanOrEqual(recordLimit);
		expect(selectDue(next, reading, conditions)).toEqual([]);
	});

	it('waits for a refund to go through, however long that takes', () => {
		const refund = toWait('refund', nowMs);
		let state = recordEmitted(startAtDate(0), read(refund), [], [], conditions);
		const later = toEmit('later', nowMs + 10 * dayMs);
		const laterConditions = { ...conditions, nowMs: later.timeMs };
		state = poll(state, read(refund, later), true, laterConditions);
		const completed = read({ ...refund, disposition: 'emit' }, later);
		expect(selectDue(state, completed, laterConditions).map(({ id }) => id)).toEqual(['refund']);
	});
});

describe('a list that is followed from a date on', () => {
	it('waits for what was made before and is pending, and for nothing else', () => {
		const records = [toEmit('a', 5), toWait('b', 9), toSkip('c', 5), toWait('d', 10)];
		expect(startAtDate(10, records)).toEqual({
			lowWatermarkMs: 10,
			done: [],
			unconfirmed: [],
			pending: [['b', 9]],
		});
		expect(startAtDate(10).pending).toEqual([]);
	});
});

describe('a list that is followed from now on', () => {
	it('knows what is within the overlap, and all that is pending', () => {
		const records = [
			toWait('wait', nowMs),
			toEmit('new', nowMs),
			toSkip('edge', nowMs - 60_000),
			toEmit('old', nowMs - 60_001),
			toWait('oldWait', 5),
		];
		expect(startAfter(records, conditions)).toEqual({
			lowWatermarkMs: nowMs - 60_000,
			cursorMs: nowMs,
			done: [
				['new', nowMs],
				['edge', nowMs - 60_000],
			],
			unconfirmed: [],
			pending: [
				['wait', nowMs],
				['oldWait', 5],
			],
		});
	});

	it('begins at the beginning where it is empty or short', () => {
		expect(startAfter([], conditions)).toEqual(startAtDate(0));
		expect(startAfter([toEmit('future', nowMs + 2 * dayMs)], conditions)).toEqual(startAtDate(0));
		expect(startAfter([toEmit('a', 5)], conditions).lowWatermarkMs).toBe(0);
	});
});

it('the known records from the low watermark on are counted', () => {
	const state = stateOf({
		lowWatermarkMs: 10,
		done: [
			['a', 9],
			['b', 10],
		],
		unconfirmed: [emitted('c', 9), emitted('d', 10), emitted('e', 11)],
		pending: [
			['f', 9],
			['g', 12],
		],
	});
	expect(countKnown(state)).toBe(4);
});

describe('what is due', () => {
	const state = stateOf({
		lowWatermarkMs: 10,
		done: [['done', 11]],
		unconfirmed: [emitted('own', 12), emitted('other', 13, emission(0, 'b'))],
		pending: [['waited', 5]],
	});

	it('is what is new, what another process emitted, and what was waited for, oldest first', () => {
		const records = [
			...[toEmit('z', 11), toEmit('y', 11), toEmit('edge', 10), toEmit('old', 9)],
			...[toEmit('done', 11), toEmit('own', 12), toEmit('other', 13), toEmit('waited', 5)],
			...[toSkip('skip', 11), toWait('wait', 11)],
		];
		const expected = ['waited', 'edge', 'y', 'z', 'other'];
		expect(idsOf(selectDue(state, read(...records), conditions))).toEqual(expected);
		expect(idsOf(selectDue(state, read(...records.reverse()), conditions))).toEqual(expected);
	});

	it('is limited to the room among the unconfirmed, known ones aside', () => {
		const due = [toEmit('n1', 1), toEmit('other', 2), toEmit('n2', 3), toEmit('own', 4)];
		const limit = (room: number) => idsOf(limitNew(state, due, { recordLimit: room }));
		expect(limit(2)).toEqual(['other', 'own']);
		expect(limit(3)).toEqual(['n1', 'other', 'own']);
		expect(limit(4)).toEqual(['n1', 'other', 'n2', 'own']);
	});
});

describe('repeats', () => {
	it('are what must be emitted again and is in the list, oldest first', () => {
		const state = stateOf({
			unconfirmed: [
				emitted('c', 3, emission(0, 'b')),
				emitted('a', 1, emission(0, 'b')),
				{ ...emitted('gone', 2, emission(0, 'b')), isMissing: true },
				emitted('own', 2),
			],
		});
		expect(findRepeats(state, conditions)).toEqual([
			['a', 1],
			['c', 3],
		]);
	});
});

describe('a confirmation', () => {
	const old = emitted('old', 1, emission(confirmAfterMs));
	const state = stateOf({ done: [['x', 0]], unconfirmed: [old, emitted('young', 2)] });

	it('moves what was emitted a while ago to what is done, and must be stored', () => {
		expect(confirmEmissions(state, conditions)).toEqual({
			state: {
				...state,
				done: [
					['x', 0],
					['old', 1],
				],
				unconfirmed: [emitted('young', 2)],
			},
			mustSave: true,
		});
	});

	it('changes nothing where there is none', () => {
		const young = stateOf({ unconfirmed: [emitted('young', 2)] });
		const result = confirmEmissions(young, conditions);
		expect(result).toEqual({ state: young, mustSave: false });
		expect(result.state).toBe(young);
	});

	it('need not be stored where everything is repeated', () => {
		const repeated = stateOf({
			unconfirmed: [emitted('r', 1, emission(confirmAfterMs, 'a', true))],
		});
		const result = confirmEmissions(repeated, { ...conditions, repeatAfterMs: 60_000 });
		expect(result).toMatchObject({ state: { done: [['r', 1]] }, mustSave: false });
	});
});

describe('what is stored after a poll', () => {
	it('is every emission, one for each process, and every record that is not wanted', () => {
		const before = stateOf({ unconfirmed: [emitted('other', 5, emission(9, 'b'))] });
		const next = poll(before, read(toEmit('new', 6), toEmit('other', 5), toSkip('skip', 7)));
		expect(next).toEqual({
			lowWatermarkMs: 0,
			cursorMs: 7,
			done: [['skip', 7]],
			unconfirmed: [emitted('new', 6), emitted('other', 5, emission(), emission(9, 'b'))].reverse(),
			pending: [],
		});
	});

	it('moves the low watermark to the overlap behind the newest, never back, and drops what is older', () => {
		const before = stateOf({
			lowWatermarkMs: 1_000,
			cursorMs: 61_000,
			done: [
				['a', 1_999],
				['b', 2_000],
			],
		});
		const next = poll(before, read(toSkip('c', 62_000)));
		expect(next).toMatchObject({ lowWatermarkMs: 2_000, cursorMs: 62_000 });
		expect(next.done).toEqual([
			['b', 2_000],
			['c', 62_000],
		]);
		const older = poll(stateOf({ lowWatermarkMs: 1_000 }), read(toSkip('d', 1_500)));
		expect(older).toMatchObject({ lowWatermarkMs: 1_000, cursorMs: 1_500 });
	});

	it('has no cursor before the first record', () => {
		expect(poll(startAtDate(0), read())).toEqual(startAtDate(0));
	});

	it('passes over no new record that still waits', () => {
		const reading = read(
			toSkip('a', 1_000),
			toEmit('b', 2_000),
			toSkip('c', 2_000),
			toSkip('d', 2_001),
		);
		const quick = { ...conditions, overlapMs: 0 };
		const next = poll(startAtDate(0), reading, false, quick);
		// b was not emitted: what has the same date is known, what is newer is looked at again.
		expect(next).toMatchObject({ lowWatermarkMs: 2_000, cursorMs: 2_000, done: [['c', 2_000]] });
		expect(idsOf(selectDue(next, reading, quick))).toEqual(['b']);
		expect(poll(next, reading, true, quick)).toMatchObject({ lowWatermarkMs: 2_001 });
	});

	it('waits for no record that is remembered anyway', () => {
		const before = stateOf({
			unconfirmed: [emitted('u', 1_000, emission(0, 'b'))],
			pending: [['p', 1_500]],
		});
		const reading = read(toEmit('u', 1_000), toEmit('p', 1_500), toSkip('s', 3_000));
		const next = poll(before, reading, false, { ...conditions, overlapMs: 0 });
		expect(next).toMatchObject({ lowWatermarkMs: 3_000, cursorMs: 3_000 });
		expect(next.unconfirmed).toEqual(before.unconfirmed);
		expect(next.pending).toEqual(before.pending);
	});

	it('passes over nothing that was not read', () => {
		const reading = { ...read(toSkip('a', 1_000), toSkip('b', 3_000)), throughMs: 2_000 };
		const next = poll(startAtDate(0), reading, true, { ...conditions, overlapMs: 0 });
		expect(next).toMatchObject({ lowWatermarkMs: 1_000, cursorMs: 1_000, done: [['a', 1_000]] });
		const emitted = { ...reading, records: [toSkip('a', 1_000), toEmit('c', 2_500)] };
		expect(poll(startAtDate(0), emitted)).toMatchObject({ cursorMs: 1_000 });
		const behind = { ...reading, throughMs: 500 };
		const kept = poll(stateOf({ cursorMs: 4_000 }), behind, true, { ...conditions, overlapMs: 0 });
		expect(kept).toMatchObject({ lowWatermarkMs: 500, cursorMs: 4_000 });
	});

	it('takes no note of what is older than the low watermark', () => {
		const before = stateOf({ lowWatermarkMs: 1_000 });
		const next = poll(before, read(toSkip('a', 999), toWait('b', 999), toWait('c', 1_000)));
		expect(next).toMatchObject({ done: [], pending: [['c', 1_000]] });
	});
});

describe('an unconfirmed record', () => {
	const keep = (
		unconfirmed: UnconfirmedRecord,
		reading: Partial<Reading>,
		given: PollConditions = conditions,
	) => {
		const state = stateOf({ unconfirmed: [unconfirmed] });
		return recordEmitted(state, { ...read(), ...reading }, [], [], given);
	};
	const ranges = [{ fromMs: 1_000, throughMs: 2_000 }];

	it.each([
		[999, false],
		[1_000, true],
		[2_000, true],
		[2_001, false],
	])(
		'of the date %i is missing where a part of the list that was read lacks it: %j',
		(timeMs, is) => {
			const one = emitted('u', timeMs);
			const { unconfirmed } = keep(one, { ranges });
			expect(unconfirmed).toEqual([is ? { ...one, isMissing: true } : one]);
		},
	);

	it('is missing until it is there again', () => {
		const one = { ...emitted('u', 5), isMissing: true };
		expect(keep(one, { ranges }).unconfirmed).toEqual([one]);
		expect(keep(one, { records: [toEmit('u', 5)] }).unconfirmed).toEqual([emitted('u', 5)]);
	});

	it('that is missing is given up a day after it was emitted, one that is there never', () => {
		const at = (agoMs: number) => emitted('u', 1_500, emission(agoMs));
		expect(keep(at(dayMs - 1), { ranges }).unconfirmed).toHaveLength(1);
		expect(keep(at(dayMs), { ranges }).unconfirmed).toEqual([]);
		expect(keep(at(dayMs), { ranges: [] }).unconfirmed).toHaveLength(1);
		expect(keep(at(dayMs), { records: [toEmit('u', 1_500)] }).unconfirmed).toHaveLength(1);
	});

	it('that is not wanted any more is done', () => {
		const next = keep(emitted('u', 1_500), { records: [toSkip('u', 1_500)] });
		expect(next).toMatchObject({ unconfirmed: [], done: [['u', 1_500]] });
	});

	it('is not pending beside that', () => {
		const next = keep(emitted('u', 1_500), { records: [toWait('u', 1_500)] });
		expect(next).toMatchObject({ unconfirmed: [emitted('u', 1_500)], pending: [], done: [] });
	});
});

describe('a pending record', () => {
	const before = stateOf({
		lowWatermarkMs: 100,
		pending: [
			['a', 1],
			['b', 2],
			['c', 3],
		],
	});

	it('is waited for until it is emitted or not wanted', () => {
		const next = poll(before, read(toEmit('a', 1), toSkip('b', 2), toWait('c', 3)));
		expect(next.pending).toEqual([['c', 3]]);
		expect(next.unconfirmed).toEqual([emitted('a', 1)]);
		expect(selectDue(next, read(toEmit('a', 1), toEmit('b', 2)), conditions)).toEqual([]);
	});

	it('keeps its date and its place', () => {
		const next = poll(before, read(toWait('a', 50), toWait('new', 200)));
		expect(next.pending).toEqual([...before.pending, ['new', 200]]);
	});

	it('that was looked at comes last', () => {
		const reading = { ...read(), checkedIds: new Set(['a', 'c']) };
		const order = poll(before, reading).pending.map(([id]) => id);
		expect(order).toEqual(['b', 'a', 'c']);
	});

	it('that is done is not pending', () => {
		const done = stateOf({ done: [['d', 50]] });
		expect(poll(done, read(toWait('d', 50)))).toMatchObject({ pending: [], done: [['d', 50]] });
	});

	it('is dropped where there are more than the limit, the oldest first', () => {
		const many = (count: number, timeMs: (n: number) => number): IdAndTime[] =>
			Array.from({ length: count }, (_, n) => [`p${n}`, timeMs(n)]);
		const after = (pending: IdAndTime[]) => poll(stateOf({ pending }), read()).pending;
		const full = many(pendingLimit, (n) => n);
		expect(after(full)).toEqual(full);
		const mixed = many(pendingLimit + 2, (n) => (n * 7) % (pendingLimit + 2));
		expect(after(mixed)).toEqual(mixed.filter(([, timeMs]) => timeMs >= 2));
		const same = many(pendingLimit + 2, () => 5);
		expect(after(same)).toEqual(same.slice(0, pendingLimit));
	});
});

describe('more done records than are kept', () => {
	const few = { ...conditions, overlapMs: 1_000, recordLimit: 3 };
	const records = [500, 400, 300, 200, 100].map((timeMs) => toSkip(`d${timeMs}`, timeMs));

	it('raise the low watermark above the oldest', () => {
		const next = poll(startAtDate(0), read(...records), true, few);
		expect(next.lowWatermarkMs).toBe(201);
		expect(next.done.map(([id]) => id)).toEqual(['d500', 'd400', 'd300']);
		const exact = poll(startAtDate(0), read(...records.slice(0, 3)), true, few);
		expect(exact).toMatchObject({ lowWatermarkMs: 0, cursorMs: 500 });
		expect(exact.done).toHaveLength(3);
	});

	it('never above the newest, or what still waits', () => {
		const same = ['a', 'b', 'c', 'd'].map((id) => toSkip(id, 500));
		const next = poll(startAtDate(0), read(...same), true, few);
		expect(next).toMatchObject({ lowWatermarkMs: 500, cursorMs: 500 });
		expect(next.done).toHaveLength(4);

		const done = [600, 601, 602, 603].map((timeMs): IdAndTime => [`d${timeMs}`, timeMs]);
		const waiting = stateOf({ cursorMs: 700, done });
		const reading = read(toEmit('waiting', 300));
		expect(poll(waiting, reading, false, few).lowWatermarkMs).toBe(300);
	});
});
