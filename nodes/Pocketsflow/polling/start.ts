import { dayMs, startAt, startNow, toPending, type ListRecord, type ListState } from './list';
import type { PollContext } from './pollContext';
import { createFetch, readByPlan, UnreadableList, usualPageSize, type DateWindow } from './read';
import { readRecords, type DatedRecord } from './records';
import type { ListSource } from './sources';
import { hasAnyState } from './state';

/** The most requests for the first reading of a list. */
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
	const start = (dated: readonly DatedRecord[]) => {
		const records = dated.map(({ id, timeMs, record }): ListRecord => {
			return { id, timeMs, disposition: classify?.(record, false) ?? 'emit' };
		});
		return startNow(records, { nowMs, overlapMs, pendingForMs });
	};
	const first = readRecords((await createFetch(n8n, list)({ fromMs: 0 }, 1)).records);
	const { fromMs, newestMs } = start(first);
	const second = await readAll(context, source, { fromMs: Math.max(0, fromMs - pendingForMs) });
	const isExpected = newestMs > nowMs - dayMs;
	if (second.length === 0 ? isExpected : first.length === 0) throw disagreement();
	return start([...new Map([...first, ...second].map((one) => [one.id, one])).values()]);
}

export const disagreement = () =>
	new UnreadableList(
		'Pocketsflow returned two different responses for the same list. Polling starts when they match. Try again in a minute.',
	);

/** Reads all records of a window, again as long as that brings more that the API does not count. */
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

/** Whether n8n started or became the leading main process, and no user published the workflow. */
export const isRestart = ({ n8n }: Pick<PollContext, 'n8n'>) =>
	restartModes.has(n8n.getActivationMode());

/**
 * Where a list starts that was polled before a restart, if no state of it is left:
 * docs/limits.md#when-the-state-comes-back-old-or-empty
 */
export function findRestartMs(context: PollContext): number | undefined {
	if (!isRestart(context)) return undefined;
	const { lookBackMs, overlapMs } = context.settings;
	// If a state of the other mode or of other lists is left, nothing was lost.
	return context.nowMs - (hasAnyState(context) ? overlapMs : Math.max(lookBackMs, overlapMs));
}

/** Logs that a restart found no state: the next events may be repetitions. */
export function warnOfLostState(context: PollContext): void {
	const { n8n, nowMs, settings } = context;
	const restartMs = findRestartMs(context);
	if (restartMs === undefined || hasAnyState(context) || settings.startDateMs !== undefined) return;
	const hours = (nowMs - restartMs) / 3_600_000;
	n8n.logger.warn(
		`Pocketsflow Polling Trigger "${n8n.getNode().name}" found no stored state of earlier polls when n8n started. It looks back ${hours} hours. Repeated events have the same event IDs.`,
	);
}
