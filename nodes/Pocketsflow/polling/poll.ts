import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { composeMessage } from '../transport/errors';
import {
	addBatches,
	dropRecords,
	findAgain,
	isGivenUp,
	maxTries,
	settleBatches,
	type AgainByName,
	type Batch,
} from './batches';
import type { Change, MembershipsState } from './changes';
import { showFailures, type PollFailure } from './failures';
import {
	advanceList,
	findDropped,
	followList,
	type FollowedList,
	type SourceRecord,
} from './follow';
import { buildItem } from './items';
import { startAt, type ListState } from './list';
import { pollingMemory, type ProcessMemory } from './memory';
import { toMembershipPayload } from './payloads';
import { createPollContext, readNodeKey, toMemoryKey, type PollContext } from './pollContext';
import { readBuyer } from './related';
import { sampleEvents } from './sample';
import { changeSources, listSources, watchName } from './sources';
import { findRestartMs, isRestart, warnOfLostState } from './start';
import { countPoll, hasState, loadState, saveState, stateVersion, type PollState } from './state';
import {
	advanceMemberships,
	describeUnfollowed,
	hasNewMemberships,
	isWatching,
	watchMemberships,
	type WatchedMemberships,
} from './watch';

/**
 * Looks for new events; in a manual run, returns an example of each event instead.
 * @returns the items of one execution. An empty list where only the state must be stored: n8n stores it
 * together with an execution only (docs/n8n-engine.md#polling). Undefined where there is nothing to do
 */
export async function poll(
	n8n: IPollFunctions,
	memory: ProcessMemory = pollingMemory,
): Promise<IDataObject[] | undefined> {
	if (n8n.getMode() === 'manual') return await sampleEvents(await createPollContext(n8n, memory));
	const nodeKey = toMemoryKey(readNodeKey(n8n));
	const { pollsInFlight, polledNodes } = memory;
	for (let earlier; (earlier = pollsInFlight.get(nodeKey)); ) {
		if (hasState(n8n)) return undefined;
		// Without a state this poll sets the start, and must not leave that to the next one, a minute later.
		await earlier.catch(() => undefined);
	}
	const current = pollOnce(n8n, memory);
	pollsInFlight.set(nodeKey, current);
	const isFirstAfterStart = isRestart({ n8n }) && !polledNodes.has(nodeKey);
	polledNodes.add(nodeKey);
	try {
		return await current;
	} catch (error) {
		if (!isFirstAfterStart) throw toNodeError(n8n, error);
		// A failure here would keep the whole workflow off, its webhooks too: docs/n8n-engine.md#polling
		n8n.logger.warn(
			`Pocketsflow Polling Trigger could not poll when n8n started: ${composeMessage(error)}`,
		);
		return undefined;
	} finally {
		if (pollsInFlight.get(nodeKey) === current) pollsInFlight.delete(nodeKey);
	}
}

/** With everything in the message: n8n shows no more (docs/n8n-engine.md#errors-and-messages). */
function toNodeError(n8n: IPollFunctions, error: unknown): NodeOperationError {
	const nodeError = new NodeOperationError(n8n.getNode(), 'The poll did not finish');
	// Set afterwards: n8n replaces a message in which it sees an error code such as ECONNRESET.
	nodeError.message = composeMessage(error);
	return nodeError;
}

