import { slugify } from '../database/ids';
import { createRow } from '../database/table';
import { type Handlers, respondCreated, respondList, respondOk } from '../http/responses';
import { serializeOffer } from '../serializers';
import { findOrThrow } from './lookup';

/** Offers, the recurring products (docs/pocketsflow-api.md#subscriptions). */
export const offerRoutes = {
	'offers.list': (call) =>
		respondList(
			call,
			'subscriptions',
			call.db.offers.query().rows.map((row) => serializeOffer(call.db, row)),
		),
	'offers.get': ({ db, params }) =>
		respondOk(serializeOffer(db, findOrThrow(db.offers, params.id, 'Subscription'))),
	'offers.create': (call) => {
		const input = call.body;
		const row = createRow();
		const offer = call.db.offers.add({
			published: true,
			images: [],
			slug: slugify(input.name),
			...input,
			// The documents say that the price is in USD.
			currency: 'USD',
			updatedAtMs: row.createdAtMs,
			...row,
		});
		return respondCreated(call, serializeOffer(call.db, offer));
	},
} satisfies Partial<Handlers>;
