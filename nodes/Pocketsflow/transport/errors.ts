import { NodeApiError, type INode, type JsonObject } from 'n8n-workflow';

import type { Effect, PocketsflowRequest } from '../api/request';
import { isErrorBody, readErrorParts } from '../api/responses';
import {
	isPage,
	isSuccess,
	type AttemptFailure,
	type FailureKind,
	type HttpResponse,
} from './attempt';
import type { PocketsflowCredential } from './credential';
import { defaultLimits, formatDuration, type Limits } from './limits';
import { redactKeys } from './redaction';
import { readRedirect } from './redirects';

/** One request and its outcome so far: everything that an error may report. */
export interface RequestState {
	node: INode;
	credential: PocketsflowCredential;
	request: PocketsflowRequest;
	effect: Effect;
	limits: Limits;
	/** Attempts that may have reached Pocketsflow. */
	attempts: number;
	/** Whether one of them may have been processed. */
	mayBeDone: boolean;
	itemIndex?: number;
}

/** The parts of an error that differ between failures, each a sentence without a period. */
interface ErrorParts {
	whatHappened: string;
	nextStep: string;
	/** The result of the request, as in "GET /products returned 404". */
	finding: string;
	httpCode?: string;
}

/** Whether an error of `send` says that Pocketsflow does not have, or no longer has, what was requested. */
export const isNotFound = (error: unknown): boolean => hasStatus(error, [404]);

/** Whether an error of `send` comes from a response with one of these statuses. */
export const hasStatus = (error: unknown, statuses: readonly number[]): boolean =>
	error instanceof NodeApiError && statuses.includes(Number(error.httpCode));

/** The parts of a request that the description of its response may name. */
export type AnswerTarget = Pick<PocketsflowCredential, 'baseUrl' | 'name' | 'mode'> &
	Pick<PocketsflowRequest, 'ifNotFound'>;

/** What a status means, and what to do about it, if Pocketsflow itself says nothing. */
interface StatusText {
	name: string;
	step?(target: AnswerTarget): string;
}

const correctFields = () => 'Fix the field named above and try again';

const statusTexts: Record<number, StatusText> = {
	400: { name: 'Bad request', step: correctFields },
	401: {
		name: 'Unauthorized',
		step: ({ name, mode }) =>
			`Pocketsflow doesn't recognize this API key. Check the 'API Key' in ${nameCredential(name)}: it is a ${mode}-mode key and may have been mistyped or revoked`,
	},
	403: {
		name: 'Forbidden',
		step: ({ name, mode }) =>
			`The ${mode}-mode API key in ${nameCredential(name)} doesn't have permission for this request. Check the key's permissions in Pocketsflow`,
	},
	404: {
		name: 'Not found',
		step: ({ ifNotFound, mode }) =>
			ifNotFound ??
			`Check the ID. It must belong to this account and to ${mode} mode, like the API key`,
	},
	407: {
		name: 'Proxy authentication required',
		step: () => "Add the user name and password of the proxy to n8n's proxy settings",
	},
	408: { name: 'Request timeout' },
	409: {
		name: 'Conflict',
		step: () =>
			'The request conflicts with existing data. Check that data in Pocketsflow, then try again',
	},
	422: { name: 'Unprocessable request', step: correctFields },
	429: { name: 'Too many requests', step: () => 'Wait a minute and try again' },
	502: { name: 'Bad gateway' },
	503: { name: 'Service unavailable' },
	504: { name: 'Gateway timeout' },
};

type Target = Pick<PocketsflowCredential, 'baseUrl' | 'name'>;

/** Explains Node.js codes to users who do not know them. */
const codeSentences: Record<string, (host: string) => string> = {
	ECONNREFUSED: (host) => `Can't connect to ${host}: the connection was refused`,
	ENOTFOUND: (host) => `Can't resolve host ${host}`,
	EAI_AGAIN: (host) => `Can't resolve host ${host}: n8n may not be connected to the internet`,
	EHOSTUNREACH: (host) => `Can't reach ${host} from this n8n instance`,
	ENETUNREACH: (host) => `Can't reach ${host} from this n8n instance`,
	CERT_HAS_EXPIRED: (host) => `The certificate of ${host} has expired`,
	ERR_TLS_CERT_ALTNAME_INVALID: (host) => `The certificate of ${host} is for a different hostname`,
	DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
	SELF_SIGNED_CERT_IN_CHAIN: untrusted,
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
	EPROTO: (host) => `${host} does not accept https connections on this port`,
};

