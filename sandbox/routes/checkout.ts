import { createToken } from '../database/ids';
import { badRequest, notFound } from '../http/errors';
import type { Handlers } from '../http/responses';

/** Checkout sessions (docs/pocketsflow-api.md#checkout-sessions). */
export const checkoutRoutes = {
	'checkout.create': ({ context, db, body: input }) => {
		if (context.switches.redirectUrlsRequired) {
			for (const name of ['successUrl', 'cancelUrl'] as const) {
				if (!input[name]) throw badRequest(`${name} is required`);
			}
		}
		// The id of an offer goes into the same field.
		if (!db.products.get(input.productId) && !db.offers.get(input.productId)) {
			throw notFound('Product');
		}
		const id = createToken('cs_');
		context.sessions.set(id, { id, mode: db.mode, ...input });
		return { status: 201, body: { id, url: `${context.publicUrl}/checkout?session=${id}` } };
	},
} satisfies Partial<Handlers>;
