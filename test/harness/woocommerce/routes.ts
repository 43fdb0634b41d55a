import { ApiError, invalidId, noRoute } from './errors';
import { pageOf, type Listed, type ListResult } from './lists';
import { createNote, findNote, formatNote, notesOf } from './notes';
import { createOrder, filterOrders, findOrder, formatOrder, updateOrder } from './orders';
import { refundsOf, setStatus } from './orderStatus';
import {
	createProduct,
	filterProducts,
	findProduct,
	formatProduct,
	updateProduct,
} from './products';
import { createRefund, findRefund, formatRefund } from './refunds';
import { announce, type Order, type ShopState } from './state';
import { isTrue, type Fields } from './values';
import {
	createWebhook,
	filterWebhooks,
	findWebhook,
	formatWebhook,
	ping,
	updateWebhook,
} from './webhooks';

export interface RouteCall {
	state: ShopState;
	path: string;
	query: Fields;
	/** The query and the body together. */
	fields: Fields;
	parameters: string[];
	refundingGateways: readonly string[];
}

export interface RouteResponse {
	status?: number;
	body: unknown;
	headers?: Record<string, string>;
}

type Handle = (call: RouteCall) => RouteResponse | Promise<RouteResponse>;

const created = (body: unknown): RouteResponse => ({ status: 201, body });

const listed = <T extends Listed>(
	{ records, headers }: ListResult<T>,
	format: (record: T) => unknown,
): RouteResponse => ({ body: records.map(format), headers });

/** @throws ApiError 501 unless the final deletion was asked for as such */
function requireForce({ fields }: RouteCall, plural: string): void {
	if (isTrue(fields.force)) return;
	throw new ApiError('woocommerce_rest_trash_not_supported', `${plural} do not support trashing.`, {
		status: 501,
	});
}

/** The routes below an order name their error otherwise than those of orders. */
function findParent(state: ShopState, orderId: string): Order {
	const order = state.orders.get(Number(orderId));
	if (!order) throw invalidId('order', 404, 'order ID');
	return order;
}

const emptyList: Handle = ({ state, path, query }) =>
	listed(pageOf(state, path, query, []), (record) => record);

