import type { Effect } from '../api/request';
import type { AttemptResult, FailureKind } from './attempt';

interface AttemptOutcome {
	/** Whether Pocketsflow may have processed the request. */
	mayBeDone: boolean;
	/** Whether the same request may succeed later. */
	isTransient: boolean;
}

const notSent: AttemptOutcome = { mayBeDone: false, isTransient: false };
const notSentYet: AttemptOutcome = { mayBeDone: false, isTransient: true };
const lostResponse: AttemptOutcome = { mayBeDone: true, isTransient: true };
const unusableResponse: AttemptOutcome = { mayBeDone: true, isTransient: false };

const outcomes: Record<FailureKind, AttemptOutcome> = {
	unreachable: notSentYet,
	refusedByProxy: notSentYet,
	insecure: notSent,
	refusedByN8n: notSent,
	timeout: lostResponse,
	connectionLost: lostResponse,
	tooLarge: unusableResponse,
	cancelled: unusableResponse,
};

export function classifyAttempt(result: AttemptResult): AttemptOutcome {
	if ('failure' in result) {
		const { mayBeDone, isTransient } = outcomes[result.failure];
		return { mayBeDone: mayBeDone && !result.isUnsent, isTransient };
	}
	const { status } = result;
	// A 408 is a timeout that the server noticed first.
	if (status >= 500 || status === 408) return lostResponse;
	// A success that can't be read, or a redirect after the work, as web forms do it.
	const mayBeDone = status < 300 || status === 302 || status === 303;
	return { mayBeDone, isTransient: false };
}

/** Whether a request may be sent again. One that may have been processed only if that does no harm. */
export const mayRetry = (effect: Effect, { mayBeDone, isTransient }: AttemptOutcome): boolean =>
	isTransient && (!mayBeDone || effect !== 'create');
