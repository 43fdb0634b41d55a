import { randomBytes } from 'node:crypto';

import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { BoundedMap } from '../transport/boundedMap';
import { forgetCredential, loadCredential } from '../transport/credential';
import type { Mode } from '../transport/credentialFields';
import type { BatchConditions } from './batches';
import { readPollingSettings, type PollSettings } from './settings';
import type { PollState } from './state';

/** May be lost at any time: docs/n8n-engine.md#process-memory-and-queue-mode */
export interface ProcessMemory {
	processId: string;
	/** n8n starts the next poll of a node even if the last one has not ended. */
	pollsInFlight: Map<string, Promise<unknown>>;
	/** When records in their head start were first found, by node and event, then by ID. */
	firstFoundMs: Map<string, ReadonlyMap<string, number>>;
	polledNodes: Set<string>;
	/**
	 * The last state, by node and mode. n8n may drop static data or restore an older copy
	 * (docs/limits.md#when-the-state-comes-back-old-or-empty).
	 */
	states: Map<string, PollState>;
	/** When the failure of an event's list was last shown, by node, then by event. */
	failuresShownMs: Map<string, ReadonlyMap<string, number>>;
	/** Customers that were looked up, by node, mode, and ID. */
	customers: BoundedMap<IDataObject>;
}

export const createMemory = (): ProcessMemory => ({
	processId: randomBytes(6).toString('hex'),
	pollsInFlight: new Map(),
	firstFoundMs: new Map(),
	polledNodes: new Set(),
	states: new Map(),
	failuresShownMs: new Map(),
	customers: new BoundedMap(5_000),
});

export const pollingMemory = createMemory();

/** Everything that one poll works with. It has one point in time, so that all lists are treated alike. */
export interface PollContext extends BatchConditions {
	n8n: IPollFunctions;
	settings: PollSettings;
	memory: ProcessMemory;
	mode: Mode;
	/** Most records of one list to store as seen, and most to store in batches. */
	recordLimit: number;
	/** How many pages of one list without anything new one poll may read. */
	idlePages: number;
}

/**
 * The key of the node's data in the memory of the process. Another node of the workflow may have the same
 * ID. The name is that under which n8n stores static data.
 */
export const toMemoryKey = (n8n: IPollFunctions, part = '', name = n8n.getNode().name) =>
	`${n8n.getWorkflow().id ?? ''} ${n8n.getNode().id} ${part} ${name}`;

/** How many of either kind all lists together may store, so that a state stays below a megabyte. */
const totalRecordLimit = 7_000;
const recordLimitPerList = 5_000;

/** A third of what Pocketsflow allows per minute: docs/pocketsflow-api.md#rate-limits */
const idlePagesPerPoll = 33;

/** Prepares a poll. @throws NodeOperationError if a parameter or the credential can't be used */
export async function createPollContext(
	n8n: IPollFunctions,
	memory: ProcessMemory,
): Promise<PollContext> {
	const settings = readPollingSettings(n8n);
	// n8n uses one context for all polls after activation. The credential may have been edited since.
	forgetCredential(n8n);
	const { mode } = await loadCredential(n8n);
	const listCount = settings.events.length;
	return {
		n8n,
		settings,
		memory,
		mode,
		nowMs: Date.now(),
		processId: memory.processId,
		repeatAfterMs: settings.repeatAfterMs,
		recordLimit: Math.min(recordLimitPerList, Math.floor(totalRecordLimit / listCount)),
		idlePages: Math.floor(idlePagesPerPoll / listCount),
	};
}
