import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import fastify, { type FastifyReply, type FastifyRequest } from 'fastify';

import { authenticate } from './authentication';
import { ApiError, permissionError } from './errors';
import { parseQuery } from './lists';
import { createOrder, filterOrders, findOrder, formatOrder, updateOrder } from './orders';
import { needsProcessing, refundsOf, setStatus, totalOf } from './orderStatus';
import { formatNote, notesOf } from './notes';
import { createProduct, findProduct, formatProduct, updateProduct } from './products';
import { formatRefund } from './refunds';
import { findRoute } from './routes';
import type { ApiKey, Coupon, Mail, Order, ShopPages, ShopState } from './state';
import { deliver, formatWebhook, send, type Delivery } from './webhooks';
import { parseAmount, toPhpJson, type Fields } from './values';

export interface ShopOptions {
	/** As in requests of the API: `{ name: 'Course', regular_price: '29.00' }`. */
	products?: Fields[];
	coupons?: Coupon[];
	currency?: string;
	/** 2 by default; 0 for a currency such as JPY. */
	decimals?: number;
	/** The shop's time zone, 2 by default, so that its dates without a zone are not UTC. */
	utcOffsetHours?: number;
	/** Gateways that can refund; none by default. */
	refundingGateways?: string[];
	/** False takes OAuth 1.0a only, as a shop without HTTPS. */
	isHttps?: boolean;
	/** The server drops the header `Authorization`, so that keys have to be in the query. */
	dropsAuthorization?: boolean;
	/** Other names of the checkout page and its endpoints, as in a shop in another language. */
	pages?: Partial<ShopPages>;
	/** `order.updated` of a new order is delivered before its `order.created`, which happens. */
	updatedFirst?: boolean;
	/** Deliveries wait for `deliver()`. */
	holdDeliveries?: boolean;
}

export interface NewOrder {
	/** Products by ID, each once unless a quantity is given. */
	lines: Array<number | { product: number; quantity?: number }>;
	coupon?: string;
	/** Shipping and tax on top, as text: "5.00". */
	shipping?: string;
	tax?: string;
	email?: string;
	/** `pocketsflow` by default; an order of nothing has none. */
	paymentMethod?: string;
	/** What the gateway leaves; `pending` by default. An order of nothing is paid immediately. */
	status?: string;
	billing?: Record<string, string>;
}

export interface Failure {
	/** The status to answer with; 0 breaks the connection. */
	status: number;
	times?: number;
	method?: string;
	path?: string;
	/** The request succeeds, and only its answer is lost. */
	carriedOut?: boolean;
}

/** Requests that come at the same moment. */
export interface Meeting {
	method: string;
	/** The end of the path, such as `/orders/101`. */
	path: string;
	/** How many requests wait for each other. */
	count: number;
}

export interface RecordedRequest {
	method: string;
	path: string;
	query: Fields;
	body: Fields;
	status: number;
}

export type OrderRecord = ReturnType<typeof formatOrder>;
export type ProductRecord = ReturnType<typeof formatProduct>;
export type NoteRecord = ReturnType<typeof formatNote>;
export type RefundRecord = ReturnType<typeof formatRefund>;

