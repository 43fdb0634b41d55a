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

/** Sentences without a period. */
interface Explanation {
	whatHappened: string;
	nextStep: string;
}

interface ErrorParts extends Explanation {
	/** The result of the request, as in "GET /products returned 404". */
	finding: string;
	httpCode?: string;
}

/** Whether an error of `send` says that Pocketsflow does not have, or no longer has, what was requested. */
export const isNotFound = (error: unknown): boolean => hasStatus(error, [404]);

/** Whether an error of `send` comes from a response with one of these statuses. */
export const hasStatus = (error: unknown, statuses: readonly number[]): boolean =>
	error instanceof NodeApiError && statuses.includes(Number(error.httpCode));

type Target = Pick<PocketsflowCredential, 'baseUrl' | 'name'>;

export type AnswerTarget = Target &
	Pick<PocketsflowCredential, 'mode'> &
	Pick<PocketsflowRequest, 'ifNotFound'> & { effect?: Effect };

const foreignStep =
	"A proxy, a firewall, or another server may have responded instead of Pocketsflow. Check the 'Base URL' in {credential} and n8n's network connection";
const fixNamedField = 'Fix the field named above and try again';
const checkFields = 'Check the fields of the node and try again';
const checkProxy = "Check n8n's proxy settings and make sure that the proxy";
const untrusted = 'The certificate of {host} is not trusted by n8n';

/** What a status means, and what to do about it, if Pocketsflow itself says nothing. */
const statusTexts: Partial<Record<number, { name: string; step?: string }>> = {
	400: { name: 'Bad request', step: checkFields },
	401: {
		name: 'Unauthorized',
		step: "Pocketsflow doesn't recognize this API key. Check the 'API Key' in {credential}: it is a {mode}-mode key and may have been mistyped or revoked",
	},
	403: {
		name: 'Forbidden',
		step: "The {mode}-mode API key in {credential} doesn't have permission for this request. Check the key's permissions in Pocketsflow",
	},
	404: {
		name: 'Not found',
		step: 'Check the ID. It must belong to this account and to {mode} mode, like the API key',
	},
	407: {
		name: 'Proxy authentication required',
		step: "Add the user name and password of the proxy to n8n's proxy settings",
	},
	408: { name: 'Request timeout' },
	409: {
		name: 'Conflict',
		step: 'The request conflicts with existing data. Check that data in Pocketsflow, then try again',
	},
	422: { name: 'Unprocessable request', step: checkFields },
	429: { name: 'Too many requests', step: 'Wait a minute and try again' },
	502: { name: 'Bad gateway' },
	503: { name: 'Service unavailable' },
	504: { name: 'Gateway timeout' },
};

const codeTexts: Partial<Record<string, string>> = {
	ECONNREFUSED: "Can't connect to {host}: the connection was refused",
	ENOTFOUND: "Can't resolve host {host}",
	EAI_AGAIN: "Can't resolve host {host}: n8n may not be connected to the internet",
	EHOSTUNREACH: "Can't reach {host} from this n8n instance",
	ENETUNREACH: "Can't reach {host} from this n8n instance",
	CERT_HAS_EXPIRED: 'The certificate of {host} has expired',
	ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of {host} is for a different hostname',
	DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
	SELF_SIGNED_CERT_IN_CHAIN: untrusted,
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
	EPROTO: '{host} does not accept https connections on this port',
};

const failureTexts: Record<FailureKind, { what: string; step?: string }> = {
	unreachable: {
		what: "Can't reach {host}",
		step: "Check the 'Base URL' in {credential} and n8n's network connection",
	},
	insecure: {
		what: "Can't establish a secure connection to {host}",
		step: "Check the 'Base URL' in {credential} and the certificate of the host",
	},
	timeout: {
		what: '{host} did not send a complete response within {timeout}',
		step: 'Try again later',
	},
	connectionLost: {
		what: '{host} closed the connection without a response',
		step: 'Try again later',
	},
	tooLarge: {
		what: 'The response is larger than {maxSize} MB, the maximum for this node',
		step: "Request less data: set 'Limit' or narrow 'Filters'",
	},
	cancelled: { what: 'The execution was stopped' },
	refusedByN8n: { what: 'n8n did not send the request' },
	refusedByProxy: {
		what: 'The proxy refused to connect n8n to {host}',
		step: `${checkProxy} allows connections to {host}`,
	},
};

