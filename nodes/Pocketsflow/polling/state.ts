import { jsonParse, NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import type { Mode } from '../transport/credentialFields';
import { markKept, type Batch } from './batches';
import type { MembershipsState } from './changes';
import type { ListState } from './list';
import { toMemoryKey, type PollContext } from './pollContext';

export interface PollState {
	version: typeof stateVersion;
	/**
	 * How many polls of each n8n process led to this state, oldest process first. A state is newer than
	 * another only if it includes all polls of the other and more.
	 */
	polls: Record<string, number>;
	/** The start date that it began with, as entered in the node. */
	startDate?: string;
	/** By event. */
	lists: Record<string, ListState>;
	/** Only while a selected event is found by comparing memberships. */
	memberships?: MembershipsState;
	/** What was emitted and is not certain to have been executed. */
	batches: Batch[];
}

export const stateVersion = 3;

/** The processes that a state names. */
const processLimit = 10;

/** Counts one more poll of a process. */
export function countPoll(
	polls: Record<string, number>,
	processId: string,
): Record<string, number> {
	const others = Object.entries(polls).filter(([id]) => id !== processId);
	const count = (polls[processId] ?? 0) + 1;
	return Object.fromEntries([...others.slice(1 - processLimit), [processId, count]]);
}

/** Whether a state includes all polls of another. If so, the other is the same or an older copy. */
const includesPolls = (state: PollState, other: PollState) =>
	Object.entries(other.polls).every(([processId, count]) => (state.polls[processId] ?? 0) >= count);

/**
 * The keys of static data. Each mode has its own state, so that a poll with a key of the other mode
 * loses nothing. States are text under keys of this node alone: docs/n8n-engine.md#static-data
 */
const keys = { test: 'pollingTest', live: 'pollingLive' } as const satisfies Record<Mode, string>;

/** Whether static data holds a state of either mode. */
export function hasState(n8n: IPollFunctions): boolean {
	const data = n8n.getWorkflowStaticData('node');
	return Object.values(keys).some((key) => typeof data[key] === 'string');
}

/** Whether there is a state of either mode, stored or in memory. */
export const hasAnyState = ({ n8n, memory }: PollContext) =>
	hasState(n8n) || Object.keys(keys).some((mode) => memory.states.has(toMemoryKey(n8n, mode)));

/**
 * Loads what earlier polls left: the state that n8n stored, and the latest one. That is the one in memory
 * if the stored one is an older copy of it. Otherwise, another n8n process may have polled since. Only the
 * stored one shows whether n8n kept what was emitted.
 * @throws NodeOperationError if the stored state can't be read, none is in memory, and there is no start
 * date to start from again: a new start from now on would skip sales
 */
export function loadState({ n8n, mode, memory, settings }: PollContext): {
	stored?: PollState;
	latest?: PollState;
} {
	const stored = readStored(n8n, mode);
	const key = toMemoryKey(n8n, mode);
	if (!stored) adoptRenamed(memory.states, key, toMemoryKey(n8n, mode, ''));
	const inMemory = memory.states.get(key);
	if (stored === 'unreadable') {
		if (inMemory === undefined && settings.startDateMs === undefined)
			throw new NodeOperationError(
				n8n.getNode(),
				"Can't read the stored state of earlier polls. To avoid skipping sales, set Start to From a Date, and Start Date to a time before the last sale that the workflow handled.",
			);
		return { latest: inMemory };
	}
	const isMemoryNewer = inMemory && (!stored || includesPolls(inMemory, stored));
	const newer = isMemoryNewer ? inMemory : stored;
	if (!newer) return {};
	const latest = { ...newer, batches: markKept(newer.batches, stored?.batches ?? []) };
	// What n8n returned counts as kept, even if this poll fails and n8n then drops the state.
	memory.states.set(key, latest);
	return { stored, latest };
}

function readStored(n8n: IPollFunctions, mode: Mode): PollState | 'unreadable' | undefined {
	const text = n8n.getWorkflowStaticData('node')[keys[mode]];
	if (text === undefined || text === null) return undefined;
	const stored = jsonParse<unknown>(String(text), { fallbackValue: null });
	return isPollState(stored) ? stored : 'unreadable';
}

const isPollState = (stored: unknown): stored is PollState =>
	isRecord(stored) &&
	stored.version === stateVersion &&
	isRecord(stored.polls) &&
	isRecord(stored.lists) &&
	Array.isArray(stored.batches);

/** Keeps the state. n8n stores static data only if the poll returns items or an empty list. */
export function saveState({ n8n, mode, memory }: PollContext, state: PollState): void {
	n8n.getWorkflowStaticData('node')[keys[mode]] = JSON.stringify(state);
	memory.states.set(toMemoryKey(n8n, mode), state);
}

/** Takes over what the node stored under its earlier name. */
function adoptRenamed(states: Map<string, PollState>, key: string, prefix: string): void {
	const earlier = [...states].find(([other]) => other.startsWith(prefix));
	if (states.has(key) || !earlier) return;
	states.delete(earlier[0]);
	states.set(key, earlier[1]);
}
