import { type Handler, list, ok } from '../answers';
import { oneOf, optional, readCount, readFields } from '../input';
import type { Customer } from '../state';
import { showCustomer, showReview, showUser } from '../views';
import { found } from './products';

const sorting = {
	sortBy: oneOf(['email', 'country', 'numberOfOrders', 'createdAt'], false),
	sortOrder: oneOf(['asc', 'desc'], false),
};

const profile = {
	firstName: optional('text'),
	lastName: optional('text'),
	currency: optional('currency'),
	country: optional('text'),
	subdomain: optional('text'),
	contactEmail: optional('email'),
};

const keys = {
	email: (row: Customer) => row.buyerEmail,
	country: (row: Customer) => row.country,
	numberOfOrders: (row: Customer) => row.numberOfOrders,
};

function inOrder(rows: Customer[], by: keyof typeof keys): Customer[] {
	const key = keys[by];
	return [...rows].sort((one, other) => {
		const [left, right] = [key(one), key(other)];
		return left < right ? -1 : left > right ? 1 : 0;
	});
}

/** Customers, reviews and the seller's own profile (contract B). */
export const peopleRoutes = {
	'customers.list': (call) => {
		const { state, query } = call;
		const { sortBy = 'createdAt', sortOrder = 'desc' } = readFields(query, sorting);
		const { email, productId } = query;
		const filtered = email || productId;
		const { rows: newestFirst } = state.customers.read(
			filtered
				? {
						where: (row) =>
							(!email || row.buyerEmail === email) && (!productId || row.productIds.has(productId)),
					}
				: {},
		);
		// Creation order is kept by the timeline; only the other orders need sorting.
		const ascending = sortBy === 'createdAt' ? newestFirst.reverse() : inOrder(newestFirst, sortBy);
		const rows = sortOrder === 'asc' ? ascending : ascending.reverse();
		const offset = readCount(query.offset, 'offset', 0, 0);
		const limit = readCount(query.limit, 'limit', Infinity);
		return list(
			call,
			'customers',
			rows.slice(offset, offset + limit).map((row) => showCustomer(state, row)),
		);
	},
	'customers.get': ({ state, params }) =>
		ok(showCustomer(state, found(state.customers, params.id, 'Customer'))),
	'reviews.list': (call) => {
		const { state, query } = call;
		const { rows } = state.reviews.read(
			query.productId ? { where: (row) => row.productId === query.productId } : {},
		);
		return list(
			call,
			'reviews',
			rows.map((row) => showReview(state, row)),
		);
	},
	'users.me': ({ state }) => ok(showUser(state, state.user)),
	'users.update': ({ state, body }) => {
		Object.assign(state.user, readFields(body, profile));
		return ok(showUser(state, state.user));
	},
} satisfies Record<string, Handler>;
