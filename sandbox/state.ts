import { objectId, token } from './ids';

/** Test and live data never meet; the key's prefix chooses (contract A, "Mode"). */
export type Mode = 'test' | 'live';

/** What every kept thing has. */
export interface Kept {
	_id: string;
	/** Time of creation in epoch milliseconds. */
	at: number;
}

/** A product on sale. */
export interface Product extends Kept {
	name: string;
	price: number;
	currency: string;
	type: 'one-time' | 'subscription';
	updatedAt: number;
	[field: string]: unknown;
}

/** A variant of a product. */
export interface Variant extends Kept {
	productId: string;
	updatedAt: number;
	[field: string]: unknown;
}

/** One sale of a product. */
export interface Order extends Kept {
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
export interface Payment extends Kept {
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

/** A buyer. */
export interface Customer extends Kept {
	buyerEmail: string;
	country: string;
	numberOfOrders: number;
	totalSpent: number;
	productIds: Set<string>;
}

/** A buyer's review of a product. */
export interface Review extends Kept {
	productId: string;
	buyerEmail: string;
	rating: number;
	review?: string;
}

/** A discount code. */
export interface Discount extends Kept {
	name: string;
	code: string;
	value: number;
	valueType: 'percentage' | 'fixed';
	active: boolean;
	mainProductIds: string[];
	expiration?: string;
	used: number;
}

/** A second product offered with a first. */
export interface Upsell extends Kept {
	mainProductIds: string[];
	upsellProductId: string;
	upsellPrice: number;
	active: boolean;
	[field: string]: unknown;
}

/** A recurring product (contract B, Subscriptions 1). */
export interface Offer extends Kept {
	name: string;
	price: number;
	currency: string;
	frequency: 'weekly' | 'monthly' | 'yearly';
	trialPeriod?: number;
	updatedAt: number;
	[field: string]: unknown;
}

/** One buyer's subscription to an offer (contract B, Subscriptions 2). */
export interface Membership extends Kept {
	offerId: string;
	customerId: string;
	providerId: string;
	providerCustomerId: string;
	buyerEmail: string;
	firstName?: string;
	lastName?: string;
	status: 'active' | 'canceled' | 'paused' | 'past_due' | 'trialing';
	periodStart: number;
	periodEnd: number;
	cancelAtPeriodEnd: boolean;
	amount: number;
	currency: string;
	metadata?: Record<string, unknown>;
	clientReferenceId?: string;
}

/** Money given back on an order. */
export interface Refund extends Kept {
	orderId: string;
	amount: number;
	reason?: string;
	status: 'pending' | 'completed' | 'failed';
}

/** A registered webhook endpoint. */
export interface Webhook extends Kept {
	url: string;
	events: string[];
	description?: string;
	active: boolean;
	secret: string;
}

/** The seller. */
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
export interface Session {
	id: string;
	mode: Mode;
	productId: string;
	successUrl?: string;
	cancelUrl?: string;
	customerEmail?: string;
	discountCode?: string;
	metadata?: Record<string, unknown>;
	clientReferenceId?: string;
	/** Where the buyer went after paying; a session is paid once. */
	paid?: { redirect?: string };
}

/** A stretch of a timeline to read, newest first. */
export interface Reading<T> {
	from?: number;
	to?: number;
	where?: (row: T) => boolean;
	skip?: number;
	take?: number;
}

/**
 * Things in order of creation. The order is kept on insertion, so that reading a page of many
 * thousand rows needs no sorting.
 */
export class Timeline<T extends Kept> {
	private readonly byId = new Map<string, T>();

	private readonly rows: T[] = [];

	get size(): number {
		return this.rows.length;
	}

	/** Adds a row after all rows of the same instant. */
	add(row: T): T {
		const last = this.rows[this.rows.length - 1];
		if (!last || last.at <= row.at) this.rows.push(row);
		else this.rows.splice(this.firstAfter(row.at), 0, row);
		this.byId.set(row._id, row);
		return row;
	}

	get(id: string): T | undefined {
		return this.byId.get(id);
	}

	remove(id: string): T | undefined {
		const row = this.byId.get(id);
		if (!row) return undefined;
		this.byId.delete(id);
		this.rows.splice(this.rows.lastIndexOf(row, this.firstAfter(row.at)), 1);
		return row;
	}

	/** A page, newest first, and how many rows there are in all. */
	read({ from = -Infinity, to = Infinity, where, skip = 0, take = Infinity }: Reading<T> = {}): {
		total: number;
		rows: T[];
	} {
		const start = from === -Infinity ? 0 : this.firstAfter(from - 1);
		const end = to === Infinity ? this.rows.length : this.firstAfter(to);
		if (!where) {
			const total = Math.max(0, end - start);
			const high = Math.max(start, end - skip);
			const low = take === Infinity ? start : Math.max(start, high - take);
			return { total, rows: this.rows.slice(low, high).reverse() };
		}
		const rows: T[] = [];
		let total = 0;
		for (let index = end - 1; index >= start; index -= 1) {
			if (!where(this.rows[index])) continue;
			if (total >= skip && rows.length < take) rows.push(this.rows[index]);
			total += 1;
		}
		return { total, rows };
	}

	private firstAfter(at: number): number {
		let low = 0;
		let high = this.rows.length;
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (this.rows[middle].at <= at) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** All data of one mode. */
export class ModeState {
	readonly user: User;

	readonly products = new Timeline<Product>();

	readonly variants = new Timeline<Variant>();

	readonly orders = new Timeline<Order>();

	readonly payments = new Timeline<Payment>();

	readonly customers = new Timeline<Customer>();

	readonly customersByEmail = new Map<string, Customer>();

	readonly reviews = new Timeline<Review>();

	readonly discounts = new Timeline<Discount>();

	readonly upsells = new Timeline<Upsell>();

	readonly offers = new Timeline<Offer>();

	readonly memberships = new Timeline<Membership>();

	readonly membershipsByProviderId = new Map<string, Membership>();

	readonly refunds = new Timeline<Refund>();

	readonly webhooks = new Timeline<Webhook>();

	constructor(
		readonly mode: Mode,
		storeName: string,
	) {
		this.user = {
			_id: objectId(),
			userId: token('auth0|', 12),
			email: 'seller@example.com',
			firstName: 'Sam',
			lastName: 'Seller',
			subdomain: storeName.toLowerCase().replace(/[^a-z0-9]+/g, '') || 'store',
			currency: 'USD',
			country: 'US',
		};
	}
}
