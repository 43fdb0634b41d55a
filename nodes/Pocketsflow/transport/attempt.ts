import type { IDataObject, IHttpRequestOptions } from 'n8n-workflow';

import { parseJson } from '../api/json';
import type { PocketsflowRequest } from '../api/request';
import { isRecord } from '../api/responses';
import type { PocketsflowContext, PocketsflowCredential } from './credential';
import type { Limits } from './limits';
import { redactKeys } from './redaction';
import { onAbort } from './signals';

/** A response from Pocketsflow or from something in front of it. */
export interface HttpResponse {
	status: number;
	/** The parsed body; `{}` if it is empty, undefined if it is not JSON. */
	body?: unknown;
	/** The text of a body that is not JSON. */
	text?: string;
	retryAfterMs?: number;
	location?: string;
}

/** Why there is no response. */
export type FailureKind =
	| 'unreachable'
	| 'insecure'
	| 'timeout'
	| 'connectionLost'
	| 'tooLarge'
	| 'cancelled'
	| 'refusedByN8n'
	| 'refusedByProxy';

/** An attempt without a response, or with one that could not be read to its end. */
export interface AttemptFailure {
	failure: FailureKind;
	/** The status, if the response had begun. */
	status?: number;
	/** Of Node.js, such as ECONNRESET. */
	code?: string;
	/** n8n's own message, if n8n itself refused to send. */
	reason?: string;
	/** Whether the attempt ended before the request had a connection. */
	isUnsent?: boolean;
	/** The proxy that did not connect to Pocketsflow; empty if n8n does not name it. */
	proxy?: string;
}

export type AttemptResult = HttpResponse | AttemptFailure;

type BodyStream = AsyncIterable<Uint8Array> & { destroy?(): void };

interface AttemptOptions {
	url: string;
	limits: Limits;
	cancel: AbortSignal | undefined;
}

interface HelperResponse {
	statusCode: number;
	headers?: IDataObject;
	body: unknown;
	/** The request of Node.js, if n8n threw the response. */
	request?: unknown;
}

/** The rest of a longer error text is ignored. */
const maxErrorBytes = 256 * 1024;

const unreachableCode =
	/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|EADDRNOTAVAIL)$/;
const timeoutCode = /^(ECONNABORTED|ETIMEDOUT|ESOCKETTIMEDOUT)$/;
/** A failed TLS handshake. Other TLS codes can also mean a damaged response. */
const handshakeCode =
	/CERT|UNABLE_TO_|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO|WRONG_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE/;
/** A request that can't be built. Requests that n8n's own rules refuse have no code at all. */
const unsentCode = /^ERR_(INVALID_|UNESCAPED_|BAD_REQUEST|BAD_OPTION)/;

/**
 * Sends a request once, with n8n's helper and its traps (docs/n8n-engine.md#http-helper), and reads
 * the whole response, whatever its status. Never throws. The body is a stream, because the helper
 * has no size limit and stops its timer when the headers have arrived.
 */
export async function sendOnce(
	{ helpers }: PocketsflowContext,
	credential: PocketsflowCredential,
	request: PocketsflowRequest,
	{ url, limits, cancel }: AttemptOptions,
): Promise<AttemptResult> {
	const timer = AbortSignal.timeout(limits.requestTimeoutMs);
	const abort = new AbortController();
	const stopListening = onAbort([timer, cancel], () => abort.abort());
	let head: HttpResponse | undefined;
	try {
		const options = buildHttpOptions(credential, request, url, limits);
		const response = await helpers
			.httpRequest({ ...options, abortSignal: abort.signal })
			.catch(readThrownResponse);
		if (isFromProxy(response, url))
			return { failure: 'refusedByProxy', code: `proxy answered ${response.statusCode}` };
		head = readHead(response);
		return await readBody(head, response, limits, abort, credential.apiKey);
	} catch (error) {
		const isUnsent = head === undefined && !isConnected(error);
		if (cancel?.aborted) return { failure: 'cancelled', status: head?.status, isUnsent };
		// The status of an error response is enough. Its text is only extra information.
		if (head && !isSuccess(head)) return { ...head, text: '' };
		if (timer.aborted)
			return { failure: 'timeout', status: head?.status, isUnsent, proxy: findProxy(error, url) };
		return classifyError(error, url, head?.status);
	} finally {
		stopListening();
	}
}

