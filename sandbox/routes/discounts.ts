import { createRow } from '../database/table';
import { badRequest } from '../http/errors';
import {
	type Handlers,
	respondCreated,
	respondDeleted,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeDiscount } from '../serializers';
import { findDiscount } from '../shop/discounts';
import { findOrThrow } from './lookup';

function checkValue(valueType: string, value: number): void {
	if (valueType === 'percentage' && value > 100) {
		throw badRequest('value must not exceed 100 for a percentage');
	}
}

/** Discounts (docs/pocketsflow-api.md#discounts-and-upsells). */
export const discountRoutes = {
	'discounts.list': (call) =>
		respondList(
			call,
			'discounts',
			call.db.discounts.query().rows.map((row) => serializeDiscount(call.db, row)),
		),
	'discounts.get': ({ db, params }) =>
		respondOk(serializeDiscount(db, findOrThrow(db.discounts, params.id, 'Discount'))),
	'discounts.create': (call) => {
		checkValue(call.body.valueType, call.body.value);
		const discount = call.db.discounts.add({ ...call.body, used: 0, ...createRow() });
		return respondCreated(call, serializeDiscount(call.db, discount));
	},
	'discounts.update': ({ db, params, body }) => {
		const discount = findOrThrow(db.discounts, params.id, 'Discount');
		checkValue(body.valueType ?? discount.valueType, body.value ?? discount.value);
		Object.assign(discount, body);
		if (body.expiration === null) delete discount.expiration;
		return respondOk(serializeDiscount(db, discount));
	},
	'discounts.delete': (call) => {
		findOrThrow(call.db.discounts, call.params.id, 'Discount');
		call.db.discounts.remove(call.params.id);
		return respondDeleted(call, 'Discount');
	},
	// Of the response only this text is known.
	'discounts.validate': ({ db, body: { code, productId } }) => {
		const { problem } = findDiscount(db, code, productId);
		if (problem) throw problem;
		return respondOk({ message: 'Discount is valid' });
	},
} satisfies Partial<Handlers>;
