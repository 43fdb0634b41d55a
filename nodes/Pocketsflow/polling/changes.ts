/**
 * What changed on memberships since the last poll: Pocketsflow tells when one was made, not when it changed
 * or ended, so a short mark of each one's state is kept and compared. Pure, as the cursor, and with the
 * same promise: a change stays open until the process that handed it over is seen alive later.
 */
import { createHash } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { confirmAfter, type Situation } from './cursor';

/** A membership as read, with everything whose change counts. */
export interface Member {
	id: string;
	/** When it was made, ms. */
	time: number;
	record: IDataObject;
}

interface Watched {
	/** A digest of its state. */
	state: string;
	/** Identifies its last change: a digest of all changes so far, so that none comes twice. */
	mark: string;
	/** The change of which it is not yet sure that an execution has it. */
	open?: { at: number; run: string; again: boolean };
	ended?: boolean;
}

export interface WatchState {
	/** When watching began, ms by n8n's clock: part of every mark, so that no later start repeats one. */
	since: number;
	/** Memberships made up to then that had ended when they were first seen are left alone, ms. */
	endedBefore: number;
	members: Record<string, Watched>;
}

export interface Change {
	kind: 'updated' | 'deleted';
	member: Member;
	/** Tells this change from every other of the same membership. */
	mark: string;
	state: string;
	again: boolean;
}

/** Memberships that can be watched: their marks are part of the workflow's stored state. */
export const watchLimit = 2_000;

/** How many ended memberships are remembered. */
const endedLimit = 200;

const endings = new Set(['canceled', 'cancelled', 'expired', 'ended', 'incomplete_expired']);

/** Whether a membership is over for good. */
export const hasEnded = ({ record }: Member) => endings.has(String(record.status).toLowerCase());

const digest = (...texts: string[]) =>
	createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 12);

function stateOf({ record }: Member): string {
	const { status, cancelAtPeriodEnd, currentPeriodEnd, paused } = record;
	return digest(JSON.stringify([status, cancelAtPeriodEnd, currentPeriodEnd, paused]));
}

/** Begins to watch: everything that is there is known. @param now ms */
export function watchFrom(members: readonly Member[], now: number): WatchState {
	return seen({ since: now, endedBefore: -1, members: {} }, members, true);
}

/** Adds memberships that are seen for the first time and have nothing to report. */
function seen(state: WatchState, members: readonly Member[], isStart: boolean): WatchState {
	const added: WatchState['members'] = {};
	let { endedBefore } = state;
	for (const member of members) {
		if (state.members[member.id]) continue;
		if (!hasEnded(member))
			added[member.id] = { state: stateOf(member), mark: digest(String(state.since), member.id) };
		else if (isStart) endedBefore = Math.max(endedBefore, member.time);
	}
	return { ...state, endedBefore, members: { ...state.members, ...added } };
}

/** Closes what is confirmed, as the cursor does. */
export function settleChanges(
	state: WatchState,
	{ now, run, repeatAfter }: Situation,
): { state: WatchState; save: boolean } {
	let save = false;
	const members = Object.entries(state.members).map(([id, watched]): [string, Watched] => {
		const { open, ...rest } = watched;
		const isDone =
			open?.run === run && now - open.at >= confirmAfter && (open.again || repeatAfter === 0);
		if (!isDone) return [id, watched];
		save ||= repeatAfter === 0;
		return [id, rest];
	});
	return { state: { ...state, members: Object.fromEntries(members) }, save };
}

/** The changes to hand over next, oldest membership first. */
export function changesIn(
	state: WatchState,
	members: readonly Member[],
	situation: Situation,
): Change[] {
	return members
		.flatMap((member) => changeOf(state, member, situation) ?? [])
		.sort((a, b) => a.member.time - b.member.time);
}

function changeOf(state: WatchState, member: Member, situation: Situation): Change | undefined {
	const watched = state.members[member.id];
	const now = stateOf(member);
	const kind = hasEnded(member) ? 'deleted' : 'updated';
	if (!watched) {
		// It came and went between two polls.
		const isNew = kind === 'deleted' && member.time > state.endedBefore;
		return isNew
			? {
					kind,
					member,
					state: now,
					mark: digest(String(state.since), member.id, now),
					again: false,
				}
			: undefined;
	}
	if (watched.state !== now)
		return watched.ended && kind === 'deleted'
			? undefined
			: { kind, member, state: now, mark: digest(watched.mark, now), again: false };
	const { open } = watched;
	if (!open) return undefined;
	const isRepeat =
		situation.repeatAfter > 0 && !open.again && situation.now - open.at >= situation.repeatAfter;
	if (open.run === situation.run && !isRepeat) return undefined;
	return {
		kind,
		member,
		state: now,
		mark: watched.mark,
		again: open.again || open.run === situation.run,
	};
}

/** The state once these changes are in an execution's hands. `members`: all that were read. */
export function handOverChanges(
	state: WatchState,
	members: readonly Member[],
	changes: readonly Change[],
	taken: ReadonlySet<Change>,
	{ now, run }: Situation,
): WatchState {
	const waiting = new Set(changes.filter((one) => !taken.has(one)).map(({ member }) => member.id));
	const known = seen(
		state,
		members.filter(({ id }) => !waiting.has(id)),
		false,
	);
	const given = [...taken].map((change): [string, Watched] => [
		change.member.id,
		{
			state: change.state,
			mark: change.mark,
			open: { at: now, run, again: change.again },
			...(change.kind === 'deleted' && { ended: true }),
		},
	]);
	return forgotten(
		{ ...known, members: { ...known.members, ...Object.fromEntries(given) } },
		members,
	);
}

/** Drops the oldest of the ended memberships that are done with. */
function forgotten(state: WatchState, members: readonly Member[]): WatchState {
	const times = new Map(members.map(({ id, time }) => [id, time]));
	const ended = Object.entries(state.members)
		.filter(([, watched]) => watched.ended && !watched.open)
		.map(([id]) => ({ id, time: times.get(id) ?? -Infinity }))
		.sort((a, b) => a.time - b.time);
	const dropped = ended.slice(0, Math.max(0, ended.length - endedLimit));
	if (dropped.length === 0) return state;
	const gone = new Set(dropped.map(({ id }) => id));
	return {
		...state,
		endedBefore: Math.max(state.endedBefore, dropped[dropped.length - 1].time),
		members: Object.fromEntries(Object.entries(state.members).filter(([id]) => !gone.has(id))),
	};
}
