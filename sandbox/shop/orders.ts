import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { Customer, Order, Payment, Product, Refund } from '../database/entities';
import { createRow, type Row } from '../database/table';
import { badRequest } from '../http/errors';
import { roundToCents } from '../money';
import { buildOrderPayload, buildRefundPayload } from '../webhooks/payloads';
import { type Buyer, copyBuyer, findOrCreateCustomer } from './customers';
import { redeemDiscount } from './discounts';

/** The payment provider's fee on an amount in major units. */
const computeFee = (amount: number) => (amount > 0 ? roundToCents(amount * 0.029 + 0.3) : 0);

function computeAmounts(price: number, taxRate: number) {
	const taxAmount = roundToCents(price * taxRate);
	const grossAmount = roundToCents(price + taxAmount);
	const stripeFee = computeFee(grossAmount);
	const netAmount = roundToCents(price - stripeFee);
	return { grossAmount, netAmount, taxAmount, taxRate, amountBeforeTax: price, stripeFee };
}

function addPayment(db: Database, order: Order, row: Row): Payment {
	return db.payments.add({
		isSubscription: false,
		productId: order.productId,
		orderId: order._id,
		buyerEmail: order.buyerEmail,
		currency: order.currency,
		amount: order.grossAmount,
		amountBeforeTax: order.amountBeforeTax,
		isRefunded: false,
		isDisputed: false,
		...row,
	});
}

function addOrder(
	db: Database,
	product: Product,
	customer: Customer,
	buyer: Buyer,
	{ createdAtMs, taxRate }: { createdAtMs: number; taxRate: number },
): Order {
	const paymentRow = createRow(createdAtMs);
	const order = db.orders.add({
		productId: product._id,
		customerId: customer._id,
		paymentId: paymentRow._id,
		currency: product.currency,
		country: customer.country,
		isRefunded: false,
		isDisputed: false,
		refundedAmount: 0,
		...computeAmounts(redeemDiscount(db, buyer.discountCode, product), taxRate),
		...copyBuyer(buyer),
		...createRow(createdAtMs),
	});
	addPayment(db, order, paymentRow);
	return order;
}

/** One sale of a product: order, payment, customer, and the webhooks that report it. */
export function buyProduct(
	context: SandboxContext,
	db: Database,
	product: Product,
	buyer: Buyer,
): Order {
	const { purchasedAtMs = Date.now(), taxRate = context.taxRate, deliver = true } = buyer;
	const customer = findOrCreateCustomer(db, buyer, purchasedAtMs);
	const order = addOrder(db, product, customer, buyer, { createdAtMs: purchasedAtMs, taxRate });
	customer.numberOfOrders += 1;
	customer.totalSpent = roundToCents(customer.totalSpent + order.grossAmount);
	customer.productIds.add(product._id);
	if (deliver) emitSale(context, db, order, customer);
	return order;
}

function emitSale(
	{ deliveries, switches }: SandboxContext,
	db: Database,
	order: Order,
	customer: Customer,
): void {
	const payload = buildOrderPayload(switches, order);
	deliveries.emit(db.mode, 'order.completed', payload);
	// Sent at a buyer's first purchase, with the order (docs/pocketsflow-api.md#events).
	if (customer.numberOfOrders === 1) deliveries.emit(db.mode, 'customer.created', payload);
}

/** Moves an order and its payment to another time, in ms since 1970. */
export function moveOrder(db: Database, order: Order, createdAtMs: number): void {
	db.orders.remove(order._id);
	db.orders.add({ ...order, createdAtMs });
	const payment = db.payments.remove(order.paymentId);
	if (payment) db.payments.add({ ...payment, createdAtMs });
}

export function deleteOrder(db: Database, order: Order): void {
	db.orders.remove(order._id);
	db.payments.remove(order.paymentId);
	const customer = db.customers.get(order.customerId);
	if (!customer) return;
	customer.numberOfOrders -= 1;
	customer.totalSpent = roundToCents(customer.totalSpent - order.grossAmount);
}

function computeRefundAmount(order: Order, requested: number | undefined): number {
	const remaining = roundToCents(order.grossAmount - order.refundedAmount);
	if (order.isRefunded || (remaining <= 0 && order.grossAmount > 0)) {
		throw badRequest('Order is already refunded');
	}
	const amount = roundToCents(requested ?? remaining);
	if (requested !== undefined && amount <= 0) throw badRequest('amount must be more than 0');
	if (amount > remaining) {
		throw badRequest(`amount must not exceed ${remaining}, what is left of the order`);
	}
	return amount;
}

/** Refunds an order: an amount in major units, or all that is left of it. */
export function refundOrder(
	{ deliveries, switches }: SandboxContext,
	db: Database,
	order: Order,
	{ amount: requested, reason }: { amount?: number; reason?: string },
): Refund {
	const amount = computeRefundAmount(order, requested);
	const refund = db.refunds.add({
		orderId: order._id,
		amount,
		...(reason !== undefined && { reason }),
		status: 'completed',
		...createRow(),
	});
	order.refundedAmount = roundToCents(order.refundedAmount + amount);
	order.isRefunded = order.refundedAmount >= order.grossAmount;
	const payment = db.payments.get(order.paymentId);
	if (payment) payment.isRefunded = order.isRefunded;
	deliveries.emit(db.mode, 'order.refunded', buildRefundPayload(switches, order, refund));
	return refund;
}
