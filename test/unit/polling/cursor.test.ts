import {
	recordEmitted,
	selectDue,
	startAfter,
	startAtDate,
	type ListRecord,
} from '../../../nodes/Pocketsflow/polling/cursor';

const nowMs = Date.UTC(2026, 10, 23);
const recordLimit = 5_000;
const conditions = { nowMs, processId: 'a', overlapMs: 60_000, repeatAfterMs: 0, recordLimit };
const toEmit = (id: string, timeMs: number): ListRecord => ({ id, timeMs, disposition: 'emit' });
const read = (...records: ListRecord[]) => ({
	records,
	throughMs: Infinity,
	ranges: [{ fromMs: 0, throughMs: Infinity }],
});

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
		const refund: ListRecord = { id: 'refund', timeMs: nowMs, disposition: 'pending' };
		let state = recordEmitted(startAtDate(0), read(refund), [], [], conditions);
		const later = toEmit('later', nowMs + 10 * 86_400_000);
		const laterConditions = { ...conditions, nowMs: later.timeMs };
		const reading = read(refund, later);
		const due = selectDue(state, reading, laterConditions);
		state = recordEmitted(state, reading, due, due, laterConditions);
		const completed = read({ ...refund, disposition: 'emit' }, later);
		expect(selectDue(state, completed, laterConditions).map(({ id }) => id)).toEqual(['refund']);
	});
});
