import { NodeOperationError } from 'n8n-workflow';

import { lists } from '../api/lists';
import { matchesProductFilter } from '../events/productFilter';
import { readList } from '../transport/pagination';
import {
	confirmChanges,
	ignoreChanges,
	membershipLimit,
	recordChanges,
	selectChanges,
	startWatching,
	type Change,
	type Membership,
	type MembershipsState,
} from './changes';
import { toMembershipPayload } from './payloads';
import type { PollContext } from './pollContext';
import { withDates } from './recordDates';
import { changeSources } from './sources';

/** All memberships in one poll. */
export interface WatchedMemberships {
	state: MembershipsState;
	memberships: Membership[];
	/** The changes that the user asked for and that are not emitted yet. */
	due: Change[];
	/** Whether the state must be stored even when no item is found. */
	mustSave: boolean;
}

/**
 * Reads all memberships and selects the due changes.
 * @param previous the state that the last poll left; undefined starts watching
 * @returns undefined where no such event is chosen
 * @throws NodeOperationError where there are too many memberships
 */
export async function watchMemberships(
	context: PollContext,
	previous: MembershipsState | undefined,
): Promise<WatchedMemberships | undefined> {
	const { n8n, settings, nowMs } = context;
	const isChosen = ({ event }: { event: string }) => settings.events.includes(event);
	if (!Object.values(changeSources).some(isChosen)) return undefined;

	const memberships = withDates(await readList(n8n, lists.memberships), nowMs);
	const { state, mustSave } = previous
		? confirmChanges(previous, context)
		: { state: startWatching(memberships, nowMs), mustSave: true };
	if (Object.keys(state.memberships).length > membershipLimit)
		throw new NodeOperationError(
			n8n.getNode(),
			`Polling can follow changes of ${membershipLimit} subscriptions at most, and there are more. Use the Pocketsflow Trigger for Subscription Updated and Subscription Deleted.`,
		);

	const isWanted = ({ kind, membership }: Change) =>
		isChosen(changeSources[kind]) &&
		matchesProductFilter(toMembershipPayload(membership.record), settings.productIds);
	const changes = selectChanges(state, memberships, context);
	const due = changes.filter(isWanted);
	const unwanted = changes.filter((change) => !due.includes(change));
	return { state: ignoreChanges(state, unwanted), memberships, due, mustSave };
}

/** The state of the memberships after some of their due changes were emitted. */
export const advanceMemberships = (
	{ state, memberships, due }: WatchedMemberships,
	emitted: readonly Change[],
	context: PollContext,
): MembershipsState => recordChanges(state, memberships, due, emitted, context);
