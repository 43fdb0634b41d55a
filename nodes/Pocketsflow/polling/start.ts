import { aheadLimitMs, startAfter, startAtDate, type CursorState } from './cursor';
import { readListFrom, readNewest } from './listReader';
import type { PollContext } from './pollContext';
import { withDates } from './recordDates';
import type { ListSource } from './sources';

const everything = { minRecords: Infinity, maxRecords: Infinity };

/** The first state of a list: from the start date on, or from now on. */
export async function startList(
	{ n8n, settings: { startDateMs }, nowMs, overlapMs }: PollContext,
	{ list, classify }: ListSource,
): Promise<CursorState> {
	if (startDateMs !== undefined) return startAtDate(startDateMs);
	// n8n was stopped after the activation, before it could store a state: look back a little.
	if (n8n.getActivationMode() === 'init') return startAtDate(nowMs - overlapMs);
	const newestMs = withDates(await readNewest(n8n, list), nowMs)
		.map(({ timeMs }) => timeMs)
		.filter((timeMs) => timeMs <= nowMs + aheadLimitMs)
		.reduce((latestMs, timeMs) => Math.max(latestMs, timeMs), 0);
	const fromMs = Math.max(0, newestMs - overlapMs);
	const { records } = await readListFrom(n8n, list, fromMs, everything);
	return startAfter(
		records.map(({ id, timeMs, record }) => ({
			id,
			timeMs,
			disposition: classify?.(record) ?? 'emit',
		})),
		{ nowMs, overlapMs },
	);
}
