/** What a shop keeps. Times are in ms since 1970, amounts in minor units (cents). */
export interface ShopState {
	url: string;
	readonly currency: string;
	readonly decimals: number;
	readonly utcOffsetHours: number;
	readonly isHttps: boolean;
	readonly dropsAuthorization: boolean;
	readonly pages: ShopPages;
	readonly keys: ApiKey[];
	readonly usedNonces: Set<string>;
	readonly products: Map<number, Product>;
	readonly orders: Map<number, Order>;
	readonly refunds: Map<number, Refund>;
	readonly notes: Map<number, Note>;
	readonly coupons: Map<string, Coupon>;
	readonly webhooks: Map<number, Webhook>;
	readonly mails: Mail[];
	/** Events of the current request, each once, as `order.updated 12`. */
	readonly events: Set<string>;
	readonly lastIds: Map<string, number>;
	now(): number;
}

export interface ShopPages {
	checkout: string;
	orderPay: string;
	orderReceived: string;
}

export interface ApiKey {
	consumerKey: string;
	consumerSecret: string;
	permissions: 'read' | 'write' | 'read_write';
}

export interface MetaEntry {
	id: number;
	key: string;
	value: unknown;
}

export interface Product {
	id: number;
	name: string;
	slug: string;
	type: string;
	status: string;
	description: string;
	shortDescription: string;
	sku: string;
	regularPrice: string;
	salePrice: string;
	virtual: boolean;
	downloadable: boolean;
	/** Pieces left; undefined if stock is not managed. */
	stock?: number;
	meta: MetaEntry[];
	createdMs: number;
	modifiedMs: number;
}

export interface LineItem {
	id: number;
	name: string;
	productId: number;
	quantity: number;
	subtotal: number;
	total: number;
	meta: MetaEntry[];
}

export interface CouponLine {
	id: number;
	code: string;
	discount: number;
}

export interface Order {
	id: number;
	key: string;
	status: string;
	currency: string;
	createdVia: string;
	createdMs: number;
	modifiedMs: number;
	isStockReduced?: boolean;
	paidMs?: number;
	completedMs?: number;
	customerNote: string;
	billing: Record<string, string>;
	shipping: Record<string, string>;
	paymentMethod: string;
	paymentMethodTitle: string;
	transactionId: string;
	lines: LineItem[];
	coupons: CouponLine[];
	shippingTotal: number;
	taxTotal: number;
	meta: MetaEntry[];
}

export interface Refund {
	id: number;
	orderId: number;
	amount: number;
	reason: string;
	createdMs: number;
	paidBack: boolean;
	meta: MetaEntry[];
}

export interface Note {
	id: number;
	orderId: number;
	author: string;
	text: string;
	forCustomer: boolean;
	createdMs: number;
}

export interface Coupon {
	code: string;
	/** `percent` of each line, or `fixed_cart` off the order. */
	type: 'percent' | 'fixed_cart';
	/** As a shop owner types it: "10" or "5.00". */
	amount: string;
}

export interface Webhook {
	id: number;
	name: string;
	status: 'active' | 'paused' | 'disabled';
	topic: string;
	deliveryUrl: string;
	secret: string;
	failureCount: number;
	createdMs: number;
	/** Undefined until the webhook is first changed. */
	modifiedMs?: number;
}

export interface Mail {
	to: string;
	orderId: number;
	text: string;
}

/** The next number of a sequence. Products, orders and refunds share one, as WordPress's posts do. */
export function nextId(state: ShopState, sequence: string, first: number): number {
	const id = (state.lastIds.get(sequence) ?? first - 1) + 1;
	state.lastIds.set(sequence, id);
	return id;
}

export const nextPostId = (state: ShopState) => nextId(state, 'posts', 101);

/** Notes that something happened; the webhooks of this topic deliver it once the request is over. */
export function announce(state: ShopState, topic: string, id: number): void {
	state.events.add(`${topic} ${id}`);
}
