import type { IDataObject } from 'n8n-workflow';

import { isRecord, readId } from '../api/responses';
import { findSubscription, readEmail, readMembershipId } from './catalogue';
import { readMetadata } from './metadata';

/** What both triggers add to every payload. */
export interface EventEnvelope {
	event: string;
	eventId: string;
	testMode: boolean;
	/** Pocketsflow's own time of the delivery or the polled record, in ISO 8601. */
	sentAt?: string;
	/** When this n8n instance received or found it, in ISO 8601. */
	deliveredAt: string;
	/** Set by the polling trigger only. */
	source?: 'poll';
}

/** The payload as sent, with the envelope's keys next to its own. */
export const buildRawOutput = (envelope: EventEnvelope, payload: IDataObject): IDataObject => ({
	...payload,
	...envelope,
});

/**
 * The parts of a payload that workflows use, at the paths that Pocketsflow documents, filled from
 * every known format (docs/pocketsflow-api.md#payloads). Amounts are not converted, because their
 * unit is unknown (docs/pocketsflow-api.md#money). Missing parts are omitted.
 */
export function buildSimplifiedOutput(envelope: EventEnvelope, payload: IDataObject): IDataObject {
	const order = isRecord(payload.order) ? payload.order : {};
	const parts: IDataObject = {
		order: readEntity(payload, 'order', 'orderId'),
		refund: isRecord(payload.refund) ? payload.refund : undefined,
		product: readEntity(payload, 'product', 'productId'),
		...readSubjectPart(envelope.event, payload),
		customer: readCustomer(payload),
		subscription: readSubscription(payload),
		subscriptionCustomerId: readMembershipId(payload),
		amount: payload.amount ?? payload.amount_paid ?? payload.grossAmount,
		currency: payload.currency,
		clientReferenceId: payload.clientReferenceId ?? order.clientReferenceId,
		metadata: readMetadata(payload),
	};
	const set = Object.entries(parts).filter(([, value]) => value !== undefined && value !== null);
	return { ...envelope, ...Object.fromEntries(set) };
}

const subjectKeys: Record<string, string> = {
	identity: 'identity',
	payment_intent: 'paymentIntent',
	product: 'product',
	review: 'review',
};

/** Keys of a flat payload that are not about its subject. */
const otherKeys = new Set(['_id', 'event', 'type', 'webhookId', 'testMode', 'livemode', 'userId']);

/** The subject of an event whose payload may be the subject (docs/pocketsflow-api.md#all-others). */
function readSubjectPart(event: string, payload: IDataObject): IDataObject {
	const key = subjectKeys[event.split('.')[0]] as string | undefined;
	if (key === undefined) return {};
	const nested = payload[key];
	if (isRecord(nested)) return { [key]: nested._id ? { id: nested._id, ...nested } : nested };
	const isPlain = ([name, value]: [string, unknown]) =>
		!otherKeys.has(name) && typeof value !== 'object' && value !== undefined;
	const values = Object.fromEntries(Object.entries(payload).filter(isPlain));
	const id = readId(payload) ?? readId({ id: payload[`${key}Id`] });
	return Object.keys(values).length === 0 && id === undefined
		? {}
		: { [key]: { ...(id !== undefined && { id }), ...values } };
}

function readEntity(payload: IDataObject, key: string, idKey: string): IDataObject | undefined {
	const value = payload[key];
	if (isRecord(value)) return value._id ? { id: value._id, ...value } : value;
	const id = [value, payload[idKey]].find(isId);
	return id === undefined ? undefined : { id };
}

function readCustomer(payload: IDataObject): IDataObject | undefined {
	const email = readEmail(payload);
	const given = recordOrId(payload.customer) ?? {};
	const isMissing = email !== undefined && given.email === undefined;
	const customer = isMissing ? { ...given, email } : given;
	return Object.keys(customer).length > 0 ? customer : undefined;
}

/** The offer with the state of this buyer's membership. */
function readSubscription(payload: IDataObject): IDataObject | undefined {
	const offer = recordOrId(findSubscription(payload));
	const { subscriptionCustomer } = payload;
	const membership = isRecord(subscriptionCustomer) ? subscriptionCustomer : undefined;
	if (!offer && !membership) return undefined;
	const { status, active, cancelAtPeriodEnd, paused } = membership ?? {};
	const state = { status: status ?? payload.status, active, cancelAtPeriodEnd, paused };
	const set = Object.entries(state).filter(([, value]) => value !== undefined);
	return { ...offer, ...Object.fromEntries(set) };
}

function recordOrId(value: unknown): IDataObject | undefined {
	if (isRecord(value)) return value;
	return isId(value) ? { id: value } : undefined;
}

const isId = (value: unknown) => typeof value === 'string' || typeof value === 'number';
