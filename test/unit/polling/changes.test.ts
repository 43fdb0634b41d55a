import type { IDataObject } from 'n8n-workflow';

import {
	confirmChanges,
	countUnfollowed,
	hasBegun,
	hasEnded,
	ignoreChanges,
	isIncomplete,
	membershipLimit,
	recordChanges,
	selectChanges,
	selectSubscriptions,
	startWatching,
	type Change,
	type Membership,
	type MembershipsState,
} from '../../../nodes/Pocketsflow/polling/changes';
import { confirmAfterMs } from '../../../nodes/Pocketsflow/polling/emissions';
import { optionFields } from '../../../nodes/Pocketsflow/polling/settings';

const nowMs = Date.UTC(2026, 10, 23);
const conditions = { nowMs, processId: 'a', repeatAfterMs: 0 };
const make = (number: number, status = 'active', more: IDataObject = {}): Membership => ({
	id: `m${number}`,
	timeMs: number,
	record: { status, ...more },
});
const makeMany = (count: number, status?: string, first = 0): Membership[] =>
	Array.from({ length: count }, (_, n) => make(first + n, status));

const idsOf = (changes: Change[]) => changes.map(({ membership }) => membership.id);
const select = (state: MembershipsState, memberships: Membership[]) =>
	selectChanges(state, memberships, conditions);

/** One poll that emits everything, or so many changes, and the state after it. */
function poll(state: MembershipsState, memberships: Membership[], room = Infinity) {
	const due = select(state, memberships);
	const emitted = due.slice(0, room);
	return { due, next: recordChanges(state, memberships, due, emitted, conditions) };
}

const confirm = (state: MembershipsState, repeatAfterMs = 0) =>
	confirmChanges(state, { ...conditions, nowMs: nowMs + confirmAfterMs, repeatAfterMs });

describe('the status of a membership', () => {
	it.each([
		['active', true, false],
		['trialing', true, false],
		['past_due', true, false],
		['incomplete', false, false],
		['canceled', true, true],
		['cancelled', true, true],
		['expired', true, true],
		['ended', true, true],
		['incomplete_expired', false, true],
	])('%s, in any case, says whether it began and whether it ended', (status, begun, ended) => {
		for (const record of [{ status }, { status: status.toUpperCase() }]) {
			expect([hasBegun(record), hasEnded(record)]).toEqual([begun, ended]);
			expect(isIncomplete(record)).toBe(status === 'incomplete');
		}
	});

	it('that is no subscription yet is followed only where it is followed already', () => {
		const all = [make(1), make(2, 'incomplete'), make(3, 'incomplete_expired')];
		const follows = (state?: MembershipsState) =>
			selectSubscriptions(all, state).map(({ id }) => id);
		expect(follows()).toEqual(['m1']);
		expect(follows(startWatching([make(2)], nowMs))).toEqual(['m1', 'm2']);
	});
});

describe('the start', () => {
	it('takes nothing that is there for a change', () => {
		const all = [make(1), make(2, 'canceled'), make(3, 'paused')];
		const state = startWatching(all, nowMs);
		expect(Object.keys(state.memberships)).toEqual(['m3', 'm1']);
		expect(state).toMatchObject({ startedAtMs: nowMs, endedBeforeMs: 2 });
		expect(select(state, all)).toEqual([]);
	});

	it('ignores what had ended before, and no later end of a newer one', () => {
		const state = startWatching([make(7, 'canceled'), make(5, 'canceled')], nowMs);
		expect(state.endedBeforeMs).toBe(7);
		const due = select(state, [make(6, 'ended'), make(7, 'ended'), make(8, 'ended')]);
		expect(due).toMatchObject([{ kind: 'deleted', membership: { id: 'm8' } }]);
		expect(startWatching([], nowMs).endedBeforeMs).toBe(-1);
	});

	it('after a restart tells of ends in a period that reaches past the date', () => {
		const restartMs = Date.UTC(2026, 10, 1);
		const endsAt = (number: number, currentPeriodEnd?: string) =>
			make(number, 'canceled', { currentPeriodEnd });
		const all = [
			endsAt(1, '2026-11-01T00:00:00'),
			endsAt(2, '2026-11-01T00:00:01'),
			endsAt(3, '2026-11-02'),
			endsAt(4),
			make(5),
			endsAt(6),
		];
		const state = startWatching(all, nowMs, restartMs);
		const due = select(state, all);
		expect(idsOf(due)).toEqual(['m2', 'm3', 'm4', 'm6']);
		expect(due.filter(({ kind }) => kind !== 'deleted')).toEqual([]);
		expect(new Set(due.map(({ changeId }) => changeId)).size).toBe(4);
		expect(select(startWatching(all, nowMs), all)).toEqual([]);
	});
});

