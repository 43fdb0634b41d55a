import { aheadLimitMs, startAfter, startAtDate, type CursorState, type ListRecord } from './cursor';
import { everything, readListFrom, readNewest } from './listReader';
import type { PollContext } from './pollContext';
import { withDates } from './recordDates';
import type { ListSource } from './sources';
import { hasAnyState } from './stateStore';

/** The first state of a list: from the start date on, or from now on. */
export async function startList(context: PollContext, source: ListSource): Promise<CursorState> {
	const { n8n, settings, nowMs, overlapMs } = context;
	const dateMs = settings.startDateMs ?? findRestartMs(context);
	if (dateMs !== undefined) {
		const isOlderAwaited = source.pendingForMs !== undefined;
		return startAtDate(
			dateMs,
			isOlderAwaited ? await readFrom(context, source, dateMs, dateMs) : [],
		);
	}
	const newestMs = withDates(await readNewest(n8n, source.list), nowMs)
		.map(({ timeMs }) => timeMs)
		.filter((timeMs) => timeMs <= nowMs + aheadLimitMs)
		.reduce((latestMs, timeMs) => Math.max(latestMs, timeMs), 0);
	const records = await readFrom(context, source, newestMs - overlapMs);
	return startAfter(records, { nowMs, overlapMs });
}

const restartModes: ReadonlySet<string> = new Set(['init', 'leadershipChange']);

/** Whether a start of n8n, or its change to the leading main process, set the node polling: nobody activated it. */
export const isRestart = ({ n8n }: Pick<PollContext, 'n8n'>) =>
	restartModes.has(n8n.getActivationMode());

/**
 * Where a list begins that was polled before a restart although no state of it is left: an execution of the
 * same workflow that another process ran can have stored an older copy (docs/n8n-engine.md#static-data).
 */
export const findRestartMs = (context: PollContext) =>
	isRestart(context) ? context.nowMs - getLookBackMs(context) : undefined;

/** Less far where a state is left, of the other mode or of other lists: then nothing was lost. */
const getLookBackMs = (context: PollContext) =>
	hasAnyState(context)
		? context.overlapMs
		: Math.max(context.settings.lookBackMs, context.overlapMs);

/** Says in n8n's log that a restart found no state: what follows may be repetitions. */
export function warnOfLostState(context: PollContext): void {
	const { settings } = context;
	if (!isRestart(context) || hasAnyState(context) || settings.startDateMs !== undefined) return;
	const hours = getLookBackMs(context) / 3_600_000;
	context.n8n.logger.warn(
		`Pocketsflow Polling Trigger "${context.n8n.getNode().name}" found nothing stored of its earlier polls when n8n started. It looks back ${hours} hours; what it emits again has the same event IDs.`,
	);
}

/** Reads a list from a date on, and before it as far back as a record may still be pending. */
async function readFrom(
	{ n8n }: PollContext,
	{ list, classify, pendingForMs = 0 }: ListSource,
	fromMs: number,
	toMs?: number,
): Promise<ListRecord[]> {
	const window = { fromMs: Math.max(0, fromMs - pendingForMs), toMs };
	const { records } = await readListFrom(n8n, list, window, everything);
	return records.map(({ id, timeMs, record }) => ({
		id,
		timeMs,
		disposition: classify?.(record) ?? 'emit',
	}));
}
