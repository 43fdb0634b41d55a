import { jsonParse, type IPollFunctions } from 'n8n-workflow';

import type { Mode } from '../transport/errors';
import type { WatchState } from './changes';
import type { CursorState } from './cursor';

/** Everything that polls keep. */
export interface PollState {
	version: 1;
	/** Counts the polls that left a state, so that an older copy is told from a newer one. */
	count: number;
	/** The start date it was begun with, as it stands in the node. */
	from?: string;
	/** By event. */
	lists: Record<string, CursorState>;
	changes?: WatchState;
}

/** Test and live data are apart, and so are the states: a look at the other mode loses no sale of this one. */
const keys: Record<Mode, string> = { test: 'pollingTest', live: 'pollingLive' };

/**
 * Reads the state from the node's static data; undefined where there is none. Text, under keys of this
 * node's own: n8n wraps every nested object in an observer, and writes the static data of all nodes of a
 * workflow at once, so nothing else in it is touched.
 */
export function loadState(context: IPollFunctions, mode: Mode): PollState | undefined {
	const text = context.getWorkflowStaticData('node')[keys[mode]];
	if (typeof text !== 'string') return undefined;
	// Unreadable text throws: a failed poll that the operator sees, not a new beginning that skips sales.
	const state = jsonParse<PollState>(text);
	return state.version === 1 ? state : undefined;
}

/** Whether the node has a state of either mode. */
export function hasState(context: IPollFunctions): boolean {
	const data = context.getWorkflowStaticData('node');
	return Object.values(keys).some((key) => typeof data[key] === 'string');
}

/** Keeps the state. n8n stores it only when the poll returns items, of which there may be none. */
export function keepState(context: IPollFunctions, mode: Mode, state: PollState): void {
	context.getWorkflowStaticData('node')[keys[mode]] = JSON.stringify(state);
}
