import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { composeMessage } from '../transport/errors';
import { confirmChanges, type Change, type MembershipsState } from './changes';
import { confirmEmissions, startAtDate, type CursorState } from './cursor';
import { showFailures, watchName, type PollFailure } from './failures';
import {
	advanceList,
	describeExcess,
	followList,
	type FollowedList,
	type SourceRecord,
} from './followList';
import { buildItem } from './items';
import { processMemory, type ProcessMemory } from './memory';
import {
	advanceMemberships,
	describeUnfollowed,
	hasNewMemberships,
	isWatching,
	watchMemberships,
	type WatchedMemberships,
} from './memberships';
import { toMembershipPayload } from './payloads';
import { createPollContext, getNodeKey, type PollContext } from './pollContext';
import { sampleEvents } from './sample';
import { changeSources, listSources } from './sources';
import { findRestartMs, isRestart, warnOfLostState } from './start';
import { countPoll, type PollState } from './state';
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
	const isFirstAfterStart = isRestart({ n8n }) && !polledNodes.has(nodeKey);
	polledNodes.add(nodeKey);
	try {
		return await current;
	} catch (error) {
		if (!isFirstAfterStart) throw toNodeError(n8n, error);
		// A failure here would keep the whole workflow off, its webhooks too: docs/n8n-engine.md#polling
		n8n.logger.warn(
			`Pocketsflow Polling Trigger could not poll at the start of n8n: ${composeMessage(error)}`,
		);
		return undefined;
	} finally {
		if (pollsInFlight.get(nodeKey) === current) pollsInFlight.delete(nodeKey);
	}
}

/** With everything in the message: n8n shows no more (docs/n8n-engine.md#errors-and-messages). */
function toNodeError(n8n: IPollFunctions, error: unknown): NodeOperationError {
	const nodeError = new NodeOperationError(n8n.getNode(), 'The poll could not be finished');
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
	const { isStored, latest } = loadState(context);
	if (!latest) warnOfLostState(context);
	const isSameStart =
		settings.startDateMs === undefined || latest?.startDate === settings.startDateText;
	const { state: previous, mustSave: hasConfirmed } = confirmAll(
		context,
		isSameStart ? latest : undefined,
	);
	const { lists, watched, failures } = await readAll(context, previous);
	const favoursChanges = previous?.favoursChanges ?? false;
	const batch = selectBatch(context, lists, watched, favoursChanges);
	const items = buildItems(context, batch);
	const followed = lists.map((list): [string, CursorState] => [
		list.source.event,
		advanceList(list, batch.recordsOf.get(list) ?? [], context),
	]);
	const memberships = watched
		? advanceMemberships(watched, batch.changes, context)
		: isWatching(context) && previous?.memberships;
	const next: PollState = {
		polls: countPoll(latest?.polls ?? {}, context.processId),
		startDate: settings.startDateText ?? previous?.startDate,
		favoursChanges: batch.isFull ? !favoursChanges : favoursChanges,
		lists: { ...keepUnread(context, previous, failures), ...Object.fromEntries(followed) },
		...(memberships && { memberships }),
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
	const mustSave = !isStored || hasConfirmed || hasBegun || hasNews;
	return items.length > 0 || mustSave ? items : undefined;
}

/**
 * Confirms what was emitted, in all lists, whether they can be read or not.
 * @returns `mustSave`: whether the state must be stored even when no item is found
 */
function confirmAll(
	context: PollContext,
	state: PollState | undefined,
): { state: PollState | undefined; mustSave: boolean } {
	if (!state) return { state, mustSave: false };
	const lists = Object.entries(state.lists).map(
		([event, list]) => [event, confirmEmissions(list, context)] as const,
	);
	const changes = state.memberships && confirmChanges(state.memberships, context);
	return {
		state: {
			...state,
			lists: Object.fromEntries(lists.map(([event, confirmed]) => [event, confirmed.state])),
			...(changes && { memberships: changes.state }),
		},
		mustSave: lists.some(([, { mustSave }]) => mustSave) || (changes?.mustSave ?? false),
	};
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
async function readAll(context: PollContext, previous: PollState | undefined): Promise<ReadLists> {
	const { settings } = context;
	const read: ReadLists = { lists: [], failures: [] };
	const attempt = async (name: string, isFollowed: boolean, follow: Promise<void>) =>
		await follow.catch((error: unknown) => {
			if (!isFollowed) throw error;
			read.failures.push({ name, error });
		});
	for (const source of listSources.filter(({ event }) => settings.events.includes(event))) {
		const state = previous?.lists[source.event];
		const isFollowed = state !== undefined || findRestartMs(context) !== undefined;
		const follow = followList(context, source, state);
		await attempt(
			source.event,
			isFollowed,
			follow.then((list) => void read.lists.push(list)),
		);
	}
	if (isWatching(context)) {
		const watch = watchMemberships(context, previous?.memberships);
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
			previous?.lists[name] ?? startAtDate(findRestartMs(context) ?? context.nowMs),
		]),
	);
}

/** What makes records wait in lists that could be read. */
const describeLimits = (lists: readonly FollowedList[]): PollFailure[] =>
	lists.flatMap((list) => {
		const error = list.failure ?? describeExcess(list);
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
interface Batch {
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
function selectBatch(
	{ settings: { maxItems } }: PollContext,
	lists: readonly FollowedList[],
	watched: WatchedMemberships | undefined,
	favoursChanges: boolean,
): Batch {
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
