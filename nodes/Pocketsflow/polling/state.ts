import { jsonParse, type IPollFunctions } from 'n8n-workflow';

import type { Mode } from '../transport/errors';
import type { WatchState } from './changes';
import type { CursorState } from './cursor';

/** Everything that polls keep. */
export interface PollState {
	version: 1;
	/** Test and live data are apart: with a key of the other mode, polling begins anew. */
	mode: Mode;
	/** The start date it was begun with, ms. */
	from?: number;
	/** By event. */
	lists: Record<string, CursorState>;
	changes?: WatchState;
}

const key = 'polling';

/**
 * Reads the state from the node's static data; undefined where there is none. Text, under one key of this
 * node's own: n8n wraps every nested object in an observer, and writes the static data of all nodes of a
 * workflow at once, so nothing else in it is touched.
 */
export function loadState(context: IPollFunctions): PollState | undefined {
	const text = context.getWorkflowStaticData('node')[key];
	if (typeof text !== 'string') return undefined;
	// Unreadable text throws: a failed poll that the operator sees, not a new beginning that skips sales.
	const state = jsonParse<PollState>(text);
	return state.version === 1 ? state : undefined;
}

/** Keeps the state. n8n stores it only when the poll returns items, of which there may be none. */
export function keepState(context: IPollFunctions, state: PollState): void {
	const data = context.getWorkflowStaticData('node');
	const text = JSON.stringify(state);
	if (data[key] !== text) data[key] = text;
}
