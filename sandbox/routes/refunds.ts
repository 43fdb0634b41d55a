import { created, type Handler, list, ok } from '../answers';
import { refundOrder } from '../commerce';
import { optional, readFields, required } from '../input';
import { showRefund } from '../views';
import { found } from './products';

const fields = {
	orderId: required('text'),
	amount: optional('amount'),
	reason: optional('text'),
};

/** Refunds of orders (contract B). */
export const refundRoutes = {
	'refunds.list': (call) => list(call, 'refunds', call.state.refunds.read().rows.map(showRefund)),
	'refunds.get': ({ state, params }) => ok(showRefund(found(state.refunds, params.id, 'Refund'))),
	'refunds.create': (call) => {
		const { orderId, amount, reason } = readFields(call.body, fields);
		const order = found(call.state.orders, orderId, 'Order');
		const refund = refundOrder(call.world, call.state, order, amount, reason);
		return created(call, showRefund(refund));
	},
} satisfies Record<string, Handler>;