describe('a change', () => {
	const start = () => startWatching([make(1)], nowMs);

	it.each([
		['status', 'paused'],
		['cancelAtPeriodEnd', true],
		['currentPeriodEnd', '2026-12-01'],
		['paused', true],
	])('of %s is one, that of anything else is none', (key, value) => {
		expect(select(start(), [make(1, 'active', { [key]: value })])).toMatchObject([
			{ kind: 'updated', membership: { id: 'm1' } },
		]);
		expect(select(start(), [make(1, 'active', { name: 'x' })])).toEqual([]);
	});

	it('has a short ID of its own, also where it is undone and done again', () => {
		let state = start();
		const changeIds: string[] = [];
		for (const status of ['paused', 'active', 'paused', 'canceled']) {
			const { due, next } = poll(state, [make(1, status)]);
			changeIds.push(...due.map(({ changeId }) => changeId));
			state = next;
		}
		expect(new Set(changeIds).size).toBe(4);
		for (const changeId of changeIds) expect(changeId).toMatch(/^[0-9a-f]{12}$/);
	});

	it('has the same ID for everyone who started at the same moment, and another for others', () => {
		const readId = (startedAtMs: number, number = 1) =>
			select(startWatching([make(number)], startedAtMs), [make(number, 'paused')])[0].changeId;
		expect(readId(nowMs)).toBe(readId(nowMs));
		expect(new Set([readId(nowMs), readId(nowMs + 1), readId(nowMs, 2)]).size).toBe(3);
		// Neither may run into the other: 1 and m12 are not 11 and m2.
		const readEndId = (startedAtMs: number, id: string) =>
			select(startWatching([], startedAtMs), [{ ...make(5, 'ended'), id }])[0].changeId;
		expect(readEndId(1, '12')).not.toBe(readEndId(11, '2'));
	});

	it('of one that came and went between two polls is its end', () => {
		const { due, next } = poll(start(), [make(1), make(2, 'canceled')]);
		expect(due).toMatchObject([{ kind: 'deleted', membership: { id: 'm2' } }]);
		expect(due[0].changeId).toMatch(/^[0-9a-f]{12}$/);
		expect(select(next, [make(1), make(2, 'canceled')])).toEqual([]);
		expect(select(start(), [make(1), make(2)])).toEqual([]);
	});

	it('after the end is one only if it goes on', () => {
		const { due, next } = poll(start(), [make(1, 'canceled')]);
		expect(due).toMatchObject([{ kind: 'deleted' }]);
		expect(next.memberships.m1).toMatchObject({ hasEnded: true, digest: due[0].digest });
		expect(select(next, [make(1, 'expired')])).toEqual([]);
		const revived = poll(next, [make(1)]);
		expect(revived.due).toMatchObject([{ kind: 'updated' }]);
		expect(revived.next.memberships.m1).not.toHaveProperty('hasEnded');
		expect(select(revived.next, [make(1, 'ended')])).toMatchObject([{ kind: 'deleted' }]);
	});

	it('that nobody asked for does not come later', () => {
		const changed = [make(1, 'paused')];
		const next = ignoreChanges(start(), select(start(), changed));
		expect(next.memberships.m1.emissions).toBeUndefined();
		expect(select(next, changed)).toEqual([]);
		expect(select(next, [make(1, 'canceled')])).toMatchObject([{ kind: 'deleted' }]);
		const ended = [make(1, 'canceled')];
		expect(ignoreChanges(start(), select(start(), ended)).memberships.m1.hasEnded).toBe(true);
	});
});

