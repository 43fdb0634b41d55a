import type { Database } from '../database/database';
import type { Customer } from '../database/entities';
import { createRow } from '../database/table';

/** A buyer, and what comes along with the purchase. */
export interface Buyer {
	email: string;
	firstName?: string;
	lastName?: string;
	country?: string;
	metadata?: Record<string, unknown>;
	clientReferenceId?: string;
	discountCode?: string;
	/** Share of the price that is added as tax; that of the sandbox when absent. */
	taxRate?: number;
	/** Time of the purchase, in ms since 1970; now when absent. */
	purchasedAtMs?: number;
	/** Whether webhooks report it; yes if absent. */
	deliver?: boolean;
}

/** What orders and memberships keep of their buyer. */
export const copyBuyer = (buyer: Buyer) => ({
	buyerEmail: buyer.email,
	...(buyer.firstName && { firstName: buyer.firstName }),
	...(buyer.lastName && { lastName: buyer.lastName }),
	...(buyer.metadata && { metadata: buyer.metadata }),
	...(buyer.clientReferenceId && { clientReferenceId: buyer.clientReferenceId }),
});

export function findOrCreateCustomer(
	db: Database,
	{ email, country = 'US' }: Buyer,
	createdAtMs: number,
): Customer {
	const existing = db.customersByEmail.get(email);
	if (existing) return existing;
	const customer = db.customers.add({
		buyerEmail: email,
		country,
		numberOfOrders: 0,
		totalSpent: 0,
		productIds: new Set(),
		...createRow(createdAtMs),
	});
	db.customersByEmail.set(email, customer);
	return customer;
}
