import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';

import type { Account } from './credential';
import type { Limits } from './limits';
import { credentialType, type PocketsflowContext, type PocketsflowRequest } from '../api/request';
import { onAbort } from './signals';

/** What Pocketsflow, or something in front of it, answered. */
export interface Answer {
	status: number;
	/** The parsed body, `{}` for an empty one (contract, section A); undefined when it is not JSON. */
	body?: unknown;
	/** The text of a body that is not JSON. */
	text?: string;
	retryAfterMs?: number;
	location?: string;
}

/** Why there is no answer; `troubles` in outcome.ts holds what follows from each. */
export type TroubleKind =
	| 'unreachable'
	| 'insecure'
	| 'timeout'
	| 'broken'
	| 'tooLarge'
	| 'cancelled'
	| 'refusedByN8n';

export interface Trouble {
	trouble: TroubleKind;
	/** The status, when the answer had begun. */
	status?: number;
	code?: string;
	/** n8n's own words, when n8n itself refused to send. */
	words?: string;
}

/** The body of an answer as n8n's helper hands it over with `encoding: 'stream'`. */
type BodyStream = AsyncIterable<Uint8Array> & { destroy?(): void };

interface HelperResponse {
	statusCode: number;
	headers?: IDataObject;
	body: unknown;
}

/** No error text is worth more than this; the rest of a longer one is not read. */
const errorBytes = 256 * 1024;

const unreachableCodes = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'];
const timeoutCodes = ['ECONNABORTED', 'ETIMEDOUT', 'ESOCKETTIMEDOUT'];
/**
 * A handshake that failed, so that nothing was sent; Node.js gives EPROTO to what it could not send for it.
 * Other codes of TLS also mean an answer that was damaged on its way.
 */
const handshakeCode =
	/CERT|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO|WRONG_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE/;
/** Refused before anything is sent: by n8n's rules (no code at all), or because it cannot be a request. */
const unsentCode = /^ERR_(INVALID_|UNESCAPED_|BAD_REQUEST|BAD_OPTION)/;

/**
 * Sends a request once and takes in the whole answer, whatever its status. Never throws.
 * n8n's own helper sends it, for its proxy settings, authentication and network rules. The answer comes as
 * a stream, because the helper has no limit of size, and stops its clock when the head has arrived.
 */
export async function exchange(
	context: PocketsflowContext,
	account: Account,
	request: PocketsflowRequest,
	url: string,
	limits: Limits,
	cancel: AbortSignal | undefined,
): Promise<Answer | Trouble> {
	const clock = AbortSignal.timeout(limits.requestMs);
	const abort = new AbortController();
	const forget = onAbort([clock, cancel], () => abort.abort());
	let head: Answer | undefined;
	try {
		const options = optionsFor(account, request, url, limits);
		const sender = withSignal(context, abort.signal);
		const response = (await sender.helpers.httpRequestWithAuthentication.call(
			sender,
			credentialType,
			options,
		)) as HelperResponse;
		head = headOf(response);
		return await answerIn(head, response, limits, abort);
	} catch (error) {
		if (cancel?.aborted) return { trouble: 'cancelled', status: head?.status };
		// The status alone decides what follows an error; its words are a courtesy.
		if (head && !isSuccess(head)) return { ...head, text: '' };
		if (clock.aborted) return { trouble: 'timeout', status: head?.status };
		return troubleIn(error, head?.status);
	} finally {
		forget();
	}
}

function optionsFor(
	account: Account,
	request: PocketsflowRequest,
	url: string,
	limits: Limits,
): IHttpRequestOptions {
	return {
		method: request.method,
		url,
		qs: request.query && withoutUndefined(request.query),
		// As text, because n8n's HTTP client drops keys such as `constructor` while it copies objects.
		body: request.body && JSON.stringify(withoutUndefined(request.body)),
		...(request.body && { headers: { 'content-type': 'application/json' } }),
		json: true,
		encoding: 'stream',
		timeout: limits.requestMs,
		returnFullResponse: true,
		ignoreHttpStatusErrors: true,
		// n8n follows redirects with the key, on older lines to any host; send.ts decides instead.
		disableFollowRedirect: true,
		...(account.ignoreSslIssues && { skipSslCertificateValidation: true }),
	};
}

