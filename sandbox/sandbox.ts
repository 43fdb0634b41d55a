import { timingSafeEqual } from 'node:crypto';
import type { AddressInfo } from 'node:net';

import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';

import { type Answer, errorBody, type Handler, renameIds } from './answers';
import { registerCheckoutPage } from './checkout-page';
import { readBody, registerControls } from './controls';
import { type Delivery, Deliveries } from './deliveries';
import { type EndpointName, endpoints } from './endpoints';
import { htmlError, strike } from './faults';
import { token } from './ids';
import { ApiError } from './input';
import { purchase, type PurchaseInput, type PurchaseResult, seed, type Seeded } from './purchases';
import { RateLimit } from './rate-limit';
import { type RecordedRequest, RequestLog, withoutKey } from './requests';
import { handlers } from './routes';
import type { Mode, Session } from './state';
import {
	applySwitches,
	defaultSwitches,
	type FaultRule,
	type Switches,
	type SwitchesPatch,
} from './switches';
import { emptyModes, type World } from './world';

/** How to start a sandbox; everything has a default. */
export interface SandboxOptions {
	/** 0, the default, takes any free port. */
	port?: number;
	host?: string;
	testKey?: string;
	liveKey?: string;
	switches?: SwitchesPatch;
	storeName?: string;
	/** Share of the price that is added as tax; 0 by default. */
	taxRate?: number;
	/** Modes to fill with a small shop's data; `true` means both. */
	seed?: boolean | Mode;
	/** Address that buyers reach the checkout page at, when it is not the listening one. */
	publicUrl?: string;
}

/** A running sandbox. */
export interface Sandbox {
	readonly url: string;
	readonly testKey: string;
	readonly liveKey: string;
	/** The positions of the switches now. */
	readonly switches: Readonly<Switches>;
	/** What the API and the checkout page were asked, oldest first. */
	readonly requests: readonly RecordedRequest[];
	/** What was sent to webhook endpoints, oldest first. */
	readonly deliveries: readonly Delivery[];
	/** Changes switches; throws on an unknown one. */
	setSwitches(patch: SwitchesPatch): void;
	/** Fills a mode with a small shop's data. */
	seed(mode?: Mode): Seeded;
	/** Makes purchases without a browser. */
	purchase(input?: PurchaseInput): Promise<PurchaseResult>;
	/** Resolves once no delivery is under way. */
	settled(): Promise<void>;
	/** Back to the start: no data, no requests, no deliveries, switches as at the start. */
	reset(): void;
	close(): Promise<void>;
}

const BODY_LIMIT = 1_048_576;

const pause = async (ms: number) => await new Promise((resolve) => setTimeout(resolve, ms));

function sameText(one: string, other: string): boolean {
	const [left, right] = [Buffer.from(one), Buffer.from(other)];
	return left.length === right.length && timingSafeEqual(left, right);
}

function queryOf(request: FastifyRequest): Record<string, string> {
	const { searchParams } = new URL(request.url, 'http://sandbox');
	return Object.fromEntries(searchParams);
}

function bodyForLog(raw: unknown): unknown {
	if (!Buffer.isBuffer(raw) || raw.length === 0) return undefined;
	const text = raw.toString('utf8');
	try {
		return JSON.parse(text) as unknown;
	} catch {
		return text;
	}
}

class Api {
	readonly log = new RequestLog();

	readonly limit: RateLimit;

	constructor(
		private readonly world: World,
		private readonly keys: Record<Mode, string>,
	) {
		this.limit = new RateLimit(world.switches);
	}

	/** Serves one call: the faults first, then limit and key, then the endpoint. */
	async serve(
		request: FastifyRequest,
		reply: FastifyReply,
		handler: Handler,
		endpoint?: EndpointName,
	): Promise<void> {
		const started = performance.now();
		const { switches } = this.world;
		const path = request.url.split('?')[0];
		const header = request.headers.authorization ?? '';
		const key = /^Bearer\s+(.+)$/i.exec(header)?.[1] ?? '';
		const mode = this.modeOf(key);
		const body = bodyForLog(request.body);
		const entry = this.log.add({
			at: new Date().toISOString(),
			...(endpoint && { endpoint }),
			method: request.method,
			path,
			query: queryOf(request),
			...(body !== undefined && { body }),
			headers: withoutKey(request.headers),
			...(mode && { mode }),
			status: 0,
			ms: 0,
		});
		const send = (status: number, type: string, text: string) => {
			entry.status = status;
			entry.ms = Math.round(performance.now() - started);
			void reply.code(status).header('content-type', type).send(text);
		};
		const fail = (status: number, message: string, code: string) => {
			const { type, text } = errorBody(switches, message, code);
			send(status, type, text);
		};

		if (switches.latencyMs > 0) await pause(switches.latencyMs);
		if (switches.apiDown === 'unreachable') return cut(request, reply);
		if (switches.apiDown) return send(503, 'text/html', htmlError(503));
		const fault = strike(switches, request.method, path);
		const failed = () => this.harm(request, reply, fault, send);
		if (fault && fault.when !== 'after') return failed();

		const wait = this.limit.take(switches.rateLimitScope === 'key' ? key : request.ip);
		if (wait !== undefined) {
			if (switches.retryAfter !== 'none') {
				const value =
					switches.retryAfter === 'seconds'
						? String(Math.ceil(wait / 1000))
						: // An HTTP date has whole seconds; it must not come before the token does.
							new Date(Math.ceil((Date.now() + wait) / 1000) * 1000).toUTCString();
				void reply.header('retry-after', value);
			}
			return fail(429, 'Too many requests, please try again later', 'RATE_LIMITED');
		}
		if (!mode) {
			return key
				? fail(401, 'Invalid API key', 'INVALID_API_KEY')
				: fail(401, 'API key is required', 'MISSING_API_KEY');
		}
		try {
			const answer = this.answer(request, mode, handler);
			if (fault) return failed();
			if (answer.body === undefined) return send(answer.status, 'text/plain', '');
			const shown = renameIds(answer.body, switches.idField);
			return send(answer.status, 'application/json; charset=utf-8', JSON.stringify(shown));
		} catch (error) {
			if (error instanceof ApiError) return fail(error.status, error.message, error.code);
			return fail(500, 'Internal server error', 'INTERNAL_ERROR');
		}
	}

