import type { INodePropertyOptions } from 'n8n-workflow';

import { offerSource, productSource, sellableAddress } from './locators';
import { idListField } from './list';

/** The products and subscription offers to which a trigger limits its events. */
export const productIdsField = idListField(
	{
		displayName: 'Product Names or IDs',
		name: 'productIds',
		description:
			'Start the workflow only for these products and subscription offers. Events without a product always start it',
	},
	{ method: 'getProductsAndOffers', sources: [productSource, offerSource] },
	sellableAddress,
);

/** A trigger's subtitle: the label of its first event and the number of others. */
export function buildEventsSubtitle(options: readonly INodePropertyOptions[]): string {
	const labels = JSON.stringify(
		Object.fromEntries(options.map(({ name, value }) => [value, name])),
	);
	const events = '[$parameter["events"]].flat()';
	return `={{ ${events}.slice(0, 1).map((name) => (${labels})[name] ?? name).join() + (${events}.length > 1 ? " +" + (${events}.length - 1) : "") }}`;
}
