import type { IDataObject } from 'n8n-workflow';

import { readId, isRecord } from '../api/responses';
import { findSubscription } from './catalogue';

/**
 * Whether an event is about one of the products or subscription offers. An empty filter matches
 * every event, and an event without a product matches every filter.
 */
export function matchesProductFilter(payload: IDataObject, productIds: readonly string[]): boolean {
	const ids = readProductIds(payload);
	return (
		productIds.length === 0 || ids.length === 0 || ids.some((id) => productIds.includes(String(id)))
	);
}

function readProductIds(payload: IDataObject): unknown[] {
	return (
		[payload.product, payload.productId, findSubscription(payload)]
			.flatMap((thing) => (isRecord(thing) ? readId(thing) : thing) ?? [])
			// Of the payment provider, in older payloads: docs/pocketsflow-api.md#payloads
			.filter((id) => typeof id === 'number' || (typeof id === 'string' && !id.startsWith('sub_')))
	);
}
