import type { Handler } from '../answers';
import { token } from '../ids';
import { invalid, notFound, optional, readFields, required } from '../input';

const fields = {
	productId: required('text'),
	successUrl: optional('url'),
	cancelUrl: optional('url'),
	customerEmail: optional('email'),
	discountCode: optional('text'),
	metadata: optional('object'),
	clientReferenceId: optional('text'),
};

/** Checkout sessions (contract D). */
export const checkoutRoutes = {
	'checkout.create': ({ world, state, body }) => {
		const given = readFields(body, fields);
		if (world.switches.redirectUrlsRequired) {
			for (const name of ['successUrl', 'cancelUrl'] as const) {
				if (!given[name]) throw invalid(`${name} is required`);
			}
		}
		// An offer's id goes into the same field (contract D).
		if (!state.products.get(given.productId) && !state.offers.get(given.productId)) {
			throw notFound('Product');
		}
		const id = token('cs_');
		world.sessions.set(id, { id, mode: state.mode, ...given });
		return { status: 201, body: { id, url: `${world.url}/checkout?session=${id}` } };
	},
} satisfies Record<string, Handler>;
