import { lists } from '../api/lists';
import { matchesProductFilter } from '../events/productFilter';
import {
	countUnfollowed,
	ignoreChanges,
	membershipLimit,
	recordChanges,
	selectChanges,
	selectSubscriptions,
	startWatching,
	type Change,
	type Membership,
	type MembershipsState,
} from './changes';
import { everything, readListFrom } from './listReader';
import { toMembershipPayload } from './payloads';
import type { PollContext } from './pollContext';
import { changeSources } from './sources';
import { findRestartMs } from './start';

/** All memberships in one poll. */
export interface WatchedMemberships {
	state: MembershipsState;
	/** Those that are subscriptions. */
	memberships: Membership[];
	/** The changes that the user asked for and that are not emitted yet. */
	due: Change[];
}

/**
 * Reads all memberships and selects the due changes.
 * @param previous the state that the last poll left; undefined starts watching
 */
export async function watchMemberships(
	context: PollContext,
	previous: MembershipsState | undefined,
): Promise<WatchedMemberships> {
	const { n8n, settings, nowMs } = context;
	const { records } = await readListFrom(n8n, lists.memberships, { fromMs: 0 }, everything);
	const memberships = selectSubscriptions(records, previous);
	const state = previous ?? startWatching(memberships, nowMs, findRestartMs(context));
	const isWanted = ({ kind, membership }: Change) =>
		settings.events.includes(changeSources[kind].event) &&
		matchesProductFilter(toMembershipPayload(membership.record), settings.productIds);
	const changes = selectChanges(state, memberships, context);
	const due = changes.filter(isWanted);
	const unwanted = changes.filter((change) => !due.includes(change));
	return { state: ignoreChanges(state, unwanted), memberships, due };
}

/** Whether an event is chosen that is found by comparing memberships. */
export const isWatching = ({ settings }: PollContext) =>
	Object.values(changeSources).some(({ event }) => settings.events.includes(event));

/** Whether memberships are followed that were not before: unless that is stored, a restart forgets what they were. */
export const hasNewMemberships = (
	previous: MembershipsState | undefined,
	next: MembershipsState | undefined,
): boolean =>
	previous === undefined ||
	Object.keys(next?.memberships ?? {}).some((id) => !previous.memberships[id]);

/** Says that there are more subscriptions than can be followed; undefined where all are. */
export function describeUnfollowed(
	state: MembershipsState,
	{ memberships }: WatchedMemberships,
): string | undefined {
	const count = countUnfollowed(state, memberships);
	return count === 0
		? undefined
		: `Changes of ${membershipLimit} subscriptions at most are followed by polling; those of ${count} more are not. Use the Pocketsflow Trigger for Subscription Updated and Subscription Deleted.`;
}

/** The state of the memberships after some of their due changes were emitted. */
export const advanceMemberships = (
	{ state, memberships, due }: WatchedMemberships,
	emitted: readonly Change[],
	context: PollContext,
): MembershipsState => recordChanges(state, memberships, due, emitted, context);
