import { dayMs, listPlausible, startAt, startNow, toPending, type ListState } from './list';
import type { PollContext } from './pollContext';
import { createFetch, readByPlan, UnreadableList, usualPageSize } from './read';
import { newestOf, readRecords, type DatedRecord } from './records';
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
 * Reads the newest records twice, because a response may lack what the other has. A list does not start if
 * one response is empty and the other is not.
 * @throws UnreadableList if the two disagree
 */
async function startListNow(context: PollContext, source: ListSource): Promise<ListState> {
	const { n8n, nowMs, settings } = context;
	const { overlapMs } = settings;
	const { list, classify, pendingForMs = 0 } = source;
	const dayAgoMs = nowMs - dayMs;
	const first = readRecords((await createFetch(n8n, list)({ fromMs: 0 }, 1)).records);
	const newestMs = newestOf(listPlausible(first, nowMs), dayAgoMs);
	const fromMs = Math.max(dayAgoMs, newestMs - overlapMs);
	const second = await readAll(context, source, { fromMs: Math.max(0, fromMs - pendingForMs) });
	const isExpected = newestMs > dayAgoMs;
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
	window: { fromMs: number; toMs?: number },
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

/**
 * Whether polling began because n8n started or became the leading main process, not because a user
 * published the workflow.
 */
export const isRestart = ({ n8n }: Pick<PollContext, 'n8n'>) =>
	restartModes.has(n8n.getActivationMode());

/**
 * Where a list starts that was polled before a restart, if no state of it is left. An execution of the same
 * workflow in another process can have stored an older copy (docs/n8n-engine.md#static-data).
 */
export const findRestartMs = (context: PollContext) =>
	isRestart(context) ? context.nowMs - getLookBackMs(context) : undefined;

/** Looks back less far if a state is left, of the other mode or of other lists: then nothing was lost. */
const getLookBackMs = (context: PollContext) =>
	hasAnyState(context)
		? context.settings.overlapMs
		: Math.max(context.settings.lookBackMs, context.settings.overlapMs);

/** Logs that a restart found no state: the next events may be repetitions. */
export function warnOfLostState(context: PollContext): void {
	const { settings } = context;
	if (!isRestart(context) || hasAnyState(context) || settings.startDateMs !== undefined) return;
	const hours = getLookBackMs(context) / 3_600_000;
	context.n8n.logger.warn(
		`Pocketsflow Polling Trigger "${context.n8n.getNode().name}" found no stored state of earlier polls when n8n started. It looks back ${hours} hours. Repeated events have the same event IDs.`,
	);
}
