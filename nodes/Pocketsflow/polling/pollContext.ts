import { randomBytes } from 'node:crypto';

import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { BoundedMap } from '../transport/boundedMap';
import { forgetCredential, loadCredential } from '../transport/credential';
import type { Mode } from '../transport/credentialFields';
import type { BatchConditions } from './batches';
import { readPollingSettings, type PollSettings } from './settings';
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
	/** When it was last shown that an event's list fails, by node, then by event. */
	failuresShownMs: Map<string, ReadonlyMap<string, number>>;
	/** Customers that were looked up, by node, mode and ID. */
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

/** All that one poll works with. Its time is one moment, so that all lists are judged alike. */
export interface PollContext extends BatchConditions {
	n8n: IPollFunctions;
	settings: PollSettings;
	memory: ProcessMemory;
	mode: Mode;
	nodeKey: NodeKey;
	/** Most records of one list that the state holds as seen, and most that it holds in batches. */
	recordLimit: number;
	/** How many pages of one list that bring nothing new one poll may read. */
	idlePages: number;
}

/** Names a node in the memory of the process. */
export interface NodeKey {
	/** Of the workflow and of the node, which another node of it may have too. */
	id: string;
	/** As it is now; n8n keeps static data under it. */
	name: string;
}

export const readNodeKey = (n8n: IPollFunctions): NodeKey => ({
	id: `${n8n.getWorkflow().id ?? ''} ${n8n.getNode().id}`,
	name: n8n.getNode().name,
});

/** Under this key the memory of the process holds what is the node's. */
export const toMemoryKey = ({ id, name }: NodeKey, part = '') => `${id} ${part} ${name}`;

/** What all lists together may store of either kind, so that a state stays below a megabyte. */
const totalRecordLimit = 7_000;
const recordLimitPerList = 5_000;

/** A third of what Pocketsflow allows in a minute: docs/pocketsflow-api.md#rate-limits */
const idlePagesPerPoll = 33;

/** Prepares a poll. @throws NodeOperationError where a parameter or the credential cannot be used */
export async function createPollContext(
	n8n: IPollFunctions,
	memory: ProcessMemory,
): Promise<PollContext> {
	const settings = readPollingSettings(n8n);
	// n8n polls with the same context from activation on, and the credential may have been edited since.
	forgetCredential(n8n);
	const { mode } = await loadCredential(n8n);
	const listCount = settings.events.length;
	return {
		n8n,
		settings,
		memory,
		mode,
		nodeKey: readNodeKey(n8n),
		nowMs: Date.now(),
		processId: memory.processId,
		repeatAfterMs: settings.repeatAfterMs,
		recordLimit: Math.min(recordLimitPerList, Math.floor(totalRecordLimit / listCount)),
		idlePages: Math.floor(idlePagesPerPoll / listCount),
	};
}
