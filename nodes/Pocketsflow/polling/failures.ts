import { NodeOperationError, type IPollFunctions } from 'n8n-workflow';

import { composeMessage } from '../transport/errors';
import { toMemoryKey, type PollContext } from './pollContext';

/** How often a persistent failure is shown as a failed execution. */
const showEveryMs = 60 * 60_000;

/**
 * Shows what failed (errors or sentences) in a poll that continues anyway: every time in the log and, for
 * the user and an error workflow, as a failed execution at first and then every hour.
 */
export function showFailures(
	{ n8n, memory, nowMs }: PollContext,
	followed: ReadonlyArray<{ name: string; failure?: unknown }>,
): void {
	const key = toMemoryKey(n8n);
	const before = memory.failuresShownMs.get(key);
	const shownMs = new Map<string, number>();
	for (const { name, failure } of followed) {
		if (failure === undefined) continue;
		const message = `${composeMessage(failure)} (${name}; all other events were polled)`;
		n8n.logger.warn(`Pocketsflow Polling Trigger: ${message}`);
		const lastMs = before?.get(name) ?? -Infinity;
		const isDue = nowMs - lastMs >= showEveryMs;
		shownMs.set(name, isDue ? nowMs : lastMs);
		if (isDue) showFailedExecution(n8n, message);
	}
	memory.failuresShownMs.set(key, shownMs);
}

/** Separate from the result of the poll: docs/n8n-engine.md#polling */
function showFailedExecution(n8n: IPollFunctions, message: string): void {
	try {
		n8n.__emitError(toPollError(n8n, message));
	} catch {
		// Without it, the log still has the line.
	}
}

/** The error of a poll. n8n shows nothing but its message: docs/n8n-engine.md#errors-and-messages */
export function toPollError(n8n: IPollFunctions, message: string): NodeOperationError {
	const error = new NodeOperationError(n8n.getNode(), 'The poll did not finish');
	// Set afterwards, because n8n replaces a message that contains an error code such as ECONNRESET.
	error.message = message;
	return error;
}
