import { NodeOperationError } from 'n8n-workflow';

import { composeMessage } from '../transport/errors';
import { polledEventOptions, watchName } from './sources';
import { toMemoryKey, type PollContext } from './pollContext';

/** What kept a poll from some of its records, while it went on with others. */
export interface PollFailure {
	/** The event, or `watchName`. */
	name: string;
	/** An error, or a sentence. */
	error: unknown;
}

/** How often one failure that goes on is shown as a failed execution. */
const showEveryMs = 60 * 60_000;

/**
 * Shows what failed in a poll that goes on all the same: every time in the log and, so that the user and an
 * error workflow hear of it, as a failed execution the first time and then every hour.
 */
export function showFailures(context: PollContext, failures: readonly PollFailure[]): void {
	const { n8n, memory, nodeKey, nowMs } = context;
	const toKey = (name: string) => toMemoryKey(nodeKey, name);
	for (const { name, error } of failures) {
		const message = `${composeMessage(error)} (${name}; everything else was polled)`;
		n8n.logger.warn(`Pocketsflow Polling Trigger: ${message}`);
		const shownMs = memory.failuresShownMs.get(toKey(name)) ?? -Infinity;
		if (nowMs - shownMs < showEveryMs) continue;
		memory.failuresShownMs.set(toKey(name), nowMs);
		showFailedExecution(context, message);
	}
	const failing = new Set(failures.map(({ name }) => toKey(name)));
	for (const name of [...polledEventOptions.map(({ value }) => String(value)), watchName])
		if (!failing.has(toKey(name))) memory.failuresShownMs.delete(toKey(name));
}

/** Apart from the result of the poll: docs/n8n-engine.md#polling */
function showFailedExecution({ n8n }: PollContext, message: string): void {
	const error = new NodeOperationError(n8n.getNode(), 'Part of the poll failed');
	// Set afterwards: n8n replaces a message in which it sees an error code such as ECONNRESET.
	error.message = message;
	try {
		n8n.__emitError(error);
	} catch {
		// Without it there is still the line in the log.
	}
}
