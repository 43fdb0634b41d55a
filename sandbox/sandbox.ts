import type { AddressInfo } from 'node:net';
import { deserialize, serialize } from 'node:v8';

import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';

import { registerCheckoutPage } from './checkout/checkout-page';
import type { SandboxContext, ShopLinks } from './context';
import { createValidatorCompiler } from './contract/validation';
import { registerControls } from './controls';
import { createDatabases, type DatabaseDump } from './database/database';
import type { CheckoutSession, Mode } from './database/entities';
import { createToken } from './database/ids';
import { type EndpointName, endpoints } from './endpoints';
import { Api } from './http/api';
import { ApiError } from './http/errors';
import type { RecordedRequest } from './http/recorded-request';
import { buildErrorBody } from './http/responses';
import { isCrossOrigin, wantsPage } from './pages/access';
import { registerAssets } from './pages/assets';
import { registerDocs } from './pages/docs';
import { registerPages, sendNotFoundPage } from './pages/pages';
import { handlers } from './routes';
import { purchase, type PurchaseInput, type PurchaseResult } from './shop/purchases';
import { seed, type SeedResult } from './shop/seed';
import { applySwitches, createSwitches, type Switches, type SwitchesPatch } from './switches';
import { Deliveries } from './webhooks/deliveries';
import type { Delivery } from './webhooks/delivery';

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
	/** Modes to fill with the data of a small shop; `true` means both. */
	seed?: boolean | Mode;
	/** Address at which buyers reach the checkout page, when it is not the listening one. */
	publicUrl?: string;
	/** What an earlier sandbox kept, instead of seeding: all but its requests and deliveries. */
	snapshot?: Buffer;
}

export interface Sandbox {
	readonly url: string;
	readonly testKey: string;
	readonly liveKey: string;
	/** The present values of the switches. */
	readonly switches: Readonly<Switches>;
	readonly requests: readonly RecordedRequest[];
	readonly deliveries: readonly Delivery[];
	/** Changes switches; throws on an unknown one. */
	setSwitches(patch: SwitchesPatch): void;
	/** Earlier keys are refused unless kept. `testKey` and `liveKey` stay those of the start. */
	renewKey(mode: Mode, keepsOld?: boolean): string;
	/** Fills a mode with the data of a small shop. */
	seed(mode?: Mode): SeedResult;
	purchase(input?: PurchaseInput): Promise<PurchaseResult>;
	/** Resolves once no delivery is in flight. */
	waitForDeliveries(): Promise<void>;
	/** Everything that was sold and registered, to start another sandbox with. */
	takeSnapshot(): Buffer;
	/** Gives the store and the dashboard the addresses of the n8n next to them. */
	setLinks(links: ShopLinks): void;
	reset(): void;
	close(): Promise<void>;
}

const FIRST_ORDER_NUMBER = 2041;
const BODY_LIMIT_BYTES = 1_048_576;

function createContext(options: SandboxOptions): SandboxContext {
	const { storeName = 'Sandbox Store', taxRate = 0 } = options;
	const { testKey = createToken('pk_test_'), liveKey = createToken('pk_live_') } = options;
	const switches = createSwitches();
	applySwitches(switches, options.switches ?? {});
	const databases = createDatabases(storeName);
	return {
		switches,
		databases,
		sessions: new Map<string, CheckoutSession>(),
		deliveries: new Deliveries(switches, databases),
		storeName,
		taxRate,
		keys: { test: [testKey], live: [liveKey] },
		links: {},
		lastOrderNumber: FIRST_ORDER_NUMBER - 1,
		url: '',
		publicUrl: '',
	};
}

function resetContext(context: SandboxContext, options: SandboxOptions): void {
	Object.assign(context.databases, createDatabases(context.storeName));
	Object.assign(context.switches, createSwitches());
	applySwitches(context.switches, options.switches ?? {});
	context.sessions.clear();
	context.lastOrderNumber = FIRST_ORDER_NUMBER - 1;
	context.deliveries.clear();
}

interface Snapshot {
	databases: Record<Mode, DatabaseDump>;
	sessions: Map<string, CheckoutSession>;
	lastOrderNumber: number;
}

function takeSnapshot({ databases, sessions, lastOrderNumber }: SandboxContext): Buffer {
	const dumps = { test: databases.test.dump(), live: databases.live.dump() };
	return serialize({ databases: dumps, sessions, lastOrderNumber } satisfies Snapshot);
}

function restoreSnapshot(context: SandboxContext, bytes: Buffer): void {
	const { databases, sessions, lastOrderNumber } = deserialize(bytes) as Snapshot;
	for (const mode of ['test', 'live'] as const) context.databases[mode].restore(databases[mode]);
	for (const [id, session] of sessions) context.sessions.set(id, session);
	context.lastOrderNumber = lastOrderNumber;
}

