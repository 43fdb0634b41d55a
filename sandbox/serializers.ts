import type { Database } from './database/database';
import type {
	Customer,
	Discount,
	Membership,
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
} from './database/entities';
import type { Row } from './database/table';
import type { JsonObject } from './json';
import type { Switches } from './switches';

const toIsoDate = (timeMs: number) => new Date(timeMs).toISOString();

/** Adds what most objects of the API carry: id, seller, mode and time of creation. */
function serializeOwned<T extends Row>(db: Database, row: T, fields: JsonObject): JsonObject {
	return {
		_id: row._id,
		userId: db.user.userId,
		...fields,
		testMode: db.mode === 'test',
		createdAt: toIsoDate(row.createdAtMs),
	};
}

/** `Product` (docs/pocketsflow-api.md#products). */
export function serializeProduct(db: Database, product: Product): JsonObject {
	const { _id, createdAtMs, updatedAtMs, ...fields } = product;
	return { ...serializeOwned(db, { _id, createdAtMs }, fields), updatedAt: toIsoDate(updatedAtMs) };
}

/** `ProductVariant`; it has neither seller nor mode. */
export function serializeVariant(variant: Variant): JsonObject {
	const { _id, createdAtMs, updatedAtMs, ...fields } = variant;
	return { _id, ...fields, createdAt: toIsoDate(createdAtMs), updatedAt: toIsoDate(updatedAtMs) };
}

/** With fields that the SDK's type lacks (docs/pocketsflow-api.md#orders-and-payments). */
export function serializeOrder(switches: Switches, db: Database, order: Order): JsonObject {
	const product = db.products.get(order.productId);
	return serializeOwned(db, order, {
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
		...(product && { product: serializeProduct(db, product) }),
		customer: { _id: order.customerId, buyerEmail: order.buyerEmail },
		...(switches.orderMetadata && order.metadata && { metadata: order.metadata }),
	});
}

/** A row of GET /payments. */
export function serializePayment(db: Database, payment: Payment): JsonObject {
	return serializeOwned(db, payment, {
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

/** `Customer` (docs/pocketsflow-api.md#customers-reviews-and-account). */
export function serializeCustomer(db: Database, customer: Customer): JsonObject {
	return serializeOwned(db, customer, {
		buyerEmail: customer.buyerEmail,
		country: customer.country,
		numberOfOrders: customer.numberOfOrders,
		totalSpent: customer.totalSpent,
	});
}

export function serializeReview(db: Database, { _id, createdAtMs, ...fields }: Review): JsonObject {
	return serializeOwned(db, { _id, createdAtMs }, fields);
}

/** `User`: the seller. */
export function serializeUser(db: Database, user: User): JsonObject {
	return {
		...user,
		name: `${user.firstName} ${user.lastName}`,
		testMode: db.mode === 'test',
		hasSales: db.payments.size > 0,
		createdFirstProduct: db.products.size > 0 || db.offers.size > 0,
	};
}

/** `Discount` (docs/pocketsflow-api.md#discounts-and-upsells). */
export function serializeDiscount(
	db: Database,
	{ _id, createdAtMs, ...fields }: Discount,
): JsonObject {
	return serializeOwned(db, { _id, createdAtMs }, fields);
}

export function serializeUpsell(db: Database, { _id, createdAtMs, ...fields }: Upsell): JsonObject {
	return serializeOwned(db, { _id, createdAtMs }, fields);
}

/** `SubscriptionOffer` (docs/pocketsflow-api.md#subscriptions). */
export function serializeOffer(db: Database, offer: Offer): JsonObject {
	const { _id, createdAtMs, updatedAtMs, ...fields } = offer;
	return { ...serializeOwned(db, { _id, createdAtMs }, fields), updatedAt: toIsoDate(updatedAtMs) };
}

/** `Subscription`, a membership: `productId` is the offer; the provider's id may be missing. */
export function serializeMembership(switches: Switches, db: Database, row: Membership): JsonObject {
	return serializeOwned(db, row, {
		customerId: row.customerId,
		productId: row.offerId,
		...(switches.stripeSubscriptionIds && { stripeSubscriptionId: row.providerId }),
		status: row.status,
		currentPeriodStart: toIsoDate(row.periodStartMs),
		currentPeriodEnd: toIsoDate(row.periodEndMs),
		cancelAtPeriodEnd: row.cancelAtPeriodEnd,
		customer: { _id: row.customerId, buyerEmail: row.buyerEmail },
	});
}

/** A row of GET /subscriptions/subscribers; only its purpose is documented. */
export function serializeSubscriber(db: Database, row: Membership): JsonObject {
	return serializeOwned(db, row, {
		subscriptionId: row.offerId,
		buyerEmail: row.buyerEmail,
		status: row.status,
		active: hasAccess(row),
		cancelAtPeriodEnd: row.cancelAtPeriodEnd,
		paused: row.status === 'paused',
		...(row.metadata && { metadata: row.metadata }),
		...(row.clientReferenceId && { clientReferenceId: row.clientReferenceId }),
	});
}

/** Whether the buyer has access: a pause stops billing only (docs/pocketsflow-api.md#events). */
export const hasAccess = (row: Membership) => row.status !== 'canceled';

/** `Refund`; it has neither seller nor mode. */
export function serializeRefund({ _id, createdAtMs, ...fields }: Refund): JsonObject {
	return { _id, ...fields, createdAt: toIsoDate(createdAtMs) };
}

/** `Webhook`, with the secret in clear at creation, else as the switch `secretOnGet` wants it. */
function serializeDescription(
	{ webhookDescriptions }: Switches,
	text: string | undefined,
): JsonObject {
	if (text === undefined || webhookDescriptions === 'dropped') return {};
	if (webhookDescriptions === 'cut') return { description: text.slice(0, 100) };
	if (webhookDescriptions === 'kept') return { description: text };
	return { description: text.replace(/[&<>"'():]/g, (sign) => `&#${sign.charCodeAt(0)};`) };
}

export function serializeWebhook(
	switches: Switches,
	db: Database,
	row: Webhook,
	isNew = false,
): JsonObject {
	const secret = isNew ? 'present' : switches.secretOnGet;
	return serializeOwned(db, row, {
		url: row.url,
		events: [...row.events],
		...serializeDescription(switches, row.description),
		active: row.active,
		...(secret === 'present' && { secret: row.secret }),
		...(secret === 'masked' && { secret: `whsec_****${row.secret.slice(-4)}` }),
	});
}
