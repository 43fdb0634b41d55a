import type { NodeApiError } from 'n8n-workflow';

import { accountKey, accountOf, forgetAccount, type Account } from './credential';
import { answerError, lateError, troubleError, type Failure } from './errors';
import { exchange, isSuccess, type Answer, type Trouble } from './attempt';
import { enter, laneOf, leave, type Verdict } from './rateLimiter';
import { backoff, standardLimits, type Limits } from './limits';
import { consequenceOf, mayFollow, mayRepeat, redirectOf } from './retryPolicy';
import type { Effect, PocketsflowContext, PocketsflowRequest } from '../api/request';
import { pause } from './signals';

export { accountOf, forgetAccount, type Account };

export interface SendOptions {
	/** Other limits than the standard ones, for example less patience in a picker. */
	limits?: Partial<Limits>;
	/**
	 * Stops a request that is still waiting and was not carried out: nothing new begins after it aborts.
	 * What may have been carried out goes on, so that its outcome becomes known.
	 */
	stop?: AbortSignal;
}

const redirectsFollowed = 5;

/**
 * Sends one request and answers with the parsed body (`{}` for an empty one, contract section A). It takes
 * its turn with all requests of the same credential in this process, waits while Pocketsflow limits them,
 * and is repeated as far as its effect allows; a `create` never, once it may have been carried out.
 * @throws NodeApiError in the operator's words, with the item's index; `context.outcome` is 'unknown' when
 * it may or may not have been carried out
 * @throws NodeOperationError when the credential cannot be used
 */
export async function send(
	context: PocketsflowContext,
	request: PocketsflowRequest,
	effect: Effect,
	itemIndex?: number,
	options: SendOptions = {},
): Promise<unknown> {
	const account = await accountOf(context);
	const limits = { ...standardLimits, ...options.limits };
	const failure: Failure = {
		node: context.getNode(),
		account,
		request,
		effect,
		limits,
		tries: 0,
		mayBeDone: false,
		itemIndex,
	};
	const cancel =
		'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
	const lane = laneOf(accountKey(account));
	const deadline = Date.now() + limits.patienceMs;
	const address = account.baseUrl + request.path;
	let target = { request, url: address };
	let redirects = 0;
	let limited: Answer | undefined;

	for (;;) {
		const stops = failure.mayBeDone ? [cancel] : [cancel, options.stop];
		const pass = await enter(lane, limits, deadline, limited !== undefined, stops);
		if (pass === 'late') throw lateError(failure, limited);
		if (pass === 'aborted') throw troubleError(failure, { trouble: 'cancelled' });

		const outcome = await exchange(context, account, target.request, target.url, limits, cancel);
		leave(lane, pass, verdictOn(outcome));
		if (!('trouble' in outcome)) {
			if (outcome.status === 429) {
				limited = outcome;
				continue;
			}
			if (isSuccess(outcome) && outcome.text === undefined) return outcome.body;
			if (isDone(failure, outcome)) return {};
			const redirect = redirectOf(outcome, target.url);
			if (redirect && mayFollow(request, outcome, target.url, redirect)) {
				if (++redirects <= redirectsFollowed) {
					target = { request: { ...request, query: undefined }, url: redirect.href };
					continue;
				}
			}
		}

		const consequence = consequenceOf(outcome);
		failure.tries++;
		failure.mayBeDone ||= consequence.mayBeDone;
		const wait = Math.max(
			backoff(limits.firstPauseMs, failure.tries),
			('retryAfterMs' in outcome && outcome.retryAfterMs) || 0,
		);
		if (
			!mayRepeat(effect, consequence) ||
			failure.tries >= limits.tries ||
			Date.now() + wait > deadline
		)
			throw errorOf(failure, outcome, target.url);
		limited = undefined;
		target = { request, url: address };
		await pause(wait, cancel, failure.mayBeDone ? undefined : options.stop);
	}
}

/** A delete that answers 404 when it is repeated has been done by an earlier try. */
function isDone({ request, mayBeDone }: Failure, { status }: Answer): boolean {
	return request.method === 'DELETE' && mayBeDone && status === 404;
}

function verdictOn(outcome: Answer | Trouble): Verdict {
	if ('trouble' in outcome) return 'failed';
	if (outcome.status === 429) return { limited: true, retryAfterMs: outcome.retryAfterMs };
	return outcome.status < 500 ? 'answered' : 'failed';
}

function errorOf(failure: Failure, outcome: Answer | Trouble, url: string): NodeApiError {
	return 'trouble' in outcome ? troubleError(failure, outcome) : answerError(failure, outcome, url);
}
