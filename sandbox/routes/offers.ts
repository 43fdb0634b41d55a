import { slugify } from '../database/ids';
import { createRow } from '../database/table';
import { oneOf, optional, readFields, required } from '../http/input';
import { type Handler, respondCreated, respondList, respondOk } from '../http/responses';
import { serializeOffer } from '../serializers';
import { findOrThrow } from './lookup';

const fields = {
	name: required('string'),
	price: required('amount'),
	frequency: oneOf(['weekly', 'monthly', 'yearly'], true),
	subtitle: optional('string'),
	description: optional('string'),
	trialPeriod: optional('integer'),
	published: optional('boolean'),
	redirectBackUrl: optional('string'),
	slug: optional('string'),
	thumbnail: optional('string'),
	images: optional('strings'),
	isFile: optional('boolean'),
	file: optional('stringOrObject'),
	url: optional('string'),
	checkoutText: optional('string'),
	refundPolicy: optional('string'),
	callbackUrl: optional('string'),
	hasCallbackUrl: optional('boolean'),
	hasFirstName: optional('boolean'),
	hasLastName: optional('boolean'),
	portalText: optional('string'),
	privacyPolicy: optional('string'),
	termsOfService: optional('string'),
	ctaText: optional('string'),
	thankYouText: optional('string'),
	hasProductPage: optional('boolean'),
	showSales: optional('boolean'),
	showReviews: optional('boolean'),
	maxPrice: optional('amount'),
	minPrice: optional('amount'),
	design: optional('object'),
	colors: optional('object'),
	pageStyle: optional('object'),
	checkoutStyle: optional('object'),
	checkoutColors: optional('object'),
};

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
		const input = readFields(call.body, fields);
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
} satisfies Record<string, Handler>;
