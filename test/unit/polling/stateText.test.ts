import { membershipLimit } from '../../../nodes/Pocketsflow/polling/changes';
import { pendingLimit, type CursorState } from '../../../nodes/Pocketsflow/polling/cursor';
import { computeRecordLimit } from '../../../nodes/Pocketsflow/polling/pollContext';
import { listSources } from '../../../nodes/Pocketsflow/polling/sources';
import type { PollState } from '../../../nodes/Pocketsflow/polling/state';
import { formatState, parseState } from '../../../nodes/Pocketsflow/polling/stateText';

const nowMs = Date.UTC(2026, 10, 23);
const yearMs = 365 * 24 * 60 * 60_000;
const processId = '0123456789ab';
const toId = (number: number) => number.toString(16).padStart(24, '0');
const makeRecords = (count: number, fromMs: number) =>
	Array.from({ length: count }, (_, n): [string, number] => [toId(n), fromMs + n * 86_399_999]);

/** A state in which everything is as full as it gets. */
function fillState(events: readonly string[]): PollState {
	const recordLimit = computeRecordLimit(events.length);
	const list: CursorState = {
		lowWatermarkMs: nowMs,
		cursorMs: nowMs,
		done: makeRecords(recordLimit, nowMs),
		pending: makeRecords(pendingLimit, nowMs - 4 * yearMs),
		unconfirmed: makeRecords(recordLimit, nowMs - 20 * yearMs).map(([id, timeMs], n) => ({
			id,
			timeMs,
			// One emission for each minute of the option Repeat After.
			emissions: [{ emittedAtMs: nowMs + (n % 30) * 60_000, processId, isRepeat: false }],
			...(n % 7 === 0 && { isMissing: true }),
		})),
	};
	const members = Array.from({ length: membershipLimit + 400 }, (_, n) => ({
		[toId(n)]: {
			digest: processId,
			changeId: processId,
			...(n % 3 === 0 && { hasEnded: true }),
			emissions: [{ emittedAtMs: nowMs + (n % 30) * 60_000, processId, isRepeat: true }],
		},
	}));
	return {
		polls: { [processId]: 123_456 },
		startDate: '2026-01-31T00:00:00',
		favoursChanges: true,
		lists: Object.fromEntries(events.map((event) => [event, list])),
		memberships: {
			startedAtMs: nowMs,
			endedBeforeMs: nowMs,
			lastId: toId(1),
			memberships: Object.assign({}, ...members),
		},
	};
}

const allLists = listSources.map(({ event }) => event);

test.each([1, 2, 3, 4, 5])(
	'a state with %i full lists is below a megabyte, and is read as it was written',
	(count) => {
		const state = fillState(allLists.slice(0, count));
		const text = formatState(state);
		process.stdout.write(`${count} full lists: ${text.length} bytes\n`);
		expect(text.length).toBeLessThan(1_000_000);
		const read = parseState(text);
		const byId = (list: CursorState) => ({
			...list,
			unconfirmed: [...list.unconfirmed].sort((a, b) => (a.id < b.id ? -1 : 1)),
		});
		expect(Object.values(read?.lists ?? {}).map(byId)).toEqual(
			Object.values(state.lists).map(byId),
		);
		expect(read?.memberships).toEqual(state.memberships);
	},
);

test.each(['', 'null', '{', '{"version":1,"revision":5,"lists":{}}', '{"version":2,"polls":{}}'])(
	'%j is no state',
	(text) => {
		expect(parseState(text)).toBeUndefined();
	},
);
