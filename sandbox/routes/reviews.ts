import { type Handlers, respondList } from '../http/responses';
import { serializeReview } from '../serializers';

/** Reviews (docs/pocketsflow-api.md#customers-reviews-and-account). */
export const reviewRoutes = {
	'reviews.list': (call) => {
		const { db, query } = call;
		const { rows } = db.reviews.query(
			query.productId ? { where: (row) => row.productId === query.productId } : {},
		);
		return respondList(
			call,
			'reviews',
			rows.map((row) => serializeReview(db, row)),
		);
	},
} satisfies Partial<Handlers>;
