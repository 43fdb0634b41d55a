import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { composeMessage } from '../transport/errors';
import {
	addBatches,
	dropRecords,
	findAgain,
	isGivenUp,
	maxTries,
	recordsOf,
	settleBatches,
	type AgainByName,
	type Batch,
} from './batches';
import type { MembershipsState } from './changes';
import { showFailures, toPollError } from './failures';
import { followList, type Followed, type ReadyEvent } from './follow';
import { startAt, type ListState } from './list';
import {
	createPollContext,
	pollingMemory,
	toMemoryKey,
	type PollContext,
	type ProcessMemory,
} from './pollContext';
import { sampleEvents } from './sample';
import { listSources, watchName } from './sources';
import { findRestartMs, isRestart, warnOfLostState } from './start';
import { countPoll, hasState, loadState, saveState, stateVersion, type PollState } from './state';
import { isWatching, watchMemberships } from './watch';

type FollowedList = Followed<ListState>;
type FollowedMemberships = Followed<MembershipsState>;

/**
 * Looks for new events. In a manual run, returns an example of each event instead.
 * @returns the items of one execution: none if only the state must be stored (docs/n8n-engine.md#polling),
 * undefined if there is nothing to do
 */
export async function poll(
	n8n: IPollFunctions,
	memory: ProcessMemory = pollingMemory,
): Promise<IDataObject[] | undefined> {
	if (n8n.getMode() === 'manual') return await sampleEvents(await createPollContext(n8n, memory));
	const nodeKey = toMemoryKey(n8n);
	const { pollsInFlight, polledNodes } = memory;
	for (let earlier; (earlier = pollsInFlight.get(nodeKey)); ) {
		if (hasState(n8n)) return undefined;
		// Without a state, this poll sets the start. The next one would set it a minute later.
		await earlier.catch(() => undefined);
	}
	const current = pollOnce(n8n, memory);
	pollsInFlight.set(nodeKey, current);
	const isFirstAfterStart = isRestart({ n8n }) && !polledNodes.has(nodeKey);
	polledNodes.add(nodeKey);
	try {
		return await current;
	} catch (error) {
		if (!isFirstAfterStart) throw toPollError(n8n, composeMessage(error));
		// It would keep the whole workflow unpublished: docs/n8n-engine.md#polling
		n8n.logger.warn(
			`Pocketsflow Polling Trigger could not poll when n8n started: ${composeMessage(error)}`,
		);
		return undefined;
	} finally {
		if (pollsInFlight.get(nodeKey) === current) pollsInFlight.delete(nodeKey);
	}
}

async function pollOnce(
	n8n: IPollFunctions,
	memory: ProcessMemory,
): Promise<IDataObject[] | undefined> {
	const context = await createPollContext(n8n, memory);
	const { settings, processId, repeatAfterMs } = context;
	const { stored, latest } = loadState(context);
	if (!latest) warnOfLostState(context);
	const isSameStart =
		settings.startDateMs === undefined || latest?.startDate === settings.startDateText;
	const previous = isSameStart ? latest : undefined;
	const polls = countPoll(latest?.polls ?? {}, processId);
	const kept = settleBatches(previous?.batches ?? [], context);
	// The database of n8n is read-only, or every poll takes too long.
	if (isGivenUp(kept, context))
		throw new NodeOperationError(
			n8n.getNode(),
			`n8n did not store the results of the last ${maxTries} polls. Check n8n's log and database. If polls take a long time, select fewer events or lower Max Items per Poll. The node tries again in an hour, or when you publish (activate) the workflow again.`,
		);
	const again = findAgain(kept, context);
	const { lists, watched } = await readAll(context, previous, kept, again);
	const emitted = chooseEvents(settings.maxItems, lists, watched, polls[processId] % 2 === 0);
	const items: IDataObject[] = [];
	for (const one of emitted) items.push(await one.build());
	const memberships = watched?.advance(emitted);
	const left = lists.reduce((all, { name, dropped }) => dropRecords(all, name, dropped), kept);
	const batches = addBatches(left, emitted, again, context);
	const next: PollState = {
		version: stateVersion,
		polls,
		startDate: settings.startDateText ?? previous?.startDate,
		lists: Object.fromEntries(lists.map(({ name, advance }) => [name, advance(emitted)])),
		...(memberships && { memberships }),
		batches: dropSuperseded(batches, memberships),
	};
	showFailures(context, watched ? [...lists, watched] : lists);
	// Comes last, and nothing is awaited after it: a failure above must not change the state.
	saveState(context, next);
	// Otherwise, a restart would emit batches again that are certain by now, start lists later, and forget
	// memberships. With Repeat After, the first is harmless, and not storing saves an execution.
	const mustSave =
		!stored ||
		(repeatAfterMs === 0 && stored.batches.length > next.batches.length) ||
		lists.some(({ name }) => previous?.lists[name] === undefined) ||
		(memberships && hasNewMemberships(previous?.memberships, memberships));
	return items.length > 0 || mustSave ? items : undefined;
}

