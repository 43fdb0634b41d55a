import { ApiError, invalidId } from './errors';
import { addRefund, remainderOf, setStatus, touch } from './orderStatus';
import type { Order, Refund, ShopState } from './state';
import {
	formatAmount,
	formatDates,
	formatLinks,
	parseAmount,
	requireText,
	updateMeta,
	type Fields,
} from './values';

const refusal = (message: string) =>
	new ApiError('woocommerce_rest_cannot_create_order_refund', message, 500);

/**
 * Unless `api_refund` is false, the gateway refunds. One that cannot makes the whole request fail.
 * @throws ApiError 500, as WooCommerce answers to every refund that it refuses
 */
export function createRefund(
	state: ShopState,
	orderId: unknown,
	fields: Fields,
	refundingGateways: readonly string[],
): Refund {
	const order = state.orders.get(Number(orderId));
	if (!order) throw new ApiError('woocommerce_rest_invalid_order_id', 'Invalid order ID.', 404);
	requireText(fields, 'amount', 'reason');
	const amount = parseAmount(String(fields.amount ?? ''), state.decimals);
	if (amount < 0)
		throw new ApiError(
			'woocommerce_rest_invalid_order_refund',
			'Refund amount must be greater than zero.',
			400,
		);
	if (amount > remainderOf(state, order)) throw refusal('Invalid refund amount.');
	const paidBack = fields.api_refund !== false;
	if (paidBack && order.paymentMethod === '')
		throw refusal('The payment gateway for this order does not exist.');
	if (paidBack && !refundingGateways.includes(order.paymentMethod))
		throw refusal('The payment gateway for this order does not support automatic refunds.');
	const refund = addRefund(state, order, amount, String(fields.reason ?? ''), paidBack);
	updateMeta(state, refund.meta, fields.meta_data);
	const isRest = remainderOf(state, order) === 0;
	updateMeta(state, refund.meta, [{ key: '_refund_type', value: isRest ? 'full' : 'partial' }]);
	if (isRest) setStatus(state, order, 'refunded');
	touch(state, order);
	return refund;
}

export function findRefund(state: ShopState, order: Order, id: unknown): Refund {
	const refund = state.refunds.get(Number(id));
	if (refund?.orderId !== order.id) throw invalidId('shop_order_refund');
	return refund;
}

export const formatRefund = (state: ShopState, refund: Refund) => ({
	id: refund.id,
	...formatDates('date_created', refund.createdMs, state.utcOffsetHours),
	amount: formatAmount(refund.amount, state.decimals),
	reason: refund.reason,
	refunded_by: 1,
	refunded_payment: refund.paidBack,
	meta_data: refund.meta,
	line_items: [],
	shipping_lines: [],
	tax_lines: [],
	fee_lines: [],
	...formatLinks(state, `orders/${refund.orderId}/refunds`, refund.id),
});
