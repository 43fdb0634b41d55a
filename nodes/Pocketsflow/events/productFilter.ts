import type { IDataObject, INodeProperties } from 'n8n-workflow';

import { idOf, isRecord } from '../api/responses';

/** Names of several things in one text field, separated by commas, blanks or lines. */
export function namesIn(text: unknown): string[] {
	return String(text ?? '')
		.split(/[\s,]+/)
		.filter(Boolean);
}

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

/** Whether an event is about one of the products or subscription offers; without a choice every one is. */
export function isAboutProducts(payload: IDataObject, productIds: readonly string[]): boolean {
	const { product, productId, subscription } = payload;
	const named = [product, productId, subscription]
		.flatMap((thing) => (isRecord(thing) ? idOf(thing) : thing) ?? [])
		// The payment provider's own subscription, in older shapes (contract C4), names no offer.
		.filter((id) => typeof id === 'string' && !id.startsWith('sub_'));
	return (
		productIds.length === 0 ||
		named.length === 0 ||
		named.some((id) => productIds.includes(String(id)))
	);
}