/** These explain what prevented a request from being sent. With the others, it may have been sent. */
const kindsWithCode: FailureKind[] = ['unreachable', 'insecure'];

function untrusted(host: string): string {
	return `The certificate of ${host} is not trusted by n8n`;
}

const failureSentences: Record<
	FailureKind,
	(host: string, failure: AttemptFailure, limits: Limits) => string
> = {
	unreachable: (host) => `Can't reach ${host}`,
	insecure: (host) => `Can't establish a secure connection to ${host}`,
	timeout: (host, _, { requestTimeoutMs }) =>
		`${host} did not send a complete response within ${formatDuration(requestTimeoutMs)}`,
	connectionLost: (host, { status }) =>
		status === undefined
			? `${host} closed the connection without a response`
			: `The response from ${host} was cut off or damaged`,
	tooLarge: (_host, _, { maxResponseBytes }) =>
		`The response is larger than ${Math.round(maxResponseBytes / 1024 ** 2)} MB, the maximum for this node`,
	cancelled: () => 'The execution was stopped',
	refusedByN8n: (_, { reason }) => reason ?? 'n8n did not send the request',
	refusedByProxy: (host) => `The proxy refused to connect n8n to ${host}`,
};

const failureSteps: Record<FailureKind, (target: Target) => string> = {
	unreachable: ({ name }) =>
		`Check the 'Base URL' in ${nameCredential(name)} and n8n's network connection`,
	insecure: ({ name }) =>
		`Check the 'Base URL' in ${nameCredential(name)} and the certificate of the host`,
	timeout: () => 'Try again later',
	connectionLost: () => 'Try again later',
	tooLarge: () => "Request less data: set 'Limit' or narrow 'Filters'",
	cancelled: () => '',
	refusedByN8n: () => '',
	refusedByProxy: ({ baseUrl }) => checkProxy(`allows connections to ${new URL(baseUrl).host}`),
};

const checkProxy = (state: string) =>
	`Check n8n's proxy settings and make sure that the proxy ${state}`;

const nameCredential = (name: string) =>
	name === 'this credential' ? name : `the credential "${name}"`;

function describeWhatHappened(
	target: Target,
	failure: AttemptFailure,
	limits: Limits = defaultLimits,
): string {
	const { failure: kind, code = '', proxy } = failure;
	if (proxy !== undefined)
		return `n8n could not connect through ${['the proxy', proxy].join(' ').trim()}`;
	const host = getHost(target);
	const byCode = kindsWithCode.includes(kind) ? codeSentences[code] : undefined;
	return byCode?.(host) ?? failureSentences[kind](host, failure, limits);
}

const describeFailureStep = (target: Target, { failure, proxy }: AttemptFailure) =>
	proxy === undefined ? failureSteps[failure](target) : checkProxy('is running');

/** Explains what happened to a request without a response within `timeoutMs`, and what to do. */
export function describeFailure(
	target: Target,
	failure: AttemptFailure,
	timeoutMs: number,
): string {
	const limits = { ...defaultLimits, requestTimeoutMs: timeoutMs };
	return joinSentences(
		describeWhatHappened(target, failure, limits),
		describeFailureStep(target, failure),
	);
}

/**
 * Explains what is wrong with a response, in Pocketsflow's own words if it has any, and what to do. Both
 * without a period. Keys are not redacted yet.
 */
export function describeAnswer(
	target: AnswerTarget,
	response: HttpResponse,
	url: string,
): Pick<ErrorParts, 'whatHappened' | 'nextStep'> {
	const redirect = readRedirect(response, url);
	if (redirect) return describeRedirect(target, redirect, url);
	const { text } = readErrorParts(response.body);
	const isExplained = text !== undefined && (!isSuccess(response) || isErrorBody(response.body));
	return {
		whatHappened: isExplained ? shorten(text) : describeUnusable(response),
		nextStep: describeStatusStep(target, response),
	};
}

