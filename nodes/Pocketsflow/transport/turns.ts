import { sleep } from 'n8n-workflow';

/** How long work goes on before n8n's event loop has its turn; a delivery that comes meanwhile waits so long. */
const maxTurnMs = 20;

/**
 * Begins work of many short steps. What it returns is awaited after each step, and
 * lets n8n answer others when the turn is over: n8n does all its work in one thread.
 */
export function startTurns(): () => Promise<void> {
	let startMs = Date.now();
	// Of several workers that share the turns, all wait for the same: each for its own would add up.
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
