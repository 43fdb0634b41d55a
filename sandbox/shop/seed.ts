import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { Discount, Mode, Offer, Order, Product } from '../database/entities';
import { createRow } from '../database/table';
import { subscribe } from './memberships';
import { buyProduct } from './orders';
import { addReview } from './reviews';

const DAY_MS = 86_400_000;

export interface SeedResult {
	mode: Mode;
	productIds: string[];
	offerIds: string[];
	discountIds: string[];
	orderIds: string[];
	membershipIds: string[];
	reviewIds: string[];
}

const productSamples = [
	{
		name: 'Night Garden wallpapers',
		description: 'Twelve scenes for phone and desk, up to 5K.',
		price: 9,
		slug: 'night-garden',
	},
	{
		name: 'Invoice templates',
		description: 'Clear, friendly invoices for spreadsheets and documents.',
		price: 29.99,
		slug: 'invoice-templates',
	},
	{
		name: 'Course: first shop in a week',
		description: 'Seven short lessons from an idea to a first sale.',
		price: 149,
		slug: 'first-shop',
	},
];

const discountSamples = [
	{ code: 'WELCOME10', value: 10, valueType: 'percentage' },
	{ code: 'FIVEOFF', value: 5, valueType: 'fixed' },
] as const;

const addProducts = (db: Database, startMs: number): Product[] =>
	productSamples.map((sample, index) =>
		db.products.add({
			...sample,
			currency: db.user.currency,
			type: 'one-time',
			active: true,
			published: true,
			images: [],
			files: [],
			updatedAtMs: startMs + index,
			...createRow(startMs + index),
		}),
	);

const addOffer = (db: Database, createdAtMs: number): Offer =>
	db.offers.add({
		name: 'Members club',
		description: 'New files every month.',
		price: 15,
		currency: 'USD',
		frequency: 'monthly',
		published: true,
		slug: 'members-club',
		images: [],
		updatedAtMs: createdAtMs,
		...createRow(createdAtMs),
	});

const addDiscounts = (db: Database, mainProductIds: string[], startMs: number): Discount[] =>
	discountSamples.map((sample, index) =>
		db.discounts.add({
			name: sample.code,
			...sample,
			active: true,
			mainProductIds: [...mainProductIds],
			used: 0,
			...createRow(startMs + index),
		}),
	);

const addOrders = (
	context: SandboxContext,
	db: Database,
	products: Product[],
	startMs: number,
): Order[] =>
	Array.from({ length: 8 }, (_, index) =>
		buyProduct(context, db, products[index % products.length], {
			email: `buyer${(index % 5) + 1}@example.com`,
			firstName: `Buyer${(index % 5) + 1}`,
			metadata: { order_id: `A-${1001 + index}` },
			purchasedAtMs: startMs + (index + 1) * 3 * DAY_MS,
			deliver: false,
		}),
	);

const addReviews = (
	context: SandboxContext,
	db: Database,
	products: Product[],
	orders: Order[],
	startMs: number,
) =>
	[5, 4].map((rating, index) =>
		addReview(
			context,
			db,
			{
				productId: products[index]._id,
				buyerEmail: orders[index].buyerEmail,
				rating,
				review: 'Just what I needed.',
			},
			{ createdAtMs: startMs + (index + 10) * DAY_MS, deliver: false },
		),
	);

const listIds = (rows: Array<{ _id: string }>) => rows.map(({ _id }) => _id);

/** Fills a mode with the data of a small shop, 30 days old; no webhook is sent. */
export function seed(context: SandboxContext, mode: Mode): SeedResult {
	const db = context.databases[mode];
	const startMs = Date.now() - 30 * DAY_MS;
	const products = addProducts(db, startMs);
	const offer = addOffer(db, startMs + 3);
	const discounts = addDiscounts(db, listIds([...products, offer]), startMs + 4);
	const orders = addOrders(context, db, products, startMs);
	const membership = subscribe(context, db, offer, {
		email: 'buyer1@example.com',
		metadata: { plan: 'club' },
		purchasedAtMs: startMs + 5 * DAY_MS,
		deliver: false,
	});
	const reviews = addReviews(context, db, products, orders, startMs);
	return {
		mode,
		productIds: listIds(products),
		offerIds: [offer._id],
		discountIds: listIds(discounts),
		orderIds: listIds(orders),
		membershipIds: [membership._id],
		reviewIds: listIds(reviews),
	};
}
