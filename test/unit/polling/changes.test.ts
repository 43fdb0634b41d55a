import type { IDataObject } from 'n8n-workflow';

import {
	countUnfollowed,
	hasBegun,
	hasEnded,
	ignoreChanges,
	isForeignId,
	isIncomplete,
	isPaused,
	membershipLimit,
	recordChanges,
	selectChanges,
	selectSubscriptions,
	startWatching,
	type Change,
	type MembershipsState,
} from '../../../nodes/Pocketsflow/polling/changes';
import { dayMs } from '../../../nodes/Pocketsflow/polling/list';
import type { DatedRecord } from '../../../nodes/Pocketsflow/polling/records';

const nowMs = Date.UTC(2026, 10, 23);
const make = (number: number, status = 'active', more: IDataObject = {}): DatedRecord => ({
	id: `m${number}`,
	timeMs: number,
	record: { status, ...more },
});
const select = (state: MembershipsState, memberships: DatedRecord[], again: string[] = []) =>
	selectChanges(state, memberships, new Map(again.map((id) => [id, true])));
const idsOf = (changes: Change[]) => changes.map(({ membership }) => membership.id);

/** One poll that emits everything, or so many changes, and the state after it. */
function poll(state: MembershipsState, memberships: DatedRecord[], room = Infinity) {
	const due = select(state, memberships);
	const emitted = due.slice(0, room);
	return { due, next: recordChanges(state, memberships, due, emitted) };
}

/** The ends of a membership that goes through these statuses: which time each is. */
function listEnds(state: MembershipsState, statuses: string[]): number[] {
	const ends: number[] = [];
	for (const status of statuses) {
		const { due, next } = poll(state, [make(1, status)]);
		ends.push(...due.filter(({ kind }) => kind === 'deleted').map(({ known }) => known[3]));
		state = next;
	}
	return ends;
}

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

	it('the status is read without its blanks, and with one spelling of its words', () => {
		for (const status of [' Incomplete-Expired', 'incomplete expired '])
			expect([hasBegun({ status }), hasEnded({ status })]).toEqual([false, true]);
	});

	it('a membership is paused by its status or by a separate field', () => {
		const records = [
			{ status: 'paused' },
			{ status: 'active', paused: true },
			{ status: 'active', paused: 'true' },
			{ status: 'active' },
		];
		expect(records.map(isPaused)).toEqual([true, true, true, false]);
	});

	it("a customer's ID of the payment provider is known by its prefix", () => {
		expect(['cus_1', 'x_cus_1', 5, undefined].map(isForeignId)).toEqual([
			true,
			false,
			false,
			false,
		]);
	});

	it('a membership that is no subscription yet is followed only if it is followed already', () => {
		const all = [make(1), make(2, 'incomplete'), make(3, 'incomplete_expired')];
		expect(idsOf(selectSubscriptions(all).map((membership) => ({ membership }) as Change))).toEqual(
			['m1'],
		);
		expect(selectSubscriptions(all, startWatching([make(2)], nowMs))).toHaveLength(2);
	});
});

