import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import type { Mode } from '../transport/credential';
import type { PollContext } from './pollContext';
import { includesPolls, type PollState } from './state';
import { formatState, parseState } from './stateText';

/**
 * The keys of static data. Each mode has its own state, so that a poll with a key of the other mode loses
 * nothing. A state is stored as text, because n8n wraps every nested object in an observer, and under keys
 * of this node alone, because n8n writes the static data of all nodes at once:
 * docs/n8n-engine.md#static-data
 */
const keys: Record<Mode, string> = { test: 'pollingTest', live: 'pollingLive' };
const modes: readonly Mode[] = ['test', 'live'];

/** Whether static data hold a state of either mode. */
export function hasState(n8n: IPollFunctions): boolean {
	const data = n8n.getWorkflowStaticData('node');
	return Object.values(keys).some((key) => typeof data[key] === 'string');
}

/**
 * Loads the state from static data and from the memory of the process. The one in memory counts only where
 * the stored one is an older copy of it: another n8n process may have polled since.
 * @returns `isStored`: whether static data hold one; `latest`: the newer of the two, if there is any
 * @throws NodeOperationError where there is only a stored one that cannot be read, and no start date to
 * begin at again: a new start from now on would skip sales
 */
export function loadState(context: PollContext): {
	isStored: boolean;
	latest: PollState | undefined;
} {
	const { n8n, mode, memory, nodeKey, settings } = context;
	const inMemory = memory.states.get(memoryKey(nodeKey, mode));
	const stored = readStored(n8n, mode);
	if (stored !== 'unreadable') {
		const isMemoryNewer = inMemory && (!stored || includesPolls(inMemory, stored));
		return { isStored: stored !== undefined, latest: isMemoryNewer ? inMemory : stored };
	}
	if (inMemory === undefined && settings.startDateMs === undefined)
		throw new NodeOperationError(
			n8n.getNode(),
			'What this node stored about earlier polls cannot be read. Set Start to From a Date, and Start Date to before the last sale that was handled, so that none is skipped.',
		);
	return { isStored: false, latest: inMemory };
}

function readStored(n8n: IPollFunctions, mode: Mode): PollState | 'unreadable' | undefined {
	const text = n8n.getWorkflowStaticData('node')[keys[mode]];
	if (text === undefined || text === null) return undefined;
	return parseState(String(text)) ?? 'unreadable';
}

/** Keeps the state. n8n stores static data only when the poll returns items, or an empty list of them. */
export function saveState({ n8n, mode, memory, nodeKey }: PollContext, state: PollState): void {
	n8n.getWorkflowStaticData('node')[keys[mode]] = formatState(state);
	memory.states.set(memoryKey(nodeKey, mode), state);
}

/** Whether there is a state of either mode, stored or in memory. */
export const hasAnyState = ({ n8n, memory, nodeKey }: PollContext) =>
	hasState(n8n) || modes.some((mode) => memory.states.has(memoryKey(nodeKey, mode)));

const memoryKey = (nodeKey: string, mode: Mode) => `${nodeKey} ${mode}`;