/** Drops changes that a newer change of the same membership replaced. */
function dropSuperseded(batches: readonly Batch[], state: MembershipsState | undefined): Batch[] {
	const current = new Set(Object.values(state?.known ?? {}).map(([, changeId]) => changeId));
	const ids = [...recordsOf(batches, watchName).keys()].filter((id) => !current.has(id));
	return dropRecords(batches, watchName, ids);
}

const hasNewMemberships = (previous: MembershipsState | undefined, { known }: MembershipsState) =>
	!previous || Object.keys(known).some((id) => !previous.known[id]);

/**
 * Reads every list. One that fails keeps its state, and does not stop the others.
 * @throws the first failure if all fail, or if one fails that has no state yet: it would start too late
 */
async function readAll(
	context: PollContext,
	previous: PollState | undefined,
	batches: readonly Batch[],
	again: AgainByName,
): Promise<{ lists: FollowedList[]; watched?: FollowedMemberships }> {
	const errors: unknown[] = [];
	const attempt = async <S>(name: string, state: S | undefined, reading: Promise<Followed<S>>) =>
		await reading.catch((error: unknown): Followed<S> => {
			if (state === undefined) throw error;
			errors.push(error);
			return { name, ready: [], failure: error, advance: () => state };
		});
	const restartMs = findRestartMs(context);
	const restarted = restartMs === undefined ? undefined : startAt(restartMs);
	const lists: FollowedList[] = [];
	for (const source of listSources) {
		const { event } = source;
		if (!context.settings.events.includes(event)) continue;
		const state = previous?.lists[event];
		const reading = followList(context, source, state, batches, again.get(event));
		lists.push(await attempt(event, state ?? restarted, reading));
	}
	const memberships = previous?.memberships;
	const watched = isWatching(context)
		? await attempt(
				watchName,
				memberships,
				watchMemberships(context, memberships, again.get(watchName)),
			)
		: undefined;
	if (errors.length === lists.length + (watched ? 1 : 0)) throw errors[0];
	return { lists, watched };
}

/**
 * Selects the oldest ready records of all lists. Changes get the remaining room, but at least half. The
 * odd item alternates, so that neither side blocks the other forever.
 */
function chooseEvents(
	maxItems: number,
	lists: readonly FollowedList[],
	watched: FollowedMemberships | undefined,
	favoursChanges: boolean,
): ReadyEvent[] {
	const records = lists.flatMap(({ ready }) => ready).sort((a, b) => a.timeMs - b.timeMs);
	const half = favoursChanges ? Math.ceil(maxItems / 2) : Math.floor(maxItems / 2);
	const changes = (watched?.ready ?? []).slice(0, Math.max(maxItems - records.length, half));
	return [...records.slice(0, maxItems - changes.length), ...changes];
}
