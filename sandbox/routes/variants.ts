import { createRow } from '../database/table';
import { type Handlers, respondCreated, respondDeleted } from '../http/responses';
import { serializeVariant } from '../serializers';
import { findOrThrow } from './lookup';

/** Variants of products (docs/pocketsflow-api.md#products). */
export const variantRoutes = {
	'variants.create': (call) => {
		const input = call.body;
		findOrThrow(call.db.products, input.productId, 'Product');
		const row = createRow();
		const variant = call.db.variants.add({
			active: true,
			...input,
			updatedAtMs: row.createdAtMs,
			...row,
		});
		return respondCreated(call, serializeVariant(variant));
	},
	'variants.delete': (call) => {
		findOrThrow(call.db.variants, call.params.id, 'Product variant');
		call.db.variants.remove(call.params.id);
		return respondDeleted(call, 'Product variant');
	},
} satisfies Partial<Handlers>;
