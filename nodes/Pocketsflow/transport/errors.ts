import { NodeApiError, type INode, type JsonObject } from 'n8n-workflow';

import { withoutKey, type Account } from './credential';
import { wordsIn } from '../api/responses';
import type { Answer, Trouble, TroubleKind } from './attempt';
import { inWords, type Limits } from './limits';
import { redirectOf } from './retryPolicy';
import type { Effect, Mode, PocketsflowRequest } from '../api/request';

export type { Mode };

/** A request that came to nothing, with all that its error may tell. */
export interface Failure {
	node: INode;
	account: Account;
	request: PocketsflowRequest;
	effect: Effect;
	limits: Limits;
	/** Tries that may have reached Pocketsflow. */
	tries: number;
	/** Whether one of them may have been carried out. */
	mayBeDone: boolean;
	itemIndex?: number;
}

const statusNames: Record<number, string> = {
	400: 'Bad request',
	401: 'Unauthorized',
	403: 'Forbidden',
	404: 'Not found',
	408: 'Request timeout',
	409: 'Conflict',
	422: 'Unprocessable request',
	429: 'Too many requests',
	500: 'Internal server error',
	502: 'Bad gateway',
	503: 'Service unavailable',
	504: 'Gateway timeout',
};

type Step = (failure: Failure) => string;

const correctFields: Step = () => 'Correct the field that Pocketsflow names and try again';

const nextSteps: Record<number, Step> = {
	400: correctFields,
	401: ({ account: { credentialName, mode } }) =>
		`Check the API key in the credential "${credentialName}": it is a ${mode}-mode key and may be revoked or mistyped`,
	403: ({ account: { credentialName, mode } }) =>
		`The ${mode}-mode API key in the credential "${credentialName}" may not do this. Check at Pocketsflow what it is allowed to do`,
	404: ({ account: { mode } }) =>
		`Check the ID: it must be of this account and made in ${mode} mode, as the API key is`,
	409: () => 'It conflicts with what is at Pocketsflow already',
	422: correctFields,
};

const troubleWords: Record<TroubleKind, (failure: Failure, trouble: Trouble) => string> = {
	unreachable: ({ account }, { code }) =>
		code === 'ECONNREFUSED'
			? `${hostOf(account)} refuses connections`
			: `The host name ${hostOf(account)} cannot be resolved`,
	insecure: ({ account }) => `No secure connection to ${hostOf(account)} could be made`,
	timeout: ({ account, limits }) =>
		`${hostOf(account)} did not answer completely within ${inWords(limits.requestMs)}`,
	broken: ({ account }, { status }) =>
		status === undefined
			? `${hostOf(account)} closed the connection without an answer`
			: `The answer of ${hostOf(account)} broke off or was damaged`,
	tooLarge: ({ limits }) =>
		`The answer is larger than ${Math.round(limits.answerBytes / 1024 ** 2)} MB, the most that this node takes in`,
	cancelled: () => 'The execution was stopped',
	refusedByN8n: (_, { words }) => words ?? 'n8n did not send the request',
};

const troubleSteps: Record<TroubleKind, Step> = {
	unreachable: ({ account: { credentialName } }) =>
		`Check the Base URL in the credential "${credentialName}" and the network of n8n`,
	insecure: ({ account: { credentialName } }) =>
		`Check the Base URL in the credential "${credentialName}" and the certificate of that host`,
	timeout: () => 'Try again later',
	broken: () => 'Try again later',
	tooLarge: () => 'Ask for less: set a limit or narrow the filters',
	cancelled: () => '',
	refusedByN8n: () => '',
};

