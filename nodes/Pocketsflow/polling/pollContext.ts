import type { IPollFunctions } from 'n8n-workflow';

import { forgetCredential, loadCredential } from '../transport/credential';
import type { Mode } from '../transport/credentialFields';
import type { BatchConditions } from './batches';
import type { ProcessMemory } from './memory';
import { readPollingSettings, type PollSettings } from './settings';

/** All that one poll works with. Its time is one moment, so that all lists are judged alike. */
export interface PollContext extends BatchConditions {
	n8n: IPollFunctions;
	settings: PollSettings;
	memory: ProcessMemory;
	mode: Mode;
	nodeKey: NodeKey;
	/** How far back records that appear late are looked for. */
	overlapMs: number;
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

/** What all lists together may store of either kind, seen and in batches, and the most for one of them. */
const recordLimits = { total: 7_000, perList: 5_000 };

/** Shares the records that may be stored among the lists, so that a state stays below a megabyte. */
export const computeRecordLimit = (listCount: number) =>
	Math.min(recordLimits.perList, Math.floor(recordLimits.total / Math.max(1, listCount)));

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
	return {
		n8n,
		settings,
		memory,
		mode,
		nodeKey: readNodeKey(n8n),
		nowMs: Date.now(),
		processId: memory.processId,
		overlapMs: settings.overlapMs,
		repeatAfterMs: settings.repeatAfterMs,
		recordLimit: computeRecordLimit(settings.events.length),
		idlePages: Math.floor(idlePagesPerPoll / settings.events.length),
	};
}
