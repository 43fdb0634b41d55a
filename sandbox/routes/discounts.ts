import { created, deleted, type Handler, list, ok } from '../answers';
import { findDiscount } from '../commerce';
import { objectId } from '../ids';
import { allOptional, invalid, oneOf, optional, readFields, required } from '../input';
import { showDiscount, showUpsell } from '../views';
import { found } from './products';

const discountFields = {
	name: required('text'),
	code: required('text'),
	value: required('amount'),
	mainProductIds: required('texts'),
	valueType: oneOf(['percentage', 'fixed'], false),
	active: optional('boolean'),
	expiration: optional('date'),
};

const upsellFields = {
	mainProductIds: required('texts'),
	upsellProductId: required('text'),
	upsellPrice: required('amount'),
	name: optional('text'),
	offer: optional('text'),
	upsellDescription: optional('text'),
	primaryButtonText: optional('text'),
	secondaryButtonText: optional('text'),
	active: optional('boolean'),
};

const validateFields = { code: required('text'), productId: optional('text') };

function checkValue(valueType: string, value: number): void {
	if (valueType === 'percentage' && value > 100) {
		throw invalid('value must not exceed 100 for a percentage');
	}
}

/** Discounts and upsells (contract B). */
export const discountRoutes = {
	'discounts.list': (call) =>
		list(
			call,
			'discounts',
			call.state.discounts.read().rows.map((row) => showDiscount(call.state, row)),
		),
	'discounts.get': ({ state, params }) =>
		ok(showDiscount(state, found(state.discounts, params.id, 'Discount'))),
	'discounts.create': (call) => {
		const given = readFields(call.body, discountFields);
		const valueType = given.valueType ?? 'percentage';
		checkValue(valueType, given.value);
		const at = Date.now();
		const discount = call.state.discounts.add({
			active: true,
			...given,
			valueType,
			used: 0,
			_id: objectId(at),
			at,
		});
		return created(call, showDiscount(call.state, discount));
	},
	'discounts.update': ({ state, params, body }) => {
		const discount = found(state.discounts, params.id, 'Discount');
		const given = readFields(body, allOptional(discountFields));
		checkValue(given.valueType ?? discount.valueType, given.value ?? discount.value);
		Object.assign(discount, given);
		return ok(showDiscount(state, discount));
	},
	'discounts.delete': (call) => {
		found(call.state.discounts, call.params.id, 'Discount');
		call.state.discounts.remove(call.params.id);
		return deleted(call, 'Discount');
	},
	// Only the text of the answer is known (contract B, REF-discounts-validate).
	'discounts.validate': ({ state, body }) => {
		const { code, productId } = readFields(body, validateFields);
		const { problem } = findDiscount(state, code, productId);
		if (problem) throw problem;
		return ok({ message: 'Discount is valid' });
	},
	'upsells.list': (call) =>
		list(
			call,
			'upsells',
			call.state.upsells.read().rows.map((row) => showUpsell(call.state, row)),
			'object',
			{ salesWithUpsells: [] },
		),
	'upsells.get': ({ state, params }) =>
		ok(showUpsell(state, found(state.upsells, params.id, 'Upsell'))),
	'upsells.create': (call) => {
		const given = readFields(call.body, upsellFields);
		const product = found(call.state.products, given.upsellProductId, 'Product');
		const at = Date.now();
		const upsell = call.state.upsells.add({
			active: true,
			name: product.name,
			...given,
			_id: objectId(at),
			at,
		});
		return created(call, showUpsell(call.state, upsell));
	},
	'upsells.update': ({ state, params, body }) => {
		const upsell = found(state.upsells, params.id, 'Upsell');
		Object.assign(upsell, readFields(body, allOptional(upsellFields)));
		return ok(showUpsell(state, upsell));
	},
	'upsells.delete': (call) => {
		found(call.state.upsells, call.params.id, 'Upsell');
		call.state.upsells.remove(call.params.id);
		return deleted(call, 'Upsell');
	},
} satisfies Record<string, Handler>;
