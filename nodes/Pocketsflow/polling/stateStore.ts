import { jsonParse, type IPollFunctions } from 'n8n-workflow';

import type { Mode } from '../transport/credential';
import type { PollContext } from './pollContext';
import type { PollState } from './state';

/**
 * The keys of static data. Each mode has its own state, so that a poll with a key of the other mode loses
 * nothing. A state is stored as text, because n8n wraps every nested object in an observer, and under keys
 * of this node alone, because n8n writes the static data of all nodes at once:
 * docs/n8n-engine.md#static-data
 */
const keys: Record<Mode, string> = { test: 'pollingTest', live: 'pollingLive' };

/** Whether static data hold a state of either mode. */
export function hasState(n8n: IPollFunctions): boolean {
	const data = n8n.getWorkflowStaticData('node');
	return Object.values(keys).some((key) => typeof data[key] === 'string');
}

/**
 * Loads the state from static data and from the memory of the process.
 * @returns `isStored`: whether static data hold one; `latest`: the newer of the two, if there is any
 * @throws where the stored text cannot be read: the user sees a failed poll, and no sale is skipped by a
 * new start
 */
export function loadState({ n8n, mode, memory, nodeKey }: PollContext): {
	isStored: boolean;
	latest: PollState | undefined;
} {
	const inMemory = memory.states.get(memoryKey(nodeKey, mode));
	const stored = readStored(n8n, mode);
	const isMemoryNewer = (inMemory?.revision ?? 0) > (stored?.revision ?? 0);
	return { isStored: stored !== undefined, latest: isMemoryNewer ? inMemory : stored };
}

function readStored(n8n: IPollFunctions, mode: Mode): PollState | undefined {
	const text = n8n.getWorkflowStaticData('node')[keys[mode]];
	if (typeof text !== 'string') return undefined;
	const state = jsonParse<PollState>(text);
	return state.version === 1 ? state : undefined;
}

/** Keeps the state. n8n stores static data only when the poll returns items, or an empty list of them. */
export function saveState({ n8n, mode, memory, nodeKey }: PollContext, state: PollState): void {
	n8n.getWorkflowStaticData('node')[keys[mode]] = JSON.stringify(state);
	memory.states.set(memoryKey(nodeKey, mode), state);
}

const memoryKey = (nodeKey: string, mode: Mode) => `${nodeKey} ${mode}`;
