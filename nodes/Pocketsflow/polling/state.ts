import { jsonParse, NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import type { Mode } from '../transport/credentialFields';
import { markKept, type Batch } from './batches';
import type { MembershipsState } from './changes';
import type { ListState } from './list';
import { toMemoryKey, type PollContext } from './pollContext';

export interface PollState {
	version: typeof stateVersion;
	/** How many polls of each n8n process led to this state, oldest process first. */
	polls: Record<string, number>;
	/** As entered in the node. */
	startDate?: string;
	/** By event. */
	lists: Record<string, ListState>;
	memberships?: MembershipsState;
	/** What may have to be emitted again. */
	batches: Batch[];
}

export const stateVersion = 3;

const processLimit = 10;

export function countPoll(
	polls: Record<string, number>,
	processId: string,
): Record<string, number> {
	const others = Object.entries(polls).filter(([id]) => id !== processId);
	const count = (polls[processId] ?? 0) + 1;
	return Object.fromEntries([...others.slice(1 - processLimit), [processId, count]]);
}

/** Whether a state includes all polls of another, which then is the same or an older copy. */
const includesPolls = (state: PollState, other: PollState) =>
	Object.entries(other.polls).every(([processId, count]) => (state.polls[processId] ?? 0) >= count);

/**
 * The keys of static data, where states are text: docs/n8n-engine.md#static-data
 * With a state for each mode, a poll with a key of the other mode loses nothing.
 */
const keys = { test: 'pollingTest', live: 'pollingLive' } as const satisfies Record<Mode, string>;

/** Whether n8n stores a state of either mode. */
export function hasState(n8n: IPollFunctions): boolean {
	const data = n8n.getWorkflowStaticData('node');
	return Object.values(keys).some((key) => typeof data[key] === 'string');
}

/** Whether there is a state of either mode, stored or in memory. */
export const hasAnyState = ({ n8n, memory }: PollContext) =>
	hasState(n8n) || Object.keys(keys).some((mode) => memory.states.has(toMemoryKey(n8n, mode)));

/**
 * Loads the state that n8n stored, which alone shows what n8n kept, and the latest: that in memory
 * if the stored one is an older copy of it. Otherwise, another process may have polled since.
 * @throws NodeOperationError if the stored state can't be read and nothing replaces it: a start
 * from now on would skip sales
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

/** Keeps the state. n8n stores it only if the poll returns a list: docs/n8n-engine.md#polling */
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