function seedModes(context: SandboxContext, modes: SandboxOptions['seed']): void {
	if (modes === true) for (const mode of ['test', 'live'] as const) seed(context, mode);
	else if (modes) seed(context, modes);
}

/** What the API answers at an unknown address. */
async function serveNothing(api: Api, request: FastifyRequest, reply: FastifyReply): Promise<void> {
	await api.admit(request, reply);
	if (reply.sent) return;
	const nothing = new ApiError(404, `Cannot ${request.method} ${request.url}`, 'NOT_FOUND');
	api.fail(request, nothing);
}

/** Keeps the pages of other sites from working the controls, which need no key. */
function refuseCrossOrigin(app: FastifyInstance): void {
	app.addHook('onRequest', async (request, reply) => {
		const isControl = request.method !== 'GET' && request.url.startsWith('/_sandbox');
		if (!isControl || !isCrossOrigin(request)) return;
		await reply
			.code(403)
			.send({ error: 'This is allowed only on the computer that the sandbox runs on.' });
	});
}

function registerEndpoint<N extends EndpointName>(app: FastifyInstance, api: Api, name: N): void {
	const { method, path, query, body } = endpoints[name];
	app.route({
		method,
		url: path,
		schema: { ...(query && { querystring: query }), ...(body && { body }) },
		preValidation: async (request, reply) => await api.admit(request, reply, name),
		handler: async (request, reply) => {
			api.answer(request, handlers[name]);
			return reply;
		},
	});
}

function registerApi(app: FastifyInstance, api: Api, context: SandboxContext): void {
	app.setValidatorCompiler(createValidatorCompiler());
	for (const name of Object.keys(endpoints) as EndpointName[]) registerEndpoint(app, api, name);
	app.setNotFoundHandler(async (request, reply) => {
		if (wantsPage(request)) sendNotFoundPage(context, reply);
		else await serveNothing(api, request, reply);
		return reply;
	});
	app.setErrorHandler<Error & { statusCode?: number }>(async (error, request, reply) => {
		if (api.fail(request, error)) return reply;
		const { type, text } = buildErrorBody(context.switches, error.message, 'REQUEST_FAILED');
		return await reply
			.code(error.statusCode ?? 500)
			.header('content-type', type)
			.send(text);
	});
}

function createServer(): FastifyInstance {
	const app = fastify({
		bodyLimit: BODY_LIMIT_BYTES,
		forceCloseConnections: true,
		exposeHeadRoutes: false,
	});
	// Bodies are read as bytes: the SDK sends a JSON content type with no body at all.
	app.removeAllContentTypeParsers();
	app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
	return app;
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
	await app.listen({ host, port });
	const { port: boundPort } = app.server.address() as AddressInfo;
	const reachableHost = host === '0.0.0.0' ? '127.0.0.1' : host;
	return `http://${reachableHost.includes(':') ? `[${reachableHost}]` : reachableHost}:${boundPort}`;
}

/** Starts a local Pocketsflow: the API, the checkout page and webhook deliveries. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
	const { host = '127.0.0.1', port = 0 } = options;
	const context = createContext(options);
	const { deliveries, switches, keys } = context;
	const [testKey, liveKey] = [keys.test[0], keys.live[0]];
	const api = new Api(context, keys);
	const renewKey = (mode: Mode, keepsOld = false) => {
		const key = createToken(`pk_${mode}_`);
		keys[mode] = keepsOld ? [...keys[mode], key] : [key];
		return key;
	};
	const reset = () => {
		Object.assign(keys, { test: [testKey], live: [liveKey] });
		resetContext(context, options);
		api.reset();
		seedModes(context, options.seed);
	};

	const app = createServer();
	refuseCrossOrigin(app);
	registerApi(app, api, context);
	registerPages(app, context, async (request, reply) => await serveNothing(api, request, reply));
	registerAssets(app);
	registerDocs(app);
	registerCheckoutPage(app, context);
	registerControls(app, context, api.log, { reset, renewKey });

	const url = await listen(app, host, port);
	context.url = url;
	context.publicUrl = (options.publicUrl ?? url).replace(/\/+$/, '');
	if (options.snapshot) restoreSnapshot(context, options.snapshot);
	else seedModes(context, options.seed);

	return {
		url,
		testKey,
		liveKey,
		switches,
		get requests() {
			return api.log.list;
		},
		get deliveries() {
			return deliveries.list;
		},
		setSwitches: (patch) => applySwitches(switches, patch),
		renewKey,
		seed: (mode = 'test') => seed(context, mode),
		purchase: async (input = {}) => await purchase(context, { ...input }),
		waitForDeliveries: async () => await deliveries.waitForAll(),
		takeSnapshot: () => takeSnapshot(context),
		setLinks: (links) => void Object.assign(context.links, links),
		reset,
		close: async () => {
			await deliveries.close();
			await app.close();
		},
	};
}
