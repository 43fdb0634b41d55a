import type { Customer } from '../database/entities';
import { type Handlers, respondList, respondOk } from '../http/responses';
import { serializeCustomer } from '../serializers';
import { findOrThrow } from './lookup';

const sortKeys = {
	email: (row: Customer) => row.buyerEmail,
	country: (row: Customer) => row.country,
	numberOfOrders: (row: Customer) => row.numberOfOrders,
};

function sortRows(rows: Customer[], by: keyof typeof sortKeys): Customer[] {
	const getKey = sortKeys[by];
	return [...rows].sort((one, other) => {
		const [left, right] = [getKey(one), getKey(other)];
		return left < right ? -1 : left > right ? 1 : 0;
	});
}

/** Customers (docs/pocketsflow-api.md#customers-reviews-and-account). */
export const customerRoutes = {
	'customers.list': (call) => {
		const { db, query } = call;
		const { sortBy = 'createdAt', sortOrder = 'desc', email, productId } = query;
		const filtered = email || productId;
		const { rows: newestFirst } = db.customers.query(
			filtered
				? {
						where: (row) =>
							(!email || row.buyerEmail === email) && (!productId || row.productIds.has(productId)),
					}
				: {},
		);
		// Creation order is kept by the table; only the other orders need sorting.
		const ascending =
			sortBy === 'createdAt' ? newestFirst.reverse() : sortRows(newestFirst, sortBy);
		const rows = sortOrder === 'asc' ? ascending : ascending.reverse();
		const { offset = 0, limit = Infinity } = query;
		return respondList(
			call,
			'customers',
			rows.slice(offset, offset + limit).map((row) => serializeCustomer(db, row)),
		);
	},
	'customers.get': ({ db, params }) =>
		respondOk(serializeCustomer(db, findOrThrow(db.customers, params.id, 'Customer'))),
} satisfies Partial<Handlers>;