/** A WooCommerce shop that listens on this machine, and the hands of its owner and its customers. */
export interface Shop {
	readonly url: string;
	readonly credential: {
		consumerKey: string;
		consumerSecret: string;
		url: string;
		includeCredentialsInQuery: boolean;
	};
	readonly requests: RecordedRequest[];
	readonly deliveries: Delivery[];
	/** Notes for the customer, which WooCommerce sends by email. */
	readonly mails: Mail[];
	addKey(permissions: ApiKey['permissions']): ApiKey;
	addProduct(fields: Fields): ProductRecord;
	changeProduct(id: number, fields: Fields): ProductRecord;
	product(id: number): ProductRecord;
	products(): ProductRecord[];
	/** A customer buys: `order.created` is delivered, and `order.updated` for what the gateway sets. */
	placeOrder(order: NewOrder): OrderRecord;
	changeOrder(id: number, fields: Fields): OrderRecord;
	order(id: number): OrderRecord;
	orders(): OrderRecord[];
	notes(orderId: number): NoteRecord[];
	refunds(orderId: number): RefundRecord[];
	webhooks(): Array<ReturnType<typeof formatWebhook> & { failureCount: number }>;
	failNext(failure: Failure): void;
	/** Holds the next requests that fit until so many have come, then answers them together. */
	meetNext(meeting: Meeting): void;
	countRequests(method?: string, path?: string | RegExp): number;
	/** Sends what waits and comes back when all deliveries are answered. */
	deliver(): Promise<void>;
	/** Sends a delivery once more, as it was. */
	redeliver(delivery: Delivery): Promise<Delivery>;
	advance(ms: number): void;
	close(): Promise<void>;
}

export const readMeta = (
	record: { meta_data: Array<{ key: string; value: unknown }> },
	key: string,
) => record.meta_data.find((entry) => entry.key === key)?.value;

