import {
	addEmission,
	confirmAfterMs,
	isConfirmed,
	isEmissionDue,
	type Emission,
} from '../../../nodes/Pocketsflow/polling/emissions';

const nowMs = Date.UTC(2026, 10, 23);
const once = { nowMs, processId: 'own', repeatAfterMs: 0 };
const twice = { ...once, repeatAfterMs: 60_000 };
const emit = (processId: string, agoMs: number, isRepeat = false): Emission => ({
	processId,
	emittedAtMs: nowMs - agoMs,
	isRepeat,
});

describe('an emission is confirmed', () => {
	it.each<[string, Emission[], typeof once, boolean]>([
		['30 seconds later', [emit('own', confirmAfterMs)], once, true],
		['not earlier', [emit('own', confirmAfterMs - 1)], once, false],
		['by no other process', [emit('other', confirmAfterMs)], once, false],
		['beside that of another', [emit('other', 0), emit('own', confirmAfterMs)], once, true],
		['not before its repeat', [emit('own', confirmAfterMs)], twice, false],
		['with its repeat', [emit('own', confirmAfterMs, true)], twice, true],
		['30 seconds after its repeat', [emit('own', confirmAfterMs - 1, true)], twice, false],
		['never without one', [], once, false],
	])('%s', (_when, emissions, conditions, expected) => {
		expect(isConfirmed(emissions, conditions)).toBe(expected);
	});
});

describe('an emission is due', () => {
	it.each<[string, Emission[], typeof once, boolean]>([
		['where only another process emitted', [emit('other', 0)], once, true],
		['not again where this one did', [emit('own', 90_000)], once, false],
		['as a repeat when its time has come', [emit('own', 60_000)], twice, true],
		['not before', [emit('own', 59_999)], twice, false],
		['not a third time', [emit('own', 90_000, true)], twice, false],
		[
			'counted from the last one, by whichever process',
			[emit('other', 59_999), emit('own', 90_000)],
			twice,
			false,
		],
	])('%s', (_when, emissions, conditions, expected) => {
		expect(isEmissionDue(emissions, conditions)).toBe(expected);
	});
});

describe('an emission is added', () => {
	it('as the first', () => {
		expect(addEmission([], once)).toEqual([emit('own', 0)]);
	});

	it.each<[string, Emission[], Emission[]]>([
		['its own', [emit('own', 1)], [emit('own', 0, true)]],
		['that of another', [emit('other', 1)], [emit('own', 0), emit('other', 1)]],
		[
			'the repeat of another',
			[emit('x', 1), emit('other', 2, true)],
			[emit('own', 0, true), emit('x', 1), emit('other', 2, true)],
		],
	])('in front of %s', (_what, earlier, expected) => {
		expect(addEmission(earlier, once)).toEqual(expected);
	});

	it('to those of three other processes at most', () => {
		const earlier = ['a', 'b', 'c', 'd'].map((id) => emit(id, 1));
		const processes = addEmission(earlier, once).map(({ processId }) => processId);
		expect(processes).toEqual(['own', 'a', 'b', 'c']);
	});
});
