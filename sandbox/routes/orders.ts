import type { Order } from '../database/entities';
import { findDateRange } from '../http/input';
import {
	buildPagination,
	type Handlers,
	findPage,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeOrder } from '../serializers';
import { findOrThrow } from './lookup';

/** Orders, read only (docs/pocketsflow-api.md#orders-and-payments). */
export const orderRoutes = {
	'orders.list': (call) => {
		const { context, db, query } = call;
		const page = findPage(call, query);
		const { productId } = query;
		const { total, rows } = db.orders.query({
			...findDateRange(query),
			...(productId && { where: (row: Order) => row.productId === productId }),
			...page.window,
		});
		return respondList(
			call,
			'orders',
			rows.map((row) => serializeOrder(context.switches, db, row)),
			'object',
			{ pagination: buildPagination(call, page, total) },
		);
	},
	'orders.get': ({ context, db, params }) => {
		const order = serializeOrder(context.switches, db, findOrThrow(db.orders, params.id, 'Order'));
		const { orderById } = context.switches;
		return respondOk(orderById === 'bare' ? order : { [orderById]: order });
	},
} satisfies Partial<Handlers>;
