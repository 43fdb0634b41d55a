import { NodeApiError, type INode, type JsonObject } from 'n8n-workflow';

import type { Effect, PocketsflowRequest } from '../api/request';
import { isErrorBody, readErrorParts } from '../api/responses';
import { isSuccess, type AttemptFailure, type FailureKind, type HttpResponse } from './attempt';
import type { PocketsflowCredential } from './credential';
import { defaultLimits, formatDuration, type Limits } from './limits';
import { redactKeys } from './redaction';
import { readRedirect } from './redirects';

/** One request and what became of it so far: all that an error may tell. */
export interface RequestState {
	node: INode;
	credential: PocketsflowCredential;
	request: PocketsflowRequest;
	effect: Effect;
	limits: Limits;
	/** Attempts that may have reached Pocketsflow. */
	attempts: number;
	/** Whether one of them may have been carried out. */
	mayBeDone: boolean;
	itemIndex?: number;
}

/** The parts of an error that differ from one failure to another, each a sentence without its full stop. */
interface ErrorParts {
	whatHappened: string;
	nextStep: string;
	/** What the request met with, as in "GET /products answered 404". */
	finding: string;
	httpCode?: string;
}

type Describe = (state: RequestState) => string;

/** Whether an error of `send` says that Pocketsflow does not have, or no longer has, what was asked for. */
export const isNotFound = (error: unknown): boolean => hasStatus(error, [404]);

/** Whether an error of `send` comes from an answer with one of these statuses. */
export const hasStatus = (error: unknown, statuses: readonly number[]): boolean =>
	error instanceof NodeApiError && statuses.includes(Number(error.httpCode));

const statusNames: Record<number, string> = {
	400: 'Bad request',
	401: 'Unauthorized',
	403: 'Forbidden',
	404: 'Not found',
	408: 'Request timeout',
	409: 'Conflict',
	422: 'Unprocessable request',
	429: 'Too many requests',
	502: 'Bad gateway',
	503: 'Service unavailable',
	504: 'Gateway timeout',
};

const correctFields: Describe = () =>
	'Compare this message with the fields of the node, correct them and try again';

const statusSteps: Record<number, Describe> = {
	400: correctFields,
	401: ({ credential: { name, mode } }) =>
		`Check the 'API Key' in the credential "${name}": it is a ${mode}-mode key and may be revoked or mistyped`,
	403: ({ credential: { name, mode } }) =>
		`The ${mode}-mode API key in the credential "${name}" may not do this. Check at Pocketsflow what it is allowed to do`,
	404: ({ request: { ifNotFound }, credential: { mode } }) =>
		ifNotFound ??
		`Check the ID: it must be of this account and made in ${mode} mode, as the API key is`,
	409: () => 'It conflicts with what is at Pocketsflow already',
	422: correctFields,
};

type Target = Pick<PocketsflowCredential, 'baseUrl' | 'name'>;

/** What a code of Node.js means, for a user who does not know it. */
const codeSentences: Record<string, (host: string) => string> = {
	ECONNREFUSED: (host) => `Nothing answers at ${host}: it refuses connections`,
	ENOTFOUND: (host) => `No server has the name ${host}`,
	EAI_AGAIN: (host) =>
		`The name ${host} could not be looked up: this n8n may have no connection to the internet`,
	EHOSTUNREACH: (host) => `No way leads from this n8n to ${host}`,
	ENETUNREACH: (host) => `No way leads from this n8n to ${host}`,
	CERT_HAS_EXPIRED: (host) => `The certificate of ${host} has expired`,
	ERR_TLS_CERT_ALTNAME_INVALID: (host) => `The certificate of ${host} is made out to another name`,
	DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
	SELF_SIGNED_CERT_IN_CHAIN: untrusted,
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
	EPROTO: (host) => `${host} does not speak https there`,
};

function untrusted(host: string): string {
	return `The certificate of ${host} was issued by nobody whom n8n trusts`;
}

const failureSentences: Record<
	FailureKind,
	(host: string, failure: AttemptFailure, limits: Limits) => string
> = {
	unreachable: (host) => `${host} cannot be reached`,
	insecure: (host) => `No secure connection to ${host} could be made`,
	timeout: (host, _, { requestTimeoutMs }) =>
		`${host} did not answer completely within ${formatDuration(requestTimeoutMs)}`,
	connectionLost: (host, { status }) =>
		status === undefined
			? `${host} closed the connection without an answer`
			: `The answer of ${host} broke off or was damaged`,
	tooLarge: (_host, _, { maxResponseBytes }) =>
		`The answer is larger than ${Math.round(maxResponseBytes / 1024 ** 2)} MB, the most that this node takes in`,
	cancelled: () => 'The execution was stopped',
	refusedByN8n: (_, { reason }) => reason ?? 'n8n did not send the request',
};

