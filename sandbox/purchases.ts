import { buyProduct, forgetOrder, subscribe, writeReview } from './commerce';
import { objectId } from './ids';
import { invalid, isRecord, notFound, oneOf, optional, readFields, readInstant } from './input';
import type { Mode, ModeState } from './state';
import type { World } from './world';

/** Purchases to be made without a browser. `{n}` in any text becomes a running number. */
export interface PurchaseInput {
	productId?: string;
	offerId?: string;
	/** How many; 1 when absent. */
	count?: number;
	/** The first running number; 1 when absent. */
	firstNumber?: number;
	/** One object for all, or a list that is gone through again and again. */
	metadata?: Record<string, unknown> | Array<Record<string, unknown>>;
	email?: string;
	firstName?: string;
	lastName?: string;
	clientReferenceId?: string;
	discountCode?: string;
	taxRate?: number;
	mode?: Mode;
	/** Time of the first; now when absent. */
	createdAt?: string;
	/** Time between one and the next. */
	spacingMs?: number;
	/** Whether endpoints hear of them; yes when absent. */
	deliver?: boolean;
	/** Whether to answer only after all deliveries. */
	wait?: boolean;
}

/** What the purchases left behind. */
export interface PurchaseResult {
	count: number;
	orderIds: string[];
	membershipIds: string[];
}

const fields = {
	productId: optional('text'),
	offerId: optional('text'),
	count: optional('whole'),
	firstNumber: optional('whole'),
	email: optional('text'),
	firstName: optional('text'),
	lastName: optional('text'),
	clientReferenceId: optional('text'),
	discountCode: optional('text'),
	taxRate: optional('amount'),
	mode: oneOf(['test', 'live'], false),
	createdAt: optional('date'),
	spacingMs: optional('number'),
	deliver: optional('boolean'),
	wait: optional('boolean'),
};

/** A value with `{n}` replaced in every text of it. */
export function numbered<T>(value: T, number: number): T;
export function numbered(value: unknown, number: number): unknown {
	if (typeof value === 'string') return value.replaceAll('{n}', String(number));
	if (Array.isArray(value)) return value.map((entry: unknown) => numbered(entry, number));
	if (!isRecord(value)) return value;
	const entries = Object.entries(value).map(([name, entry]) => [name, numbered(entry, number)]);
	return Object.fromEntries(entries);
}

function metadataList(metadata: unknown): Array<Record<string, unknown>> {
	const entries: unknown[] =
		metadata === undefined ? [] : Array.isArray(metadata) ? metadata : [metadata];
	if (!entries.every(isRecord)) throw invalid('metadata must be an object or a list of objects');
	return entries;
}

/** Makes purchases as buyers would, many of them quickly. */
export async function purchase(
	world: World,
	body: Record<string, unknown>,
): Promise<PurchaseResult> {
	const input = readFields(body, fields);
	const metadata = metadataList(body.metadata);
	const state = world.modes[input.mode ?? 'test'];
	const id = input.offerId ?? input.productId;
	const product = input.offerId ? undefined : id ? state.products.get(id) : newest(state);
	const offer = id ? state.offers.get(id) : undefined;
	if (!product && !offer) throw notFound(id ? 'Product or offer' : 'Any product');
	const count = input.count ?? 1;
	const start = input.createdAt ? (readInstant(input.createdAt) ?? Date.now()) : Date.now();
	const result: PurchaseResult = { count, orderIds: [], membershipIds: [] };
	for (let index = 0; index < count; index += 1) {
		const number = (input.firstNumber ?? 1) + index;
		const buyer = {
			email: numbered(input.email ?? 'buyer{n}@example.com', number),
			at: start + index * (input.spacingMs ?? 0),
			...(input.firstName && { firstName: numbered(input.firstName, number) }),
			...(input.lastName && { lastName: numbered(input.lastName, number) }),
			...(input.clientReferenceId && {
				clientReferenceId: numbered(input.clientReferenceId, number),
			}),
			...(input.discountCode && { discountCode: input.discountCode }),
			...(input.taxRate !== undefined && { taxRate: input.taxRate }),
			...(metadata.length > 0 && {
				metadata: numbered(metadata[index % metadata.length], number),
			}),
			deliver: input.deliver ?? true,
		};
		if (product) result.orderIds.push(buyProduct(world, state, product, buyer)._id);
		else if (offer) result.membershipIds.push(subscribe(world, state, offer, buyer)._id);
	}
	if (input.wait) await world.deliveries.settled();
	return result;
}

