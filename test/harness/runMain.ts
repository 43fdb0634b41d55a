import { inspect, types } from 'node:util';

/** Runs the main function of a program. If it throws, the program shows what and ends with 1, whatever is open. */
export function runMain(main: () => Promise<unknown>): void {
	main().catch((error: unknown) => {
		console.error(formatError(error));
		process.exit(1);
	});
}

/** What was thrown, as a text to read: the stack and the causes of an error, the content of anything else. */
export function formatError(error: unknown): string {
	if (!types.isNativeError(error)) return describeError(error);
	const own = error.stack ?? `${error.name}: ${error.message}`;
	return error.cause === undefined ? own : `${own}\nCaused by ${formatError(error.cause)}`;
}

/** What was thrown, within a sentence or a line: the message of an error, the content of anything else. */
export function describeError(error: unknown): string {
	// Not `instanceof`: an error may come from another V8 context.
	if (types.isNativeError(error))
		// A connection that was tried at several addresses has a code and no message.
		return error.message || (error as NodeJS.ErrnoException).code || error.name;
	return typeof error === 'string' ? error : inspect(error, { depth: 5 });
}