describe('the start', () => {
	it('takes nothing that is there for a change', () => {
		const all = [make(1), make(2, 'canceled'), make(3, 'paused')];
		const state = startWatching(all, nowMs);
		expect(Object.keys(state.known).sort()).toEqual(['m1', 'm2', 'm3']);
		expect(select(state, all)).toEqual([]);
	});

	it('a start with an empty list takes no older end for news', () => {
		const state = startWatching([], nowMs);
		const ended = [make(nowMs - dayMs, 'ended'), make(nowMs - dayMs + 1, 'ended')];
		expect(idsOf(select(state, ended))).toEqual([ended[1].id]);
	});

	it('takes only older ends than those that are there for old', () => {
		const state = startWatching([make(1, 'canceled'), make(5)], nowMs);
		expect(idsOf(select(state, [make(3, 'canceled')]))).toEqual(['m3']);
		expect(idsOf(select(startWatching([make(9)], nowMs), [make(1, 'canceled')]))).toEqual(['m1']);
	});

	it('finds nothing new in a state that an earlier version of the package stored', () => {
		const all = [
			make(1, 'active', { productId: 'p1', currentPeriodEnd: '2026-12-01T00:00:00.000Z' }),
			make(2, 'paused', { cancelAtPeriodEnd: true, subscriptionId: 'f1' }),
		];
		const state: MembershipsState = {
			startedAtMs: nowMs,
			endedBeforeMs: -1,
			known: {
				m1: ['0a0051293e45', 'f42bedddd5b6', 1, 0, 0],
				m2: ['e5965f2c29ad', '610886c7ec20', 2, 0, 0],
			},
		};
		expect(select(state, all)).toEqual([]);
		expect(startWatching(all, nowMs)).toEqual(state);
	});

	it('gives no two memberships the same change, whenever each began to be watched', () => {
		const firstOf = (id: string, startedAtMs: number) =>
			startWatching([{ ...make(1), id }], startedAtMs).known[id][1];
		expect(firstOf('23', 1)).not.toBe(firstOf('3', 12));
	});

	it('notices the return of a membership that had ended before', () => {
		const state = startWatching([make(1, 'canceled')], nowMs);
		expect(select(state, [make(1)])).toMatchObject([{ kind: 'updated' }]);
		expect(listEnds(state, ['active', 'canceled'])).toEqual([2]);
	});

	it('a start after a restart reports ends in a period that reaches past the date', () => {
		const endsAt = (number: number, currentPeriodEnd?: string) =>
			make(number, 'canceled', { currentPeriodEnd });
		const all = [endsAt(1, '2026-11-01T00:00:00'), endsAt(2, '2026-11-01T00:00:01'), endsAt(3)];
		const state = startWatching(all, nowMs, Date.UTC(2026, 10, 1));
		expect(idsOf(select(state, all))).toEqual(['m2', 'm3']);
		expect(select(state, all).map(({ known }) => known[3])).toEqual([1, 1]);
		expect(select(startWatching(all, nowMs), all)).toEqual([]);
	});
});

