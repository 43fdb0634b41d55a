/**
 * What polls have emitted, one batch per poll. Pure.
 *
 * n8n may drop what a poll returned (docs/n8n-engine.md#polling). So a batch counts as kept if a state
 * that n8n returned contains it, and as certain if the process that emitted it is still alive a while
 * later. Until then it may be emitted again: once by another process, by its own process if n8n lost
 * it, or if Repeat After asks for it.
 */

export type IdAndTime = [id: string, timeMs: number];

export interface Batch {
	/** The n8n process that emitted it. */
	processId: string;
	/** By the clock of n8n. */
	emittedAtMs: number;
	/** Whether it was a second emission because of Repeat After. */
	isRepeat: boolean;
	/** How often it was emitted, because n8n did not keep it. */
	tries: number;
	/** Whether the next state that n8n returned contained it. No later state changes this. */
	isKept?: boolean;
	/** By list name: IDs of records, or of changes. */
	records: Record<string, IdAndTime[]>;
}

/** What determines the fate of batches. */
export interface BatchConditions {
	nowMs: number;
	/** Identifies this n8n process. */
	processId: string;
	/** Emits everything a second time after this time; 0 does not. */
	repeatAfterMs: number;
}

/** Why a record must be emitted again. */
export interface Again {
	timeMs: number;
	isRepeat: boolean;
	tries: number;
}

/** By list name, then by ID. */
export type AgainByName = Map<string, Map<string, Again>>;

/** How long a process must live on after emitting for the execution to count as stored. */
export const confirmAfterMs = 30_000;

/** How often to emit a batch that n8n does not keep. */
export const maxTries = 3;

/** After this time, such a batch is tried once more, because n8n may have recovered. */
export const tryLaterMs = 60 * 60_000;

/** The most other processes to remember batches of. */
const otherProcesses = 3;

const keyOf = ({ processId, emittedAtMs, isRepeat, tries }: Batch) =>
	[processId, emittedAtMs, isRepeat, tries].join();

/** Notes whether a state from n8n contains the batches of the last poll. */
export function markKept(batches: readonly Batch[], loaded: readonly Batch[]): Batch[] {
	const keys = new Set(loaded.map(keyOf));
	return batches.map((batch) => ({ ...batch, isKept: batch.isKept ?? keys.has(keyOf(batch)) }));
}

/** The records of all batches, each with its key among those of all lists. */
const listRecords = (batches: readonly Batch[]) =>
	batches.flatMap((batch) =>
		Object.entries(batch.records).flatMap(([name, records]) =>
			records.map(([id, timeMs]) => ({ batch, name, id, timeMs, key: `${name} ${id}` })),
		),
	);

const listKeys = (batches: readonly Batch[]) => new Set(listRecords(batches).map(({ key }) => key));

/** Drops records, and batches that are empty then. */
function dropKeys(
	batches: readonly Batch[],
	keys: ReadonlySet<string>,
	isSpared: (batch: Batch) => boolean = () => false,
): Batch[] {
	return batches.flatMap((batch) => {
		if (isSpared(batch)) return [batch];
		const lists = Object.entries(batch.records).map(
			([name, records]) => [name, records.filter(([id]) => !keys.has(`${name} ${id}`))] as const,
		);
		const filled = lists.filter(([, records]) => records.length > 0);
		return filled.length === 0 ? [] : [{ ...batch, records: Object.fromEntries(filled) }];
	});
}

/** Drops records that are no longer wanted or no longer in the list. */
export const dropRecords = (
	batches: readonly Batch[],
	name: string,
	ids: Iterable<string> = [],
): Batch[] => dropKeys(batches, new Set([...ids].map((id) => `${name} ${id}`)));

/** Drops what is certain. */
export function settleBatches(batches: readonly Batch[], conditions: BatchConditions): Batch[] {
	const { nowMs, processId, repeatAfterMs } = conditions;
	const certain = batches.filter(
		(batch) =>
			batch.processId === processId &&
			batch.isKept &&
			nowMs - batch.emittedAtMs >= confirmAfterMs &&
			(batch.isRepeat || repeatAfterMs === 0),
	);
	return dropKeys(batches, listKeys(certain));
}

/** Finds what must be emitted again now. */
export function findAgain(batches: readonly Batch[], conditions: BatchConditions): AgainByName {
	const { nowMs, processId, repeatAfterMs } = conditions;
	const ownKeys = listKeys(batches.filter((batch) => batch.processId === processId));
	const again: AgainByName = new Map();
	for (const { batch, name, id, timeMs, key } of listRecords(batches)) {
		const isOwn = batch.processId === processId;
		const isLost = isOwn && !batch.isKept;
		const isDue =
			repeatAfterMs > 0 && !batch.isRepeat && nowMs - batch.emittedAtMs >= repeatAfterMs;
		if (isOwn ? !isLost && !isDue : ownKeys.has(key)) continue;
		const isRepeat = batch.isRepeat || (isOwn && !isLost);
		const reason = { timeMs, isRepeat, tries: isLost ? batch.tries + 1 : 1 };
		again.set(name, (again.get(name) ?? new Map<string, Again>()).set(id, reason));
	}
	return again;
}

/** Whether n8n has dropped a batch so often that it is not emitted again for now. */
export const isGivenUp = (batches: readonly Batch[], { nowMs, processId }: BatchConditions) =>
	batches.some(
		(batch) =>
			batch.processId === processId &&
			!batch.isKept &&
			batch.tries >= maxTries &&
			nowMs - batch.emittedAtMs < tryLaterMs,
	);

export interface Emitted {
	name: string;
	id: string;
	timeMs: number;
}

/** Adds what is emitted now: one batch for new records, and one for each reason to emit again. */
export function addBatches(
	batches: readonly Batch[],
	emitted: readonly Emitted[],
	again: AgainByName,
	{ nowMs, processId }: BatchConditions,
): Batch[] {
	const added = new Map<string, Batch>();
	for (const { name, id, timeMs } of emitted) {
		const { isRepeat, tries } = again.get(name)?.get(id) ?? { isRepeat: false, tries: 1 };
		const batch: Batch = { processId, emittedAtMs: nowMs, isRepeat, tries, records: {} };
		const { records } = added.get(keyOf(batch)) ?? batch;
		added.set(keyOf(batch), { ...batch, records });
		(records[name] ??= []).push([id, timeMs]);
	}
	const news = [...added.values()];
	const others = batches.map((batch) => batch.processId).filter((id) => id !== processId);
	const remembered = new Set([...new Set(others.reverse())].slice(0, otherProcesses));
	const left = dropKeys(batches, listKeys(news), (batch) => remembered.has(batch.processId));
	return [...left, ...news];
}

/** The records of one list in all batches. */
export const recordsOf = (batches: readonly Batch[], name: string): Map<string, number> =>
	new Map(batches.flatMap(({ records }) => records[name] ?? []));
