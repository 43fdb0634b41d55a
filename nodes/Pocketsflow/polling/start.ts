import { aheadLimitMs, startAfter, startAtDate, type CursorState, type ListRecord } from './cursor';
import { everything, readListFrom, readNewest } from './listReader';
import type { PollContext } from './pollContext';
import { withDates } from './recordDates';
import type { ListSource } from './sources';

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

/** n8n was stopped after the activation, before it could store a state: look back a little. */
export const findRestartMs = ({ n8n, nowMs, overlapMs }: PollContext) =>
	n8n.getActivationMode() === 'init' ? nowMs - overlapMs : undefined;

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
