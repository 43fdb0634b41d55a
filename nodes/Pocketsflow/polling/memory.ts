import { randomBytes } from 'node:crypto';

import type { IDataObject } from 'n8n-workflow';

import { BoundedMap } from '../transport/boundedMap';
import type { PollState } from './state';

/** What lasts as long as the n8n process. All of it may be lost: docs/n8n-engine.md#process-memory-and-queue-mode */
export interface ProcessMemory {
	/** Names the process. */
	processId: string;
	/** By node: n8n starts the next poll although the last has not ended. */
	pollsInFlight: Map<string, Promise<unknown>>;
	/** When records that wait for their head start to pass were first found, by node and event, then by ID. */
	firstFoundMs: Map<string, ReadonlyMap<string, number>>;
	/** The nodes that have polled. */
	polledNodes: Set<string>;
	/**
	 * The last state, by node and mode. n8n forgets static data when a node is renamed, and brings back an
	 * older copy when another node of the workflow was edited: docs/n8n-engine.md#static-data
	 */
	states: Map<string, PollState>;
	/** When it was last shown that an event's list fails, by node and event; empty since it works again. */
	failuresShownMs: Map<string, number>;
	/** Customers that were looked up, by credential and ID. */
	customers: BoundedMap<IDataObject>;
}

/** Creates the memory of a process that begins. */
export const createMemory = (): ProcessMemory => ({
	processId: randomBytes(6).toString('hex'),
	pollsInFlight: new Map(),
	firstFoundMs: new Map(),
	polledNodes: new Set(),
	states: new Map(),
	failuresShownMs: new Map(),
	customers: new BoundedMap(5_000),
});

/** The memory of this process. */
export const pollingMemory = createMemory();