export async function openShop(options: ShopOptions = {}): Promise<Shop> {
	let aheadMs = 0;
	const state: ShopState = {
		url: '',
		currency: options.currency ?? 'USD',
		decimals: options.decimals ?? 2,
		utcOffsetHours: options.utcOffsetHours ?? 2,
		isHttps: options.isHttps ?? true,
		dropsAuthorization: options.dropsAuthorization ?? false,
		pages: {
			checkout: 'checkout',
			orderPay: 'order-pay',
			orderReceived: 'order-received',
			...options.pages,
		},
		keys: [],
		usedNonces: new Set(),
		products: new Map(),
		orders: new Map(),
		refunds: new Map(),
		notes: new Map(),
		coupons: new Map(options.coupons?.map((coupon) => [coupon.code.toLowerCase(), coupon])),
		webhooks: new Map(),
		mails: [],
		events: new Set(),
		lastIds: new Map(),
		now: () => Date.now() + aheadMs,
	};
	const failures: Array<Failure & { left: number }> = [];
	const meetings: Array<Meeting & { waiting: Array<() => void> }> = [];
	const requests: RecordedRequest[] = [];
	const outbox = openOutbox(state, options.holdDeliveries ?? false, options.updatedFirst ?? false);

	const change = <T>(make: () => T): T => {
		const result = make();
		outbox.queueEvents();
		return result;
	};

	async function meet(method: string, path: string): Promise<void> {
		const meeting = meetings.find((next) => next.method === method && path.endsWith(next.path));
		if (!meeting) return;
		const met = new Promise<void>((resolve) => meeting.waiting.push(resolve));
		if (meeting.waiting.length === meeting.count) {
			meetings.splice(meetings.indexOf(meeting), 1);
			for (const release of meeting.waiting) release();
		}
		await met;
	}

	async function answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
		const { method, url } = request;
		const { pathname: path, search } = new URL(url, state.url);
		const query = parseQuery(search);
		const recorded = { method, path, query: withoutKeys(query), body: {} as Fields, status: 0 };
		requests.push(recorded);
		await meet(method, path);
		const failure = failures.find(
			(candidate) =>
				candidate.left > 0 &&
				(candidate.method ?? method) === method &&
				path.includes(candidate.path ?? ''),
		);
		if (failure) failure.left--;
		const respond = async (status: number, body: unknown, headers: Record<string, string> = {}) => {
			if (failure && failure.status === 0) {
				request.raw.socket.destroy();
				return reply.hijack();
			}
			recorded.status = failure?.status ?? status;
			return await reply
				.code(recorded.status)
				.headers({
					'content-type': 'application/json; charset=UTF-8',
					link: `<${state.url}/wp-json/>; rel="https://api.w.org/"`,
					...headers,
				})
				.send(toPhpJson(failure ? failureBody(failure.status) : body));
		};
		if (failure && !failure.carriedOut) return await respond(failure.status, undefined);
		try {
			if (isReceivedPage(state, path, query)) return await respond(200, { page: 'order-received' });
			const { handle, parameters, readsList } = findRoute(method, path);
			recorded.body = parseBody(request.body);
			const { authorization } = request.headers;
			if (!authenticate(state, { method, path: url, authorization }))
				throw permissionError(method, readsList);
			const response = await handle({
				state,
				path,
				query,
				// WordPress reads both; the body counts more.
				fields: { ...query, ...recorded.body },
				parameters,
				refundingGateways: options.refundingGateways ?? [],
			});
			outbox.queueEvents();
			return await respond(response.status ?? 200, response.body, response.headers);
		} catch (error) {
			if (error instanceof ApiError) return await respond(error.status, error.toBody());
			throw error;
		}
	}

	const server = fastify({ forceCloseConnections: true });
	server.removeAllContentTypeParsers();
	server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
		done(null, body),
	);
	server.all('/*', answer);
	state.url = await server.listen({ host: '127.0.0.1', port: 0 });

	const addKey = (permissions: ApiKey['permissions']): ApiKey => {
		const random = () => randomBytes(20).toString('hex');
		const key = { consumerKey: `ck_${random()}`, consumerSecret: `cs_${random()}`, permissions };
		state.keys.push(key);
		return key;
	};
	const { consumerKey, consumerSecret } = addKey('read_write');
	const addProduct = (fields: Fields) =>
		change(() => formatProduct(state, createProduct(state, fields)));
	for (const fields of options.products ?? []) addProduct(fields);

	return {
		url: state.url,
		credential: { consumerKey, consumerSecret, url: state.url, includeCredentialsInQuery: false },
		requests,
		deliveries: outbox.deliveries,
		mails: state.mails,
		addKey,
		addProduct,
		changeProduct: (id, fields) =>
			change(() => {
				const product = findProduct(state, id);
				updateProduct(state, product, fields);
				return copy(formatProduct(state, product));
			}),
		product: (id) => copy(formatProduct(state, findProduct(state, id))),
		products: () =>
			[...state.products.values()].map((product) => copy(formatProduct(state, product))),
		placeOrder: (order) => change(() => copy(formatOrder(state, buy(state, order)))),
		changeOrder: (id, fields) =>
			change(() => {
				const order = findOrder(state, id);
				updateOrder(state, order, fields);
				return copy(formatOrder(state, order));
			}),
		order: (id) => copy(formatOrder(state, findOrder(state, id))),
		orders: () => filterOrders(state, {}).map((order) => copy(formatOrder(state, order))),
		notes: (id) => notesOf(state, findOrder(state, id)).map((note) => formatNote(state, note)),
		refunds: (id) =>
			refundsOf(state, findOrder(state, id)).map((refund) => copy(formatRefund(state, refund))),
		webhooks: () =>
			[...state.webhooks.values()].map((webhook) => ({
				...formatWebhook(state, webhook),
				failureCount: webhook.failureCount,
			})),
		meetNext: (meeting) => void meetings.push({ ...meeting, waiting: [] }),
		failNext: (failure) => void failures.push({ ...failure, left: failure.times ?? 1 }),
		countRequests: (method, path) =>
			requests.filter(
				(request) =>
					(method === undefined || request.method === method) &&
					(path instanceof RegExp ? path.test(request.path) : request.path.includes(path ?? '')),
			).length,
		deliver: outbox.deliver,
		redeliver: outbox.redeliver,
		advance: (ms) => void (aheadMs += ms),
		close: async () => {
			outbox.close();
			await server.close();
		},
	};
}

/** A record as it is now, which later changes of the shop do not reach. */
const copy = <T>(record: T): T => structuredClone(record);

const withoutKeys = (query: Fields): Fields =>
	Object.fromEntries(
		Object.entries(query).filter(([name]) => !/^(oauth_|consumer_(key|secret)$)/.test(name)),
	);

