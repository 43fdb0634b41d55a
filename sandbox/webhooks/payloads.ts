import type { Database } from '../database/database';
import type { Membership, Order, Product, Refund, Review } from '../database/entities';
import { createObjectId } from '../database/ids';
import type { JsonObject } from '../json';
import { toCents } from '../money';
import { hasAccess, serializeProduct, serializeReview } from '../serializers';
import type { Switches } from '../switches';

function buildMetadata(switches: Switches, metadata: JsonObject | undefined): JsonObject {
	if (!metadata) return {};
	return {
		metadata: switches.webhookMetadata === 'object' ? metadata : encodeMetadata(metadata),
	};
}

/** Metadata as the older embedded checkout returns it (docs/pocketsflow-api.md#metadata). */
export function encodeMetadata(metadata: JsonObject): string {
	const entries = Object.entries(metadata).map(([name, value]) => [
		name,
		typeof value === 'string' ? value : JSON.stringify(value),
	]);
	return new URLSearchParams(entries).toString();
}

function buildReference(switches: Switches, clientReferenceId: string | undefined): JsonObject {
	return switches.echoClientReferenceId && clientReferenceId ? { clientReferenceId } : {};
}

const buildBuyer = (row: {
	buyerEmail: string;
	firstName?: string;
	lastName?: string;
}): JsonObject => ({
	email: row.buyerEmail,
	...(row.firstName && { firstName: row.firstName }),
	...(row.lastName && { lastName: row.lastName }),
});

const convertOrderAmount = ({ orderAmounts }: Switches, amount: number) =>
	orderAmounts === 'major' ? amount : toCents(amount);

/** order.completed; also customer.created, and order.refunded in one of its two shapes. */
export function buildOrderPayload(switches: Switches, order: Order): JsonObject {
	const convert = (amount: number) => convertOrderAmount(switches, amount);
	return {
		product: { id: order.productId, variantId: null },
		order: { id: order._id },
		currency: order.currency.toLowerCase(),
		customer: buildBuyer(order),
		tax: {
			amount: convert(order.taxAmount),
			rate: order.taxRate,
			ToCountry: order.country,
			ToZip: null,
			ToState: null,
			percentage: Math.round(order.taxRate * 10_000) / 100,
			vatNumber: null,
		},
		amount: convert(order.grossAmount),
		amountBeforeTax: convert(order.amountBeforeTax),
		...buildReference(switches, order.clientReferenceId),
		...buildMetadata(switches, order.metadata),
	};
}

/** order.refunded, in either of its two shapes. */
export function buildRefundPayload(switches: Switches, order: Order, refund: Refund): JsonObject {
	if (switches.orderRefunded === 'sameAsCompleted') return buildOrderPayload(switches, order);
	return {
		order: { id: order._id },
		refund: {
			id: refund._id,
			amount: convertOrderAmount(switches, refund.amount),
			reason: refund.reason ?? null,
			// The page with this shape says "succeeded", which is no status of the API.
			status: 'succeeded',
		},
		customer: { email: order.buyerEmail },
	};
}

/** customer.subscription.*, in its present shape or the older one. */
export function buildSubscriptionPayload(switches: Switches, row: Membership): JsonObject {
	const commonFields = {
		subscriptionCustomerId: row._id,
		...buildReference(switches, row.clientReferenceId),
		...buildMetadata(switches, row.metadata),
	};
	if (switches.subscriptionPayload === 'old') {
		return {
			subscription: { id: row.providerId },
			subscriptionCustomer: {
				id: row.providerCustomerId,
				buyerEmail: row.buyerEmail,
				status: row.status,
			},
			status: row.status,
			...commonFields,
		};
	}
	return {
		subscription: { id: row.offerId, customerId: row.providerCustomerId },
		subscriptionCustomer: {
			id: row._id,
			status: row.status,
			active: hasAccess(row),
			cancelAtPeriodEnd: row.cancelAtPeriodEnd,
			paused: row.status === 'paused',
		},
		customer: buildBuyer(row),
		status: row.status,
		paymentMethod:
			row.status === 'canceled'
				? null
				: {
						id: `pm_${row._id.slice(-8)}`,
						type: 'card',
						brand: 'visa',
						last4: '4242',
						expMonth: 4,
						expYear: 2030,
					},
		portalUrl: `https://app.pocketsflow.com/portal/${row.offerId}/${row._id}`,
		...commonFields,
	};
}

/** invoice.*: the subscription with an amount, or a raw invoice of Stripe. */
export function buildInvoicePayload(switches: Switches, row: Membership): JsonObject {
	const amountInCents = toCents(row.amount);
	if (switches.invoicePayload === 'rawStripe') {
		return {
			id: `in_${createObjectId()}`,
			object: 'invoice',
			customer: row.providerCustomerId,
			subscription: row.providerId,
			amount_paid: amountInCents,
			currency: row.currency.toLowerCase(),
			subscription_details: {
				metadata: row.metadata ? { webhookMetadata: `"${encodeMetadata(row.metadata)}"` } : {},
			},
		};
	}
	return {
		...buildSubscriptionPayload(switches, row),
		amount: switches.invoiceAmounts === 'cents' ? amountInCents : row.amount,
		currency: row.currency.toLowerCase(),
	};
}

function wrapEntity(switches: Switches, name: string, apiObject: JsonObject): JsonObject {
	const { _id, ...fields } = apiObject;
	const entity = { id: _id, ...fields };
	return switches.entityPayload === 'nested' ? { [name]: entity } : entity;
}

/** product.*; no sample is known, so the API's own object is sent. */
export function buildProductPayload(
	switches: Switches,
	db: Database,
	product: Product,
): JsonObject {
	return wrapEntity(switches, 'product', serializeProduct(db, product));
}

/** review.created; no sample is known, so the API's own object is sent. */
export function buildReviewPayload(switches: Switches, db: Database, review: Review): JsonObject {
	return wrapEntity(switches, 'review', serializeReview(db, review));
}

/** The body of one delivery, before it becomes text (docs/pocketsflow-api.md#payloads). */
export function buildBody(
	switches: Switches,
	event: string,
	data: JsonObject,
	webhookId: string,
): JsonObject {
	if (switches.payload === 'enveloped') {
		return { id: `evt_${createObjectId()}`, type: event, data, webhookId };
	}
	const inBody = switches.payload === 'flatWithEvent' || switches.eventIn !== 'header';
	return { ...data, ...(inBody && { event }), webhookId };
}
