import {
	addBatches,
	confirmAfterMs,
	dropRecords,
	findAgain,
	isGivenUp,
	markKept,
	maxTries,
	recordsOf,
	settleBatches,
	tryLaterMs,
	type Batch,
} from '../../../nodes/Pocketsflow/polling/batches';

const nowMs = Date.UTC(2026, 10, 23);
const conditions = { nowMs, processId: 'a', repeatAfterMs: 0 };
const later = (ms: number, repeatAfterMs = 0) => ({
	...conditions,
	nowMs: nowMs + ms,
	repeatAfterMs,
});
const emitted = (...ids: string[]) => ids.map((id) => ({ name: 'list', id, timeMs: 1 }));
const emit = (batches: Batch[], ids: string[], given = conditions) =>
	addBatches(batches, emitted(...ids), findAgain(batches, given), given);
const kept = (batches: Batch[]) => markKept(batches, batches);
const againIds = (batches: Batch[], given = conditions) => [
	...(findAgain(batches, given).get('list')?.keys() ?? []),
];

describe('a batch', () => {
	it('is certain once n8n returned it and its process lives on for a while', () => {
		const batches = emit([], ['x']);
		expect(settleBatches(batches, later(confirmAfterMs))).toHaveLength(1);
		expect(settleBatches(kept(batches), later(confirmAfterMs - 1))).toHaveLength(1);
		expect(settleBatches(kept(batches), later(confirmAfterMs))).toEqual([]);
	});

	it('a batch that is certain leaves the others as they are', () => {
		const two = kept(emit(kept(emit([], ['x'])), ['y'], later(1)));
		expect(settleBatches(two, later(confirmAfterMs))).toEqual([two[1]]);
		const others = kept(emit([], ['x'], { ...conditions, processId: 'b' }));
		expect(settleBatches(others, later(confirmAfterMs))).toEqual(others);
	});

	it('comes again if n8n did not return it, and counts its tries', () => {
		const first = emit([], ['x', 'y']);
		expect(againIds(first)).toEqual(['x', 'y']);
		expect(againIds(kept(first))).toEqual([]);
		const second = emit(first, ['x', 'y'], later(60_000));
		expect(second).toMatchObject([{ tries: 2, isRepeat: false }]);
		// The first of them is another batch, and says nothing about the second.
		expect(markKept(second, first)[0].isKept).toBe(false);
	});

	it('a batch that n8n dropped comes again, although a later state that n8n kept names it', () => {
		const dropped = markKept(emit([], ['x']), []);
		expect(againIds(markKept(dropped, dropped))).toEqual(['x']);
		expect(settleBatches(markKept(dropped, dropped), later(confirmAfterMs))).toHaveLength(1);
	});

	it('is given up for an hour after three tries that n8n did not keep', () => {
		let batches: Batch[] = [];
		for (let tries = 1; tries <= maxTries; tries++) {
			expect(isGivenUp(batches, conditions)).toBe(false);
			batches = emit(batches, ['x']);
		}
		expect(isGivenUp(batches, later(tryLaterMs - 1))).toBe(true);
		expect(isGivenUp(batches, later(tryLaterMs))).toBe(false);
		expect(isGivenUp(kept(batches), conditions)).toBe(false);
		expect(isGivenUp(batches, { ...conditions, processId: 'b' })).toBe(false);
	});

	it('a batch of another process comes again once, whether n8n kept it or not', () => {
		const others = kept(emit([], ['x'], { ...conditions, processId: 'b' }));
		expect(againIds(others)).toEqual(['x']);
		const both = kept(emit(others, ['x']));
		expect(both.map(({ processId }) => processId)).toEqual(['b', 'a']);
		expect(againIds(both)).toEqual([]);
		expect(againIds(both, { ...conditions, processId: 'b' })).toEqual([]);
		expect(settleBatches(both, later(confirmAfterMs))).toEqual([]);
	});

	it('remembers three other processes at most', () => {
		let batches: Batch[] = [];
		for (const processId of ['b', 'c', 'd', 'e', 'f'])
			batches = kept(emit(batches, ['x'], { ...conditions, processId }));
		expect(batches.map(({ processId }) => processId)).toEqual(['c', 'd', 'e', 'f']);
	});

	it('is repeated once with Repeat After, and then certain', () => {
		const first = kept(emit([], ['x']));
		expect(againIds(first, later(99, 100))).toEqual([]);
		expect(settleBatches(first, later(confirmAfterMs, 100))).toHaveLength(1);
		const second = kept(emit(first, ['x'], later(100, 100)));
		expect(second).toMatchObject([{ isRepeat: true, tries: 1 }]);
		expect(againIds(second, later(1_000, 100))).toEqual([]);
		expect(settleBatches(second, later(100 + confirmAfterMs, 100))).toEqual([]);
	});

	it('stays a repeat when another process emits it again', () => {
		const repeat = kept(emit(kept(emit([], ['x'])), ['x'], later(100, 100)));
		const other = { ...later(200, 100), processId: 'b' };
		expect(emit(repeat, ['x'], other)).toMatchObject([{ isRepeat: true }, { isRepeat: true }]);
	});
});

test('records can be dropped from all batches of one list', () => {
	const batches = emit(kept(emit([], ['x', 'y'])), ['z']);
	expect([...recordsOf(batches, 'list').keys()]).toEqual(['x', 'y', 'z']);
	expect([...recordsOf(batches, 'other')]).toEqual([]);
	const left = dropRecords(batches, 'list', new Set(['x', 'z']));
	expect([...recordsOf(left, 'list')]).toEqual([['y', 1]]);
	expect(left).toHaveLength(1);
	expect(dropRecords(batches, 'other', new Set(['x', 'z']))).toEqual(batches);
});
