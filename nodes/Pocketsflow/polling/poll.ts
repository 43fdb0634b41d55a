import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import type { Change } from './changes';
import { advanceList, followList, type FollowedList, type SourceRecord } from './followList';
import { buildItem } from './items';
import { processMemory, type ProcessMemory } from './memory';
import { advanceMemberships, watchMemberships, type WatchedMemberships } from './memberships';
import { toMembershipPayload } from './payloads';
import { createPollContext, getNodeKey, type PollContext } from './pollContext';
import { UnreadableList } from './reading';
import { sampleEvents } from './sample';
import { changeSources, listSources } from './sources';
import type { PollState } from './state';
import { hasState, loadState, saveState } from './stateStore';

/**
 * Looks for new events; in a manual run, returns an example of each event instead.
 * @returns the items of one execution. An empty list where only the state must be stored: n8n stores it
 * together with an execution only (docs/n8n-engine.md#polling). Undefined where there is nothing to do
 */
export async function poll(
	n8n: IPollFunctions,
	memory: ProcessMemory = processMemory,
): Promise<IDataObject[] | undefined> {
	if (n8n.getMode() === 'manual') return await sampleEvents(await createPollContext(n8n, memory));
	const nodeKey = getNodeKey(n8n);
	const { pollsInFlight, polledNodes } = memory;
	for (let earlier; (earlier = pollsInFlight.get(nodeKey)); ) {
		if (hasState(n8n)) return undefined;
		// Without a state this poll sets the start, and must not leave that to the next one, a minute later.
		await earlier.catch(() => undefined);
	}
	const current = pollOnce(n8n, memory);
	pollsInFlight.set(nodeKey, current);
	const isFirstAfterStart = n8n.getActivationMode() === 'init' && !polledNodes.has(nodeKey);
	polledNodes.add(nodeKey);
	try {
		return await current;
	} catch (error) {
		if (!isFirstAfterStart) throw toNodeError(n8n, error);
		// A failure here would keep the whole workflow off, its webhooks too: docs/n8n-engine.md#polling
		n8n.logger.warn(
			`Pocketsflow Polling Trigger could not poll at the start of n8n: ${getMessage(error)}`,
		);
		return undefined;
	} finally {
		if (pollsInFlight.get(nodeKey) === current) pollsInFlight.delete(nodeKey);
	}
}

const toNodeError = (n8n: IPollFunctions, error: unknown) =>
	error instanceof UnreadableList ? new NodeOperationError(n8n.getNode(), error.message) : error;

const getMessage = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function pollOnce(
	n8n: IPollFunctions,
	memory: ProcessMemory,
): Promise<IDataObject[] | undefined> {
	const context = await createPollContext(n8n, memory);
	const { settings } = context;
	const { isStored, latest } = loadState(context);
	const isSameStart =
		settings.startDateMs === undefined || latest?.startDate === settings.startDateText;
	const previous = isSameStart ? latest : undefined;

	const lists: FollowedList[] = [];
	for (const source of listSources.filter(({ event }) => settings.events.includes(event)))
		lists.push(await followList(context, source, previous?.lists[source.event]));
	const watched = await watchMemberships(context, previous?.memberships);
	const batch = selectBatch(context, lists, watched);
	const items = buildItems(context, batch);

	const countOf = (list: FollowedList) => batch.records.filter((one) => one.list === list).length;
	const next: PollState = {
		version: 1,
		revision: (latest?.revision ?? 0) + 1,
		startDate: settings.startDateText ?? previous?.startDate,
		lists: Object.fromEntries(
			lists.map((list) => [list.source.event, advanceList(list, countOf(list), context)]),
		),
		...(watched && { memberships: advanceMemberships(watched, batch.changes, context) }),
	};
	// Last of all, and with no wait before the items are returned: a failure above leaves the state alone.
	saveState(context, next);
	const mustSave = !isStored || watched?.mustSave || lists.some((list) => list.mustSave);
	return items.length > 0 || mustSave ? items : undefined;
}

/** What one execution gets. */
interface Batch {
	records: Array<{ list: FollowedList; record: SourceRecord }>;
	changes: Change[];
}

/** Chooses the oldest due records of all lists. Changes get the room that these leave, but at least half. */
function selectBatch(
	{ settings: { maxItems } }: PollContext,
	lists: readonly FollowedList[],
	watched: WatchedMemberships | undefined,
): Batch {
	// The sort is stable, so each list keeps its own order.
	const ready = lists
		.flatMap((list) => list.due.slice(0, list.readyCount).map((record) => ({ list, record })))
		.sort((a, b) => a.record.timeMs - b.record.timeMs);
	const room = Math.max(maxItems - ready.length, Math.ceil(maxItems / 2));
	const changes = (watched?.due ?? []).slice(0, room);
	return { records: ready.slice(0, maxItems - changes.length), changes };
}

function buildItems(context: PollContext, { records, changes }: Batch): IDataObject[] {
	return [
		...records.map(({ list, record: { record, payload, timeMs } }) =>
			buildItem(context, { event: list.source.event, record, payload, discriminator: timeMs }),
		),
		...changes.map(({ kind, membership: { record }, changeId }) =>
			buildItem(context, {
				event: changeSources[kind].event,
				record,
				payload: toMembershipPayload(record),
				discriminator: changeId,
			}),
		),
	];
}