/** Builds the error of a request whose response was not a success in JSON. */
export function buildResponseError(
	state: RequestState,
	response: HttpResponse,
	url: string,
): NodeApiError {
	const { status, body } = response;
	const { ifNotFound } = state.request;
	return buildError(state, {
		...describeAnswer({ ...state.credential, ifNotFound }, response, url),
		finding: `returned ${status}${formatCode(readErrorParts(body).code)}`,
		// A page's status does not come from Pocketsflow: a 404 does not mean that the record does not exist.
		httpCode: isPage(response) && status < 500 ? undefined : String(status),
	});
}

/** Builds the error of a request without a response, or with a response that could not be read. */
export function buildFailureError(state: RequestState, failure: AttemptFailure): NodeApiError {
	const { status, code } = failure;
	const finding = status === undefined ? 'got no response' : `started to return ${status}`;
	return buildError(state, {
		whatHappened: describeWhatHappened(state.credential, failure, state.limits),
		nextStep: describeFailureStep(state.credential, failure),
		finding: `${finding}${formatCode(code)}`,
	});
}

/**
 * Builds the error of a request whose total time ended, or was certain to end, before its turn.
 * @param rateLimited its last 429 response, if any
 */
export function buildQueueTimeoutError(
	state: RequestState,
	rateLimited: HttpResponse | undefined,
): NodeApiError {
	const { totalTimeoutMs } = state.limits;
	const total = formatDuration(totalTimeoutMs);
	const retryAfterMs = rateLimited?.retryAfterMs ?? 0;
	const text =
		rateLimited && toSentence(readErrorParts(rateLimited.body).text ?? statusTexts[429].name);
	const wait =
		retryAfterMs > totalTimeoutMs
			? `Pocketsflow asked n8n to wait ${formatDuration(retryAfterMs)}, but this node waits at most ${total}`
			: `Because of Pocketsflow's rate limit, this request had to wait longer than the maximum of ${total}`;
	return buildError(state, {
		whatHappened: [text, wait].filter(Boolean).join(' '),
		nextStep: 'Try again later, or process fewer items',
		finding: rateLimited ? 'returned 429' : 'was not sent in time',
		httpCode: '429',
	});
}

function describeRedirect(
	credential: Target,
	redirect: URL,
	url: string,
): Pick<ErrorParts, 'whatHappened' | 'nextStep'> {
	const target = redirect.origin === new URL(url).origin ? redirect.pathname : redirect.origin;
	return {
		whatHappened: `${getHost(credential)} redirects to ${target}. This node does not follow redirects`,
		nextStep: `Update the 'Base URL' in ${nameCredential(credential.name)}`,
	};
}

/** Describes a response without an error text from Pocketsflow. */
function describeUnusable(response: HttpResponse): string {
	const { status, body, text } = response;
	if (isSuccess(response)) return text ? `The response ${quotePage(text)}` : describeEmpty(body);
	const name = statusTexts[status]?.name ?? `Pocketsflow returned status ${status}`;
	const answer = text ? quotePage(text) : isEmptyBody(body) ? '' : `is ${excerptJson(body)}`;
	return (answer && `${name}: the response ${answer}`) || name;
}

const quotePage = (page: string) => `is not JSON. It begins with "${excerptPage(page)}"`;

/** Says that a success response lacks what it should contain. A message in it may explain why. */
function describeEmpty(body: unknown): string {
	const { text } = readErrorParts(body);
	const what = 'Pocketsflow did not return the requested data';
	if (isEmptyBody(body)) return what;
	return `${what}. It returned ${text === undefined ? excerptJson(body) : `"${shorten(text)}"`}`;
}

const isEmptyBody = (body: unknown) =>
	body === undefined || ['{}', '[]', 'null', '""'].includes(JSON.stringify(body));

/** The beginning of a value as JSON. */
const excerptJson = (body: unknown) => cut(JSON.stringify(body), maxExcerptLength);

function describeStatusStep(target: AnswerTarget, response: HttpResponse): string {
	const { status, text } = response;
	const isForeign = isPage(response) || (isSuccess(response) && Boolean(text));
	if (status >= 500 || status === 408)
		return 'Pocketsflow could not process the request. Try again later';
	if (isForeign && status !== 407)
		return `A proxy, a firewall, or another server may have responded instead of Pocketsflow. Check the 'Base URL' in ${nameCredential(target.name)} and n8n's network connection`;
	const step = statusTexts[status]?.step?.(target);
	if (step !== undefined) return step;
	return isSuccess(response) && isErrorBody(response.body) ? correctFields() : '';
}

