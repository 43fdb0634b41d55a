import type { NodeApiError } from 'n8n-workflow';

import type { Effect, PocketsflowRequest } from '../api/request';
import { isErrorBody } from '../api/responses';
import { isPage, isSuccess, sendOnce, type AttemptResult, type HttpResponse } from './attempt';
import { hashCredential, loadCredential, type PocketsflowContext } from './credential';
import {
	buildFailureError,
	buildQueueTimeoutError,
	buildResponseError,
	type RequestState,
} from './errors';
import { computeBackoffMs, defaultLimits, type Limits } from './limits';
import { acquirePermit, getRateLimiter, releasePermit, type PermitResult } from './rateLimiter';
import { findFollowableRedirect } from './redirects';
import { classifyAttempt, mayRetry } from './retryPolicy';
import { delay } from './signals';

export interface SendOptions {
	limits?: Partial<Limits>;
	/** Stops waiting requests, except those that may have been processed: their outcome is wanted. */
	stop?: AbortSignal;
	/** Whether a JSON body contains what the request is for. Default: any body except an error. */
	isUsable?(body: unknown): boolean;
	/** Sends the first attempt ahead of the queue and of a pause, because a delivery waits for it. */
	isUrgent?: boolean;
}

const maxRedirects = 5;

/**
 * Sends one request and returns the parsed body of its response, `{}` for an empty one. The request waits
 * for its turn and while Pocketsflow limits requests, and is retried as far as its effect allows.
 * @throws NodeApiError that tells the user what happened and what to do, with the item's index;
 * `context.outcome` is 'unknown' if the request may or may not have been processed
 * @throws NodeOperationError if the credential can't be used
 */
export async function send(
	context: PocketsflowContext,
	request: PocketsflowRequest,
	effect: Effect,
	itemIndex?: number,
	options: SendOptions = {},
): Promise<unknown> {
	const credential = await loadCredential(context, itemIndex);
	const limits = { ...defaultLimits, ...options.limits };
	const state: RequestState = {
		node: context.getNode(),
		credential,
		request,
		effect,
		limits,
		attempts: 0,
		mayBeDone: false,
		itemIndex,
	};
	const cancel =
		'getExecutionCancelSignal' in context ? context.getExecutionCancelSignal() : undefined;
	const limiter = getRateLimiter(hashCredential(credential));
	const deadlineMs = Date.now() + limits.totalTimeoutMs;
	const original = { request, url: credential.baseUrl + request.path };
	let target = original;
	let redirects = 0;
	let rateLimited: HttpResponse | undefined;

	for (;;) {
		const permit = await acquirePermit(limiter, {
			limits,
			run: context,
			deadlineMs,
			goesFirst: rateLimited !== undefined,
			isUrgent: options.isUrgent && state.attempts === 0 && rateLimited === undefined,
			signals: state.mayBeDone ? [cancel] : [cancel, options.stop],
		});
		if (permit === 'timeout') throw buildQueueTimeoutError(state, rateLimited);
		if (permit === 'aborted') throw buildFailureError(state, { failure: 'cancelled' });

		const sendOptions = { url: target.url, limits, cancel };
		const result = await sendOnce(context, credential, target.request, sendOptions);
		releasePermit(limiter, permit, toPermitResult(result));
		if (!('failure' in result)) {
			if (result.status === 429) {
				rateLimited = result;
				continue;
			}
			if (isUsableSuccess(result, effect, options)) return result.body;
			if (isAlreadyDeleted(state, result)) return {};
			const redirect = findFollowableRedirect(request, result, target.url);
			if (redirect && ++redirects <= maxRedirects) {
				target = { request: { ...request, query: undefined }, url: redirect.href };
				continue;
			}
		}

		const outcome = classifyAttempt(result);
		state.attempts++;
		state.mayBeDone ||= outcome.mayBeDone;
		const waitMs = computeRetryDelayMs(state, result);
		const isLast = state.attempts >= limits.maxAttempts || Date.now() + waitMs > deadlineMs;
		if (isLast || !mayRetry(effect, outcome)) throw buildAttemptError(state, result, target.url);
		rateLimited = undefined;
		target = original;
		await delay(waitMs, cancel, state.mayBeDone ? undefined : options.stop);
	}
}

function isUsableSuccess(
	response: HttpResponse,
	effect: Effect,
	{ isUsable }: SendOptions,
): boolean {
	const { body, text } = response;
	if (!isSuccess(response) || text !== undefined || isErrorBody(body, effect)) return false;
	return isUsable === undefined || isUsable(body);
}

/** Whether an earlier attempt of a delete succeeded, so that a later one gets 404. */
function isAlreadyDeleted({ request, mayBeDone }: RequestState, response: HttpResponse): boolean {
	const isGone = response.status === 404 && !isPage(response);
	return request.method === 'DELETE' && mayBeDone && isGone;
}

function toPermitResult(result: AttemptResult): PermitResult {
	if ('failure' in result) return 'failed';
	if (result.status === 429) return { rateLimited: true, retryAfterMs: result.retryAfterMs };
	return result.status < 500 ? 'answered' : 'failed';
}

function computeRetryDelayMs({ limits, attempts }: RequestState, result: AttemptResult): number {
	const retryAfterMs = ('retryAfterMs' in result && result.retryAfterMs) || 0;
	return Math.max(computeBackoffMs(limits.retryDelayMs, attempts), retryAfterMs);
}

function buildAttemptError(state: RequestState, result: AttemptResult, url: string): NodeApiError {
	return 'failure' in result
		? buildFailureError(state, result)
		: buildResponseError(state, result, url);
}
