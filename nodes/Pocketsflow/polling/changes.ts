/**
 * What changed on memberships since the last poll. Pocketsflow tells when a membership was made, not when
 * it changed or ended (docs/pocketsflow-api.md#subscriptions), so a digest of its state is kept and
 * compared. Pure, as the cursor is, and with the same promise: an emitted change stays unconfirmed until the
 * process that emitted it polls again a while later.
 */
import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { isConfirmed, type Emission, type PollConditions } from './cursor';
import type { DatedRecord } from './recordDates';

/** A membership as read, with the date on which it was made. */
export type Membership = DatedRecord;

/** What is kept of one membership. */
interface KnownMembership {
	/** A digest of its state. */
	digest: string;
	/** Identifies its last change. It is a digest of all changes so far, so that no two are the same. */
	changeId: string;
	/** Set while its last change is emitted but not confirmed. */
	unconfirmed?: Pick<Emission, 'emittedAtMs' | 'processId' | 'isRepeat'>;
	/** Whether its end was emitted. */
	hasEnded?: boolean;
}

/** The stored state of all memberships. */
export interface MembershipsState {
	/** When watching began, by n8n's clock: part of every change id, so that no later start repeats one. */
	startedAtMs: number;
	/** Memberships made up to this date that had ended when they were first seen are ignored. */
	endedBeforeMs: number;
	memberships: Record<string, KnownMembership>;
}

export interface Change {
	kind: 'updated' | 'deleted';
	membership: Membership;
	/** Tells this change from every other of the same membership. */
	changeId: string;
	/** A digest of the membership's new state. */
	digest: string;
	isRepeat: boolean;
}

/** Most memberships that can be watched, because all of them are in the workflow's stored state. */
export const membershipLimit = 2_000;

/** Most ended memberships that are remembered. */
const endedLimit = 200;

const endedStatuses = new Set(['canceled', 'cancelled', 'expired', 'ended', 'incomplete_expired']);

/** Whether a membership, as the API returns it, is over for good. */
export const hasEnded = ({ status }: IDataObject) =>
	endedStatuses.has(String(status).toLowerCase());

const digestOf = (...texts: string[]) =>
	createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);

function digestState({ record }: Membership): string {
	const { status, cancelAtPeriodEnd, currentPeriodEnd, paused } = record;
	return digestOf(JSON.stringify([status, cancelAtPeriodEnd, currentPeriodEnd, paused]));
}

/** The state when watching begins: nothing of what is there counts as a change. */
export function startWatching(memberships: readonly Membership[], nowMs: number): MembershipsState {
	const ended = memberships.filter(({ record }) => hasEnded(record));
	const state: MembershipsState = {
		startedAtMs: nowMs,
		endedBeforeMs: ended.reduce((latest, { timeMs }) => Math.max(latest, timeMs), -1),
		memberships: {},
	};
	return addNewMemberships(state, memberships);
}

/** Adds memberships that are seen for the first time. Those that have ended have nothing to compare. */
function addNewMemberships(
	state: MembershipsState,
	memberships: readonly Membership[],
): MembershipsState {
	const added = memberships
		.filter(({ id, record }) => !state.memberships[id] && !hasEnded(record))
		.map((membership): [string, KnownMembership] => [
			membership.id,
			{
				digest: digestState(membership),
				changeId: digestOf(String(state.startedAtMs), membership.id),
			},
		]);
	return { ...state, memberships: { ...state.memberships, ...Object.fromEntries(added) } };
}

/** Marks emitted changes as confirmed, by the same rule as `confirmEmissions`. */
export function confirmChanges(
	state: MembershipsState,
	conditions: PollConditions,
): { state: MembershipsState; mustSave: boolean } {
	const { repeatAfterMs } = conditions;
	const isDone = ({ unconfirmed }: KnownMembership) =>
		unconfirmed !== undefined &&
		isConfirmed(unconfirmed, conditions) &&
		(unconfirmed.isRepeat || repeatAfterMs === 0);
	const entries = Object.entries(state.memberships);
	const memberships = entries.map(([id, known]): [string, KnownMembership] => {
		return [id, isDone(known) ? { ...known, unconfirmed: undefined } : known];
	});
	return {
		state: { ...state, memberships: Object.fromEntries(memberships) },
		mustSave: repeatAfterMs === 0 && entries.some(([, known]) => isDone(known)),
	};
}