const failureSteps: Record<FailureKind, (target: Target) => string> = {
	unreachable: ({ name }) =>
		`Check the 'Base URL' in ${nameCredential(name)} and the network of n8n`,
	insecure: ({ name }) =>
		`Check the 'Base URL' in ${nameCredential(name)} and the certificate of that host`,
	timeout: () => 'Try again later',
	connectionLost: () => 'Try again later',
	tooLarge: () => "Ask for less: set 'Limit' or narrow 'Filters'",
	cancelled: () => '',
	refusedByN8n: () => '',
};

const nameCredential = (name: string) =>
	name === 'this credential' ? name : `the credential "${name}"`;

function describeWhatHappened(
	target: Target,
	failure: AttemptFailure,
	limits: Limits = defaultLimits,
): string {
	const isBegun = failure.status !== undefined || failure.failure === 'timeout';
	const byCode = isBegun ? undefined : codeSentences[failure.code ?? ''];
	const host = getHost(target);
	return byCode?.(host) ?? failureSentences[failure.failure](host, failure, limits);
}

/** Says what happened to a request that was not answered within `timeoutMs`, and what to do. */
export function describeFailure(
	target: Target,
	failure: AttemptFailure,
	timeoutMs: number,
): string {
	const limits = { ...defaultLimits, requestTimeoutMs: timeoutMs };
	const sentences = [
		describeWhatHappened(target, failure, limits),
		failureSteps[failure.failure](target),
	];
	return sentences.filter(Boolean).map(toSentence).join(' ');
}

/** Builds the error of a request that was answered, but not with success in JSON. */
export function buildResponseError(
	state: RequestState,
	response: HttpResponse,
	url: string,
): NodeApiError {
	const { status, body } = response;
	const { text, code } = readErrorParts(body);
	const isExplained = text !== undefined && (!isSuccess(response) || isErrorBody(body));
	const redirect = readRedirect(response, url);
	const parts = redirect
		? describeRedirect(state, redirect, url)
		: {
				whatHappened: isExplained ? shorten(text) : describeUnusable(response),
				nextStep: describeStatusStep(state, response),
			};
	return buildError(state, {
		...parts,
		finding: `answered ${status}${formatCode(code)}`,
		httpCode: String(status),
	});
}

/** Builds the error of a request that was not answered, or whose response could not be read. */
export function buildFailureError(state: RequestState, failure: AttemptFailure): NodeApiError {
	const { failure: kind, status, code } = failure;
	const finding = status === undefined ? 'was not answered' : `began to answer ${status}`;
	return buildError(state, {
		whatHappened: describeWhatHappened(state.credential, failure, state.limits),
		nextStep: failureSteps[kind](state.credential),
		finding: `${finding}${formatCode(code)}`,
	});
}

/**
 * Builds the error of a request whose total time ended, or was bound to end, before its turn came.
 * @param rateLimited the last 429 that it was answered, if any
 */
export function buildQueueTimeoutError(
	state: RequestState,
	rateLimited: HttpResponse | undefined,
): NodeApiError {
	const { totalTimeoutMs } = state.limits;
	const total = formatDuration(totalTimeoutMs);
	const retryAfterMs = rateLimited?.retryAfterMs ?? 0;
	const text = rateLimited && toSentence(readErrorParts(rateLimited.body).text ?? statusNames[429]);
	const wait =
		retryAfterMs > totalTimeoutMs
			? `Pocketsflow asks to wait ${formatDuration(retryAfterMs)}; this node waits at most ${total}`
			: `The rate limit of Pocketsflow keeps this request waiting longer than the ${total} that it may`;
	return buildError(state, {
		whatHappened: [text, wait].filter(Boolean).join(' '),
		nextStep: 'Try again later, or send fewer items at once',
		finding: rateLimited ? 'answered 429' : 'did not get its turn',
		httpCode: '429',
	});
}

function describeRedirect(
	{ credential }: RequestState,
	redirect: URL,
	url: string,
): Pick<ErrorParts, 'whatHappened' | 'nextStep'> {
	const target = redirect.origin === new URL(url).origin ? redirect.pathname : redirect.origin;
	return {
		whatHappened: `${getHost(credential)} redirects to ${target}, which is not followed`,
		nextStep: `Correct the 'Base URL' in the credential "${credential.name}"`,
	};
}

/** The text of a body that is not JSON; undefined where there is none. */
const readPage = ({ text }: HttpResponse) => (text === '' ? undefined : text);

/** Says what a response without an error text of Pocketsflow is. */
function describeUnusable(response: HttpResponse): string {
	const { status, body } = response;
	const page = readPage(response);
	const excerpt = page && `answer is not JSON but begins "${excerptPage(page)}"`;
	if (isSuccess(response)) return excerpt ? `The ${excerpt}` : describeEmpty(body);
	const statusName = statusNames[status] ?? `Pocketsflow answered with status ${status}`;
	return excerpt ? `${statusName}: the ${excerpt}` : statusName;
}

