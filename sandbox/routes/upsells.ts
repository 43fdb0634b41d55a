import { createRow } from '../database/table';
import { optional, partial, readFields, required } from '../http/input';
import {
	type Handler,
	respondCreated,
	respondDeleted,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeUpsell } from '../serializers';
import { findOrThrow } from './lookup';

const fields = {
	mainProductIds: required('strings'),
	upsellProductId: required('string'),
	upsellPrice: required('amount'),
	name: optional('string'),
	offer: optional('string'),
	upsellDescription: optional('string'),
	primaryButtonText: optional('string'),
	secondaryButtonText: optional('string'),
	active: optional('boolean'),
};

/** Upsells (docs/pocketsflow-api.md#discounts-and-upsells). */
export const upsellRoutes = {
	'upsells.list': (call) =>
		respondList(
			call,
			'upsells',
			call.db.upsells.query().rows.map((row) => serializeUpsell(call.db, row)),
			'object',
			{ salesWithUpsells: [] },
		),
	'upsells.get': ({ db, params }) =>
		respondOk(serializeUpsell(db, findOrThrow(db.upsells, params.id, 'Upsell'))),
	'upsells.create': (call) => {
		const input = readFields(call.body, fields);
		const product = findOrThrow(call.db.products, input.upsellProductId, 'Product');
		const upsell = call.db.upsells.add({
			active: true,
			name: product.name,
			...input,
			...createRow(),
		});
		return respondCreated(call, serializeUpsell(call.db, upsell));
	},
	'upsells.update': ({ db, params, body }) => {
		const upsell = findOrThrow(db.upsells, params.id, 'Upsell');
		Object.assign(upsell, readFields(body, partial(fields)));
		return respondOk(serializeUpsell(db, upsell));
	},
	'upsells.delete': (call) => {
		findOrThrow(call.db.upsells, call.params.id, 'Upsell');
		call.db.upsells.remove(call.params.id);
		return respondDeleted(call, 'Upsell');
	},
} satisfies Record<string, Handler>;
