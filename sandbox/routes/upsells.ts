import { createRow } from '../database/table';
import {
	type Handlers,
	respondCreated,
	respondDeleted,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeUpsell } from '../serializers';
import { findOrThrow } from './lookup';

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
		const input = call.body;
		const product = findOrThrow(call.db.products, input.upsellProductId, 'Product');
		const upsell = call.db.upsells.add({ name: product.name, ...input, ...createRow() });
		return respondCreated(call, serializeUpsell(call.db, upsell));
	},
	'upsells.update': ({ db, params, body }) => {
		const upsell = findOrThrow(db.upsells, params.id, 'Upsell');
		Object.assign(upsell, body);
		return respondOk(serializeUpsell(db, upsell));
	},
	'upsells.delete': (call) => {
		findOrThrow(call.db.upsells, call.params.id, 'Upsell');
		call.db.upsells.remove(call.params.id);
		return respondDeleted(call, 'Upsell');
	},
} satisfies Partial<Handlers>;
