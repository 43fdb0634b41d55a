import type { Product } from '../database/entities';
import { slugify } from '../database/ids';
import { createRow } from '../database/table';
import { badRequest } from '../http/errors';
import {
	type AnyCall,
	type Handlers,
	respondCreated,
	respondDeleted,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeProduct } from '../serializers';
import { buildProductPayload } from '../webhooks/payloads';
import { findOrThrow } from './lookup';

function emitProductEvent({ context, db }: AnyCall, event: string, product: Product): void {
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
		const { context, db, body: input } = call;
		if (context.switches.productCurrencyRequired && !input.currency) {
			throw badRequest('currency is required');
		}
		const row = createRow();
		const product = db.products.add({
			active: true,
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
		Object.assign(product, call.body, { updatedAtMs: Date.now() });
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
} satisfies Partial<Handlers>;
