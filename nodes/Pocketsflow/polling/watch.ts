import type { IDataObject } from 'n8n-workflow';

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
	type MembershipsState,
} from './changes';
import type { Followed } from './follow';
import { buildItem } from './items';
import { toMembershipPayload } from './payloads';
import type { PollContext } from './pollContext';
import { createFetch, readByPlan } from './read';
import { readBuyer } from './related';
import { changeSources, watchName } from './sources';
import { disagreement, findRestartMs } from './start';

/** Most requests for the first reading, which must know all memberships. */
const startPages = 400;

/** Reads as many memberships as one poll may, and selects changes. Starts if it has no state. */
export async function watchMemberships(
	context: PollContext,
	previous: MembershipsState | undefined,
	again: ReadonlyMap<string, unknown> = new Map(),
): Promise<Followed<MembershipsState>> {
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
	const due = changes.filter(isWanted).map((change) => ({
		...change,
		name: watchName,
		id: change.changeId,
		timeMs: change.membership.timeMs,
		build: async () => await buildChange(context, change),
	}));
	const unwanted = changes.filter((change) => !isWanted(change));
	const state = ignoreChanges({ ...begun, next }, unwanted);
	const left = countUnfollowed(recordChanges(state, memberships, due, due), memberships);
	const failure =
		left > 0
			? `Polling tracks changes to at most ${membershipLimit} subscriptions. Changes to ${left} more are not tracked. Use the Pocketsflow Trigger for Subscription Updated and Subscription Deleted.`
			: undefined;
	return {
		name: watchName,
		ready: due,
		failure,
		advance(emitted) {
			const own = due.filter((one) => emitted.includes(one));
			return recordChanges(state, memberships, due, own);
		},
	};
}

async function buildChange(
	context: PollContext,
	{ kind, membership: { record }, changeId: discriminator, known }: Change,
): Promise<IDataObject> {
	// The change is real even if the buyer is unknown.
	const buyer = await readBuyer(context, record).catch(() => ({}));
	const payload = toMembershipPayload(record, buyer);
	const [, , , occurrence] = known;
	const { event } = changeSources[kind];
	return buildItem(context, { event, record, payload, discriminator, occurrence });
}

/** Whether a selected event is found by comparing memberships. */
export const isWatching = ({ settings }: PollContext) =>
	Object.values(changeSources).some(({ event }) => settings.events.includes(event));
