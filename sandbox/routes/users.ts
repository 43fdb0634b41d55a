import { type Handlers, respondOk } from '../http/responses';
import { serializeUser } from '../serializers';

/** The seller's own account (docs/pocketsflow-api.md#customers-reviews-and-account). */
export const userRoutes = {
	'users.me': ({ db }) => respondOk(serializeUser(db, db.user)),
	'users.update': ({ db, body }) => {
		Object.assign(db.user, body);
		return respondOk(serializeUser(db, db.user));
	},
} satisfies Partial<Handlers>;
