import type {
	Customer,
	Discount,
	Kept,
	Membership,
	ModeState,
	Offer,
	Order,
	Payment,
	Product,
	Refund,
	Review,
	Upsell,
	User,
	Variant,
	Webhook,
} from './state';
import type { World } from './world';

/** An object as the API shows it. */
export type Shown = Record<string, unknown>;

const iso = (at: number) => new Date(at).toISOString();

function owned<T extends Kept>(state: ModeState, row: T, fields: Shown): Shown {
	return {
		_id: row._id,
		userId: state.user.userId,
		...fields,
		testMode: state.mode === 'test',
		createdAt: iso(row.at),
	};
}

/** `Product` (contract B). */
export function showProduct(state: ModeState, product: Product): Shown {
	const { _id, at, updatedAt, ...fields } = product;
	return { ...owned(state, { _id, at }, fields), updatedAt: iso(updatedAt) };
}

/** `ProductVariant` (contract B); it has neither owner nor mode. */
export function showVariant(variant: Variant): Shown {
	const { _id, at, updatedAt, ...fields } = variant;
	return { _id, ...fields, createdAt: iso(at), updatedAt: iso(updatedAt) };
}

/** `Order` (contract B) with the fields that production consumers read from it besides. */
export function showOrder(world: World, state: ModeState, order: Order): Shown {
	const product = state.products.get(order.productId);
	return owned(state, order, {
		productId: order.productId,
		buyerEmail: order.buyerEmail,
		grossAmount: order.grossAmount,
		netAmount: order.netAmount,
		taxAmount: order.taxAmount,
		amountBeforeTax: order.amountBeforeTax,
		stripeFee: order.stripeFee,
		currency: order.currency,
		country: order.country,
		isRefunded: order.isRefunded,
		isDisputed: order.isDisputed,
		isSubscription: false,
		...(product && { product: showProduct(state, product) }),
		customer: { _id: order.customerId, buyerEmail: order.buyerEmail },
		...(world.switches.orderMetadata && order.metadata && { metadata: order.metadata }),
	});
}

/** A row of GET /payments (contract B). */
export function showPayment(state: ModeState, payment: Payment): Shown {
	return owned(state, payment, {
		isSubscription: payment.isSubscription,
		...(payment.isSubscription
			? { subscriptionId: payment.subscriptionId }
			: { productId: payment.productId }),
		buyerEmail: payment.buyerEmail,
		currency: payment.currency,
		amount: payment.amount,
		amountBeforeTax: payment.amountBeforeTax,
		isRefunded: payment.isRefunded,
		isDisputed: payment.isDisputed,
	});
}

/** `Customer` (contract B). */
export function showCustomer(state: ModeState, customer: Customer): Shown {
	return owned(state, customer, {
		buyerEmail: customer.buyerEmail,
		country: customer.country,
		numberOfOrders: customer.numberOfOrders,
		totalSpent: customer.totalSpent,
	});
}

/** `Review` (contract B). */
export function showReview(state: ModeState, { _id, at, ...fields }: Review): Shown {
	return owned(state, { _id, at }, fields);
}

/** `User` (contract B). */
export function showUser(state: ModeState, user: User): Shown {
	return {
		...user,
		name: `${user.firstName} ${user.lastName}`,
		testMode: state.mode === 'test',
		hasSales: state.payments.size > 0,
		createdFirstProduct: state.products.size > 0 || state.offers.size > 0,
	};
}

/** `Discount` (contract B). */
export function showDiscount(state: ModeState, { _id, at, ...fields }: Discount): Shown {
	return owned(state, { _id, at }, fields);
}

/** `Upsell` (contract B). */
export function showUpsell(state: ModeState, { _id, at, ...fields }: Upsell): Shown {
	return owned(state, { _id, at }, fields);
}

/** `SubscriptionOffer` (contract B). */
export function showOffer(state: ModeState, offer: Offer): Shown {
	const { _id, at, updatedAt, ...fields } = offer;
	return { ...owned(state, { _id, at }, fields), updatedAt: iso(updatedAt) };
}

/** `Subscription` (contract B): `productId` is the offer; the provider id may be missing (H21). */
export function showMembership(world: World, state: ModeState, row: Membership): Shown {
	return owned(state, row, {
		customerId: row.customerId,
		productId: row.offerId,
		...(world.switches.stripeSubscriptionIds && { stripeSubscriptionId: row.providerId }),
		status: row.status,
		currentPeriodStart: iso(row.periodStart),
		currentPeriodEnd: iso(row.periodEnd),
		cancelAtPeriodEnd: row.cancelAtPeriodEnd,
		customer: { _id: row.customerId, buyerEmail: row.buyerEmail },
	});
}

/** A row of GET /subscriptions/subscribers, of which only the purpose is known (contract B). */
export function showSubscriber(state: ModeState, row: Membership): Shown {
	return owned(state, row, {
		subscriptionId: row.offerId,
		buyerEmail: row.buyerEmail,
		status: row.status,
		active: isActive(row),
		cancelAtPeriodEnd: row.cancelAtPeriodEnd,
		paused: row.status === 'paused',
		...(row.metadata && { metadata: row.metadata }),
		...(row.clientReferenceId && { clientReferenceId: row.clientReferenceId }),
	});
}

/** Whether the buyer has access: a pause stops billing only (contract C4). */
export const isActive = (row: Membership) => row.status !== 'canceled';

/** `Refund` (contract B); it has neither owner nor mode. */
export function showRefund({ _id, at, ...fields }: Refund): Shown {
	return { _id, ...fields, createdAt: iso(at) };
}

/** `Webhook` (contract C1); the secret is shown in clear at creation, else by the switch (H10). */
export function showWebhook(world: World, state: ModeState, row: Webhook, created = false): Shown {
	const reading = created ? 'present' : world.switches.secretOnGet;
	return owned(state, row, {
		url: row.url,
		events: [...row.events],
		...(row.description !== undefined && { description: row.description }),
		active: row.active,
		...(reading === 'present' && { secret: row.secret }),
		...(reading === 'masked' && { secret: `whsec_****${row.secret.slice(-4)}` }),
	});
}
