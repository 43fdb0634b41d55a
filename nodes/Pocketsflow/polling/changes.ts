/**
 * What changed on memberships since the last poll. Pocketsflow tells when a membership was made, not when
 * it changed or ended (docs/pocketsflow-api.md#subscriptions), so a digest of its state is kept and
 * compared. Pure, as the cursor is, and with the same promise: an emitted change stays unconfirmed until the
 * process that emitted it polls again a while later.
 */
import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import {
	addEmission,
	isConfirmed,
	isEmissionDue,
	type Emission,
	type EmissionConditions,
} from './emissions';
import { parseDate } from '../api/dates';
import { compareDates, type DatedRecord } from './recordDates';

/** A membership as read, with the date on which it was made. */
export type Membership = DatedRecord;

/** What is kept of one membership. */
export interface KnownMembership {
	/** A digest of its state. */
	digest: string;
	/** Identifies its last change. It is a digest of all changes so far, so that no two are the same. */
	changeId: string;
	/** Set while its last change is emitted but not confirmed; as in `UnconfirmedRecord`. */
	emissions?: Emission[];
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
	/** The membership whose change was emitted last, while others wait: they have their turn first. */
	lastId?: string;
}

export interface Change {
	kind: 'updated' | 'deleted';
	membership: Membership;
	/** Tells this change from every other of the same membership. */
	changeId: string;
	/** A digest of the membership's new state. */
	digest: string;
}

/** Most memberships that can be watched, because all of them are in the workflow's stored state. */
export const membershipLimit = 2_000;

/** Most ended memberships that are remembered. */
const endedLimit = 200;

/** Most memberships that are stored, with those whose end was emitted but is not confirmed. */
const knownLimit = membershipLimit + 2 * endedLimit;

const endedStatuses = new Set(['canceled', 'cancelled', 'expired', 'ended', 'incomplete_expired']);

const readStatus = ({ status }: IDataObject) => String(status).toLowerCase();

/** Whether the first payment of a membership, as the API returns it, is still to come. */
export const isIncomplete = (record: IDataObject) => readStatus(record) === 'incomplete';

/** Whether a membership is, or was, a subscription: its first payment was made, or it is on trial. */
export const hasBegun = (record: IDataObject) =>
	!isIncomplete(record) && readStatus(record) !== 'incomplete_expired';

/** Whether a membership is over for good. */
export const hasEnded = (record: IDataObject) => endedStatuses.has(readStatus(record));

const digestOf = (...texts: string[]) =>
	createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);

function digestState({ record }: Membership): string {
	const { status, cancelAtPeriodEnd, currentPeriodEnd, paused } = record;
	return digestOf(JSON.stringify([status, cancelAtPeriodEnd, currentPeriodEnd, paused]));
}

/**
 * The state when watching begins: nothing of what is there counts as a change.
 * @param restartMs after a restart without a state, where to look back to: a membership that has ended, and
 * whose paid period reaches past that date, may have ended since then. Past Infinity none does.
 */
export function startWatching(
	memberships: readonly Membership[],
	nowMs: number,
	restartMs = Infinity,
): MembershipsState {
	const ended = memberships.filter(({ record }) => hasEnded(record));
	const state: MembershipsState = {
		startedAtMs: nowMs,
		endedBeforeMs: ended.reduce((latest, { timeMs }) => Math.max(latest, timeMs), -1),
		memberships: {},
	};
	const unknown = ended
		.filter(({ record }) => readPeriodEndMs(record) > restartMs)
		.map(({ id }): [string, KnownMembership] => [
			id,
			{ digest: '', changeId: digestOf(String(state.startedAtMs), id) },
		]);
	return replaceKnown(addNewMemberships(state, memberships), unknown);
}

/** When what was paid for ends; without a date it may still go on. */
const readPeriodEndMs = ({ currentPeriodEnd }: IDataObject) =>
	parseDate(currentPeriodEnd, 'UTC')?.getTime() ?? Infinity;

/** Keeps the memberships that are subscriptions, or that are followed as such. */
export const selectSubscriptions = (
	memberships: readonly Membership[],
	state?: MembershipsState,
): Membership[] =>
	memberships.filter(({ id, record }) => hasBegun(record) || state?.memberships[id] !== undefined);

/**
 * Adds memberships that are seen for the first time. Those that have ended have nothing to compare. Where
 * not all fit, those that the list no longer has make room, and the newest are added.
 */
