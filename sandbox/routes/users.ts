import { optional, readFields } from '../http/input';
import { type Handler, respondOk } from '../http/responses';
import { serializeUser } from '../serializers';

const fields = {
	firstName: optional('string'),
	lastName: optional('string'),
	currency: optional('currency'),
	country: optional('string'),
	subdomain: optional('string'),
	contactEmail: optional('email'),
};

/** The seller's own account (docs/pocketsflow-api.md#customers-reviews-and-account). */
export const userRoutes = {
	'users.me': ({ db }) => respondOk(serializeUser(db, db.user)),
	'users.update': ({ db, body }) => {
		Object.assign(db.user, readFields(body, fields));
		return respondOk(serializeUser(db, db.user));
	},
} satisfies Record<string, Handler>;
