import { NodeApiError, type INode, type JsonObject } from 'n8n-workflow';

import { wordsIn } from './answers';
import type { PocketsflowRequest } from './request';

export type Mode = 'test' | 'live';

export interface Failure {
	request: PocketsflowRequest;
	status: number;
	body: unknown;
	mode: Mode;
	itemIndex?: number;
}

const statusNames: Record<number, string> = {
	400: 'Bad request',
	401: 'Unauthorized',
	403: 'Forbidden',
	404: 'Not found',
	409: 'Conflict',
	422: 'Unprocessable request',
	429: 'Too many requests',
	500: 'Internal server error',
	502: 'Bad gateway',
	503: 'Service unavailable',
};

const nextSteps: Record<number, (failure: Failure) => string> = {
	400: () => 'Check the fields of this node that the message names.',
	401: ({ mode }) =>
		`Check the API key in the Pocketsflow credential. It is a ${mode}-mode key; it may be revoked or mistyped.`,
	403: ({ mode }) =>
		`The ${mode}-mode API key of the Pocketsflow credential may not do this. Check what it is allowed to do at Pocketsflow.`,
	404: ({ request, mode }) =>
		`Nothing was found at ${request.path} with this ${mode}-mode key. Check the ID, and that it was made in ${mode} mode and in this account.`,
	429: () => 'Pocketsflow limits requests per minute. Try again in a minute, or send fewer items at once.',
};

/**
 * Words a failed answer for the operator: Pocketsflow's own words first, then what to do next. The error
 * carries status, code, method and path, and never what was sent.
 */
export function answerError(node: INode, failure: Failure): NodeApiError {
	const { request, status, body, itemIndex } = failure;
	const { text, code } = wordsIn(body);
	const message = text ?? statusNames[status] ?? `Pocketsflow answered with status ${status}`;
	const next =
		nextSteps[status]?.(failure) ??
		(status >= 500
			? 'Pocketsflow could not process the request right now. Try again later.'
			: 'Check the values of this node.');
	const source = `${request.method} ${request.path} answered ${status}${code ? ` (${code})` : ''}.`;
	return new NodeApiError(node, { message } as JsonObject, {
		message,
		description: `${next} ${source}`,
		httpCode: String(status),
		itemIndex,
	});
}