/** Selects the changes to emit next, oldest membership first. */
export function selectChanges(
	state: MembershipsState,
	memberships: readonly Membership[],
	conditions: PollConditions,
): Change[] {
	return memberships
		.flatMap((membership) => detectChange(state, membership, conditions) ?? [])
		.sort((a, b) => a.membership.timeMs - b.membership.timeMs);
}

function detectChange(
	state: MembershipsState,
	membership: Membership,
	conditions: PollConditions,
): Change | undefined {
	const known = state.memberships[membership.id];
	const digest = digestState(membership);
	const kind = hasEnded(membership.record) ? 'deleted' : 'updated';
	const change = { kind, membership, digest } as const;
	if (!known) {
		// One that is new and has ended already came and went between two polls.
		const isNews = kind === 'deleted' && membership.timeMs > state.endedBeforeMs;
		const changeId = digestOf(String(state.startedAtMs), membership.id, digest);
		return isNews ? { ...change, changeId, isRepeat: false } : undefined;
	}
	if (known.digest !== digest) {
		if (known.hasEnded && kind === 'deleted') return undefined;
		return { ...change, changeId: digestOf(known.changeId, digest), isRepeat: false };
	}
	const { changeId, unconfirmed } = known;
	if (!unconfirmed) return undefined;
	const isOwn = unconfirmed.processId === conditions.processId;
	if (isOwn && !isRepeatDue(unconfirmed, conditions)) return undefined;
	return { ...change, changeId, isRepeat: unconfirmed.isRepeat || isOwn };
}

const isRepeatDue = (
	{ emittedAtMs, isRepeat }: Pick<Emission, 'emittedAtMs' | 'isRepeat'>,
	{ nowMs, repeatAfterMs }: PollConditions,
) => repeatAfterMs > 0 && !isRepeat && nowMs - emittedAtMs >= repeatAfterMs;

const toKnown = ({ kind, digest, changeId }: Change): KnownMembership => ({
	digest,
	changeId,
	...(kind === 'deleted' && { hasEnded: true }),
});

const replaceKnown = (
	state: MembershipsState,
	entries: Array<[string, KnownMembership]>,
): MembershipsState => ({
	...state,
	memberships: { ...state.memberships, ...Object.fromEntries(entries) },
});

/** Takes note of changes that nobody asked for, so that they do not come when more is asked for later. */
export function ignoreChanges(
	state: MembershipsState,
	changes: readonly Change[],
): MembershipsState {
	return replaceKnown(
		state,
		changes.map((change) => [change.membership.id, toKnown(change)]),
	);
}

/**
 * Records that some of the due changes were emitted.
 * @param memberships all that were read
 * @param due as `selectChanges` gave it
 * @returns the state to store
 */
export function recordChanges(
	state: MembershipsState,
	memberships: readonly Membership[],
	due: readonly Change[],
	emitted: readonly Change[],
	{ nowMs, processId }: PollConditions,
): MembershipsState {
	const isEmitted = new Set(emitted);
	const waiting = new Set(
		due.filter((change) => !isEmitted.has(change)).map(({ membership }) => membership.id),
	);
	const withNew = addNewMemberships(
		state,
		memberships.filter(({ id }) => !waiting.has(id)),
	);
	const entries = emitted.map((change): [string, KnownMembership] => {
		const unconfirmed = { emittedAtMs: nowMs, processId, isRepeat: change.isRepeat };
		return [change.membership.id, { ...toKnown(change), unconfirmed }];
	});
	return limitEnded(replaceKnown(withNew, entries), memberships);
}

/** Drops the oldest memberships beyond the limit whose end was emitted and confirmed. */
function limitEnded(state: MembershipsState, memberships: readonly Membership[]): MembershipsState {
	const timesMs = new Map(memberships.map(({ id, timeMs }) => [id, timeMs]));
	const ended = Object.entries(state.memberships)
		.filter(([, known]) => known.hasEnded && !known.unconfirmed)
		.map(([id]) => ({ id, timeMs: timesMs.get(id) ?? -Infinity }))
		.sort((a, b) => a.timeMs - b.timeMs);
	const dropped = ended.slice(0, Math.max(0, ended.length - endedLimit));
	if (dropped.length === 0) return state;
	const droppedIds = new Set(dropped.map(({ id }) => id));
	const kept = Object.entries(state.memberships).filter(([id]) => !droppedIds.has(id));
	return {
		...state,
		endedBeforeMs: Math.max(state.endedBeforeMs, dropped[dropped.length - 1].timeMs),
		memberships: Object.fromEntries(kept),
	};
}
