import type { IPollFunctions } from 'n8n-workflow';

import { forgetCredential, loadCredential, type Mode } from '../transport/credential';
import type { PollConditions } from './cursor';
import type { ProcessMemory } from './memory';
import { readSettings, type PollSettings } from './settings';

/** All that one poll works with. Its time is one moment, so that all lists are judged alike. */
export interface PollContext extends PollConditions {
	n8n: IPollFunctions;
	settings: PollSettings;
	memory: ProcessMemory;
	mode: Mode;
	/** Names the node in `memory`. */
	nodeKey: string;
}

/** Names a node in the memory of the process. */
export const getNodeKey = (n8n: IPollFunctions) =>
	`${n8n.getWorkflow().id ?? ''} ${n8n.getNode().id}`;

/** What all lists together may store of either kind, done and unconfirmed, and the most for one of them. */
const recordLimits = { total: 7_000, perList: 5_000 };

/** Shares the records that may be stored among the lists, so that a state stays below a megabyte. */
export const computeRecordLimit = (listCount: number) =>
	Math.min(recordLimits.perList, Math.floor(recordLimits.total / Math.max(1, listCount)));

/** Prepares a poll. @throws NodeOperationError where a parameter or the credential cannot be used */
export async function createPollContext(
	n8n: IPollFunctions,
	memory: ProcessMemory,
): Promise<PollContext> {
	const settings = readSettings(n8n);
	// n8n polls with the same context from activation on, and the credential may have been edited since.
	forgetCredential(n8n);
	const { mode } = await loadCredential(n8n);
	return {
		n8n,
		settings,
		memory,
		mode,
		nodeKey: getNodeKey(n8n),
		nowMs: Date.now(),
		processId: memory.processId,
		overlapMs: settings.overlapMs,
		repeatAfterMs: settings.repeatAfterMs,
		recordLimit: computeRecordLimit(settings.events.length),
	};
}
