/**
 * When a record or change was emitted, and by which n8n process. Pure.
 *
 * n8n stores a poll's state before the execution exists, so a stored state may speak of an execution that
 * never came to be (docs/n8n-engine.md#polling). A process only knows of its own emissions that they were
 * stored: it is still alive a while later. What other processes emitted is therefore emitted again. Where
 * processes take turns, each remembers its own emission, so that this happens once for each at most.
 */

/** One emission of a record or change. */
export interface Emission {
	/** By n8n's clock. */
	emittedAtMs: number;
	/** The n8n process that emitted it. */
	processId: string;
	/** Whether it was the second one, as the option Repeat After asks. */
	isRepeat: boolean;
}

/** What decides about emissions. */
export interface EmissionConditions {
	nowMs: number;
	/** Names this n8n process. */
	processId: string;
	/** Emit everything a second time after this; 0 does not. */
	repeatAfterMs: number;
}

/**
 * How long after it emitted, this process must still be alive to be sure that the execution was stored.
 * Polls are a minute apart or more, except for the one at activation.
 */
export const confirmAfterMs = 30_000;

/** The processes whose last emission is remembered. */
const processLimit = 4;

const findOwn = (emissions: readonly Emission[], { processId }: EmissionConditions) =>
	emissions.find((emission) => emission.processId === processId);

/**
 * Whether nothing of a record or change is left to do.
 * @param emissions newest first, one for each process at most
 */
export function isConfirmed(
	emissions: readonly Emission[],
	conditions: EmissionConditions,
): boolean {
	const own = findOwn(emissions, conditions);
	if (!own || conditions.nowMs - own.emittedAtMs < confirmAfterMs) return false;
	return own.isRepeat || conditions.repeatAfterMs === 0;
}

/** Whether a record or change must be emitted again: another process emitted it, or its repeat is due. */
export function isEmissionDue(
	emissions: readonly Emission[],
	conditions: EmissionConditions,
): boolean {
	const { nowMs, repeatAfterMs } = conditions;
	const own = findOwn(emissions, conditions);
	if (!own) return true;
	return repeatAfterMs > 0 && !own.isRepeat && nowMs - emissions[0].emittedAtMs >= repeatAfterMs;
}

/** Whether the next emission is the repeat. */
const isNextRepeat = (emissions: readonly Emission[], conditions: EmissionConditions) =>
	findOwn(emissions, conditions) !== undefined || emissions.some(({ isRepeat }) => isRepeat);

/** Adds an emission of this process to the earlier ones, which may be none. */
export function addEmission(
	earlier: readonly Emission[],
	conditions: EmissionConditions,
): Emission[] {
	const { nowMs, processId } = conditions;
	const isRepeat = isNextRepeat(earlier, conditions);
	const others = earlier.filter((emission) => emission.processId !== processId);
	return [{ emittedAtMs: nowMs, processId, isRepeat }, ...others].slice(0, processLimit);
}