/** The response in what n8n's helper throws. Only the error tells which connection it came over. */
function readThrownResponse(error: unknown): HelperResponse {
	const { response, request } = readFields(error);
	if (!isRecord(response) || typeof response.status !== 'number') throw error;
	const { status: statusCode, headers, data: body } = response;
	return { statusCode, headers: isRecord(headers) ? headers : {}, body, request };
}

/** Whether a proxy responded instead of the server: it refused the tunnel, so nothing was encrypted. */
function isFromProxy({ request }: HelperResponse, url: string): boolean {
	const { socket } = readFields(request);
	return url.startsWith('https:') && isRecord(socket) && socket.encrypted !== true;
}

export const isSuccess = ({ status }: HttpResponse): boolean => status >= 200 && status < 300;

/** Whether a proxy or a firewall sent a response, not the API: a page, or text that refuses access. */
export const isPage = ({ status, text = '' }: HttpResponse): boolean =>
	/^\s*<[a-z!?]/i.test(text) || ([401, 403, 404].includes(status) && text !== '');

function buildHttpOptions(
	credential: PocketsflowCredential,
	request: PocketsflowRequest,
	url: string,
	limits: Limits,
): IHttpRequestOptions {
	return {
		method: request.method,
		url,
		qs: request.query && omitUndefined(request.query),
		// As text, because n8n's HTTP client drops keys such as `constructor` when it copies objects.
		body: request.body && JSON.stringify(omitUndefined(request.body)),
		headers: {
			Authorization: `Bearer ${credential.apiKey}`,
			...(request.body && { 'content-type': 'application/json' }),
		},
		json: true,
		encoding: 'stream',
		timeout: limits.requestTimeoutMs,
		returnFullResponse: true,
		// n8n would follow redirects with the key. redirects.ts decides instead.
		disableFollowRedirect: true,
		...(credential.ignoreSslIssues && { skipSslCertificateValidation: true }),
	};
}

const omitUndefined = (fields: IDataObject): IDataObject =>
	Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function readHead({ statusCode: status, headers = {} }: HelperResponse): HttpResponse {
	const { location } = headers;
	return {
		status,
		retryAfterMs: parseRetryAfter(headers['retry-after'], Date.now()),
		location: typeof location === 'string' ? location : undefined,
	};
}

/** Adds the body to a response: the first part for an error, all or nothing for a success. */
async function readBody(
	head: HttpResponse,
	{ headers, body }: HelperResponse,
	{ maxResponseBytes }: Limits,
	abort: AbortController,
	apiKey: string,
): Promise<AttemptResult> {
	if (!isStream(body)) return { ...head, ...parseBody(body, apiKey) };

	const maxBytes = isSuccess(head) ? maxResponseBytes : Math.min(maxErrorBytes, maxResponseBytes);
	const tooLarge: AttemptFailure = { failure: 'tooLarge', status: head.status };
	const destroy = () => body.destroy?.();
	abort.signal.addEventListener('abort', destroy);
	let isComplete = false;
	try {
		if (isSuccess(head) && Number(headers?.['content-length']) > maxBytes) return tooLarge;
		const chunks: Uint8Array[] = [];
		let bytes = 0;
		for await (const chunk of body) {
			bytes += chunk.length;
			if (bytes > maxBytes) {
				if (isSuccess(head)) return tooLarge;
				break;
			}
			chunks.push(chunk);
		}
		// Destroying a stream may end the loop as if the body were complete.
		abort.signal.throwIfAborted();
		isComplete = bytes <= maxBytes;
		return { ...head, ...parseBody(Buffer.concat(chunks), apiKey) };
	} finally {
		abort.signal.removeEventListener('abort', destroy);
		destroy();
		// n8n's helper may have put its own stream over the socket, which would stay open.
		if (!isComplete) abort.abort();
	}
}

const isStream = (body: unknown): body is BodyStream =>
	isRecord(body) && !(body instanceof Uint8Array) && Symbol.asyncIterator in body;

