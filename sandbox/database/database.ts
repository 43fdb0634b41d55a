import type {
	Customer,
	Discount,
	Membership,
	Mode,
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
} from './entities';
import { createObjectId, createToken } from './ids';
import { Table } from './table';

/** All data of one mode. */
export class Database {
	readonly user: User;

	readonly products = new Table<Product>();

	readonly variants = new Table<Variant>();

	readonly orders = new Table<Order>();

	readonly payments = new Table<Payment>();

	readonly customers = new Table<Customer>();

	readonly customersByEmail = new Map<string, Customer>();

	readonly reviews = new Table<Review>();

	readonly discounts = new Table<Discount>();

	readonly upsells = new Table<Upsell>();

	readonly offers = new Table<Offer>();

	readonly memberships = new Table<Membership>();

	readonly membershipsByProviderId = new Map<string, Membership>();

	readonly refunds = new Table<Refund>();

	readonly webhooks = new Table<Webhook>();

	constructor(
		readonly mode: Mode,
		storeName: string,
	) {
		this.user = {
			_id: createObjectId(),
			userId: createToken('auth0|', 12),
			email: 'seller@example.com',
			firstName: 'Sam',
			lastName: 'Seller',
			subdomain: storeName.toLowerCase().replace(/[^a-z0-9]+/g, '') || 'store',
			currency: 'USD',
			country: 'US',
		};
	}
}

/** The data of both modes, empty. */
export function createDatabases(storeName: string): Record<Mode, Database> {
	return { test: new Database('test', storeName), live: new Database('live', storeName) };
}
