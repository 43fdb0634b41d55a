import { type Handler, list, ok, pagination, readPage } from '../answers';
import { invalid, readSpan } from '../input';
import type { Order, Payment } from '../state';
import { showOrder, showPayment } from '../views';
import { found } from './products';

/** Orders and payments, read only (contract B). */
export const orderRoutes = {
	'orders.list': (call) => {
		const { world, state, query } = call;
		const page = readPage(call, query);
		const { productId } = query;
		const { total, rows } = state.orders.read({
			...readSpan(query),
			...(productId && { where: (row: Order) => row.productId === productId }),
			skip: page.skip,
			take: page.pageSize,
		});
		return list(
			call,
			'orders',
			rows.map((row) => showOrder(world, state, row)),
			'object',
			{ pagination: pagination(call, page, total) },
		);
	},
	'orders.get': ({ world, state, params }) => {
		const shown = showOrder(world, state, found(state.orders, params.id, 'Order'));
		const { orderById } = world.switches;
		return ok(orderById === 'bare' ? shown : { [orderById]: shown });
	},
	'payments.list': (call) => {
		const { state, query } = call;
		const type = query.type ?? 'all';
		if (type !== 'all' && type !== 'subscription') {
			throw invalid('type must be one of all, subscription');
		}
		const page = readPage(call, query);
		const { total, rows } = state.payments.read({
			...readSpan(query),
			...(type === 'subscription' && { where: (row: Payment) => row.isSubscription }),
			skip: page.skip,
			take: page.pageSize,
		});
		return list(
			call,
			'payments',
			rows.map((row) => showPayment(state, row)),
			'object',
			{ pagination: pagination(call, page, total) },
		);
	},
} satisfies Record<string, Handler>;