/** What to add if a request may have been processed: to the message, and to the description. */
const unknownOutcomes = {
	change: ['Pocketsflow may still have processed the request', 'You can safely try again'],
	create: [
		'The outcome is unknown: Pocketsflow may have processed this request. It was not sent again. Check Pocketsflow ({mode} mode) before you retry',
		'',
	],
};

/** Fills in the values that a text names in braces. */
function fill(
	text: string,
	{ baseUrl, name, mode = '' }: Target & { mode?: string },
	{ requestTimeoutMs, maxResponseBytes }: Limits = defaultLimits,
): string {
	const values: Partial<Record<string, string>> = {
		host: new URL(baseUrl).host,
		credential: name === 'this credential' ? name : `the credential "${name}"`,
		mode,
		timeout: formatDuration(requestTimeoutMs),
		maxSize: String(Math.round(maxResponseBytes / 1024 ** 2)),
	};
	return text.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
}

function explainFailure(
	target: Target,
	{ failure, status, code = '', reason, proxy }: AttemptFailure,
	limits: Limits,
): Explanation {
	if (proxy !== undefined)
		return {
			whatHappened: `n8n could not connect through ${['the proxy', proxy].join(' ').trim()}`,
			nextStep: `${checkProxy} is running`,
		};
	const { what, step = '' } = failureTexts[failure];
	const isCutOff = failure === 'connectionLost' && status !== undefined;
	const text = isCutOff ? 'The response from {host} was cut off or damaged' : what;
	// After a response began, a code does not say what prevented the request from being sent.
	const codeText = status === undefined ? codeTexts[code] : undefined;
	return {
		whatHappened: reason ?? fill(codeText ?? text, target, limits),
		nextStep: fill(step, target),
	};
}

/** Explains what happened to a request without a response within `timeoutMs`, and what to do. */
export function describeFailure(
	target: Target,
	failure: AttemptFailure,
	timeoutMs: number,
): string {
	const limits = { ...defaultLimits, requestTimeoutMs: timeoutMs };
	const { whatHappened, nextStep } = explainFailure(target, failure, limits);
	return joinSentences(whatHappened, nextStep);
}

/** Explains a response in Pocketsflow's own words if it has any. Keys are not redacted yet. */
export function describeAnswer(
	target: AnswerTarget,
	response: HttpResponse,
	url: string,
): Explanation {
	const redirect = readRedirect(response, url);
	if (redirect) {
		const place = redirect.origin === new URL(url).origin ? redirect.pathname : redirect.origin;
		return {
			whatHappened: `${fill('{host}', target)} redirects to ${place}. This node does not follow redirects`,
			nextStep: fill("Update the 'Base URL' in {credential}", target),
		};
	}
	const { text } = readErrorParts(response.body);
	const isError = !isSuccess(response) || isErrorBody(response.body, target.effect);
	const isExplained = text !== undefined && isError;
	const step = describeStatusStep(target, response);
	return {
		whatHappened: isExplained ? shorten(text) : describeUnusable(response),
		nextStep: step === checkFields && isExplained ? fixNamedField : step,
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
		...describeAnswer({ ...state.credential, ifNotFound, effect: state.effect }, response, url),
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
		...explainFailure(state.credential, failure, state.limits),
		finding: `${finding}${formatCode(code)}`,
	});
}

const formatCode = (code: string | undefined) => (code ? ` (${code})` : '');

/** Builds the error of a request that got no turn in time; `rateLimited` is its last 429 response. */
export function buildQueueTimeoutError(
	state: RequestState,
	rateLimited: HttpResponse | undefined,
): NodeApiError {
	const { totalTimeoutMs } = state.limits;
	const total = formatDuration(totalTimeoutMs);
	const retryAfterMs = rateLimited?.retryAfterMs ?? 0;
	const wait =
		retryAfterMs > totalTimeoutMs
			? `Pocketsflow asked n8n to wait ${formatDuration(retryAfterMs)}, but this node waits at most ${total}`
			: `Because of Pocketsflow's rate limit, this request had to wait longer than the maximum of ${total}`;
	const text = rateLimited && (readErrorParts(rateLimited.body).text ?? 'Too many requests');
	return buildError(state, {
		whatHappened: joinSentences(text ?? '', wait),
		nextStep: 'Try again later, or process fewer items',
		finding: rateLimited ? 'returned 429' : 'was not sent in time',
		httpCode: '429',
	});
}