function parseBody(body: unknown): Fields {
	if (typeof body !== 'string' || body === '') return {};
	try {
		const parsed = JSON.parse(body) as unknown;
		return typeof parsed === 'object' && parsed !== null ? (parsed as Fields) : {};
	} catch {
		throw new ApiError('rest_invalid_json', 'Invalid JSON body passed.', {
			status: 400,
			json_error_code: 4,
			json_error_message: 'Syntax error',
		});
	}
}

/** Whether this is the page that thanks for an order; every other page of the shop answers 404. */
function isReceivedPage({ pages, orders }: ShopState, path: string, { key }: Fields): boolean {
	const prefix = `/${pages.checkout}/${pages.orderReceived}/`;
	const id = path.startsWith(prefix) ? Number(path.slice(prefix.length).replace('/', '')) : 0;
	return orders.get(id)?.key === key && key !== undefined;
}

const failureBody = (status: number) => ({
	code: 'internal_server_error',
	message: 'There has been a critical error on this website.',
	data: { status },
});

/** What a checkout does: the order is made, then its gateway sets the status. */
function buy(state: ShopState, order: NewOrder): Order {
	const { email = 'buyer@example.com', billing, coupon, shipping, tax } = order;
	const made = createOrder(
		state,
		{
			billing: { first_name: 'Ada', last_name: 'Buyer', country: 'DE', email, ...billing },
			line_items: order.lines.map((line) =>
				typeof line === 'number'
					? { product_id: line }
					: { product_id: line.product, quantity: line.quantity },
			),
			...(coupon ? { coupon_lines: [{ code: coupon }] } : {}),
			...(shipping ? { shipping_lines: [{ method_id: 'flat_rate', total: shipping }] } : {}),
		},
		'checkout',
	);
	made.taxTotal = parseAmount(tax ?? '', state.decimals);
	if (totalOf(made) === 0) {
		setStatus(state, made, needsProcessing(state, made) ? 'processing' : 'completed');
		return made;
	}
	updateOrder(state, made, {
		payment_method: order.paymentMethod ?? 'pocketsflow',
		payment_method_title: order.paymentMethod ?? 'Pay with Pocketsflow',
		status: order.status ?? 'pending',
	});
	return made;
}

/** The queue of deliveries: one after the other, as WooCommerce's background jobs. */
function openOutbox(state: ShopState, held: boolean, updatedFirst: boolean) {
	const deliveries: Delivery[] = [];
	const queue: Array<{ webhookId: number; resourceId: number }> = [];
	let running: Promise<void> | undefined;
	let closed = false;

	async function run(): Promise<void> {
		await setImmediate();
		for (let job = queue.shift(); job && !closed; job = queue.shift()) {
			const webhook = state.webhooks.get(job.webhookId);
			const delivery =
				webhook?.status === 'active' ? await deliver(state, webhook, job.resourceId) : undefined;
			if (delivery) deliveries.push(delivery);
		}
	}
	const start = () => (running ??= run().finally(() => (running = undefined)));

	return {
		deliveries,
		queueEvents() {
			const rank = (event: string) => Number(event.startsWith('order.created'));
			const events = [...state.events];
			if (updatedFirst) events.sort((a, b) => rank(a) - rank(b));
			for (const event of events) {
				const [topic, id] = event.split(' ');
				for (const webhook of state.webhooks.values())
					if (webhook.status === 'active' && webhook.topic === topic)
						queue.push({ webhookId: webhook.id, resourceId: Number(id) });
			}
			state.events.clear();
			if (!held && queue.length > 0) void start();
		},
		async deliver() {
			while (queue.length > 0 || running) await start();
		},
		async redeliver(delivery: Delivery) {
			const webhook = state.webhooks.get(delivery.webhookId);
			if (!webhook) throw new Error(`There is no webhook ${delivery.webhookId} any more.`);
			const repeated = await send(webhook, delivery);
			deliveries.push(repeated);
			return repeated;
		},
		close: () => void (closed = true),
	};
}