	private answer(request: FastifyRequest, mode: Mode, handler: Handler): Answer {
		return handler({
			world: this.world,
			state: this.world.modes[mode],
			params: request.params as Record<string, string>,
			query: queryOf(request),
			body: request.method === 'GET' ? {} : readBody(request.body),
		});
	}

	private modeOf(key: string): Mode | undefined {
		if (sameText(key, this.keys.test)) return 'test';
		return sameText(key, this.keys.live) ? 'live' : undefined;
	}

	private harm(
		request: FastifyRequest,
		reply: FastifyReply,
		fault: FaultRule | undefined,
		send: (status: number, type: string, text: string) => void,
	): void {
		if (!fault) return;
		if (fault.kind === 'reset') return cut(request, reply);
		if (fault.kind === 'hang') return void reply.hijack();
		const status = fault.status ?? 500;
		void reply.headers(fault.headers ?? {});
		if (fault.body === 'html') return send(status, 'text/html', htmlError(status));
		if (fault.body === 'empty') return send(status, 'text/plain', '');
		const message = fault.message ?? 'Something went wrong';
		const { type, text } = errorBody(this.world.switches, message, 'SANDBOX_FAULT');
		return send(status, type, text);
	}
}

function cut(request: FastifyRequest, reply: FastifyReply): void {
	reply.hijack();
	request.raw.socket.resetAndDestroy();
}

/** Starts a faithful local Pocketsflow: the API, the checkout page and webhook deliveries. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	const { host = '127.0.0.1', port = 0, storeName = 'Sandbox Store' } = options;
	const keys = {
		test: options.testKey ?? token('pk_test_'),
		live: options.liveKey ?? token('pk_live_'),
	};
	const switches = defaultSwitches();
	applySwitches(switches, options.switches ?? {});
	const modes = emptyModes(storeName);
	const deliveries = new Deliveries(switches, modes);
	const sessions = new Map<string, Session>();
	const world: World = {
		switches,
		modes,
		sessions,
		deliveries,
		storeName,
		taxRate: options.taxRate ?? 0,
		url: '',
	};
	const api = new Api(world, keys);

	const seedAsAsked = () => {
		if (options.seed === true) for (const mode of ['test', 'live'] as const) seed(world, mode);
		else if (options.seed) seed(world, options.seed);
	};
	const reset = () => {
		Object.assign(modes, emptyModes(storeName));
		Object.assign(switches, defaultSwitches());
		applySwitches(switches, options.switches ?? {});
		sessions.clear();
		deliveries.clear();
		api.log.clear();
		api.limit.clear();
		seedAsAsked();
	};

	const app = fastify({
		bodyLimit: BODY_LIMIT,
		forceCloseConnections: true,
		exposeHeadRoutes: false,
	});
	// Bodies are read as bytes: the SDK sends a JSON content type with no body at all.
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

	for (const [key, { method, path }] of Object.entries(endpoints)) {
		const name = key as EndpointName;
		app.route({
			method,
			url: path,
			handler: async (request, reply) => {
				await api.serve(request, reply, handlers[name], name);
				return reply;
			},
		});
	}
	app.setNotFoundHandler(async (request, reply) => {
		await api.serve(request, reply, () => {
			throw new ApiError(404, `Cannot ${request.method} ${request.url}`, 'NOT_FOUND');
		});
		return reply;
	});
	app.setErrorHandler<Error & { statusCode?: number }>(async (error, _request, reply) => {
		const status = error.statusCode ?? 500;
		const { type, text } = errorBody(switches, error.message, 'REQUEST_FAILED');
		return await reply.code(status).header('content-type', type).send(text);
	});
	registerCheckoutPage(app, world);
	registerControls(app, world, api.log, reset);

	await app.listen({ host, port });
	const { port: listening } = app.server.address() as AddressInfo;
	const shownHost = host.includes(':') ? `[${host}]` : host;
	const url = `http://${host === '0.0.0.0' ? '127.0.0.1' : shownHost}:${listening}`;
	world.url = (options.publicUrl ?? url).replace(/\/+$/, '');
	seedAsAsked();

	return {
		url,
		testKey: keys.test,
		liveKey: keys.live,
		switches,
		get requests() {
			return api.log.list;
		},
		get deliveries() {
			return deliveries.list;
		},
		setSwitches: (patch) => applySwitches(switches, patch),
		seed: (mode = 'test') => seed(world, mode),
		purchase: async (input = {}) => await purchase(world, { ...input }),
		settled: async () => await deliveries.settled(),
		reset,
		close: async () => {
			await deliveries.close();
			await app.close();
		},
	};
}