describe('the order of changes', () => {
	const all = [make(3), make(1), make(2)];
	const paused = [make(3, 'paused'), make(1, 'paused'), make(2, 'paused')];

	it('is by age, and by ID where that is the same', () => {
		expect(idsOf(select(startWatching(all, nowMs), paused))).toEqual(['m1', 'm2', 'm3']);
		const twins = ['c', 'a', 'b'].map((id) => ({ ...make(5), id }));
		const changed = twins.map((one) => ({ ...one, record: { status: 'paused' } }));
		for (const list of [changed, [...changed].reverse()])
			expect(idsOf(select(startWatching(twins, nowMs), list))).toEqual(['a', 'b', 'c']);
	});

	it('goes on behind the last one where others wait, and from the front where none does', () => {
		const first = poll(startWatching(all, nowMs), paused, 2);
		expect(first.next.lastId).toBe('m2');
		const again = [make(3, 'paused'), make(1, 'active'), make(2, 'active')];
		const second = poll(first.next, again, 1);
		expect(idsOf(second.due)).toEqual(['m3', 'm1', 'm2']);
		expect(second.next.lastId).toBe('m3');
		const nothing = poll(second.next, again, 0);
		expect(nothing.next.lastId).toBe('m3');
		expect(poll(nothing.next, again).next.lastId).toBeUndefined();
	});
});

describe('an emitted change', () => {
	const changed = [make(1, 'paused')];
	const emitted = () => poll(startWatching([make(1)], nowMs), changed).next;

	it('is not due again in this process, but in another, with the same ID', () => {
		const { changeId, emissions } = emitted().memberships.m1;
		expect(emissions).toEqual([{ emittedAtMs: nowMs, processId: 'a', isRepeat: false }]);
		expect(select(emitted(), changed)).toEqual([]);
		const other = { ...conditions, processId: 'b' };
		const due = selectChanges(emitted(), changed, other);
		expect(due).toMatchObject([{ kind: 'updated', changeId }]);
		const next = recordChanges(emitted(), changed, due, due, other);
		expect(next.memberships.m1.emissions).toHaveLength(2);
	});

	it('is confirmed a while later, and must be stored then unless it is repeated', () => {
		expect(confirmChanges(emitted(), conditions)).toEqual({ state: emitted(), mustSave: false });
		const { state, mustSave } = confirm(emitted());
		expect(mustSave).toBe(true);
		expect(state.memberships.m1).toEqual({ ...emitted().memberships.m1, emissions: undefined });
		expect(selectChanges(state, changed, { ...conditions, processId: 'b' })).toEqual([]);
		expect(confirm(state)).toEqual({ state, mustSave: false });
	});

	it('is confirmed with its repeat only, and need not be stored then', () => {
		const twice = { ...conditions, nowMs: nowMs + 60_000, repeatAfterMs: 60_000 };
		const first = emitted();
		expect(confirmChanges(first, twice)).toEqual({ state: first, mustSave: false });
		const due = selectChanges(first, changed, twice);
		expect(due).toHaveLength(1);
		const repeated = recordChanges(first, changed, due, due, twice);
		const later = { ...twice, nowMs: twice.nowMs + confirmAfterMs };
		const { state, mustSave } = confirmChanges(repeated, later);
		expect(mustSave).toBe(false);
		expect(state.memberships.m1.emissions).toBeUndefined();
	});

	it('followed by another begins anew', () => {
		const { next } = poll(emitted(), [make(1, 'active')]);
		expect(next.memberships.m1.emissions).toEqual([
			{ emittedAtMs: nowMs, processId: 'a', isRepeat: false },
		]);
	});
});

