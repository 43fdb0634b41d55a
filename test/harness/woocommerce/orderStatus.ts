import { addNote } from './notes';
import { announce, nextPostId, type Order, type Refund, type ShopState } from './state';

export const statusLabels = {
	pending: 'Pending payment',
	processing: 'Processing',
	'on-hold': 'On hold',
	completed: 'Completed',
	cancelled: 'Cancelled',
	refunded: 'Refunded',
	failed: 'Failed',
	'checkout-draft': 'Draft',
	trash: 'Trash',
} as const;
const isLabelled = (status: string): status is keyof typeof statusLabels =>
	Object.hasOwn(statusLabels, status);

export const sumOf = (amounts: number[]) => amounts.reduce((sum, amount) => sum + amount, 0);

export const totalOf = ({ lines, shippingTotal, taxTotal }: Order) =>
	sumOf(lines.map(({ total }) => total)) + shippingTotal + taxTotal;

/** Whether a customer can still pay: not once it is on hold. */
export const needsPayment = (order: Order) =>
	['pending', 'failed'].includes(order.status) && totalOf(order) > 0;

/** Whether something has to be sent: everything but products that are virtual and downloadable. */
export const needsProcessing = (state: ShopState, { lines }: Order) =>
	lines.some(({ productId }) => {
		const product = state.products.get(productId);
		return !(product?.virtual && product.downloadable);
	});

export const refundsOf = (state: ShopState, order: Order) =>
	[...state.refunds.values()].filter(({ orderId }) => orderId === order.id).reverse();

export const remainderOf = (state: ShopState, order: Order) =>
	refundsOf(state, order).reduce((rest, { amount }) => rest - amount, totalOf(order));

export function touch(state: ShopState, order: Order): void {
	order.modifiedMs = state.now();
	announce(state, 'order.updated', order.id);
}

/** What WooCommerce does when money arrived: the status that is next, and the transaction. */
export function completePayment(state: ShopState, order: Order, transactionId: unknown): void {
	if (typeof transactionId === 'string' && transactionId !== '')
		order.transactionId = transactionId;
	setStatus(state, order, needsProcessing(state, order) ? 'processing' : 'completed');
}

/** Sets a status with all that follows: dates, a note, and a refund of the rest if `refunded`. */
export function setStatus(state: ShopState, order: Order, status: string): void {
	const before = order.status;
	if (before === status) return;
	order.status = status;
	if (['processing', 'completed'].includes(status)) order.paidMs ??= state.now();
	if (status === 'completed') order.completedMs ??= state.now();
	if (isLabelled(before) && isLabelled(status))
		addNote(state, order, {
			text: `Order status changed from ${statusLabels[before]} to ${statusLabels[status]}.`,
			author: 'WooCommerce',
		});
	if (status === 'processing' || status === 'completed') fulfil(state, order, status);
	if (status === 'refunded') refundRest(state, order);
}

/** Takes stock, once, which changes the products, and sends the customer an email. */
function fulfil(state: ShopState, order: Order, status: 'processing' | 'completed'): void {
	if (!order.isStockReduced)
		for (const { productId, quantity } of order.lines) {
			const product = state.products.get(productId);
			if (product?.stock === undefined) continue;
			const left = product.stock - quantity;
			addNote(state, order, {
				text: `Stock levels reduced: ${product.name} (#${product.id}) ${product.stock}→${left}`,
				author: 'WooCommerce',
			});
			product.stock = left;
			announce(state, 'product.updated', product.id);
		}
	order.isStockReduced = true;
	addNote(state, order, {
		text: `Email "${statusLabels[status]} order" sent to ${order.billing.email}.`,
		author: 'WooCommerce',
	});
}

/** What WooCommerce does when an order is set to refunded by hand: the rest counts as refunded. */
function refundRest(state: ShopState, order: Order): void {
	const rest = remainderOf(state, order);
	if (rest > 0) addRefund(state, order, rest, 'Order fully refunded.', false);
}

export function addRefund(
	state: ShopState,
	order: Order,
	amount: number,
	reason: string,
	paidBack: boolean,
): Refund {
	const id = nextPostId(state);
	const refund: Refund = {
		id,
		orderId: order.id,
		amount,
		reason,
		createdMs: state.now(),
		paidBack,
		meta: [],
	};
	state.refunds.set(id, refund);
	announce(state, 'order.updated', order.id);
	return refund;
}