/** Says that a success did not bring what it should; a message in it may say why. */
function describeEmpty(body: unknown): string {
	const { text } = readErrorParts(body);
	const quotation = text === undefined ? '' : `, but with "${shorten(text)}"`;
	return `Pocketsflow answered without what was asked for${quotation}`;
}

function describeStatusStep(state: RequestState, response: HttpResponse): string {
	const { status } = response;
	const step = statusSteps[status]?.(state);
	if (step !== undefined) return step;
	if (status >= 500 || status === 408)
		return 'Pocketsflow could not process the request. Try again later';
	if (isErrorBody(response.body)) return correctFields(state);
	if (readPage(response) === undefined && !isSuccess(response)) return '';
	return `Something other than Pocketsflow may have answered: check the 'Base URL' in the credential "${state.credential.name}" and the proxy`;
}

/**
 * Builds the error. Its message says what happened, its description what to do and which request it was.
 * Neither holds anything that was sent, nor the key.
 */
function buildError(state: RequestState, parts: ErrorParts): NodeApiError {
	const { node, credential, effect, itemIndex } = state;
	const isUnknown = effect !== 'read' && state.mayBeDone;
	const outcome = describeOutcome(state);
	const message = joinSentences(credential, parts.whatHappened, outcome.message);
	const description = joinSentences(
		credential,
		isUnknown && effect === 'create' ? '' : parts.nextStep,
		outcome.description,
		describeRequest(state, parts),
	);
	const error = new NodeApiError(node, { message } as JsonObject, {
		message,
		description,
		httpCode: parts.httpCode,
		itemIndex,
	});
	// n8n replaces a message in which it sees the name of an error code, such as EEXIST in "preexisting".
	error.message = message;
	if (isUnknown) error.context.outcome = 'unknown';
	return error;
}

/** Says whether the request was carried out; for a create what to do, too, so that nobody misses it. */
function describeOutcome({ effect, mayBeDone, credential: { mode } }: RequestState): {
	message: string;
	description: string;
} {
	if (effect === 'read') return { message: '', description: '' };
	if (!mayBeDone) return { message: '', description: 'Nothing was changed by it' };
	return effect === 'create'
		? {
				message: `Whether this was carried out is unknown, and it was not sent again: look at Pocketsflow (${mode} mode) before you repeat it`,
				description: '',
			}
		: {
				message: 'It may have been done all the same',
				description: 'Doing it again is harmless',
			};
}

const joinSentences = ({ apiKey }: PocketsflowCredential, ...sentences: string[]) =>
	redactKeys(sentences.filter(Boolean).map(toSentence).join(' '), apiKey);

function describeRequest(
	{ request: { method, path }, attempts, credential: { mode, name } }: RequestState,
	{ finding }: ErrorParts,
): string {
	const tries = attempts > 1 ? `, after ${attempts} tries` : '';
	return `${method} ${path} ${finding}${tries}, with the ${mode}-mode key of the credential "${name}"`;
}

const getHost = ({ baseUrl }: Pick<PocketsflowCredential, 'baseUrl'>) => new URL(baseUrl).host;

const formatCode = (code: string | undefined) => (code ? ` (${code})` : '');

/**
 * Joins the message and the description of an error, for where n8n shows only one of them: on triggers and
 * in the lists of the editor (docs/n8n-engine.md#errors-and-messages).
 */
export function composeMessage(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { message, description } = error as Error & { description?: string | null };
	const isNew = Boolean(description) && description !== message;
	return isNew ? `${toSentence(message)} ${toSentence(String(description))}` : toSentence(message);
}

const maxQuotedLength = 500;

/** A text of Pocketsflow, as long as an error message can bear. */
const shorten = (text: string) =>
	text.length > maxQuotedLength ? `${text.slice(0, maxQuotedLength)}…` : text;

/** The text, with a full stop unless it ends with a mark of its own. */
export const toSentence = (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`);

/**
 * The visible text that a page begins with, at most 100 characters. Each pattern goes over the page once,
 * whatever is in it: what is opened and never closed is not looked for again from the next character on.
 */
export function excerptPage(page: string): string {
	const visible = page
		.slice(0, 20_000)
		.replace(/<(script|style)\b[\s\S]*?(?:<\/\1>|$)/gi, ' ')
		.replace(/<[^<>]*>/g, ' ')
		.replace(/\s+/g, ' ')
		.trim();
	const excerpt = visible || page.slice(0, 100).trim();
	return excerpt.length > 100 ? `${excerpt.slice(0, 100)}…` : excerpt;
}