describe('more subscriptions than can be followed', () => {
	const memberships = makeMany(membershipLimit + 1);
	const start = () => startWatching(memberships, nowMs);

	it('are followed up to the limit, the newest first, and the others are counted', () => {
		expect(Object.keys(start().memberships)).toHaveLength(membershipLimit);
		expect(start().memberships).not.toHaveProperty('m0');
		expect(countUnfollowed(start(), memberships)).toBe(1);
		expect(countUnfollowed(start(), [make(9_000, 'canceled')])).toBe(0);
		const paused = memberships.map(({ timeMs }) => make(timeMs, 'paused'));
		expect(select(start(), paused)).toHaveLength(membershipLimit);
	});

	it('are followed when others have gone from the list', () => {
		const fewer = memberships.slice(0, -1);
		const next = recordChanges(start(), fewer, [], [], conditions);
		expect(countUnfollowed(next, fewer)).toBe(0);
		expect(Object.keys(next.memberships)).toHaveLength(membershipLimit);
	});

	it('are not followed where all that are followed are still there', () => {
		const full = makeMany(membershipLimit);
		const more = [...full, make(9_000)];
		const next = recordChanges(startWatching(full, nowMs), more, [], [], conditions);
		expect(Object.keys(next.memberships)).toHaveLength(membershipLimit);
		expect(countUnfollowed(next, more)).toBe(1);
	});

	it('leave those that have gone where there is room, or where their change is unconfirmed', () => {
		const few = startWatching([make(1)], nowMs);
		const grown = recordChanges(few, [make(2)], [], [], conditions);
		expect(Object.keys(grown.memberships)).toEqual(['m1', 'm2']);
		expect(recordChanges(few, [], [], [], conditions)).toEqual({ ...few, lastId: undefined });
		const almostFull = startWatching(makeMany(membershipLimit - 1), nowMs);
		const justFull = recordChanges(almostFull, [make(9_000)], [], [], conditions);
		expect(Object.keys(justFull.memberships)).toHaveLength(membershipLimit);

		const full = startWatching(makeMany(membershipLimit), nowMs);
		const ended = confirm(poll(full, [make(5_000, 'canceled')]).next).state;
		const nothingNew = recordChanges(ended, [make(1)], [], [], conditions);
		expect(Object.keys(nothingNew.memberships)).toHaveLength(membershipLimit + 1);

		const changed = poll(full, [make(0, 'paused')]).next;
		const next = recordChanges(changed, [make(9_000)], [], [], conditions);
		expect(Object.keys(next.memberships)).toEqual(['m0', 'm9000']);
	});

	it('that ended between two polls are emitted as far as there is room', () => {
		const ended = makeMany(500, 'canceled', 5_000);
		const due = select(start(), [...memberships, ...ended]);
		expect(due).toHaveLength(400);
		expect(select(startWatching([], nowMs), ended)).toHaveLength(500);
	});
});

describe('ended memberships', () => {
	it('are remembered up to a limit, and none of them ends twice', () => {
		const ended = makeMany(203, 'canceled').reverse();
		const newer = poll(startWatching([], nowMs), ended.slice(0, 100)).next;
		const after = poll(newer, ended);
		expect(after.due).toHaveLength(103);
		// Unconfirmed ones stay, however many.
		expect(Object.keys(after.next.memberships)).toHaveLength(203);

		const { next } = poll(confirm(after.next).state, ended);
		expect(Object.keys(next.memberships)).toHaveLength(200);
		expect(next.endedBeforeMs).toBe(2);
		expect(next.memberships).not.toHaveProperty('m2');
		expect(next.memberships).toHaveProperty('m3');
		expect(select(next, ended)).toEqual([]);
	});

	it('that the list no longer has are forgotten first', () => {
		const gone = makeMany(2, 'canceled', 1_000);
		const ended = makeMany(200, 'canceled');
		const { next: first } = poll(startWatching([], nowMs), [...ended, ...gone]);
		const { next } = poll(confirm(first).state, ended);
		expect(Object.keys(next.memberships)).toHaveLength(200);
		expect(next.memberships).not.toHaveProperty('m1000');
		expect(next.endedBeforeMs).toBe(-1);
	});

	it('do not make room for themselves among those that go on', () => {
		const going = makeMany(300);
		const after = poll(startWatching(going, nowMs), going);
		expect(Object.keys(after.next.memberships)).toHaveLength(300);
	});
});

it('a membership that changes with every poll keeps no other waiting for ever', () => {
	let state = startWatching([make(1), make(2)], nowMs);
	const changed = new Set<string>();
	for (let polls = 0; polls < 4; polls++) {
		const { due, next } = poll(state, [make(1, `paused-${polls}`), make(2, 'paused')], 1);
		state = next;
		for (const { membership } of due.slice(0, 1)) changed.add(membership.id);
	}
	expect([...changed].sort()).toEqual(['m1', 'm2']);
});

it('an option that does nothing unless it is added says so', () => {
	const shown = optionFields.filter(({ property }) => property.default === 30);
	expect(shown.map(({ property }) => property.name)).toEqual(['headStart', 'repeatAfter']);
	for (const { property } of shown)
		expect(property.description).toMatch(/unless this option is added/);
});
