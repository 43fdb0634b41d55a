import type { Product } from '../database/entities';
import { slugify } from '../database/ids';
import { createRow } from '../database/table';
import { badRequest } from '../http/errors';
import { oneOf, optional, partial, readFields, required } from '../http/input';
import {
	type ApiCall,
	type Handler,
	respondCreated,
	respondDeleted,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeProduct } from '../serializers';
import { buildProductPayload } from '../webhooks/payloads';
import { findOrThrow } from './lookup';

// The SDK and two pages of the docs each list other fields; these are all of them.
const fields = {
	name: required('string'),
	price: required('amount'),
	description: optional('string'),
	subtitle: optional('string'),
	payWant: optional('boolean'),
	minPrice: optional('amount'),
	maxPrice: optional('amount'),
	published: optional('boolean'),
	slug: optional('string'),
	thumbnail: optional('string'),
	images: optional('strings'),
	ctaText: optional('string'),
	showSales: optional('boolean'),
	showReviews: optional('boolean'),
	refundPolicy: optional('string'),
	callbackUrl: optional('string'),
	hasFirstName: optional('boolean'),
	hasLastName: optional('boolean'),
	currency: optional('currency'),
	type: oneOf(['one-time', 'subscription'], false),
	billingInterval: oneOf(['month', 'year'], false),
	active: optional('boolean'),
};

const { name, description, price, currency, active, published } = partial(fields);
const updatable = { name, description, price, currency, active, published };

function emitProductEvent({ context, db }: ApiCall, event: string, product: Product): void {
	context.deliveries.emit(db.mode, event, buildProductPayload(context.switches, db, product));
}

/** Products (docs/pocketsflow-api.md#products). */
export const productRoutes = {
	'products.list': (call) =>
		respondList(
			call,
			'products',
			call.db.products.query().rows.map((row) => serializeProduct(call.db, row)),
		),
	'products.get': ({ db, params }) =>
		respondOk(serializeProduct(db, findOrThrow(db.products, params.id, 'Product'))),
	'products.create': (call) => {
		const { context, db, body } = call;
		const input = readFields(body, fields);
		if (context.switches.productCurrencyRequired && !input.currency) {
			throw badRequest('currency is required');
		}
		const row = createRow();
		const product = db.products.add({
			active: true,
			published: true,
			showSales: true,
			showReviews: true,
			images: [],
			files: [],
			slug: slugify(input.name),
			...input,
			type: input.type ?? 'one-time',
			currency: (input.currency ?? db.user.currency).toUpperCase(),
			updatedAtMs: row.createdAtMs,
			...row,
		});
		emitProductEvent(call, 'product.created', product);
		return respondCreated(call, serializeProduct(db, product));
	},
	'products.update': (call) => {
		const product = findOrThrow(call.db.products, call.params.id, 'Product');
		Object.assign(product, readFields(call.body, updatable), { updatedAtMs: Date.now() });
		product.currency = product.currency.toUpperCase();
		emitProductEvent(call, 'product.updated', product);
		return respondOk(serializeProduct(call.db, product));
	},
	'products.delete': (call) => {
		const product = findOrThrow(call.db.products, call.params.id, 'Product');
		call.db.products.remove(product._id);
		emitProductEvent(call, 'product.deleted', product);
		return respondDeleted(call, 'Product');
	},
} satisfies Record<string, Handler>;
