import { createRow } from '../database/table';
import { badRequest } from '../http/errors';
import { oneOf, optional, partial, readFields, required } from '../http/input';
import {
	type Handler,
	respondCreated,
	respondDeleted,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeDiscount } from '../serializers';
import { findDiscount } from '../shop/discounts';
import { findOrThrow } from './lookup';

const fields = {
	name: required('string'),
	code: required('string'),
	value: required('amount'),
	mainProductIds: required('strings'),
	valueType: oneOf(['percentage', 'fixed'], false),
	active: optional('boolean'),
	expiration: optional('date'),
};

const validateFields = { code: required('string'), productId: optional('string') };

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
		const input = readFields(call.body, fields);
		const valueType = input.valueType ?? 'percentage';
		checkValue(valueType, input.value);
		const discount = call.db.discounts.add({
			active: true,
			...input,
			valueType,
			used: 0,
			...createRow(),
		});
		return respondCreated(call, serializeDiscount(call.db, discount));
	},
	'discounts.update': ({ db, params, body }) => {
		const discount = findOrThrow(db.discounts, params.id, 'Discount');
		const input = readFields(body, partial(fields));
		checkValue(input.valueType ?? discount.valueType, input.value ?? discount.value);
		Object.assign(discount, input);
		if (body.expiration === null) delete discount.expiration;
		return respondOk(serializeDiscount(db, discount));
	},
	'discounts.delete': (call) => {
		findOrThrow(call.db.discounts, call.params.id, 'Discount');
		call.db.discounts.remove(call.params.id);
		return respondDeleted(call, 'Discount');
	},
	// Of the response only this text is known.
	'discounts.validate': ({ db, body }) => {
		const { code, productId } = readFields(body, validateFields);
		const { problem } = findDiscount(db, code, productId);
		if (problem) throw problem;
		return respondOk({ message: 'Discount is valid' });
	},
} satisfies Record<string, Handler>;
