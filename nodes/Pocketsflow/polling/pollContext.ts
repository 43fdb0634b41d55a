import { randomBytes } from 'node:crypto';

import type { IDataObject, IPollFunctions } from 'n8n-workflow';

import { BoundedMap } from '../transport/boundedMap';
import { forgetCredential, loadCredential } from '../transport/credential';
import { readPollingSettings } from './settings';
import type { PollState } from './state';

/** What one process remembers until it ends: docs/n8n-engine.md#process-memory-and-queue-mode */
export const createMemory = () => ({
	processId: randomBytes(6).toString('hex'),
	/** By node. n8n starts the next poll even if the last one has not ended. */
	pollsInFlight: new Map<string, Promise<unknown>>(),
	/** When records in their head start were first found, by node and event, then by ID. */
	firstFoundMs: new Map<string, ReadonlyMap<string, number>>(),
	polledNodes: new Set<string>(),
	/** By node and mode. n8n's copy may be old: docs/n8n-engine.md#static-data */
	states: new Map<string, PollState>(),
	/** When the failure of an event's list was last shown, by node, then by event. */
	failuresShownMs: new Map<string, ReadonlyMap<string, number>>(),
	/** By node, mode, and ID. */
	customers: new BoundedMap<IDataObject>(5_000),
});

export type ProcessMemory = ReturnType<typeof createMemory>;

export const pollingMemory = createMemory();

/** The key of a node. Two nodes of a workflow may have one ID; n8n tells them apart by name. */
export const toMemoryKey = (n8n: IPollFunctions, part = '', name = n8n.getNode().name) =>
	`${n8n.getWorkflow().id ?? ''} ${n8n.getNode().id} ${part} ${name}`;

/** How many records lists may store, seen or in batches, so that a state stays below a megabyte. */
const totalRecordLimit = 7_000;
const recordLimitPerList = 5_000;

/** A third of what Pocketsflow allows per minute: docs/pocketsflow-api.md#rate-limits */
const idlePagesPerPoll = 33;

/** Prepares a poll. @throws NodeOperationError if a parameter or the credential can't be used */
export async function createPollContext(n8n: IPollFunctions, memory: ProcessMemory) {
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
		/** One point in time, so that all lists are treated alike. */
		nowMs: Date.now(),
		processId: memory.processId,
		repeatAfterMs: settings.repeatAfterMs,
		/** Most records of one list to store as seen, and most in batches. */
		recordLimit: Math.min(recordLimitPerList, Math.floor(totalRecordLimit / listCount)),
		/** How many pages of one list without anything new one poll may read. */
		idlePages: Math.floor(idlePagesPerPoll / listCount),
	};
}

export type PollContext = Awaited<ReturnType<typeof createPollContext>>;
