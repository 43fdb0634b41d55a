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
import { type Row, Table } from './table';

/** The seller and the rows of every table, to be kept in a file; made by `dump`. */
export interface DatabaseDump {
	user: User;
	tables: Record<string, Row[]>;
}

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

	dump(): DatabaseDump {
		const entries = this.tables().map(([name, table]) => [name, table.query().rows.reverse()]);
		return { user: this.user, tables: Object.fromEntries(entries) as DatabaseDump['tables'] };
	}

	restore({ user, tables }: DatabaseDump): void {
		Object.assign(this.user, user);
		for (const [name, table] of this.tables()) for (const row of tables[name] ?? []) table.add(row);
		for (const row of this.customers.query().rows) this.customersByEmail.set(row.buyerEmail, row);
		for (const row of this.memberships.query().rows)
			this.membershipsByProviderId.set(row.providerId, row);
	}

	private tables(): Array<[string, Table<Row>]> {
		return Object.entries(this).filter(
			(entry): entry is [string, Table<Row>] => entry[1] instanceof Table,
		);
	}
}

export function createDatabases(storeName: string): Record<Mode, Database> {
	return { test: new Database('test', storeName), live: new Database('live', storeName) };
}
