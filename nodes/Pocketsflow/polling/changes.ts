/**
 * What changed on memberships since the last poll. Pocketsflow only dates their creation, so the state
 * keeps a digest of each membership and compares it. Pure.
 */
import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { readApiDate } from '../api/dates';
import { readFlag, readId } from '../api/responses';
import { dayMs } from './list';
import { compareDates, newestOf, type DatedRecord } from './records';

const endedStatuses = new Set(['canceled', 'cancelled', 'expired', 'ended', 'incomplete_expired']);

/** The status of a membership in lower case, with one spelling for spaces and hyphens. */
export const readStatus = ({ status }: IDataObject) =>
	String(status).trim().toLowerCase().replace(/[\s-]/g, '_');

/** Whether the first payment is still outstanding. */
export const isIncomplete = (record: IDataObject) => readStatus(record) === 'incomplete';

/** Whether it is or was a subscription: its first payment succeeded, or it is on trial. */
export const hasBegun = (record: IDataObject) =>
	!isIncomplete(record) && readStatus(record) !== 'incomplete_expired';

export const hasEnded = (record: IDataObject) => endedStatuses.has(readStatus(record));

/** Whether a membership whose first payment never succeeded may have this status, too. */
export const mayNeverHaveBegun = (record: IDataObject) =>
	['expired', 'incomplete_expired'].includes(readStatus(record));

export const isPaused = (record: IDataObject) =>
	readStatus(record) === 'paused' || readFlag(record.paused) === true;

/** Whether a customer's ID is from the payment provider: Pocketsflow can't look it up. */
export const isForeignId = (id: unknown) => typeof id === 'string' && id.startsWith('cus_');

export type KnownMembership = [
	digest: string,
	/** Its last change, as a digest of all changes so far, so that no two are equal. */
	changeId: string,
	timeMs: number,
	/** How often it has ended. */
	ends: number,
	/** 1 if it has ended and not returned. */
	isEnded: 0 | 1,
];

export interface MembershipsState {
	/** When watching began, by n8n's clock. As a part of change IDs, it keeps a later start from repeating one. */
	startedAtMs: number;
	/** Memberships created up to this date that had ended when first seen are ignored. */
	endedBeforeMs: number;
	known: Record<string, KnownMembership>;
	/** While changes wait, the membership of the last emitted one. Those after it come next. */
	lastId?: string;
	/** Where to continue reading the list; undefined if it was read to the end. */
	next?: number;
}

export interface Change {
	kind: 'updated' | 'deleted';
	membership: DatedRecord;
	changeId: string;
	/** What is stored about the membership after the change is emitted. */
	known: KnownMembership;
}

/** Most memberships to watch, and most ended ones to remember in case they return. */
export const membershipLimit = 2_000;
const endedLimit = 1_000;

const digestOf = (...texts: string[]) =>
	createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);

const digestState = ({ record }: DatedRecord): string =>
	digestOf(
		JSON.stringify([
			readStatus(record),
			readFlag(record.cancelAtPeriodEnd) === true,
			readApiDate(record.currentPeriodEnd),
			isPaused(record),
			readOfferId(record),
		]),
	);

const readOfferId = ({ productId, subscriptionId }: IDataObject) =>
	readId({ id: productId ?? subscriptionId });

const firstChangeId = ({ startedAtMs }: MembershipsState, id: string) =>
	digestOf(String(startedAtMs), id);

/** The state of a membership to which nothing has happened yet. */
function toKnown(state: MembershipsState, membership: DatedRecord): KnownMembership {
	const { id, timeMs, record } = membership;
	const isEnded = hasEnded(record) ? 1 : 0;
	return [digestState(membership), firstChangeId(state, id), timeMs, isEnded, isEnded];
}

/**
 * The state when watching begins: no existing membership counts as a change. An empty list proves
 * little: even then, ends of memberships older than a day are ignored.
 * @param restartMs after a restart without a state, the date to look back to: a membership whose paid
 * period extends past it may have ended since
 */
export function startWatching(
	memberships: readonly DatedRecord[],
	nowMs: number,
	restartMs = Infinity,
): MembershipsState {
	const ended = memberships.filter(({ record }) => hasEnded(record));
	const state: MembershipsState = {
		startedAtMs: nowMs,
		endedBeforeMs: newestOf(
			ended.map(({ timeMs }) => timeMs),
			memberships.length === 0 ? nowMs - dayMs : -1,
		),
		known: {},
	};
	const unknown = ended
		.filter(({ record }) => (readApiDate(record.currentPeriodEnd) ?? Infinity) > restartMs)
		.map(({ id, timeMs }): [string, KnownMembership] => [
			id,
			['', firstChangeId(state, id), timeMs, 0, 0],
		]);
	return replaceKnown(addNew(state, memberships), unknown);
}