describe('a change', () => {
	const start = () => startWatching([make(1, 'active', { productId: 'p1' })], nowMs);
	const changed = (key: string, value: IDataObject[string], status = 'active') =>
		select(start(), [make(1, status, { productId: 'p1', [key]: value })]);

	it.each([
		['cancelAtPeriodEnd', true],
		['cancelAtPeriodEnd', 'true'],
		['currentPeriodEnd', '2026-12-01'],
		['paused', true],
		['productId', 'p2'],
	])('another %s is a change', (key, value) => {
		expect(changed(key, value)).toMatchObject([{ kind: 'updated', membership: { id: 'm1' } }]);
	});

	it('another name, or another spelling of the status, is no change', () => {
		expect(changed('name', 'x')).toEqual([]);
		expect(changed('name', 'x', 'ACTIVE')).toEqual([]);
	});

	it('each change has its own short ID, even if it is undone and repeated', () => {
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

	it('comes again if it must, until the membership changes once more', () => {
		const { due, next } = poll(start(), [make(1, 'paused')]);
		const again = [due[0].changeId];
		expect(select(next, [make(1, 'paused')])).toEqual([]);
		expect(select(next, [make(1, 'paused')], again)).toMatchObject([{ changeId: again[0] }]);
		expect(select(next, [make(1)], again)[0].changeId).not.toBe(again[0]);
	});

	it('a change that ends a membership says which end it is', () => {
		expect(
			listEnds(start(), ['canceled', 'expired', 'active', 'canceled', 'active', 'ended']),
		).toEqual([1, 2, 3]);
	});

	it('a membership that came and went between two polls has one change, its end, unless its payment never came', () => {
		const { due, next } = poll(start(), [
			make(1, 'active', { productId: 'p1' }),
			make(2, 'canceled'),
		]);
		expect(due).toMatchObject([{ kind: 'deleted', membership: { id: 'm2' } }]);
		expect(select(next, [make(2, 'canceled')])).toEqual([]);
		for (const status of ['expired', 'incomplete_expired', 'active'])
			expect(select(start(), [make(2, status)])).toEqual([]);
	});

	it('a change that nobody asked for is not reported later', () => {
		const [change] = changed('paused', true);
		const state = ignoreChanges(start(), [change]);
		expect(select(state, [change.membership])).toEqual([]);
	});

	it('is not lost or repeated by an answer without anything', () => {
		const ended = poll(start(), [make(1, 'canceled')]).next;
		const empty = poll(ended, []).next;
		expect(select(empty, [make(1, 'canceled')])).toEqual([]);
	});

	it('changes come oldest membership first', () => {
		const state = startWatching([make(1), make(2)], nowMs);
		expect(idsOf(select(state, [make(2, 'paused'), make(1, 'paused')]))).toEqual(['m1', 'm2']);
	});

	it('a change without room comes in the next poll, and new memberships are followed meanwhile', () => {
		const ended = [make(2, 'canceled'), make(3, 'canceled')];
		const first = poll(start(), [...ended, make(4)], 1).next;
		expect(first.known.m4).toBeDefined();
		const { due, next } = poll(first, ended, 0);
		expect(idsOf(due)).toEqual(['m3']);
		expect(next.lastId).toBe('m2');
		expect(poll(next, ended).next.lastId).toBeUndefined();
	});

	it('waits its turn, so that no membership keeps others waiting', () => {
		const all = [make(1), make(2), make(3)];
		let state = startWatching(all, nowMs);
		const told: string[] = [];
		for (const status of ['paused', 'past_due', 'trialing']) {
			const { due, next } = poll(
				state,
				all.map((one) => ({ ...one, record: { status } })),
				1,
			);
			told.push(due[0].membership.id);
			state = next;
		}
		expect(told).toEqual(['m1', 'm2', 'm3']);
	});
});

test('the number of followed memberships is bounded, and what is not followed is counted', () => {
	const many = Array.from({ length: membershipLimit + 3 }, (_, n) => make(n));
	const state = startWatching(many, nowMs);
	expect(Object.keys(state.known)).toHaveLength(membershipLimit);
	expect(state.known.m0).toBeUndefined();
	expect(countUnfollowed(state, many)).toBe(3);
});

test('ended memberships take no room from those that are followed', () => {
	const ended = Array.from({ length: 10 }, (_, n) => make(n, 'canceled'));
	const followed = Array.from({ length: membershipLimit - 1 }, (_, n) => make(100 + n));
	const more = [make(9_001), make(9_002), make(9_003)];
	const { next } = poll(startWatching([...ended, ...followed], nowMs), more);
	expect(Object.keys(next.known)).toHaveLength(10 + membershipLimit);
});

test('the number of remembered ended memberships is limited, and none is emitted twice', () => {
	const many = Array.from({ length: 1_500 }, (_, n) => make(n, 'ended'));
	const state = startWatching(many, nowMs);
	expect(Object.keys(state.known)).toHaveLength(1_000);
	expect([state.known.m499, state.known.m500?.[4]]).toEqual([undefined, 1]);
	expect(select(state, many)).toEqual([]);
	expect(idsOf(select(state, [make(5_000, 'ended')]))).toEqual(['m5000']);
	const { due, next } = poll(startWatching([make(0)], nowMs), many.slice(1));
	expect(due).toHaveLength(1_499);
	expect(select(next, many.slice(1))).toEqual([]);
});

test('ended memberships beyond the bound that return and end again are reported once', () => {
	const many = Array.from({ length: 1_001 }, (_, n) => make(n, 'ended'));
	const state = startWatching(many, nowMs);
	const back = poll(state, [make(0), ...many.slice(1)]).next;
	const { due, next } = poll(back, many);
	expect(idsOf(due)).toEqual(['m0']);
	expect(select(next, many)).toEqual([]);
});
