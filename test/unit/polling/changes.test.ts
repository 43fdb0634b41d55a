import {
	countUnfollowed,
	membershipLimit,
	recordChanges,
	selectChanges,
	startWatching,
	type Membership,
} from '../../../nodes/Pocketsflow/polling/changes';
import { optionFields } from '../../../nodes/Pocketsflow/polling/settings';

const nowMs = Date.UTC(2026, 10, 23);
const conditions = { nowMs, processId: 'a', repeatAfterMs: 0 };
const make = (number: number, status = 'active'): Membership => ({
	id: `m${number}`,
	timeMs: number,
	record: { status },
});

describe('more subscriptions than can be followed', () => {
	const memberships = Array.from({ length: membershipLimit + 1 }, (_, n) => make(n));
	const state = startWatching(memberships, nowMs);

	it('are followed up to the limit, the newest first, and the others are counted', () => {
		expect(Object.keys(state.memberships)).toHaveLength(membershipLimit);
		expect(countUnfollowed(state, memberships)).toBe(1);
		const paused = memberships.map(({ timeMs }) => make(timeMs, 'paused'));
		expect(selectChanges(state, paused, conditions)).toHaveLength(membershipLimit);
	});

	it('are followed when others have gone from the list', () => {
		const fewer = memberships.slice(0, -1);
		const next = recordChanges(state, fewer, [], [], conditions);
		expect(countUnfollowed(next, fewer)).toBe(0);
	});
});

it('a membership that changes with every poll keeps no other waiting for ever', () => {
	let state = startWatching([make(1), make(2)], nowMs);
	const changed = new Set<string>();
	for (let polls = 0; polls < 4; polls++) {
		const memberships = [make(1, `paused-${polls}`), make(2, 'paused')];
		const due = selectChanges(state, memberships, conditions);
		const emitted = due.slice(0, 1);
		state = recordChanges(state, memberships, due, emitted, conditions);
		for (const { membership } of emitted) changed.add(membership.id);
	}
	expect([...changed].sort()).toEqual(['m1', 'm2']);
});

it('an option that does nothing unless it is added says so', () => {
	const shown = optionFields.filter(({ property }) => property.default === 30);
	expect(shown.map(({ property }) => property.name)).toEqual(['headStart', 'repeatAfter']);
	for (const { property } of shown)
		expect(property.description).toMatch(/unless this option is added/);
});
