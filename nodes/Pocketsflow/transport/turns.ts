import { sleep } from 'n8n-workflow';

/** How long work continues before n8n's event loop gets a turn. A delivery may wait that long. */
const maxTurnMs = 20;

/**
 * Starts work that has many short steps. Await the returned function after each step: it lets n8n,
 * which has one thread, respond to others when the turn is over.
 */
export function startTurns(): () => Promise<void> {
	let startMs = Date.now();
	// If several workers share the turns, they all wait for the same one. Separate waits would add up.
	let pause: Promise<void> | undefined;
	return async () => {
		if (!pause && Date.now() - startMs < maxTurnMs) return;
		pause ??= sleep(0).then(() => {
			pause = undefined;
			startMs = Date.now();
		});
		await pause;
	};
}

/** Maps values in order, with turns for n8n's event loop in between. */
export async function mapInTurns<T, R>(
	values: readonly T[],
	map: (value: T, index: number) => R,
): Promise<R[]> {
	const yieldTurn = startTurns();
	const results: R[] = [];
	for (const [index, value] of values.entries()) {
		results.push(map(value, index));
		await yieldTurn();
	}
	return results;
}