/**
 * Parses JSON, whatever the content type says, unless n8n's helper has parsed it already. A record
 * that repeats the API key must not bring it into the data of executions.
 */
export function parseBody(body: unknown, apiKey?: string): Pick<HttpResponse, 'body' | 'text'> {
	if (body === undefined || body === null) return { body: {} };
	if (typeof body !== 'string' && !(body instanceof Uint8Array)) return { body };
	const raw = typeof body === 'string' ? body : new TextDecoder().decode(body);
	const text = apiKey !== undefined && raw.includes(apiKey) ? redactKeys(raw, apiKey) : raw;
	if (text.trim() === '') return { body: {} };
	const json = parseJson(text);
	return json === undefined ? { text } : { body: json };
}

const maxRetryAfterMs = 7 * 24 * 3_600_000;

/**
 * Reads a Retry-After header, in seconds or as an HTTP date (RFC 9110, 10.2.3), as ms from `nowMs`
 * on. Undefined if it is neither, or more than a week away, which is a mistake.
 */
export function parseRetryAfter(header: unknown, nowMs: number): number | undefined {
	if (typeof header !== 'string' && typeof header !== 'number') return undefined;
	const text = String(header).trim();
	const waitMs = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1_000 : parseHttpDate(text) - nowMs;
	return waitMs <= maxRetryAfterMs ? Math.max(0, waitMs) : undefined;
}

/** NaN if the text is not a date. `Date.parse` alone also accepts texts such as "-5". */
const parseHttpDate = (text: string) => (/^[a-z]{3,9},? /i.test(text) ? Date.parse(text) : NaN);

/** Explains why an attempt got no response. `status` is that of a response that had begun. */
export function classifyError(error: unknown, url: string, status?: number): AttemptFailure {
	const code = readErrorCode(error);
	if (status !== undefined) return { failure: 'connectionLost', status, code };
	const proxy = findProxy(error, url);
	if (proxy === undefined && (code === undefined || unsentCode.test(code))) {
		const reason = error instanceof Error ? error.message : undefined;
		return { failure: 'refusedByN8n', code, reason };
	}
	if (code === undefined || unreachableCode.test(code))
		return { failure: 'unreachable', code, proxy };
	if (handshakeCode.test(code)) return { failure: 'insecure', code };
	const failure = timeoutCode.test(code) ? 'timeout' : 'connectionLost';
	return { failure, code, proxy, isUnsent: !isConnected(error) };
}

/** Whether a failed request had a connection to be sent over, encrypted if required. */
function isConnected(error: unknown): boolean {
	const { request, syscall } = readErrorFields(error);
	if (syscall === 'connect') return false;
	if (!isRecord(request) || !('socket' in request)) return true;
	const socket = readFields(request.socket);
	return isRecord(request.socket) && !socket.connecting && !socket.secureConnecting;
}

/**
 * The proxy that a failed request could not get through; undefined if it failed elsewhere. Node.js was
 * still connecting to another host, or the request waited for its socket (docs/n8n-engine.md#http-helper).
 */
function findProxy(error: unknown, url: string): string | undefined {
	const { request, message } = readFields(error);
	const { hostname, address, port } = readErrorFields(error);
	const target = new URL(url);
	const targetPort = target.port || (target.protocol === 'https:' ? 443 : 80);
	const isElsewhere =
		(hostname !== undefined && hostname !== target.hostname) ||
		(port !== undefined && Number(port) !== Number(targetPort));
	const isWaiting = isRecord(request) && 'socket' in request && !request.socket;
	if (!isElsewhere && !isWaiting && !/proxy connection ended/i.test(String(message)))
		return undefined;
	if (typeof hostname === 'string') return hostname;
	return typeof address === 'string' ? `${address}:${String(port)}` : '';
}

/** n8n wraps network errors and keeps their code as `httpCode`; n8n 2.8 keeps nothing else. */
function readErrorCode(error: unknown): string | undefined {
	const { httpCode, code } = readFields(error);
	return [httpCode, code].find((value) => typeof value === 'string');
}

const readErrorFields = (error: unknown) => ({
	...readFields(readFields(error).cause),
	...readFields(error),
});

const readFields = (value: unknown): Partial<Record<string, unknown>> =>
	typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