export const isSuccess = ({ status }: Answer) => status >= 200 && status < 300;

/** The entries whose value is set; Pocketsflow is never sent an empty optional field. */
function withoutUndefined(fields: IDataObject): IDataObject {
	return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/**
 * The same context with another signal: where a context can be cancelled, n8n's helper replaces the
 * signal of the request by that of the context (n8n-core, httpRequestWithAuthentication).
 */
function withSignal(context: PocketsflowContext, signal: AbortSignal): PocketsflowContext {
	return Object.create(context, { getExecutionCancelSignal: { value: () => signal } });
}

function headOf({ statusCode: status, headers = {} }: HelperResponse): Answer {
	const { location } = headers;
	return {
		status,
		retryAfterMs: retryAfter(headers['retry-after'], Date.now()),
		location: typeof location === 'string' ? location : undefined,
	};
}

async function answerIn(
	head: Answer,
	{ headers, body }: HelperResponse,
	{ answerBytes }: Limits,
	abort: AbortController,
): Promise<Answer | Trouble> {
	if (!isStream(body)) return { ...head, ...contentOf(body) };

	const allowed = isSuccess(head) ? answerBytes : Math.min(errorBytes, answerBytes);
	const tooLarge: Trouble = { trouble: 'tooLarge', status: head.status };
	const end = () => body.destroy?.();
	abort.signal.addEventListener('abort', end);
	let isWhole = false;
	try {
		if (isSuccess(head) && Number(headers?.['content-length']) > allowed) return tooLarge;
		const chunks: Uint8Array[] = [];
		let bytes = 0;
		for await (const chunk of body) {
			bytes += chunk.length;
			if (bytes > allowed) {
				if (isSuccess(head)) return tooLarge;
				break;
			}
			chunks.push(chunk);
		}
		// Destroying a stream may end the loop as if the body were complete.
		abort.signal.throwIfAborted();
		isWhole = bytes <= allowed;
		return { ...head, ...contentOf(Buffer.concat(chunks)) };
	} finally {
		abort.signal.removeEventListener('abort', end);
		end();
		// n8n's helper may have put a stream of its own over the socket, which would stay open.
		if (!isWhole) abort.abort();
	}
}

function isStream(body: unknown): body is BodyStream {
	return (
		typeof body === 'object' &&
		body !== null &&
		!(body instanceof Uint8Array) &&
		Symbol.asyncIterator in body
	);
}

/** JSON where it is JSON, whatever the content type says; n8n's helper may have parsed it already. */
function contentOf(body: unknown): Pick<Answer, 'body' | 'text'> {
	if (body === undefined || body === null) return { body: {} };
	if (typeof body !== 'string' && !(body instanceof Uint8Array)) return { body };
	const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
	try {
		return { body: JSON.parse(text) };
	} catch {
		return text.trim() === '' ? { body: {} } : { text };
	}
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110, 10.2.3). Undefined when it is neither. */
export function retryAfter(header: unknown, now: number): number | undefined {
	if (typeof header !== 'string' && typeof header !== 'number') return undefined;
	const text = String(header).trim();
	if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
	const date = Date.parse(text);
	return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function troubleIn(error: unknown, status: number | undefined): Trouble {
	const code = codeOf(error);
	if (status !== undefined) return { trouble: 'broken', status, code };
	if (code === undefined || unsentCode.test(code))
		return {
			trouble: 'refusedByN8n',
			code,
			words: error instanceof Error ? error.message : undefined,
		};
	if (unreachableCodes.includes(code)) return { trouble: 'unreachable', code };
	if (timeoutCodes.includes(code)) return { trouble: 'timeout', code };
	if (handshakeCode.test(code)) return { trouble: 'insecure', code };
	return { trouble: 'broken', code };
}

/** n8n wraps errors of the network and keeps their code as `httpCode`, on the 2.8 line nothing else. */
function codeOf(error: unknown): string | undefined {
	if (typeof error !== 'object' || error === null) return undefined;
	const { httpCode, code } = error as { httpCode?: unknown; code?: unknown };
	return [httpCode, code].find((value) => typeof value === 'string');
}