/** Every route: the path behind `/wp-json/wc/v3/` with `#` for an ID, and what each method does. */
const routes: Record<string, Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handle>>> = {
	products: {
		GET: ({ state, path, query }) =>
			listed(pageOf(state, path, query, filterProducts(state, query)), (product) =>
				formatProduct(state, product),
			),
		POST: ({ state, fields }) => created(formatProduct(state, createProduct(state, fields))),
	},
	'products/#': {
		GET: ({ state, parameters: [id] }) => ({ body: formatProduct(state, findProduct(state, id)) }),
		PUT: ({ state, parameters: [id], fields }) => {
			const product = findProduct(state, id, 400);
			updateProduct(state, product, fields);
			return { body: formatProduct(state, product) };
		},
		DELETE: ({ state, parameters: [id], fields }) => {
			const product = findProduct(state, id);
			// The answer shows the product as it was before.
			const body = formatProduct(state, product);
			if (!isTrue(fields.force)) product.status = 'trash';
			if (isTrue(fields.force)) state.products.delete(product.id);
			announce(state, 'product.deleted', product.id);
			return { body };
		},
	},
	// n8n tests its credential with the first of these two.
	'products/categories': { GET: emptyList },
	'products/tags': { GET: emptyList },
	orders: {
		GET: ({ state, path, query }) =>
			listed(pageOf(state, path, query, filterOrders(state, query)), (order) =>
				formatOrder(state, order),
			),
		POST: ({ state, fields }) =>
			created(formatOrder(state, createOrder(state, fields, 'rest-api'))),
	},
	'orders/#': {
		GET: ({ state, parameters: [id] }) => ({ body: formatOrder(state, findOrder(state, id)) }),
		PUT: ({ state, parameters: [id], fields }) => {
			const order = findOrder(state, id, 400);
			updateOrder(state, order, fields);
			return { body: formatOrder(state, order) };
		},
		DELETE: ({ state, parameters: [id], fields }) => {
			const order = findOrder(state, id);
			const body = formatOrder(state, order);
			if (!isTrue(fields.force)) setStatus(state, order, 'trash');
			if (isTrue(fields.force)) state.orders.delete(order.id);
			announce(state, 'order.deleted', order.id);
			return { body };
		},
	},
	'orders/#/notes': {
		// The one list that is not paged.
		GET: ({ state, parameters: [id], query }) => ({
			body: notesOf(state, findParent(state, id), query.type).map((note) =>
				formatNote(state, note),
			),
		}),
		POST: ({ state, parameters: [id], fields }) =>
			created(formatNote(state, createNote(state, findParent(state, id), fields))),
	},
	'orders/#/notes/#': {
		GET: ({ state, parameters: [id, noteId] }) => ({
			body: formatNote(state, findNote(state, findParent(state, id), noteId)),
		}),
		DELETE: (call) => {
			const { state, parameters } = call;
			const note = findNote(state, findParent(state, parameters[0]), parameters[1]);
			requireForce(call, 'Order notes');
			state.notes.delete(note.id);
			return { body: formatNote(state, note) };
		},
	},
	'orders/#/refunds': {
		GET: ({ state, path, query, parameters: [id] }) =>
			listed(pageOf(state, path, query, refundsOf(state, findParent(state, id))), (refund) =>
				formatRefund(state, refund),
			),
		POST: ({ state, parameters: [id], fields, refundingGateways }) =>
			created(formatRefund(state, createRefund(state, id, fields, refundingGateways))),
	},
	'orders/#/refunds/#': {
		GET: ({ state, parameters: [id, refundId] }) => ({
			body: formatRefund(state, findRefund(state, findParent(state, id), refundId)),
		}),
		DELETE: (call) => {
			const { state, parameters } = call;
			const order = findParent(state, parameters[0]);
			const refund = findRefund(state, order, parameters[1]);
			requireForce(call, 'Shop order refunds');
			state.refunds.delete(refund.id);
			announce(state, 'order.updated', order.id);
			return { body: formatRefund(state, refund) };
		},
	},
	webhooks: {
		GET: ({ state, path, query }) =>
			listed(pageOf(state, path, query, filterWebhooks(state, query)), (webhook) =>
				formatWebhook(state, webhook),
			),
		POST: async ({ state, fields }) => {
			const webhook = createWebhook(state, fields);
			await ping(webhook);
			return created(formatWebhook(state, webhook));
		},
	},
	'webhooks/#': {
		GET: ({ state, parameters: [id] }) => ({ body: formatWebhook(state, findWebhook(state, id)) }),
		PUT: ({ state, parameters: [id], fields }) => {
			const webhook = findWebhook(state, id, 400);
			updateWebhook(state, webhook, fields);
			return { body: formatWebhook(state, webhook) };
		},
		DELETE: (call) => {
			const { state, parameters } = call;
			requireForce(call, 'Webhooks');
			const webhook = findWebhook(state, parameters[0]);
			state.webhooks.delete(webhook.id);
			return { body: formatWebhook(state, webhook) };
		},
	},
};

const table = Object.entries(routes).map(([route, handlers]) => ({
	pattern: new RegExp(`^/wp-json/wc/v3/${route.replace(/#/g, '(\\d+)')}/?$`),
	readsList: !route.endsWith('#'),
	handlers,
}));

export function findRoute(method: string, path: string) {
	for (const { pattern, handlers, readsList } of table) {
		const match = pattern.exec(path);
		// One thing is changed by PUT, PATCH and POST alike.
		const name = !readsList && ['PATCH', 'POST'].includes(method) ? 'PUT' : method;
		const handle = handlers[name as keyof typeof handlers];
		if (match && handle) return { handle, readsList, parameters: match.slice(1) };
	}
	throw noRoute();
}