/**
 * Builds the error. Its message says what happened. Its description says what to do and which request
 * failed. Neither contains anything that was sent, nor the key.
 */
function buildError(state: RequestState, parts: ErrorParts): NodeApiError {
	const { node, credential, effect, itemIndex } = state;
	const isUnknown = effect !== 'read' && state.mayBeDone;
	const outcome = describeOutcome(state);
	const redact = (text: string) => redactKeys(text, credential.apiKey);
	const message = redact(joinSentences(parts.whatHappened, outcome.message));
	const description = redact(
		joinSentences(
			isUnknown && effect === 'create' ? '' : parts.nextStep,
			outcome.description,
			describeRequest(state, parts),
		),
	);
	const options = { message, description, httpCode: parts.httpCode, itemIndex };
	const error = new NodeApiError(node, { message } as JsonObject, options);
	if (isUnknown) error.context.outcome = 'unknown';
	return setMessage(error, message);
}

/**
 * Sets an error's message again. On creation, n8n replaces a message that contains the name of an error
 * code, such as EEXIST in "preexisting" (docs/n8n-engine.md#errors-and-messages).
 */
export function setMessage<E extends Error>(error: E, message: string): E {
	error.message = message;
	return error;
}

/** Says whether the request was processed. For a create, also says what to do, so that no one misses it. */
function describeOutcome({ effect, mayBeDone, credential: { mode } }: RequestState): {
	message: string;
	description: string;
} {
	if (effect === 'read') return { message: '', description: '' };
	if (!mayBeDone) return { message: '', description: 'Nothing was changed' };
	return effect === 'create'
		? {
				message: `The outcome is unknown: Pocketsflow may have processed this request. It was not sent again. Check Pocketsflow (${mode} mode) before you retry`,
				description: '',
			}
		: {
				message: 'Pocketsflow may still have processed the request',
				description: 'You can safely try again',
			};
}

/** Joins the sentences that are not empty. */
export const joinSentences = (...sentences: string[]): string =>
	sentences.filter(Boolean).map(toSentence).join(' ');

function describeRequest(
	{ request: { method, path }, attempts, credential: { mode, name } }: RequestState,
	{ finding }: ErrorParts,
): string {
	const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
	return `${method} ${path} ${finding}${tries}, using the ${mode}-mode key of the credential "${name}"`;
}

const getHost = ({ baseUrl }: Pick<PocketsflowCredential, 'baseUrl'>) => new URL(baseUrl).host;

const formatCode = (code: string | undefined) => (code ? ` (${code})` : '');

/**
 * Joins the message and the description of an error for places where n8n shows only one of them: triggers
 * and the lists of the editor (docs/n8n-engine.md#errors-and-messages).
 */
export function composeMessage(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { message, description } = error as Error & { description?: string | null };
	const isNew = Boolean(description) && description !== message;
	return isNew ? `${toSentence(message)} ${toSentence(String(description))}` : toSentence(message);
}

const maxQuotedLength = 500;
const maxExcerptLength = 100;

const cut = (text: string, length: number) =>
	text.length > length ? `${text.slice(0, length)}…` : text;

/** A text from Pocketsflow, shortened for an error message. */
const shorten = (text: string) => cut(text, maxQuotedLength);

/** The text, with a period unless it ends with a punctuation mark. */
export const toSentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/**
 * The visible text at the beginning of a page, at most 100 characters. Each pattern passes over the page
 * once, whatever it contains: an element that is never closed is not searched for again from the next
 * character on.
 */
export function excerptPage(page: string): string {
	const visible = page
		.slice(0, 20_000)
		.replace(/<(script|style)\b[\s\S]*?(?:<\/\1>|$)/gi, ' ')
		.replace(/<[^<>]*>/g, ' ')
		.replace(/\s+/g, ' ')
		.trim();
	return cut(visible || page.slice(0, maxExcerptLength).trim(), maxExcerptLength);
}