/** The error of a request that Pocketsflow answered, but not with success in JSON. */
export function answerError(failure: Failure, answer: Answer, url: string): NodeApiError {
	const { status, body, text } = answer;
	const { text: said, code } = wordsIn(body);
	const redirect = redirectOf(answer, url);
	const isPage = text !== undefined && text !== '';
	const name = statusNames[status] ?? `Pocketsflow answered with status ${status}`;
	const named = status < 300 ? 'The answer' : isPage ? `${name}: the answer` : name;
	const words = redirect
		? `${hostOf(failure.account)} redirects to ${redirect.origin === new URL(url).origin ? redirect.pathname : redirect.origin}, which is not followed`
		: (said ?? (isPage ? `${named} is not JSON but begins "${firstWords(text)}"` : named));
	const next = redirect
		? `Correct the Base URL in the credential "${failure.account.credentialName}"`
		: (nextSteps[status]?.(failure) ??
			(status >= 500 || status === 408
				? 'Pocketsflow could not process the request. Try again later'
				: isPage
					? `Something other than Pocketsflow may have answered: check the Base URL in the credential "${failure.account.credentialName}" and the proxy`
					: ''));
	return told(failure, {
		words,
		next,
		evidence: `answered ${status}${code ? ` (${code})` : ''}`,
		httpCode: String(status),
	});
}

/** The error of a request that was not answered, or whose answer could not be taken in. */
export function troubleError(failure: Failure, trouble: Trouble): NodeApiError {
	const { status, code } = trouble;
	return told(failure, {
		words: troubleWords[trouble.trouble](failure, trouble),
		next: troubleSteps[trouble.trouble](failure),
		evidence: `${status === undefined ? 'was not answered' : `began to answer ${status}`}${code ? ` (${code})` : ''}`,
	});
}

/** The error of a request whose patience ended, or was bound to end, before its turn came. */
export function lateError(failure: Failure, limited: Answer | undefined): NodeApiError {
	const patience = inWords(failure.limits.patienceMs);
	const asked = limited?.retryAfterMs ?? 0;
	const said = limited && sentence(wordsIn(limited.body).text ?? statusNames[429]);
	const waited =
		asked > failure.limits.patienceMs
			? `Pocketsflow asks to wait ${inWords(asked)}; this node waits at most ${patience}`
			: `The rate limit of Pocketsflow keeps this request waiting longer than the ${patience} that it may`;
	return told(failure, {
		words: [said, waited].filter(Boolean).join(' '),
		next: 'Try again later, or send fewer items at once',
		evidence: limited ? 'answered 429' : 'did not get its turn',
		httpCode: '429',
	});
}

interface Story {
	words: string;
	next: string;
	evidence: string;
	httpCode?: string;
}

/**
 * The message alone tells what happened and what to do, because n8n shows no more of it for a trigger; the
 * description adds the evidence. Neither holds anything that was sent, nor the key.
 */
function told(failure: Failure, story: Story): NodeApiError {
	const { node, account, request, effect, mayBeDone, tries, itemIndex } = failure;
	const unknown = effect !== 'read' && mayBeDone;
	const tell = (...parts: string[]) =>
		withoutKey(parts.filter(Boolean).map(sentence).join(' '), account);
	const message = tell(
		story.words,
		unknown && effect === 'create'
			? `Whether this was carried out is unknown, and it was not sent again: look at Pocketsflow (${account.mode} mode) before you repeat it`
			: story.next,
		unknown && effect === 'change'
			? 'It may have been done all the same; doing it again is harmless'
			: '',
	);
	const description = tell(
		`${request.method} ${request.path} ${story.evidence}${tries > 1 ? `, after ${tries} tries` : ''}, with the ${account.mode}-mode key of the credential "${account.credentialName}"`,
		!unknown && effect !== 'read' ? 'Nothing was changed by it' : '',
	);
	const error = new NodeApiError(node, { message } as JsonObject, {
		message,
		description,
		httpCode: story.httpCode,
		itemIndex,
	});
	// n8n replaces a message in which it sees the name of an error code, such as EEXIST in "preexisting".
	error.message = message;
	if (unknown) error.context.outcome = 'unknown';
	return error;
}

const hostOf = ({ baseUrl }: Account) => new URL(baseUrl).host;

const sentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/** The visible text that a page begins with. */
function firstWords(page: string): string {
	const visible = page
		.slice(0, 20_000)
		.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, ' ')
		.replace(/<[^>]*>/g, ' ')
		.replace(/\s+/g, ' ')
		.trim();
	const words = visible || page.slice(0, 100).trim();
	return words.length > 100 ? `${words.slice(0, 100)}…` : words;
}
