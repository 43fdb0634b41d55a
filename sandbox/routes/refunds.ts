import { type Handlers, respondCreated, respondList, respondOk } from '../http/responses';
import { serializeRefund } from '../serializers';
import { refundOrder } from '../shop/orders';
import { findOrThrow } from './lookup';

/** Refunds of orders (docs/pocketsflow-api.md#refunds). */
export const refundRoutes = {
	'refunds.list': (call) =>
		respondList(call, 'refunds', call.db.refunds.query().rows.map(serializeRefund)),
	'refunds.get': ({ db, params }) =>
		respondOk(serializeRefund(findOrThrow(db.refunds, params.id, 'Refund'))),
	'refunds.create': (call) => {
		const { orderId, ...refundInput } = call.body;
		const order = findOrThrow(call.db.orders, orderId, 'Order');
		const refund = refundOrder(call.context, call.db, order, refundInput);
		return respondCreated(call, serializeRefund(refund));
	},
} satisfies Partial<Handlers>;
