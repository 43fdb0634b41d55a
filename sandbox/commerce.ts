import { ApiError, invalid, notFound } from './input';
import { objectId, token } from './ids';
import {
	invoicePayload,
	orderPayload,
	refundPayload,
	reviewPayload,
	subscriptionPayload,
} from './payloads';
import type {
	Customer,
	Discount,
	Membership,
	ModeState,
	Offer,
	Order,
	Payment,
	Product,
	Refund,
	Review,
} from './state';
import { cents, type World } from './world';

/** Who buys, and what comes along with the purchase. */
export interface Buyer {
	email: string;
	firstName?: string;
	lastName?: string;
	country?: string;
	metadata?: Record<string, unknown>;
	clientReferenceId?: string;
	discountCode?: string;
	taxRate?: number;
	/** Time of the purchase; now when absent. */
	at?: number;
	/** Whether endpoints hear of it; yes when absent. */
	deliver?: boolean;
}

/** The discount behind a code, when it is valid for a product now. */
export function findDiscount(
	state: ModeState,
	code: string,
	productId: string | undefined,
	now = Date.now(),
): { discount?: Discount; problem?: ApiError } {
	const { rows } = state.discounts.read({ where: (row) => row.code === code });
	if (rows.length === 0) return { problem: notFound('Discount code') };
	const usable = rows.find(
		(row) => row.active && !(row.expiration && Date.parse(row.expiration) < now),
	);
	if (!usable) return { problem: invalid('Discount code is inactive or expired') };
	if (productId && !usable.mainProductIds.includes(productId)) {
		return { problem: invalid('Discount code does not apply to this productId') };
	}
	return { discount: usable };
}

/** A price after a discount, never below 0. */
export function discounted(price: number, discount: Discount | undefined): number {
	if (!discount) return price;
	const off = discount.valueType === 'percentage' ? (price * discount.value) / 100 : discount.value;
	return Math.max(0, cents(price - off));
}

function customerOf(state: ModeState, buyer: Buyer, at: number): Customer {
	const known = state.customersByEmail.get(buyer.email);
	if (known) return known;
	const customer: Customer = {
		_id: objectId(at),
		at,
		buyerEmail: buyer.email,
		country: buyer.country ?? 'US',
		numberOfOrders: 0,
		totalSpent: 0,
		productIds: new Set(),
	};
	state.customersByEmail.set(buyer.email, customer);
	return state.customers.add(customer);
}

function discountOf(state: ModeState, code: string | undefined, productId: string) {
	if (!code) return undefined;
	const { discount } = findDiscount(state, code, productId);
	if (discount) discount.used += 1;
	return discount;
}

/** One sale of a product: order, customer, payment, and what endpoints hear of it. */
export function buyProduct(world: World, state: ModeState, product: Product, buyer: Buyer): Order {
	const at = buyer.at ?? Date.now();
	const customer = customerOf(state, buyer, at);
	const price = discounted(product.price, discountOf(state, buyer.discountCode, product._id));
	const taxRate = buyer.taxRate ?? world.taxRate;
	const tax = cents(price * taxRate);
	const gross = cents(price + tax);
	const fee = gross > 0 ? cents(gross * 0.029 + 0.3) : 0;
	const payment: Payment = {
		_id: objectId(at),
		at,
		isSubscription: false,
		productId: product._id,
		buyerEmail: buyer.email,
		currency: product.currency,
		amount: gross,
		amountBeforeTax: price,
		isRefunded: false,
		isDisputed: false,
	};
	const order: Order = {
		_id: objectId(at),
		at,
		productId: product._id,
		customerId: customer._id,
		paymentId: payment._id,
		buyerEmail: buyer.email,
		...(buyer.firstName && { firstName: buyer.firstName }),
		...(buyer.lastName && { lastName: buyer.lastName }),
		grossAmount: gross,
		netAmount: cents(price - fee),
		taxAmount: tax,
		taxRate,
		amountBeforeTax: price,
		stripeFee: fee,
		currency: product.currency,
		country: customer.country,
		isRefunded: false,
		isDisputed: false,
		refundedAmount: 0,
		...(buyer.metadata && { metadata: buyer.metadata }),
		...(buyer.clientReferenceId && { clientReferenceId: buyer.clientReferenceId }),
	};
	payment.orderId = order._id;
	state.payments.add(payment);
	state.orders.add(order);
	customer.numberOfOrders += 1;
	customer.totalSpent = cents(customer.totalSpent + gross);
	customer.productIds.add(product._id);
	if (buyer.deliver !== false) {
		const data = orderPayload(world.switches, order);
		world.deliveries.emit(state.mode, 'order.completed', data);
		// Fires at a buyer's first purchase and carries the order (contract C4).
		if (customer.numberOfOrders === 1) {
			world.deliveries.emit(state.mode, 'customer.created', data);
		}
	}
	return order;
}