function addNewMemberships(
	state: MembershipsState,
	memberships: readonly Membership[],
): MembershipsState {
	const isNew = ({ id, record }: Membership) => !state.memberships[id] && !hasEnded(record);
	const news = memberships.filter(isNew).sort((a, b) => b.timeMs - a.timeMs);
	if (news.length === 0) return state;
	const room = membershipLimit - Object.keys(state.memberships).length;
	const base = news.length > room ? dropMissing(state, memberships) : state;
	const left = Math.max(0, membershipLimit - Object.keys(base.memberships).length);
	const added = news.slice(0, left).map((membership): [string, KnownMembership] => [
		membership.id,
		{
			digest: digestState(membership),
			changeId: digestOf(String(state.startedAtMs), membership.id),
		},
	]);
	return replaceKnown(base, added);
}

function dropMissing(
	state: MembershipsState,
	memberships: readonly Membership[],
): MembershipsState {
	const present = new Set(memberships.map(({ id }) => id));
	const kept = Object.entries(state.memberships).filter(
		([id, { emissions }]) => present.has(id) || emissions,
	);
	return { ...state, memberships: Object.fromEntries(kept) };
}

/** Counts the subscriptions whose changes are not followed, because too many are. */
export const countUnfollowed = (state: MembershipsState, memberships: readonly Membership[]) =>
	memberships.filter(({ id, record }) => !state.memberships[id] && !hasEnded(record)).length;

/** Marks emitted changes as confirmed, by the same rule as `confirmEmissions`. */
export function confirmChanges(
	state: MembershipsState,
	conditions: EmissionConditions,
): { state: MembershipsState; mustSave: boolean } {
	const isDone = ({ emissions }: KnownMembership) =>
		emissions !== undefined && isConfirmed(emissions, conditions);
	const done = Object.entries(state.memberships).filter(([, known]) => isDone(known));
	const confirmed = done.map(([id, known]): [string, KnownMembership] => [
		id,
		{ ...known, emissions: undefined },
	]);
	return {
		state: replaceKnown(state, confirmed),
		mustSave: conditions.repeatAfterMs === 0 && done.length > 0,
	};
}

/**
 * Selects the changes to emit next, oldest membership first. Where not all of the last poll's were emitted,
 * it goes on behind the one that was emitted last, so that no membership keeps others waiting for ever.
 */
export function selectChanges(
	state: MembershipsState,
	memberships: readonly Membership[],
	conditions: EmissionConditions,
): Change[] {
	const sorted = [...memberships].sort(compareDates);
	const next = sorted.findIndex(({ id }) => id === state.lastId) + 1;
	let room = knownLimit - Object.keys(state.memberships).length;
	return [...sorted.slice(next), ...sorted.slice(0, next)]
		.flatMap((membership) => detectChange(state, membership, conditions) ?? [])
		.filter(({ membership }) => state.memberships[membership.id] !== undefined || room-- > 0);
}

function detectChange(
	state: MembershipsState,
	membership: Membership,
	conditions: EmissionConditions,
): Change | undefined {
	const known = state.memberships[membership.id];
	const digest = digestState(membership);
	const kind = hasEnded(membership.record) ? 'deleted' : 'updated';
	const change = { kind, membership, digest } as const;
	if (!known) {
		// One that is new and has ended already came and went between two polls.
		const isNews = kind === 'deleted' && membership.timeMs > state.endedBeforeMs;
		return isNews
			? { ...change, changeId: digestOf(String(state.startedAtMs), membership.id, digest) }
			: undefined;
	}
	const { changeId, emissions } = known;
	if (known.digest !== digest) {
		if (known.hasEnded && kind === 'deleted') return undefined;
		return { ...change, changeId: digestOf(changeId, digest) };
	}
	return emissions && isEmissionDue(emissions, conditions) ? { ...change, changeId } : undefined;
}

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
	conditions: EmissionConditions,
): MembershipsState {
	const isEmitted = new Set(emitted);
	const othersWait = due.some((change) => !isEmitted.has(change));
	const withNew = addNewMemberships(state, memberships);
	const entries = emitted.map((change): [string, KnownMembership] => {
		const known = state.memberships[change.membership.id];
		const earlier = known?.changeId === change.changeId ? known.emissions : undefined;
		const emissions = addEmission(earlier ?? [], conditions);
		return [change.membership.id, { ...toKnown(change), emissions }];
	});
	const next = limitEnded(replaceKnown(withNew, entries), memberships);
	const last = emitted[emitted.length - 1] as Change | undefined;
	const lastId = othersWait ? (last?.membership.id ?? state.lastId) : undefined;
	return { ...next, lastId };
}

/** Drops the oldest memberships beyond the limit whose end was emitted and confirmed. */
function limitEnded(state: MembershipsState, memberships: readonly Membership[]): MembershipsState {
	const timesMs = new Map(memberships.map(({ id, timeMs }) => [id, timeMs]));
	const ended = Object.entries(state.memberships)
		.filter(([, known]) => known.hasEnded && !known.emissions)
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
