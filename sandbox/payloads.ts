import { objectId, token } from './ids';
import type { Membership, ModeState, Order, Product, Refund, Review } from './state';
import type { Switches } from './switches';
import { isActive, type Shown, showProduct, showReview } from './views';

const DAY = 86_400_000;

function metadataOf(switches: Switches, metadata: Record<string, unknown> | undefined): Shown {
	if (!metadata) return {};
	return {
		metadata: switches.webhookMetadata === 'object' ? metadata : urlEncoded(metadata),
	};
}

/** Metadata as the old embed flow gave it back (contract D, H16). */
export function urlEncoded(metadata: Record<string, unknown>): string {
	const entries = Object.entries(metadata).map(([name, value]) => [
		name,
		typeof value === 'string' ? value : JSON.stringify(value),
	]);
	return new URLSearchParams(entries).toString();
}

function reference(switches: Switches, clientReferenceId: string | undefined): Shown {
	return switches.echoClientReferenceId && clientReferenceId ? { clientReferenceId } : {};
}

const person = (row: { buyerEmail: string; firstName?: string; lastName?: string }): Shown => ({
	email: row.buyerEmail,
	...(row.firstName && { firstName: row.firstName }),
	...(row.lastName && { lastName: row.lastName }),
});

/** order.completed; order.refunded and customer.created in their known shape (contract C4). */
export function orderPayload(switches: Switches, order: Order): Shown {
	const money = (major: number) =>
		switches.orderAmounts === 'major' ? major : Math.round(major * 100);
	return {
		product: { id: order.productId, variantId: null },
		order: { id: order._id },
		currency: order.currency.toLowerCase(),
		customer: person(order),
		tax: {
			amount: money(order.taxAmount),
			rate: order.taxRate,
			ToCountry: order.country,
			ToZip: null,
			ToState: null,
			percentage: Math.round(order.taxRate * 10_000) / 100,
			vatNumber: null,
		},
		amount: money(order.grossAmount),
		amountBeforeTax: money(order.amountBeforeTax),
		...reference(switches, order.clientReferenceId),
		...metadataOf(switches, order.metadata),
	};
}

/** order.refunded, in either of its two shapes (contract C4). */
export function refundPayload(switches: Switches, order: Order, refund: Refund): Shown {
	if (switches.orderRefunded === 'sameAsCompleted') return orderPayload(switches, order);
	return {
		order: { id: order._id },
		refund: {
			id: refund._id,
			amount: switches.orderAmounts === 'major' ? refund.amount : Math.round(refund.amount * 100),
			reason: refund.reason ?? null,
			// The page that shows this shape says "succeeded", other than the API's own statuses.
			status: 'succeeded',
		},
		customer: { email: order.buyerEmail },
	};
}

/** customer.subscription.* (contract C4, official fixtures; or the older shape, H15). */
export function subscriptionPayload(switches: Switches, row: Membership): Shown {
	const rest = {
		subscriptionCustomerId: row._id,
		...reference(switches, row.clientReferenceId),
		...metadataOf(switches, row.metadata),
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
			...rest,
		};
	}
	return {
		subscription: { id: row.offerId, customerId: row.providerCustomerId },
		subscriptionCustomer: {
			id: row._id,
			status: row.status,
			active: isActive(row),
			cancelAtPeriodEnd: row.cancelAtPeriodEnd,
			paused: row.status === 'paused',
		},
		customer: person(row),
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
		...rest,
	};
}

/** invoice.* (contract C4): the subscription with an amount, or a raw Stripe invoice (H14). */
export function invoicePayload(switches: Switches, row: Membership): Shown {
	const inCents = Math.round(row.amount * 100);
	if (switches.invoicePayload === 'rawStripe') {
		return {
			id: `in_${objectId()}`,
			object: 'invoice',
			customer: row.providerCustomerId,
			subscription: row.providerId,
			amount_paid: inCents,
			currency: row.currency.toLowerCase(),
			subscription_details: {
				metadata: row.metadata ? { webhookMetadata: `"${urlEncoded(row.metadata)}"` } : {},
			},
		};
	}
	return {
		...subscriptionPayload(switches, row),
		amount: switches.invoiceAmounts === 'cents' ? inCents : row.amount,
		currency: row.currency.toLowerCase(),
	};
}

function entity(switches: Switches, name: string, shown: Shown): Shown {
	const { _id, ...fields } = shown;
	const named = { id: _id, ...fields };
	return switches.entityPayload === 'nested' ? { [name]: named } : named;
}

/** product.*; no sample is known, so the API's own object is sent (contract C4). */
export function productPayload(switches: Switches, state: ModeState, product: Product): Shown {
	return entity(switches, 'product', showProduct(state, product));
}

/** review.created; no sample is known, so the API's own object is sent (contract C4). */
export function reviewPayload(switches: Switches, state: ModeState, review: Review): Shown {
	return entity(switches, 'review', showReview(state, review));
}

/** Made-up but well-formed data for any event, for test deliveries and hand-made ones. */
export function samplePayload(switches: Switches, event: string): Shown {
	const at = Date.now();
	const order: Order = {
		_id: objectId(at),
		at,
		productId: objectId(at),
		customerId: objectId(at),
		paymentId: objectId(at),
		buyerEmail: 'sample@example.com',
		firstName: 'Sample',
		lastName: 'Buyer',
		grossAmount: 32.4,
		netAmount: 28.76,
		taxAmount: 2.4,
		taxRate: 0.08,
		amountBeforeTax: 30,
		stripeFee: 1.24,
		currency: 'USD',
		country: 'US',
		isRefunded: event === 'order.refunded',
		isDisputed: false,
		refundedAmount: 0,
		metadata: { sample: 'true' },
	};
	if (event === 'order.refunded') {
		const refund: Refund = {
			_id: objectId(at),
			at,
			orderId: order._id,
			amount: order.grossAmount,
			status: 'completed',
		};
		return refundPayload(switches, order, refund);
	}
	if (event.startsWith('order.') || event === 'customer.created') {
		return orderPayload(switches, order);
	}
	if (!/^(customer\.subscription|invoice|payment_intent)\./.test(event)) {
		const name = event.split('.')[0];
		return { [name]: { id: objectId(at), name: 'Sample', createdAt: new Date(at).toISOString() } };
	}
	const membership: Membership = {
		_id: objectId(at),
		at,
		offerId: objectId(at),
		customerId: objectId(at),
		providerId: token('sub_', 8),
		providerCustomerId: token('cus_', 8),
		buyerEmail: 'sample@example.com',
		firstName: 'Sample',
		lastName: 'Buyer',
		status: event.endsWith('.deleted')
			? 'canceled'
			: /\.paused?$/.test(event)
				? 'paused'
				: 'active',
		periodStart: at,
		periodEnd: at + 30 * DAY,
		cancelAtPeriodEnd: false,
		amount: 15,
		currency: 'USD',
		metadata: { sample: 'true' },
	};
	return event.startsWith('customer.')
		? subscriptionPayload(switches, membership)
		: invoicePayload(switches, membership);
}

/** The body of one delivery, before it is turned into bytes (contract C3 and C4, "Envelope"). */
export function envelope(switches: Switches, event: string, data: Shown, webhookId: string): Shown {
	if (switches.payload === 'enveloped') {
		return { id: `evt_${objectId()}`, type: event, data, webhookId };
	}
	const inBody = switches.payload === 'flatWithEvent' || switches.eventIn !== 'header';
	return { ...data, ...(inBody && { event }), webhookId };
}