/** Takes an order out of all lists, as if the sale had never been. */
export function forgetOrder(state: ModeState, order: Order): void {
	state.orders.remove(order._id);
	state.payments.remove(order.paymentId);
	const customer = state.customers.get(order.customerId);
	if (!customer) return;
	customer.numberOfOrders -= 1;
	customer.totalSpent = cents(customer.totalSpent - order.grossAmount);
}

function periodAfter(offer: Pick<Offer, 'frequency'>, at: number): number {
	const date = new Date(at);
	if (offer.frequency === 'weekly') date.setUTCDate(date.getUTCDate() + 7);
	else if (offer.frequency === 'monthly') date.setUTCMonth(date.getUTCMonth() + 1);
	else date.setUTCFullYear(date.getUTCFullYear() + 1);
	return date.getTime();
}

function charge(state: ModeState, row: Membership, at: number): Payment {
	return state.payments.add({
		_id: objectId(at),
		at,
		isSubscription: true,
		subscriptionId: row.offerId,
		membershipId: row._id,
		buyerEmail: row.buyerEmail,
		currency: row.currency,
		amount: row.amount,
		amountBeforeTax: row.amount,
		isRefunded: false,
		isDisputed: false,
	});
}

/** Tells the endpoints about a membership. */
export function announce(world: World, state: ModeState, event: string, row: Membership): void {
	const { switches } = world;
	const name =
		event === 'customer.subscription.pause' && switches.pauseEvent === 'paused'
			? 'customer.subscription.paused'
			: event;
	const data = event.startsWith('invoice.')
		? invoicePayload(switches, row)
		: subscriptionPayload(switches, row);
	world.deliveries.emit(state.mode, name, data);
}

/** One buyer's subscription to an offer; a trial activates without a charge (contract C2). */
export function subscribe(world: World, state: ModeState, offer: Offer, buyer: Buyer): Membership {
	const at = buyer.at ?? Date.now();
	const customer = customerOf(state, buyer, at);
	const trialDays = offer.trialPeriod ?? 0;
	const row: Membership = {
		_id: objectId(at),
		at,
		offerId: offer._id,
		customerId: customer._id,
		providerId: token('sub_', 9),
		providerCustomerId: `cus_${customer._id.slice(-14)}`,
		buyerEmail: buyer.email,
		...(buyer.firstName && { firstName: buyer.firstName }),
		...(buyer.lastName && { lastName: buyer.lastName }),
		status: trialDays > 0 ? 'trialing' : 'active',
		periodStart: at,
		periodEnd: trialDays > 0 ? at + trialDays * 86_400_000 : periodAfter(offer, at),
		cancelAtPeriodEnd: false,
		amount: discounted(offer.price, discountOf(state, buyer.discountCode, offer._id)),
		currency: offer.currency,
		...(buyer.metadata && { metadata: buyer.metadata }),
		...(buyer.clientReferenceId && { clientReferenceId: buyer.clientReferenceId }),
	};
	state.memberships.add(row);
	state.membershipsByProviderId.set(row.providerId, row);
	customer.productIds.add(offer._id);
	if (trialDays === 0) {
		charge(state, row, at);
		customer.totalSpent = cents(customer.totalSpent + row.amount);
	}
	if (buyer.deliver !== false) {
		announce(world, state, 'customer.subscription.created', row);
		if (trialDays === 0) announce(world, state, 'invoice.payment_succeeded', row);
	}
	return row;
}