async function pollOnce(
	n8n: IPollFunctions,
	memory: ProcessMemory,
): Promise<IDataObject[] | undefined> {
	const context = await createPollContext(n8n, memory);
	const { settings } = context;
	const { stored, latest } = loadState(context);
	if (!latest) warnOfLostState(context);
	const isSameStart =
		settings.startDateMs === undefined || latest?.startDate === settings.startDateText;
	const previous = isSameStart ? latest : undefined;
	const kept = settleBatches(previous?.batches ?? [], context);
	if (isGivenUp(kept, context)) throw buildNotKeptError(n8n);
	const again = findAgain(kept, context);
	const { lists, watched, failures } = await readAll(context, previous, kept, again);
	const favoursChanges = previous?.favoursChanges ?? false;
	const chosen = chooseItems(context, lists, watched, favoursChanges);
	const items = await buildItems(context, chosen);
	const followed = lists.map((list): [string, ListState] => [
		list.source.event,
		advanceList(list, chosen.recordsOf.get(list) ?? []),
	]);
	const memberships = watched
		? advanceMemberships(watched, chosen.changes)
		: isWatching(context) && previous?.memberships;
	const left = lists.reduce(
		(batches, list) => dropRecords(batches, list.source.event, findDropped(list)),
		kept,
	);
	const batches = addBatches(left, listEmitted(chosen), again, context);
	const next: PollState = {
		version: stateVersion,
		polls: countPoll(latest?.polls ?? {}, context.processId),
		startDate: settings.startDateText ?? previous?.startDate,
		favoursChanges: chosen.isFull ? !favoursChanges : favoursChanges,
		lists: { ...keepUnread(context, previous, failures), ...Object.fromEntries(followed) },
		...(memberships && { memberships }),
		batches: dropSuperseded(batches, memberships || undefined),
	};
	showFailures(context, [
		...failures,
		...describeLimits(lists),
		...(watched ? describeWatching(next.memberships, watched) : []),
	]);
	// Last of all, and with no wait before the items are returned: a failure above leaves the state alone.
	saveState(context, next);
	const hasBegun = lists.some(({ source: { event } }) => previous?.lists[event] === undefined);
	const hasNews = watched && hasNewMemberships(previous?.memberships, next.memberships);
	const mustSave = !stored || hasSettled(context, stored, next) || hasBegun || hasNews;
	return items.length > 0 || mustSave ? items : undefined;
}

/** n8n runs, but does not store what polls return: its database is read-only, or every poll takes too long. */
const buildNotKeptError = (n8n: IPollFunctions) =>
	new NodeOperationError(
		n8n.getNode(),
		`n8n did not store the results of the last ${maxTries} polls. Check n8n's log and database. If polls take long, select fewer events or lower Max Items per Poll. The node tries again in an hour, or when you publish (activate) the workflow again.`,
	);

/**
 * Whether the stored state holds batches that are certain by now: a restart would emit them again. With
 * Repeat After that does no harm, and not storing saves an execution.
 */
const hasSettled = ({ repeatAfterMs }: PollContext, stored: PollState, next: PollState) =>
	repeatAfterMs === 0 && stored.batches.length > next.batches.length;

/** Drops changes that newer ones of the same membership replaced. */
function dropSuperseded(batches: readonly Batch[], state: MembershipsState | undefined): Batch[] {
	const current = new Set(Object.values(state?.known ?? {}).map(([, changeId]) => changeId));
	const ids = batches.flatMap(({ records }) => (records[watchName] ?? []).map(([id]) => id));
	return dropRecords(batches, watchName, new Set(ids.filter((id) => !current.has(id))));
}

/** What one poll read, and what it could not read. */
interface ReadLists {
	lists: FollowedList[];
	watched?: WatchedMemberships;
	failures: PollFailure[];
}

/**
 * Reads every list, so that one that fails does not stop the others.
 * @throws the first failure where none could be read, or where one fails that is not followed yet: it
 * would begin too late
 */
async function readAll(
	context: PollContext,
	previous: PollState | undefined,
	batches: readonly Batch[],
	again: AgainByName,
): Promise<ReadLists> {
	const { settings } = context;
	const read: ReadLists = { lists: [], failures: [] };
	const attempt = async (name: string, isFollowed: boolean, follow: Promise<void>) =>
		await follow.catch((error: unknown) => {
			if (!isFollowed) throw error;
			read.failures.push({ name, error });
		});
	const findAgainOf = (name: string) => again.get(name) ?? new Map<string, never>();
	for (const source of listSources.filter(({ event }) => settings.events.includes(event))) {
		const state = previous?.lists[source.event];
		const isFollowed = state !== undefined || findRestartMs(context) !== undefined;
		const past = { state, batches, again: findAgainOf(source.event) };
		const follow = followList(context, source, past);
		await attempt(
			source.event,
			isFollowed,
			follow.then((list) => void read.lists.push(list)),
		);
	}
	if (isWatching(context)) {
		const watch = watchMemberships(context, previous?.memberships, findAgainOf(watchName));
		await attempt(
			watchName,
			previous?.memberships !== undefined,
			watch.then((watched) => void (read.watched = watched)),
		);
	}
	if (read.lists.length === 0 && !read.watched) throw read.failures[0].error;
	return read;
}

