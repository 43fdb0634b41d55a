import { jsonParse, type IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import { emailOf, membershipId } from './catalogue';

/** What both triggers put beside every payload. */
export interface EventHead extends IDataObject {
	event: string;
	eventId: string;
	testMode: boolean;
	/** When this n8n received or found it, ISO 8601. */
	deliveredAt: string;
}

/** The payload as sent, with the event's head beside its own keys. */
export function rawOutput(head: EventHead, payload: IDataObject): IDataObject {
	return { ...payload, ...head };
}

/**
 * The parts of a payload that flows use, at the paths of Pocketsflow's documentation, filled from every
 * known older and newer shape (contract C4, H14–H16). Amounts are passed on as they are: whether they
 * are cents or major units is not known (contract E). Parts that a payload lacks are left out.
 */
export function simplifiedOutput(head: EventHead, payload: IDataObject): IDataObject {
	const parts: IDataObject = {
		order: part(payload, 'order', ['orderId']),
		refund: isRecord(payload.refund) ? payload.refund : undefined,
		product: part(payload, 'product', ['productId']),
		customer: customerOf(payload),
		subscription: subscriptionOf(payload),
		subscriptionCustomerId: membershipId(payload),
		amount: payload.amount ?? payload.amount_paid ?? payload.grossAmount,
		currency: payload.currency,
		clientReferenceId: payload.clientReferenceId,
		metadata: metadataOf(payload),
	};
	const set = Object.entries(parts).filter(([, value]) => value !== undefined && value !== null);
	return { ...head, ...Object.fromEntries(set) };
}

function part(payload: IDataObject, key: string, idKeys: string[]): IDataObject | undefined {
	const value = payload[key];
	if (isRecord(value))
		return value.id === undefined && value._id ? { id: value._id, ...value } : value;
	const id = [value, ...idKeys.map((idKey) => payload[idKey])].find(
		(one) => typeof one === 'string',
	);
	return id === undefined ? undefined : { id };
}

function customerOf(payload: IDataObject): IDataObject | undefined {
	const { customer } = payload;
	const email = emailOf(payload);
	const known: IDataObject = isRecord(customer)
		? customer
		: typeof customer === 'string'
			? { id: customer }
			: {};
	const merged = { ...known, ...(email !== undefined && known.email === undefined && { email }) };
	return Object.keys(merged).length > 0 ? merged : undefined;
}

function subscriptionOf(payload: IDataObject): IDataObject | undefined {
	const { subscription, subscriptionCustomer, status } = payload;
	const offer = isRecord(subscription)
		? subscription
		: typeof subscription === 'string'
			? { id: subscription }
			: undefined;
	const membership = isRecord(subscriptionCustomer) ? subscriptionCustomer : undefined;
	if (!offer && !membership) return undefined;
	const { active, cancelAtPeriodEnd, paused } = membership ?? {};
	const state = { status: membership?.status ?? status, active, cancelAtPeriodEnd, paused };
	const set = Object.entries(state).filter(([, value]) => value !== undefined);
	return { ...offer, ...Object.fromEntries(set) };
}

/**
 * The metadata of the checkout session: an object, or URL-encoded text from the embedded checkout, also
 * in quotes and inside an invoice's subscription details (contract C4, H16).
 */
export function metadataOf(payload: IDataObject): IDataObject | undefined {
	const details = payload.subscription_details;
	const nested = isRecord(details) && isRecord(details.metadata) ? details.metadata : undefined;
	const order = isRecord(payload.order) ? payload.order.metadata : undefined;
	const given = [payload.metadata, order, nested]
		.map(parsedMetadata)
		.filter((metadata) => metadata !== undefined);
	// A raw invoice has an empty one of its own beside that of its subscription.
	return given.find((metadata) => Object.keys(metadata).length > 0) ?? given[0];
}

function parsedMetadata(value: unknown): IDataObject | undefined {
	if (isRecord(value)) {
		const encoded = parsedMetadata(value.webhookMetadata);
		if (!encoded) return value;
		const others = Object.entries(value).filter(([key]) => key !== 'webhookMetadata');
		return { ...Object.fromEntries(others), ...encoded };
	}
	if (typeof value !== 'string') return undefined;
	const text = value.trim().replace(/^"([\s\S]*)"$/, '$1');
	if (text === '') return undefined;
	const json = jsonParse<unknown>(text, { fallbackValue: null });
	if (isRecord(json)) return json;
	return text.includes('=') ? Object.fromEntries(new URLSearchParams(text)) : undefined;
}
