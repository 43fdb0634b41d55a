import { NodeOperationError, type ILoadOptionsFunctions } from 'n8n-workflow';

import { composeMessage, setMessage } from '../transport/errors';
import { formatDuration } from '../transport/limits';
import type { SendOptions } from '../transport/send';
import { delay } from '../transport/signals';

/** How long a user waits for a list to open. A bulk run can pause requests for minutes. */
export const patienceMs = 10_000;

/**
 * Reads what a list in the editor shows. `read` passes the options on to its requests.
 * @throws NodeOperationError with everything in its message: the editor shows nothing else
 */
export async function readWithinPatience<T>(
	context: ILoadOptionsFunctions,
	read: (options: SendOptions) => Promise<T>,
	withinMs = patienceMs,
): Promise<T> {
	const stop = new AbortController();
	const limits = { totalTimeoutMs: withinMs, requestTimeoutMs: withinMs };
	try {
		return await Promise.race([
			read({ limits, stop: stop.signal }),
			delay(withinMs, stop.signal).then(() => {
				throw new NodeOperationError(
					context.getNode(),
					`Pocketsflow did not return this list within ${formatDuration(withinMs)}. Try again, or enter the ID instead.`,
				);
			}),
		]);
	} catch (error) {
		const shown = new NodeOperationError(context.getNode(), "Can't load the list");
		throw setMessage(shown, composeMessage(error));
	} finally {
		stop.abort();
	}
}