/** What can happen to a membership without a call of the API. */
export const membershipActions = {
	pause(world: World, state: ModeState, row: Membership) {
		row.status = 'paused';
		announce(world, state, 'customer.subscription.pause', row);
	},
	resume(world: World, state: ModeState, row: Membership) {
		row.status = 'active';
		announce(world, state, 'customer.subscription.resumed', row);
	},
	renew(world: World, state: ModeState, row: Membership) {
		const recovered = row.status !== 'active';
		const offer = state.offers.get(row.offerId);
		row.status = 'active';
		row.periodStart = row.periodEnd;
		row.periodEnd = periodAfter(offer ?? { frequency: 'monthly' }, row.periodStart);
		charge(state, row, Date.now());
		announce(world, state, 'invoice.payment_succeeded', row);
		// Recovery from past_due is an update (contract C4).
		if (recovered) announce(world, state, 'customer.subscription.updated', row);
	},
	'fail-payment'(world: World, state: ModeState, row: Membership) {
		row.status = 'past_due';
		announce(world, state, 'invoice.payment_failed', row);
		announce(world, state, 'customer.subscription.updated', row);
	},
	'trial-will-end'(world: World, state: ModeState, row: Membership) {
		announce(world, state, 'customer.subscription.trial_will_end', row);
	},
	'cancel-at-period-end'(world: World, state: ModeState, row: Membership) {
		row.cancelAtPeriodEnd = true;
		announce(world, state, 'customer.subscription.updated', row);
	},
	end(world: World, state: ModeState, row: Membership) {
		row.status = 'canceled';
		row.cancelAtPeriodEnd = false;
		announce(world, state, 'customer.subscription.deleted', row);
	},
} satisfies Record<string, (world: World, state: ModeState, row: Membership) => void>;

/** Ends a membership through the API, now or at the end of its period (switch). */
export function cancelMembership(world: World, state: ModeState, row: Membership): void {
	if (row.status === 'canceled') throw invalid('Subscription is already canceled');
	const later = world.switches.cancelTakesEffect === 'atPeriodEnd';
	membershipActions[later ? 'cancel-at-period-end' : 'end'](world, state, row);
}

/** Gives back the newest charge of a membership; the membership goes on (undocumented). */
export function refundMembership(world: World, state: ModeState, row: Membership): void {
	const { rows } = state.payments.read({
		where: (payment) => payment.membershipId === row._id && !payment.isRefunded,
		take: 1,
	});
	if (rows.length === 0) throw invalid('Subscription has no payment to refund');
	rows[0].isRefunded = true;
	announce(world, state, 'customer.subscription.updated', row);
}

/** Gives money back on an order, all that is left when no amount is named. */
export function refundOrder(
	world: World,
	state: ModeState,
	order: Order,
	wanted: number | undefined,
	reason: string | undefined,
): Refund {
	const left = cents(order.grossAmount - order.refundedAmount);
	if (order.isRefunded || (left <= 0 && order.grossAmount > 0)) {
		throw invalid('Order is already refunded');
	}
	const amount = cents(wanted ?? left);
	if (wanted !== undefined && amount <= 0) throw invalid('amount must be more than 0');
	if (amount > left) throw invalid(`amount must not exceed ${left}, what is left of the order`);
	const at = Date.now();
	const refund = state.refunds.add({
		_id: objectId(at),
		at,
		orderId: order._id,
		amount,
		...(reason !== undefined && { reason }),
		status: 'completed',
	});
	order.refundedAmount = cents(order.refundedAmount + amount);
	order.isRefunded = order.refundedAmount >= order.grossAmount;
	const payment = state.payments.get(order.paymentId);
	if (payment) payment.isRefunded = order.isRefunded;
	world.deliveries.emit(state.mode, 'order.refunded', refundPayload(world.switches, order, refund));
	return refund;
}

/** A buyer's review. */
export function writeReview(
	world: World,
	state: ModeState,
	fields: { productId: string; buyerEmail: string; rating: number; review?: string },
	{ at = Date.now(), deliver = true }: { at?: number; deliver?: boolean } = {},
): Review {
	const review = state.reviews.add({ _id: objectId(at), at, ...fields });
	if (deliver) {
		const data = reviewPayload(world.switches, state, review);
		world.deliveries.emit(state.mode, 'review.created', data);
	}
	return review;
}
