import { NodeOperationError, type IHookFunctions } from 'n8n-workflow';

import { composeMessage } from '../transport/errors';

/**
 * Does the work of a hook and puts everything a user must know into the message of its error: n8n
 * 2.x shows nothing else of a failed activation (docs/n8n-engine.md#errors-and-messages).
 * @param undone what was not done to the webhook when the work fails, as in "could not be set up"
 * @throws NodeOperationError
 */
export async function explainFailure<T>(
	context: IHookFunctions,
	undone: 'set up' | 'removed',
	work: () => Promise<T>,
): Promise<T> {
	try {
		return await work();
	} catch (error) {
		throw toHookError(context, error, undone);
	}
}

function toHookError(context: IHookFunctions, error: unknown, undone: string): NodeOperationError {
	const isOurs = error instanceof NodeOperationError;
	if (isOurs && !error.description) return error;
	const sentences = composeMessage(error);
	const summary = `The webhook could not be ${undone} at Pocketsflow.`;
	const hookError = new NodeOperationError(context.getNode(), summary);
	// Set afterwards: n8n replaces a message in which it sees an error code such as ECONNRESET.
	hookError.message = isOurs ? sentences : `${summary} ${sentences}`;
	return hookError;
}
