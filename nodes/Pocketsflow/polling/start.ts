import { dayMs, findStart, startAt, startNow, toPending, type ListState } from './list';
import type { PollContext } from './pollContext';
import { createFetch, readByPlan, UnreadableList, usualPageSize, type DateWindow } from './read';
import { readRecords, type DatedRecord } from './records';
import type { ListSource } from './sources';
import { hasAnyState } from './state';

/** The most requests for the first reading of a list without finding anything new. */
const startPages = 100;

const maxRounds = 5;

/** The first state of a list: from the start date on, or from now on. */
export async function startList(context: PollContext, source: ListSource): Promise<ListState> {
	const { settings, nowMs } = context;
	const { pendingForMs = 0 } = source;
	const dateMs = settings.startDateMs ?? findRestartMs(context);
	if (dateMs === undefined) return await startListNow(context, source);
	if (pendingForMs === 0) return startAt(dateMs);
	const window = { fromMs: Math.max(0, dateMs - pendingForMs), toMs: dateMs };
	const older = (await readAll(context, source, window)).filter(
		({ timeMs, record }) => timeMs < dateMs && source.classify?.(record, false) === 'pending',
	);
	return startAt(dateMs, toPending(older, nowMs, pendingForMs));
}

/**
 * Reads the newest records twice, because a response may lack what the other has.
 * @throws UnreadableList if only one of the responses is empty
 */
async function startListNow(context: PollContext, source: ListSource): Promise<ListState> {
	const { n8n, nowMs } = context;
	const { overlapMs } = context.settings;
	const { list, classify, pendingForMs = 0 } = source;
	const first = readRecords((await createFetch(n8n, list)({ fromMs: 0 }, 1)).records);
	const { fromMs, newestMs } = findStart(first, nowMs, overlapMs);
	const second = await readAll(context, source, { fromMs: Math.max(0, fromMs - pendingForMs) });
	const isExpected = newestMs > nowMs - dayMs;
	if (second.length === 0 ? isExpected : first.length === 0) throw disagreement();
	const records = new Map([...first, ...second].map((record) => [record.id, record]));
	return startNow(
		[...records.values()].map(({ id, timeMs, record }) => ({
			id,
			timeMs,
			disposition: classify?.(record, false) ?? 'emit',
		})),
		{ nowMs, overlapMs, pendingForMs },
	);
}

/** The error for a list that returns different responses within a moment. */
export const disagreement = () =>
	new UnreadableList(
		'Pocketsflow returned two different responses for the same list. Polling starts when they match. Try again in a minute.',
	);

/** Reads all records of a window, again as long as that brings more and the API does not count them. */
async function readAll(
	{ n8n }: PollContext,
	{ list }: ListSource,
	window: DateWindow,
): Promise<DatedRecord[]> {
	const plan = { ...window, isWanted: () => true, enough: Infinity, idlePages: startPages };
	const found = new Map<string, DatedRecord>();
	for (let round = 0; round < maxRounds; round++) {
		const { records, isVerified } = await readByPlan(createFetch(n8n, list), list, plan);
		const countBefore = found.size;
		for (const record of records) found.set(record.id, record);
		const isOnePage = records.length < usualPageSize;
		if (isVerified || isOnePage || found.size === countBefore) break;
	}
	return [...found.values()];
}

const restartModes: ReadonlySet<string> = new Set(['init', 'leadershipChange']);

/** Whether n8n started or became the leading main process, instead of a user publishing the workflow. */
export const isRestart = ({ n8n }: Pick<PollContext, 'n8n'>) =>
	restartModes.has(n8n.getActivationMode());

/**
 * Where a list starts that was polled before a restart, if no state of it is left:
 * docs/limits.md#when-the-state-comes-back-old-or-empty
 */
export const findRestartMs = (context: PollContext) =>
	isRestart(context) ? context.nowMs - getLookBackMs(context) : undefined;

/** Looks back less far if a state is left, of the other mode or of other lists: nothing was lost then. */
const getLookBackMs = (context: PollContext) =>
	hasAnyState(context)
		? context.settings.overlapMs
		: Math.max(context.settings.lookBackMs, context.settings.overlapMs);

/** Logs that a restart found no state: the next events may be repetitions. */
export function warnOfLostState(context: PollContext): void {
	const { n8n, settings } = context;
	if (!isRestart(context) || hasAnyState(context) || settings.startDateMs !== undefined) return;
	const hours = getLookBackMs(context) / 3_600_000;
	n8n.logger.warn(
		`Pocketsflow Polling Trigger "${n8n.getNode().name}" found no stored state of earlier polls when n8n started. It looks back ${hours} hours. Repeated events have the same event IDs.`,
	);
}
