import { setTimeout as sleep } from 'node:timers/promises';

import { readMessage } from './runMain';

export interface UntilOptions {
	withinMs?: number;
	everyMs?: number;
}

/**
 * Repeats `attempt` until it returns anything but `false`, and returns that. An attempt that throws, such
 * as an `expect` that does not hold yet, is repeated too.
 * @param what what is waited for, as the end of a sentence: "the order A-1 to be settled"
 * @throws when the time (30 s by default) is up, with a sentence that says so and why the last attempt failed
 */
export async function until<T>(
	what: string,
	attempt: () => T | Promise<T>,
	{ withinMs = 30_000, everyMs = 250 }: UntilOptions = {},
): Promise<Exclude<T, false>> {
	const deadlineMs = Date.now() + withinMs;
	for (;;) {
		let cause: unknown;
		try {
			const result = await attempt();
			if (result !== false) return result as Exclude<T, false>;
		} catch (error) {
			cause = error;
		}
		if (Date.now() >= deadlineMs) throw timeUp(what, withinMs, cause);
		await sleep(everyMs);
	}
}

function timeUp(what: string, withinMs: number, cause: unknown): Error {
	const reason = cause === undefined ? '' : `\n${readMessage(cause)}`;
	return new Error(`Waited ${withinMs / 1000} s in vain for ${what}.${reason}`, { cause });
}
