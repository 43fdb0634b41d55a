import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { readId, isRecord } from '../api/responses';

/** The option of both triggers that narrows events to products. */
export const productIdsOption: INodeProperties = {
	displayName: 'Product IDs',
	name: 'productIds',
	type: 'string',
	default: '',
	placeholder: 'e.g. 6a5000000000000000000aaa',
	description:
		'Start only for these products or subscription offers, separated by commas. Events that name no product always pass.',
};

/**
 * Whether an event is about one of the products or subscription offers. An empty filter matches
 * everything, and an event that names no product matches every filter.
 */
export function matchesProductFilter(payload: IDataObject, productIds: readonly string[]): boolean {
	const ids = readProductIds(payload);
	return (
		productIds.length === 0 || ids.length === 0 || ids.some((id) => productIds.includes(String(id)))
	);
}

function readProductIds({ product, productId, subscription }: IDataObject): unknown[] {
	return (
		[product, productId, subscription]
			.flatMap((thing) => (isRecord(thing) ? readId(thing) : thing) ?? [])
			// In older payloads this is the payment provider's subscription, which is no offer:
			// docs/pocketsflow-api.md#payloads
			.filter((id) => typeof id === 'string' && !id.startsWith('sub_'))
	);
}