/** Keeps the memberships that are subscriptions, or that are already watched as such. */
export const selectSubscriptions = (
	memberships: readonly DatedRecord[],
	state?: MembershipsState,
): DatedRecord[] =>
	memberships.filter(({ id, record }) => hasBegun(record) || state?.known[id] !== undefined);

const isFollowed = ([, , , , isEnded]: KnownMembership) => isEnded === 0;

/** Adds memberships that are seen for the first time; the newest if not all fit. */
function addNew(state: MembershipsState, memberships: readonly DatedRecord[]): MembershipsState {
	let room = membershipLimit - Object.values(state.known).filter(isFollowed).length;
	const added = memberships
		.filter(({ id }) => !state.known[id])
		.sort((a, b) => compareDates(b, a))
		.filter(({ record }) => hasEnded(record) || room-- > 0)
		.map((one): [string, KnownMembership] => [one.id, toKnown(state, one)]);
	return limitEnded(replaceKnown(state, added));
}

/** Drops the oldest ended memberships beyond the limit. */
function limitEnded(state: MembershipsState): MembershipsState {
	const ended = Object.entries(state.known).filter(([, known]) => !isFollowed(known));
	const excess = ended.sort(([, a], [, b]) => a[2] - b[2]).slice(0, -endedLimit);
	const known = { ...state.known };
	for (const [id] of excess) delete known[id];
	const newestMs = newestOf(
		excess.map(([, [, , timeMs]]) => timeMs),
		state.endedBeforeMs,
	);
	return { ...state, endedBeforeMs: newestMs, known };
}

const replaceKnown = (
	state: MembershipsState,
	entries: Array<[string, KnownMembership]>,
): MembershipsState => ({ ...state, known: { ...state.known, ...Object.fromEntries(entries) } });

/** Counts the subscriptions that are not tracked because there are too many. */
export const countUnfollowed = (state: MembershipsState, memberships: readonly DatedRecord[]) =>
	memberships.filter(({ id, record }) => !state.known[id] && !hasEnded(record)).length;

/**
 * Selects the changes to emit next, oldest membership first. If the last poll did not emit all of its
 * changes, this continues after the last emitted one, so that no membership blocks others forever.
 * @param again the IDs of changes that must be emitted again
 */
export function selectChanges(
	state: MembershipsState,
	memberships: readonly DatedRecord[],
	again: ReadonlyMap<string, unknown>,
): Change[] {
	const sorted = [...memberships].sort(compareDates);
	const next = sorted.findIndex(({ id }) => id === state.lastId) + 1;
	return [...sorted.slice(next), ...sorted.slice(0, next)].flatMap((membership) =>
		detectChange(state, membership, again),
	);
}

function detectChange(
	state: MembershipsState,
	membership: DatedRecord,
	again: ReadonlyMap<string, unknown>,
): Change[] {
	const { id, timeMs, record } = membership;
	const isEnd = hasEnded(record) ? 1 : 0;
	const digest = digestState(membership);
	const toChange = (known: KnownMembership): Change[] => [
		{ kind: isEnd ? 'deleted' : 'updated', membership, changeId: known[1], known },
	];
	const before = state.known[id] as KnownMembership | undefined;
	if (!before) {
		// A new membership that has already ended came and went between two polls.
		const isNews = isEnd && timeMs > state.endedBeforeMs && !mayNeverHaveBegun(record);
		const changeId = digestOf(String(state.startedAtMs), id, digest);
		return isNews ? toChange([digest, changeId, timeMs, 1, 1]) : [];
	}
	const [digestBefore, lastChangeId, , ends, wasEnded] = before;
	if (digestBefore === digest) return again.has(lastChangeId) ? toChange(before) : [];
	if (wasEnded && isEnd) return [];
	return toChange([digest, digestOf(lastChangeId, digest), timeMs, ends + isEnd, isEnd]);
}

/** Records changes of events that are not selected. Selecting one later does not emit them. */
export const ignoreChanges = (
	state: MembershipsState,
	changes: readonly Change[],
): MembershipsState =>
	replaceKnown(
		state,
		changes.map(({ membership, known }) => [membership.id, known]),
	);

/**
 * The state to store after some of the due changes were emitted.
 * @param memberships all that were read
 */
export function recordChanges(
	state: MembershipsState,
	memberships: readonly DatedRecord[],
	due: readonly Change[],
	emitted: readonly Change[],
): MembershipsState {
	const isEmitted = new Set(emitted);
	const left = due.filter((change) => !isEmitted.has(change));
	const waiting = new Set(left.map(({ membership }) => membership));
	const others = memberships.filter((membership) => !waiting.has(membership));
	const next = addNew(ignoreChanges(state, emitted), others);
	const last = emitted[emitted.length - 1] as Change | undefined;
	const lastId = waiting.size > 0 ? (last?.membership.id ?? state.lastId) : undefined;
	return { ...next, lastId };
}
