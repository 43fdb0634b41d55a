import type { Membership, Order, Refund } from '../database/entities';
import { createObjectId, createToken } from '../database/ids';
import { createRow } from '../database/table';
import type { JsonObject } from '../json';
import type { Switches } from '../switches';
import {
	buildInvoicePayload,
	buildOrderPayload,
	buildRefundPayload,
	buildSubscriptionPayload,
} from './payloads';

const MONTH_MS = 30 * 86_400_000;

const createBuyer = () => ({
	buyerEmail: 'sample@example.com',
	firstName: 'Sample',
	lastName: 'Buyer',
	metadata: { sample: 'true' },
});

const createOrder = (event: string): Order => ({
	...createBuyer(),
	productId: createObjectId(),
	customerId: createObjectId(),
	paymentId: createObjectId(),
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
	...createRow(),
});

const createRefund = (order: Order): Refund => ({
	orderId: order._id,
	amount: order.grossAmount,
	status: 'completed',
	...createRow(),
});

function getStatus(event: string): Membership['status'] {
	if (event.endsWith('.deleted')) return 'canceled';
	return /\.paused?$/.test(event) ? 'paused' : 'active';
}

function createMembership(event: string): Membership {
	const row = createRow();
	return {
		...createBuyer(),
		offerId: createObjectId(),
		customerId: createObjectId(),
		providerId: createToken('sub_', 8),
		providerCustomerId: createToken('cus_', 8),
		status: getStatus(event),
		periodStartMs: row.createdAtMs,
		periodEndMs: row.createdAtMs + MONTH_MS,
		cancelAtPeriodEnd: false,
		amount: 15,
		currency: 'USD',
		...row,
	};
}

function buildUnknownPayload(event: string): JsonObject {
	const [name] = event.split('.');
	const { _id: id, createdAtMs } = createRow();
	return { [name]: { id, name: 'Sample', createdAt: new Date(createdAtMs).toISOString() } };
}

/** Invented but well-formed data for any event, for test deliveries and hand-made ones. */
export function buildSamplePayload(switches: Switches, event: string): JsonObject {
	if (event === 'order.refunded') {
		const order = createOrder(event);
		return buildRefundPayload(switches, order, createRefund(order));
	}
	if (event.startsWith('order.') || event === 'customer.created') {
		return buildOrderPayload(switches, createOrder(event));
	}
	if (event.startsWith('customer.subscription.')) {
		return buildSubscriptionPayload(switches, createMembership(event));
	}
	if (/^(invoice|payment_intent)\./.test(event)) {
		return buildInvoicePayload(switches, createMembership(event));
	}
	return buildUnknownPayload(event);
}