/** The states of lists that could not be read: unchanged, so that the next poll reads them again. */
function keepUnread(
	context: PollContext,
	previous: PollState | undefined,
	failures: readonly PollFailure[],
): PollState['lists'] {
	const unread = failures.filter(({ name }) => name !== watchName);
	return Object.fromEntries(
		unread.map(({ name }) => [
			name,
			previous?.lists[name] ?? startAt(findRestartMs(context) ?? context.nowMs),
		]),
	);
}

/** What makes records wait in lists that could be read. */
const describeLimits = (lists: readonly FollowedList[]): PollFailure[] =>
	lists.flatMap((list) => {
		const { failure: error } = list;
		return error === undefined ? [] : [{ name: list.source.event, error }];
	});

function describeWatching(
	state: MembershipsState | undefined,
	watched: WatchedMemberships,
): PollFailure[] {
	const error = state && describeUnfollowed(state, watched);
	return error === undefined ? [] : [{ name: watchName, error }];
}

/** What one execution gets. */
interface Chosen {
	records: Array<{ list: FollowedList; record: SourceRecord }>;
	recordsOf: Map<FollowedList, SourceRecord[]>;
	changes: Change[];
	/** Whether records and changes did not all fit. */
	isFull: boolean;
}

/**
 * Chooses the oldest ready records of all lists. Changes get the room that these leave, but at least half;
 * the odd item is for either in turn, so that neither keeps the other waiting for ever.
 */
function chooseItems(
	{ settings: { maxItems } }: PollContext,
	lists: readonly FollowedList[],
	watched: WatchedMemberships | undefined,
	favoursChanges: boolean,
): Chosen {
	const ready = lists
		.flatMap((list) => list.ready.map((record) => ({ list, record })))
		.sort((a, b) => a.record.timeMs - b.record.timeMs);
	const due = watched?.due ?? [];
	const half = favoursChanges ? Math.ceil(maxItems / 2) : Math.floor(maxItems / 2);
	const changes = due.slice(0, Math.max(maxItems - ready.length, half));
	const records = ready.slice(0, maxItems - changes.length);
	const recordsOf = new Map(
		lists.map((list) => [
			list,
			records.filter((one) => one.list === list).map(({ record }) => record),
		]),
	);
	return { records, recordsOf, changes, isFull: ready.length + due.length > maxItems };
}

const listEmitted = ({ records, changes }: Chosen) => [
	...records.map(({ list, record: { id, timeMs } }) => ({ name: list.source.event, id, timeMs })),
	...changes.map(({ changeId, membership: { timeMs } }) => ({
		name: watchName,
		id: changeId,
		timeMs,
	})),
];

async function buildItems(
	context: PollContext,
	{ records, changes }: Chosen,
): Promise<IDataObject[]> {
	const items = records.map(({ list, record: { record, payload, timeMs } }) =>
		buildItem(context, { event: list.source.event, record, payload, discriminator: timeMs }),
	);
	for (const { kind, membership, changeId, known } of changes) {
		const { record } = membership;
		// The change is real, whoever the buyer is.
		const buyer = await readBuyer(context, record).catch(() => ({}));
		const payload = toMembershipPayload(record, buyer);
		const [, , , occurrence] = known;
		const { event } = changeSources[kind];
		items.push(buildItem(context, { event, record, payload, discriminator: changeId, occurrence }));
	}
	return items;
}
