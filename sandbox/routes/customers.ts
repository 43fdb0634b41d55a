import type { Customer } from '../database/entities';
import { oneOf, readCount, readFields } from '../http/input';
import { type Handler, respondList, respondOk } from '../http/responses';
import { serializeCustomer } from '../serializers';
import { findOrThrow } from './lookup';

const sorting = {
	sortBy: oneOf(['email', 'country', 'numberOfOrders', 'createdAt'], false),
	sortOrder: oneOf(['asc', 'desc'], false),
};

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
		const { sortBy = 'createdAt', sortOrder = 'desc' } = readFields(query, sorting);
		const { email, productId } = query;
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
		const offset = readCount(query.offset, 'offset', 0, 0);
		const limit = readCount(query.limit, 'limit', Infinity);
		return respondList(
			call,
			'customers',
			rows.slice(offset, offset + limit).map((row) => serializeCustomer(db, row)),
		);
	},
	'customers.get': ({ db, params }) =>
		respondOk(serializeCustomer(db, findOrThrow(db.customers, params.id, 'Customer'))),
} satisfies Record<string, Handler>;
