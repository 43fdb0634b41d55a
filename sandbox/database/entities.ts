import type { Row } from './table';

/** Test and live data never meet (docs/pocketsflow-api.md#base-url-authentication-and-modes). */
export type Mode = 'test' | 'live';

export interface Product extends Row {
	name: string;
	price: number;
	currency: string;
	type: 'one-time' | 'subscription';
	updatedAtMs: number;
	[field: string]: unknown;
}

export interface Variant extends Row {
	productId: string;
	updatedAtMs: number;
	[field: string]: unknown;
}

export interface Order extends Row {
	productId: string;
	customerId: string;
	paymentId: string;
	buyerEmail: string;
	firstName?: string;
	lastName?: string;
	grossAmount: number;
	netAmount: number;
	taxAmount: number;
	taxRate: number;
	amountBeforeTax: number;
	stripeFee: number;
	currency: string;
	country: string;
	isRefunded: boolean;
	isDisputed: boolean;
	refundedAmount: number;
	metadata?: Record<string, unknown>;
	clientReferenceId?: string;
}

/** One charge, of an order or of a membership. */
export interface Payment extends Row {
	isSubscription: boolean;
	productId?: string;
	subscriptionId?: string;
	orderId?: string;
	membershipId?: string;
	buyerEmail: string;
	currency: string;
	amount: number;
	amountBeforeTax: number;
	isRefunded: boolean;
	isDisputed: boolean;
}

export interface Customer extends Row {
	buyerEmail: string;
	country: string;
	numberOfOrders: number;
	totalSpent: number;
	productIds: Set<string>;
}

export interface Review extends Row {
	productId: string;
	buyerEmail: string;
	rating: number;
	review?: string;
}

export interface Discount extends Row {
	name: string;
	code: string;
	value: number;
	valueType: 'percentage' | 'fixed';
	active: boolean;
	mainProductIds: string[];
	expiration?: string;
	used: number;
}

export interface Upsell extends Row {
	mainProductIds: string[];
	upsellProductId: string;
	upsellPrice: number;
	active: boolean;
	[field: string]: unknown;
}

/** A recurring product, which buyers subscribe to (docs/pocketsflow-api.md#subscriptions). */
export interface Offer extends Row {
	name: string;
	price: number;
	currency: string;
	frequency: 'weekly' | 'monthly' | 'yearly';
	trialPeriod?: number;
	updatedAtMs: number;
	[field: string]: unknown;
}

/** One buyer's subscription to an offer (docs/pocketsflow-api.md#subscriptions). */
export interface Membership extends Row {
	offerId: string;
	customerId: string;
	/** Id at the payment provider (`sub_…`). */
	providerId: string;
	/** Id of the buyer at the payment provider (`cus_…`). */
	providerCustomerId: string;
	buyerEmail: string;
	firstName?: string;
	lastName?: string;
	status:
		| 'incomplete'
		| 'incomplete_expired'
		| 'trialing'
		| 'active'
		| 'past_due'
		| 'paused'
		| 'canceled';
	periodStartMs: number;
	periodEndMs: number;
	cancelAtPeriodEnd: boolean;
	amount: number;
	currency: string;
	metadata?: Record<string, unknown>;
	clientReferenceId?: string;
}

/** Money returned on an order. */
export interface Refund extends Row {
	orderId: string;
	amount: number;
	reason?: string;
	status: 'pending' | 'completed' | 'failed';
}

export interface Webhook extends Row {
	url: string;
	events: string[];
	description?: string;
	active: boolean;
	secret: string;
}

export interface User {
	_id: string;
	userId: string;
	email: string;
	firstName: string;
	lastName: string;
	subdomain: string;
	currency: string;
	country: string;
	contactEmail?: string;
}

/** A checkout session; its id is known to the page, which has no key. */
export interface CheckoutSession {
	id: string;
	mode: Mode;
	productId: string;
	successUrl?: string;
	cancelUrl?: string;
	customerEmail?: string;
	discountCode?: string;
	metadata?: Record<string, unknown>;
	clientReferenceId?: string;
	/** The redirect is the page that the buyer reached after paying; a session is paid once. */
	paid?: { redirect?: string; orderId?: string; membershipId?: string };
}
