import { timingSafeEqual } from 'node:crypto';

import type { FastifyReply, FastifyRequest } from 'fastify';

import type { SandboxContext } from '../context';
import type { Mode } from '../database/entities';
import type { EndpointName } from '../endpoints';
import { RecentList } from '../recent-list';
import { ApiError } from './errors';
import { buildHtmlError, type FaultRule, takeFault } from './faults';
import { readJsonBody } from './input';
import { RateLimiter } from './rate-limiter';
import { type RecordedRequest, redactKey } from './recorded-request';
import {
	type ApiCall,
	type ApiResponse,
	buildErrorBody,
	type Handler,
	renameIds,
} from './responses';

const MAX_RECORDED_REQUESTS = 50_000;

const sleep = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

function isSameKey(one: string, other: string): boolean {
	const [left, right] = [Buffer.from(one), Buffer.from(other)];
	return left.length === right.length && timingSafeEqual(left, right);
}

function readQuery(request: FastifyRequest): Record<string, string> {
	const { searchParams } = new URL(request.url, 'http://sandbox');
	return Object.fromEntries(searchParams);
}

const dropBlanks = (query: Record<string, string>) =>
	Object.fromEntries(Object.entries(query).filter(([, text]) => text !== ''));

const readPath = (request: FastifyRequest) => request.url.split('?')[0];

const readKey = ({ headers: { authorization = '' } }: FastifyRequest) =>
	/^Bearer\s+(.+)$/i.exec(authorization)?.[1] ?? '';

function parseBodyForLog(raw: unknown): unknown {
	if (!Buffer.isBuffer(raw) || raw.length === 0) return undefined;
	const text = raw.toString('utf8');
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}

function cutConnection(request: FastifyRequest, reply: FastifyReply): void {
	reply.hijack();
	request.raw.socket.resetAndDestroy();
}

function formatRetryAfter(form: 'seconds' | 'date', waitMs: number): string {
	if (form === 'seconds') return String(Math.ceil(waitMs / 1000));
	// An HTTP date has whole seconds; it must not come before the next token does.
	return new Date(Math.ceil((Date.now() + waitMs) / 1000) * 1000).toUTCString();
}

class Exchange {
	private readonly startedAtMs = performance.now();

	/** What strikes the call once it took effect. */
	lateFault: FaultRule | undefined;

	constructor(
		readonly request: FastifyRequest,
		readonly reply: FastifyReply,
		private readonly entry: RecordedRequest,
		private readonly context: SandboxContext,
	) {}

	send(status: number, type: string, text: string): void {
		this.entry.status = status;
		this.entry.ms = Math.round(performance.now() - this.startedAtMs);
		void this.reply.code(status).header('content-type', type).send(text);
	}

	sendError(status: number, message: string, code: string): void {
		const { type, text } = buildErrorBody(this.context.switches, message, code);
		this.send(status, type, text);
	}

	sendResponse({ status, body }: ApiResponse): void {
		if (body === undefined) return this.send(status, 'text/plain', '');
		const renamed = renameIds(body, this.context.switches.idField);
		this.send(status, 'application/json; charset=utf-8', JSON.stringify(renamed));
	}

	sendFailure(error: unknown): void {
		if (error instanceof ApiError) this.sendError(error.status, error.message, error.code);
		else this.sendError(500, 'Internal server error', 'INTERNAL_ERROR');
	}

	applyFault(fault: FaultRule): void {
		if (fault.kind === 'reset') return cutConnection(this.request, this.reply);
		if (fault.kind === 'hang') return void this.reply.hijack();
		const status = fault.status ?? 500;
		void this.reply.headers(fault.headers ?? {});
		if (fault.body === 'html') return this.send(status, 'text/html', buildHtmlError(status));
		if (fault.body === 'empty') return this.send(status, 'text/plain', '');
		return this.sendError(status, fault.message ?? 'Something went wrong', 'SANDBOX_FAULT');
	}
}

