import type { CursorState, ListRecord } from './cursor';
import type { PollContext } from './pollContext';
import type { ListSource } from './sources';

/**
 * Splits due records into those whose head start has passed and those that were found too short a time ago.
 * Notes in the memory of the process when each was first found. After a restart they wait once more.
 */
export function splitByHeadStart<T extends ListRecord>(
	{ settings: { headStartMs }, memory, nodeKey, nowMs }: PollContext,
	{ event }: ListSource,
	{ unconfirmed }: CursorState,
	due: readonly T[],
): { ready: T[]; waiting: T[] } {
	const key = `${nodeKey} ${event}`;
	const before = memory.firstFoundMs.get(key);
	const firstFoundMs = new Map(
		headStartMs > 0 ? due.map(({ id }): [string, number] => [id, before?.get(id) ?? nowMs]) : [],
	);
	memory.firstFoundMs.set(key, firstFoundMs);
	const emittedBefore = new Set(unconfirmed.map(({ id }) => id));
	const isReady = ({ id }: T) =>
		emittedBefore.has(id) || nowMs - (firstFoundMs.get(id) ?? -Infinity) >= headStartMs;
	return { ready: due.filter(isReady), waiting: due.filter((record) => !isReady(record)) };
}
