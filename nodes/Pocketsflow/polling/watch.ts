import { lists } from '../api/lists';
import { matchesProductFilter } from '../events/productFilter';
import type { Again } from './batches';
import {
	countUnfollowed,
	ignoreChanges,
	membershipLimit,
	recordChanges,
	selectChanges,
	selectSubscriptions,
	startWatching,
	type Change,
	type MembershipsState,
} from './changes';
import { toMembershipPayload } from './payloads';
import type { PollContext } from './pollContext';
import { createFetch, readByPlan } from './read';
import { changeSources } from './sources';
import { disagreement, findRestartMs } from './start';

/** The memberships in one poll: all, or as many as it may read. */
export interface WatchedMemberships {
	/** The changes of selected events that were not emitted yet. */
	due: Change[];
	/** Reports that there are more subscriptions than can be tracked. */
	failure?: string;
	/** The state of the memberships after some of `due` were emitted. */
	advance(emitted: readonly Change[]): MembershipsState;
}

/** Most requests for the first reading, which must know all memberships. */
const startPages = 400;

/**
 * Reads memberships and selects the due changes.
 * @param previous the state that the last poll left; undefined starts watching
 * @param again the IDs of changes that must be emitted again
 */
export async function watchMemberships(
	context: PollContext,
	previous: MembershipsState | undefined,
	again: ReadonlyMap<string, Again>,
): Promise<WatchedMemberships> {
	const { n8n, settings, nowMs, idlePages } = context;
	const fetchPage = createFetch(n8n, lists.memberships);
	const { records, next } = await readByPlan(fetchPage, lists.memberships, {
		fromMs: 0,
		isWanted: () => false,
		enough: Infinity,
		idlePages: previous ? idlePages : startPages,
		next: previous?.next,
	});
	if (!previous && records.length === 0 && (await fetchPage({ fromMs: 0 }, 1)).records.length > 0)
		throw disagreement();
	const memberships = selectSubscriptions(records, previous);
	const begun = previous ?? startWatching(memberships, nowMs, findRestartMs(context));
	const isWanted = ({ kind, membership }: Change) =>
		settings.events.includes(changeSources[kind].event) &&
		matchesProductFilter(toMembershipPayload(membership.record), settings.productIds);
	const changes = selectChanges(begun, memberships, again);
	const due = changes.filter(isWanted);
	const unwanted = changes.filter((change) => !due.includes(change));
	const state = ignoreChanges({ ...begun, next }, unwanted);
	const advance = (emitted: readonly Change[]) => recordChanges(state, memberships, due, emitted);
	const left = countUnfollowed(advance(due), memberships);
	return {
		due,
		advance,
		...(left > 0 && {
			failure: `Polling tracks changes to at most ${membershipLimit} subscriptions. Changes to ${left} more are not tracked. Use the Pocketsflow Trigger for Subscription Updated and Subscription Deleted.`,
		}),
	};
}

/** Whether a selected event is found by comparing memberships. */
export const isWatching = ({ settings }: PollContext) =>
	Object.values(changeSources).some(({ event }) => settings.events.includes(event));
