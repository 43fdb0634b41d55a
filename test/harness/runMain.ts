import { inspect, types } from 'node:util';

/** If the main function throws, shows the error and ends with 1, whatever is open. */
export function runMain(main: () => Promise<unknown>): void {
	main().catch((error: unknown) => {
		console.error(formatError(error));
		process.exit(1);
	});
}

/** What was thrown, in a line for a person: the message of an error, the content of anything else. */
export function readMessage(error: unknown): string {
	if (!types.isNativeError(error)) return formatError(error);
	// A connection that was tried at several addresses has a code and no message.
	const { code } = error as NodeJS.ErrnoException;
	return error.message || code || error.name;
}

/** What was thrown: the stack and the causes of an error, the content of anything else. */
export function formatError(error: unknown): string {
	// Not `instanceof`: an error may come from another V8 context.
	if (!types.isNativeError(error))
		return typeof error === 'string' ? error : inspect(error, { depth: 5 });
	const own = error.stack ?? `${error.name}: ${error.message}`;
	return error.cause === undefined ? own : `${own}\nCaused by ${formatError(error.cause)}`;
}
