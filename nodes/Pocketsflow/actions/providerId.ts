import type { IDataObject } from 'n8n-workflow';

import { lists } from '../api/lists';
import { path, type PocketsflowRequest } from '../api/request';
import { readId, unwrapRecord } from '../api/responses';
import { formatText } from '../fields/pickers';
import { InvalidInputError, quote } from '../fields/field';
import type { Lookup } from './operation';

const nothingDone = 'Nothing was canceled or refunded.';

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
	if (providerPattern.test(id)) return buildRequest(action, id, adviseOnBothIds);
	const membership = await findMembership(id, lookup);
	const providerId = getProviderId(membership);
	return providerId === undefined
		? buildRequest(action, id, adviseWithoutProviderId(id))
		: buildRequest(action, providerId, adviseOnProviderId(id, providerId));
}

/** Not every membership has one. */
const getProviderId = (membership: IDataObject) =>
	formatText(membership.stripeSubscriptionId)?.trim() || undefined;

const buildRequest = (
	action: string,
	id: string,
	ifNotFound: string,
): PocketsflowRequest & { ifNotFound: string } => ({
	method: 'POST',
	path: `/orders/subscriptions/${action}${path`/${id}`}`,
	ifNotFound,
});

/** The membership with this ID of either kind, never another one. @throws InvalidInputError */
async function findMembership(id: string, lookup: Lookup): Promise<IDataObject> {
	const has = (record: IDataObject) => readId(record) === id || getProviderId(record) === id;
	const membership = await readMembership(id, has, lookup);
	if (membership) return membership;
	throw new InvalidInputError(
		`'Subscription' is ${quote(id)}, but no buyer's subscription has this ID`,
		await adviseOnUnknownId(id, lookup),
		nothingDone,
	);
}

// Only an ID in Pocketsflow's own form is requested. The API may respond to others with a 404 or
// with any other error (docs/pocketsflow-api.md#ids).
async function readMembership(
	id: string,
	has: (record: IDataObject) => boolean,
	{ ask, find }: Lookup,
): Promise<IDataObject | undefined> {
	if (!ownPattern.test(id)) return await find(lists.memberships, has);
	const answer = await ask({ method: 'GET', path: path`/orders/subscriptions/${id}` });
	const record = unwrapRecord(answer, lists.memberships.recordKeys);
	return has(record) ? record : undefined;
}

/** Events have the offer's ID next to the right one, so it is a likely mix-up. */
async function adviseOnUnknownId(id: string, { find }: Lookup): Promise<string> {
	const isOffer = (record: IDataObject) => readId(record) === id;
	const offer = await find(lists.offers, isOffer).catch(() => undefined);
	return offer
		? `This is the ID of the offer ${quote(formatText(offer.name) ?? id)}, which many buyers share. ${bothIds}`
		: `${bothIds} The ID must belong to this account and to the mode of the API key.`;
}

const bothIds =
	"Use the subscription's own ID (subscriptionCustomerId in events) or the payment provider's (stripeSubscriptionId).";

const adviseOnBothIds = `${bothIds} Also check that the subscription belongs to this account and to the mode of the API key`;

const adviseWithoutProviderId = (id: string) =>
	`Pocketsflow found the subscription ${id} but did not accept this ID, and the subscription has no payment provider ID. Use the Pocketsflow dashboard instead`;

const adviseOnProviderId = (id: string, providerId: string) =>
	id === providerId
		? 'Pocketsflow found this subscription but did not accept its payment provider ID. Use the Pocketsflow dashboard instead'
		: `Pocketsflow found the subscription ${id} but did not accept its payment provider ID ${providerId}. Use the Pocketsflow dashboard instead`;
