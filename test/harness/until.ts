import { setTimeout as sleep } from 'node:timers/promises';

import { readMessage } from './runMain';

export interface UntilOptions {
	withinMs?: number;
	everyMs?: number;
}

type Nothing = false | null | undefined;

/** What only expects returns nothing either way: such an attempt is for `untilHolds`. */
type NotVoid<R> = void extends Awaited<R> ? never : unknown;

/**
 * Repeats `attempt` until it returns something, and returns that. An attempt that throws is repeated too.
 * @param what what is waited for, as the end of a sentence: "the order A-1 to be settled"
 * @throws after the time (30 s by default), with a sentence that says why the last attempt failed
 */
export async function until<R>(
	what: string,
	attempt: () => R & NotVoid<R>,
	{ withinMs = 30_000, everyMs = 100 }: UntilOptions = {},
): Promise<Exclude<Awaited<R>, Nothing>> {
	const deadlineMs = Date.now() + withinMs;
	for (;;) {
		let cause: unknown;
		try {
			const result = await attempt();
			if (result !== false && result !== null && result !== undefined)
				return result as Exclude<Awaited<R>, Nothing>;
		} catch (error) {
			cause = error;
		}
		if (Date.now() >= deadlineMs) throw timeUp(what, withinMs, cause);
		await sleep(everyMs);
	}
}

/** Repeats `expectation` until it does not throw. Otherwise as `until`. */
export async function untilHolds(
	what: string,
	expectation: () => void | Promise<void>,
	options?: UntilOptions,
): Promise<void> {
	await until(
		what,
		async () => {
			await expectation();
			return true;
		},
		options,
	);
}

function timeUp(what: string, withinMs: number, cause: unknown): Error {
	const reason = cause === undefined ? '' : `\n${readMessage(cause)}`;
	return new Error(`Waited ${withinMs / 1000} s in vain for ${what}.${reason}`, { cause });
}