/** What every call of the API goes through: record, latency, faults, rate limit, key, handler. */
export class Api {
	readonly log = new RecentList<RecordedRequest>(MAX_RECORDED_REQUESTS);

	private readonly limiter: RateLimiter;

	private readonly admitted = new WeakMap<FastifyRequest, { exchange: Exchange; mode: Mode }>();

	constructor(
		private readonly context: SandboxContext,
		private readonly keys: Record<Mode, string[]>,
	) {
		this.limiter = new RateLimiter(context.switches);
	}

	reset(): void {
		this.log.clear();
		this.limiter.clear();
	}

	/** Records a call and lets it pass, parsed, or answers it with a fault, 429 or 401. */
	async admit(
		request: FastifyRequest,
		reply: FastifyReply,
		endpoint?: EndpointName,
	): Promise<void> {
		const { switches } = this.context;
		const key = readKey(request);
		const mode = this.findMode(key);
		const entry = this.record(request, mode, endpoint);
		const exchange = new Exchange(request, reply, entry, this.context);

		if (switches.latencyMs > 0) await sleep(switches.latencyMs);
		if (switches.apiDown === 'unreachable') return cutConnection(request, reply);
		if (switches.apiDown) return exchange.send(503, 'text/html', buildHtmlError(503));
		const fault = takeFault(switches.faults, request.method, entry.path);
		if (fault && fault.when !== 'after') return exchange.applyFault(fault);
		exchange.lateFault = fault;
		if (this.isOverLimit(exchange, key)) return;
		if (!mode) {
			return key
				? exchange.sendError(401, 'Invalid API key', 'INVALID_API_KEY')
				: exchange.sendError(401, 'API key is required', 'MISSING_API_KEY');
		}
		this.admitted.set(request, { exchange, mode });
		request.query = dropBlanks(entry.query);
		request.body = request.method === 'GET' ? {} : readJsonBody(request.body);
	}

	answer<N extends EndpointName>(request: FastifyRequest, handler: Handler<N>): void {
		const { exchange, mode } = this.admitted.get(request)!;
		const response = handler({
			context: this.context,
			db: this.context.databases[mode],
			params: request.params as Record<string, string>,
			query: request.query as ApiCall<N>['query'],
			body: request.body as ApiCall<N>['body'],
		});
		if (exchange.lateFault) exchange.applyFault(exchange.lateFault);
		else exchange.sendResponse(response);
	}

	/** Answers a call of the API with an error; returns false for any other request. */
	fail(request: FastifyRequest, error: unknown): boolean {
		const call = this.admitted.get(request);
		call?.exchange.sendFailure(error);
		return call !== undefined;
	}

	private record(
		request: FastifyRequest,
		mode: Mode | undefined,
		endpoint: EndpointName | undefined,
	): RecordedRequest {
		const body = parseBodyForLog(request.body);
		return this.log.add({
			at: new Date().toISOString(),
			...(endpoint && { endpoint }),
			method: request.method,
			path: readPath(request),
			query: readQuery(request),
			...(body !== undefined && { body }),
			headers: redactKey(request.headers),
			...(mode && { mode }),
			status: 0,
			ms: 0,
		});
	}

	/** Whether the call exceeds the rate limit; if so, it has been answered with 429. */
	private isOverLimit(exchange: Exchange, key: string): boolean {
		const { rateLimitScope, retryAfter } = this.context.switches;
		const waitMs = this.limiter.take(rateLimitScope === 'key' ? key : exchange.request.ip);
		if (waitMs === undefined) return false;
		if (retryAfter !== 'none') {
			void exchange.reply.header('retry-after', formatRetryAfter(retryAfter, waitMs));
		}
		exchange.sendError(429, 'Too many requests, please try again later', 'RATE_LIMITED');
		return true;
	}

	private findMode(key: string): Mode | undefined {
		const modes = Object.keys(this.keys) as Mode[];
		return modes.find((mode) => this.keys[mode].some((valid) => isSameKey(key, valid)));
	}
}
