// Each signal has one listener, which calls these: Node.js warns of a leak if there are many.
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when any of the signals aborts, or immediately if one already has.
 * @returns a function that stops listening
 */
export function onAbort(
	signals: ReadonlyArray<AbortSignal | undefined>,
	listener: () => void,
): () => void {
	const present = signals.filter((signal) => signal !== undefined);
	for (const signal of present) getListeners(signal).add(listener);
	if (present.some(({ aborted }) => aborted)) listener();
	return () => {
		for (const signal of present) listeners.get(signal)?.delete(listener);
	};
}

function getListeners(signal: AbortSignal): Set<() => void> {
	const existing = listeners.get(signal);
	if (existing) return existing;
	const added = new Set<() => void>();
	listeners.set(signal, added);
	signal.addEventListener('abort', () => [...added].forEach((listener) => listener()));
	return added;
}

/** Waits for `ms`, or until a signal aborts; never throws (docs/n8n-engine.md#http-helper). */
export async function delay(ms: number, ...signals: Array<AbortSignal | undefined>): Promise<void> {
	const timer = AbortSignal.timeout(Math.max(0, Math.ceil(ms)));
	let stopListening = () => {};
	await new Promise<void>((resolve) => {
		stopListening = onAbort([timer, ...signals], resolve);
	});
	stopListening();
}
