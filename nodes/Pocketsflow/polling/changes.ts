/**
 * What changed on memberships since the last poll. Pocketsflow returns when a membership was created, not
 * when it changed or ended (docs/pocketsflow-api.md#subscriptions). So the state keeps a digest of each
 * membership and compares it. Pure.
 */
import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { readApiDate } from '../api/dates';
import { readId } from '../api/responses';
import { dayMs } from './list';
import { compareDates, newestOf, type DatedRecord } from './records';

const endedStatuses = new Set(['canceled', 'cancelled', 'expired', 'ended', 'incomplete_expired']);

/** In lower case, with one spelling for spaces and hyphens. */
export const readStatus = ({ status }: IDataObject) =>
	String(status).trim().toLowerCase().replace(/[\s-]/g, '_');

/** Whether the first payment of a membership, as the API returns it, is still outstanding. */
export const isIncomplete = (record: IDataObject) => readStatus(record) === 'incomplete';

/** Whether a membership is or was a subscription: its first payment succeeded, or it is on trial. */
export const hasBegun = (record: IDataObject) =>
	!isIncomplete(record) && readStatus(record) !== 'incomplete_expired';

/** Whether a membership has ended, although it may return. */
export const hasEnded = (record: IDataObject) => endedStatuses.has(readStatus(record));

/** Whether a membership without a successful first payment may have this status, too. */
export const mayNeverHaveBegun = (record: IDataObject) =>
	['expired', 'incomplete_expired'].includes(readStatus(record));

export const isPaused = (record: IDataObject) =>
	readStatus(record) === 'paused' || record.paused === true;

/** Whether a customer's ID is from the payment provider. Pocketsflow cannot look it up. */
export const isForeignId = (id: unknown) => typeof id === 'string' && id.startsWith('cus_');

/** What is stored about one membership. */
export type KnownMembership = [
	digest: string,
	/** Identifies its last change. It is a digest of all changes so far, so that no two are equal. */
	changeId: string,
	timeMs: number,
	/** How often it has ended. */
	ends: number,
	/** 1 if it has ended and not returned. */
	isEnded: 0 | 1,
];

/** The stored state of all memberships. */
export interface MembershipsState {
	/**
	 * When watching began, by n8n's clock. It is part of every change ID, so that no later start repeats one.
	 */
	startedAtMs: number;
	/** Memberships created up to this date that had ended when first seen are ignored. */
	endedBeforeMs: number;
	known: Record<string, KnownMembership>;
	/** If some changes still wait, the membership of the last emitted change. Next time, the others come first. */
	lastId?: string;
	/** Where to continue reading the list; undefined if it was read to the end. */
	next?: number;
}

export interface Change {
	kind: 'updated' | 'deleted';
	membership: DatedRecord;
	/** Distinguishes this change from every other change of all memberships. */
	changeId: string;
	/** What is stored about the membership after the change is emitted. */
	known: KnownMembership;
}

/** Most memberships to watch, because the workflow's stored state holds all of them. */
export const membershipLimit = 2_000;

/** Most ended memberships to remember in case they return. */
const endedLimit = 1_000;

const digestOf = (...texts: string[]) =>
	createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);

const digestState = ({ record }: DatedRecord): string =>
	digestOf(
		JSON.stringify([
			readStatus(record),
			record.cancelAtPeriodEnd === true,
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
const toKnown = (state: MembershipsState, membership: DatedRecord): KnownMembership => {
	const isEnded = hasEnded(membership.record) ? 1 : 0;
	const { id, timeMs } = membership;
	return [digestState(membership), firstChangeId(state, id), timeMs, isEnded, isEnded];
};

/**
 * The state when watching begins: no existing membership counts as a change. An empty list proves little,
 * so even then, ends of memberships older than a day are ignored.
 * @param restartMs after a restart without a state, the date to look back to. A membership that has ended
 * may have ended since then if its paid period extends past that date. Past Infinity, none does.
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

/** Counts the subscriptions whose changes are not tracked because there are too many. */
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
	return [...sorted.slice(next), ...sorted.slice(0, next)].flatMap(
		(membership) => detectChange(state, membership, again) ?? [],
	);
}

function detectChange(
	state: MembershipsState,
	membership: DatedRecord,
	again: ReadonlyMap<string, unknown>,
): Change | undefined {
	const { id, timeMs, record } = membership;
	const kind = hasEnded(record) ? 'deleted' : 'updated';
	const known = state.known[id] as KnownMembership | undefined;
	const digest = digestState(membership);
	if (!known) {
		// A new membership that has already ended came and went between two polls.
		const isNews = kind === 'deleted' && timeMs > state.endedBeforeMs && !mayNeverHaveBegun(record);
		const changeId = digestOf(String(state.startedAtMs), id, digest);
		return isNews
			? { kind, membership, changeId, known: [digest, changeId, timeMs, 1, 1] }
			: undefined;
	}
	const [knownDigest, lastChangeId, , ends, isEnded] = known;
	if (knownDigest === digest)
		return again.has(lastChangeId)
			? { kind, membership, changeId: lastChangeId, known }
			: undefined;
	if (isEnded === 1 && kind === 'deleted') return undefined;
	const changeId = digestOf(lastChangeId, digest);
	return {
		kind,
		membership,
		changeId,
		known: [
			digest,
			changeId,
			timeMs,
			...(kind === 'deleted' ? ([ends + 1, 1] as const) : ([ends, 0] as const)),
		],
	};
}

/**
 * Records changes whose events are not selected, so that they are not emitted if the user selects them
 * later.
 */
export const ignoreChanges = (
	state: MembershipsState,
	changes: readonly Change[],
): MembershipsState =>
	replaceKnown(
		state,
		changes.map(({ membership, known }) => [membership.id, known]),
	);

/**
 * Records that some of the due changes were emitted.
 * @param memberships all memberships that were read
 * @param due as `selectChanges` returned it
 * @returns the state to store
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