function describeUnusable(response: HttpResponse): string {
	const { status, body, text } = response;
	const isEmpty = ['{}', '[]', 'null', '""', undefined].includes(JSON.stringify(body));
	const excerpt = isEmpty ? '' : cut(JSON.stringify(body), maxExcerptLength);
	const page = text ? `is not JSON. It begins with "${excerptPage(text)}"` : '';
	if (!isSuccess(response)) {
		const name = statusTexts[status]?.name ?? `Pocketsflow returned status ${status}`;
		const answer = page || (excerpt && `is ${excerpt}`);
		return answer ? `${name}: the response ${answer}` : name;
	}
	if (page) return `The response ${page}`;
	// A message in a success that lacks what it should contain may explain why.
	const message = readErrorParts(body).text;
	const found = message !== undefined ? `"${shorten(message)}"` : excerpt;
	const what = 'Pocketsflow did not return the requested data';
	return found ? `${what}. It returned ${found}` : what;
}

function describeStatusStep(target: AnswerTarget, response: HttpResponse): string {
	const { status, text } = response;
	if (status >= 500 || status === 408)
		return 'Pocketsflow could not process the request. Try again later';
	const isForeign = isPage(response) || (isSuccess(response) && Boolean(text));
	if (isForeign && status !== 407) return fill(foreignStep, target);
	if (status === 404 && target.ifNotFound !== undefined) return target.ifNotFound;
	if (isSuccess(response) && isErrorBody(response.body, target.effect)) return checkFields;
	return fill(statusTexts[status]?.step ?? '', target);
}

/** Neither message nor description contains anything that was sent, nor the key. */
function buildError(state: RequestState, parts: ErrorParts): NodeApiError {
	const { node, credential, effect, itemIndex, attempts } = state;
	const { method, path } = state.request;
	const { apiKey, mode, name } = credential;
	const isUnknown = effect !== 'read' && state.mayBeDone;
	const unchanged = effect === 'read' ? '' : 'Nothing was changed';
	const [outcome, advice] = isUnknown ? unknownOutcomes[effect] : ['', unchanged];
	const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
	const message = redactKeys(joinSentences(parts.whatHappened, fill(outcome, credential)), apiKey);
	const description = joinSentences(
		isUnknown && effect === 'create' ? '' : parts.nextStep,
		advice,
		`${method} ${path} ${parts.finding}${tries}, using the ${mode}-mode key of the credential "${name}"`,
	);
	const error = new NodeApiError(node, { message } as JsonObject, {
		message,
		description: redactKeys(description, apiKey),
		httpCode: parts.httpCode,
		itemIndex,
	});
	if (isUnknown) error.context.outcome = 'unknown';
	return setMessage(error, message);
}

/** Sets a message that n8n may have replaced on creation (docs/n8n-engine.md#errors-and-messages). */
export function setMessage<E extends Error>(error: E, message: string): E {
	error.message = message;
	return error;
}

export const joinSentences = (...sentences: string[]): string =>
	sentences.filter(Boolean).map(toSentence).join(' ');

/** Joins the two for places that show only one (docs/n8n-engine.md#errors-and-messages). */
export function composeMessage(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { message, description } = error as Error & { description?: string | null };
	return joinSentences(message, description && description !== message ? String(description) : '');
}

const maxQuotedLength = 500;
const maxExcerptLength = 100;

const cut = (text: string, length: number) =>
	text.length > length ? `${text.slice(0, length)}…` : text;

const shorten = (text: string) => cut(text, maxQuotedLength);

/** The text, with a period unless it ends with a punctuation mark. */
export const toSentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/**
 * The visible text at the beginning of a page. Each pattern passes over the page once, whatever it
 * contains: an element that is never closed is not searched for again from the next character on.
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