function newest(state: ModeState) {
	return state.products.read({ take: 1 }).rows[0];
}

/** Moves an order to another time, as if it had been made then. */
export function backdate(state: ModeState, orderId: string, at: number): void {
	const order = state.orders.remove(orderId);
	if (!order) throw notFound('Order');
	state.orders.add({ ...order, at });
	const payment = state.payments.remove(order.paymentId);
	if (payment) state.payments.add({ ...payment, at });
}

/** Deletes an order together with its payment. */
export function deleteOrder(state: ModeState, orderId: string): void {
	const order = state.orders.get(orderId);
	if (!order) throw notFound('Order');
	forgetOrder(state, order);
}

/** What seeding made, by id. */
export interface Seeded {
	mode: Mode;
	productIds: string[];
	offerIds: string[];
	discountIds: string[];
	orderIds: string[];
	membershipIds: string[];
	reviewIds: string[];
}

/** Fills a mode with a small shop's data; endpoints do not hear of it. */
export function seed(world: World, mode: Mode): Seeded {
	const state = world.modes[mode];
	const day = 86_400_000;
	const start = Date.now() - 30 * day;
	const shelf = [
		{ name: 'Night Garden wallpapers', price: 9, slug: 'night-garden' },
		{ name: 'Invoice templates', price: 29.99, slug: 'invoice-templates' },
		{ name: 'Course: first shop in a week', price: 149, slug: 'first-shop' },
	];
	const products = shelf.map((item, index) =>
		state.products.add({
			...item,
			description: `${item.name}, as a download.`,
			currency: state.user.currency,
			type: 'one-time',
			active: true,
			published: true,
			images: [],
			files: [],
			_id: objectId(start + index),
			at: start + index,
			updatedAt: start + index,
		}),
	);
	const offer = state.offers.add({
		name: 'Members club',
		description: 'New files every month.',
		price: 15,
		currency: 'USD',
		frequency: 'monthly',
		published: true,
		slug: 'members-club',
		images: [],
		_id: objectId(start + 3),
		at: start + 3,
		updatedAt: start + 3,
	});
	const discounts = (
		[
			['WELCOME10', 10, 'percentage'],
			['FIVEOFF', 5, 'fixed'],
		] as const
	).map(([code, value, valueType], index) =>
		state.discounts.add({
			name: code,
			code,
			value,
			valueType,
			active: true,
			mainProductIds: [...products.map(({ _id }) => _id), offer._id],
			used: 0,
			_id: objectId(start + 4 + index),
			at: start + 4 + index,
		}),
	);
	const orders = Array.from({ length: 8 }, (_, index) =>
		buyProduct(world, state, products[index % products.length], {
			email: `buyer${(index % 5) + 1}@example.com`,
			firstName: `Buyer${(index % 5) + 1}`,
			metadata: { external_order_id: `A-${1001 + index}` },
			at: start + (index + 1) * 3 * day,
			deliver: false,
		}),
	);
	const membership = subscribe(world, state, offer, {
		email: 'buyer1@example.com',
		metadata: { plan: 'club' },
		at: start + 5 * day,
		deliver: false,
	});
	const reviews = [5, 4].map((rating, index) =>
		writeReview(
			world,
			state,
			{
				productId: products[index]._id,
				buyerEmail: orders[index].buyerEmail,
				rating,
				review: 'Just what I needed.',
			},
			{ at: start + (index + 10) * day, deliver: false },
		),
	);
	const ids = (rows: Array<{ _id: string }>) => rows.map(({ _id }) => _id);
	return {
		mode,
		productIds: ids(products),
		offerIds: [offer._id],
		discountIds: ids(discounts),
		orderIds: ids(orders),
		membershipIds: [membership._id],
		reviewIds: ids(reviews),
	};
}
