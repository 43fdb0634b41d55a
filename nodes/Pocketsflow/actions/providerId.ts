import type { IDataObject } from 'n8n-workflow';

import { lists } from '../api/lists';
import { path, type PocketsflowRequest } from '../api/request';
import { readId, unwrapRecord } from '../api/responses';
import { formatText } from '../fields/pickers';
import { InvalidInputError, quote } from '../fields/field';
import type { Lookup } from './operation';

/** An ID that certainly comes from the payment provider: Pocketsflow's own IDs have no prefix. */
const providerPattern = /^sub_/;
const ownPattern = /^[0-9a-f]{24}$/i;

/**
 * Builds a request about a buyer's subscription by either of its IDs. The path needs the provider's
 * ID, while events carry the subscription's own (docs/pocketsflow-api.md#subscriptions).
 * @throws InvalidInputError if Pocketsflow has no subscription with that ID
 */
export async function buildProviderRequest(
	action: 'cancel' | 'refund',
	id: string,
	lookup: Lookup,
): Promise<PocketsflowRequest> {
	const isProviderId = providerPattern.test(id);
	// Not every membership has one.
	const providerId = isProviderId ? id : getProviderId(await findMembership(id, lookup));
	return {
		method: 'POST',
		path: `/orders/subscriptions/${action}${path`/${providerId ?? id}`}`,
		ifNotFound: isProviderId ? adviseOnBothIds : adviseOnRefusedId(id, providerId),
	};
}

const getProviderId = (membership: IDataObject) =>
	formatText(membership.stripeSubscriptionId)?.trim() || undefined;

/** The membership with this ID of either kind, never another one. @throws InvalidInputError */
async function findMembership(id: string, { ask, find }: Lookup): Promise<IDataObject> {
	const has = (record: IDataObject) => readId(record) === id || getProviderId(record) === id;
	// Only an ID in Pocketsflow's own form is requested. The API may respond to others with a 404 or
	// with any other error (docs/pocketsflow-api.md#ids).
	const membership = ownPattern.test(id)
		? unwrapRecord(
				await ask({ method: 'GET', path: path`/orders/subscriptions/${id}` }),
				lists.memberships.recordKeys,
			)
		: await find(lists.memberships, has);
	if (membership && has(membership)) return membership;
	// Events have the offer's ID next to the right one, so it is a likely mix-up.
	const isOffer = (record: IDataObject) => readId(record) === id;
	const offer = await find(lists.offers, isOffer).catch(() => undefined);
	throw new InvalidInputError(
		`'Subscription' is ${quote(id)}, but no buyer's subscription has this ID`,
		offer
			? `This is the ID of the offer ${quote(formatText(offer.name) ?? id)}, which many buyers share. ${bothIds}`
			: `${bothIds} The ID must belong to this account and to the mode of the API key.`,
		'Nothing was canceled or refunded.',
	);
}

const bothIds =
	"Use the subscription's own ID (subscriptionCustomerId in events) or the payment provider's (stripeSubscriptionId).";

const adviseOnBothIds = `${bothIds} Also check that the subscription belongs to this account and to the mode of the API key`;

function adviseOnRefusedId(id: string, providerId: string | undefined): string {
	const found = id === providerId ? 'this subscription' : `the subscription ${id}`;
	const refused =
		providerId === undefined
			? 'this ID, and the subscription has no payment provider ID'
			: `its payment provider ID${id === providerId ? '' : ` ${providerId}`}`;
	return `Pocketsflow found ${found} but did not accept ${refused}. Use the Pocketsflow dashboard instead`;
}
