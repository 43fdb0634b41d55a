import type { IDataObject } from 'n8n-workflow';

import { isRecord } from '../api/responses';
import { readEmail, readMembershipId } from './catalogue';
import { readMetadata } from './metadata';

/** What both triggers put beside every payload. */
export interface EventEnvelope {
	event: string;
	eventId: string;
	testMode: boolean;
	/** Pocketsflow's own time, ISO 8601: of the delivery, or of a record that was polled. */
	sentAt?: string;
	/** When this n8n received or found it, ISO 8601. */
	deliveredAt: string;
	/** Set by the polling trigger only. */
	source?: 'poll';
}

/** The payload as sent, with the envelope's keys beside its own. */
export function buildRawOutput(envelope: EventEnvelope, payload: IDataObject): IDataObject {
	return { ...payload, ...envelope };
}

/**
 * The parts of a payload that workflows use, at the paths that Pocketsflow documents, filled from every
 * known older and newer shape (docs/pocketsflow-api.md#payloads). Amounts are passed on as they are:
 * whether they are cents or major units is not known (docs/pocketsflow-api.md#money). Parts that the
 * payload lacks are left out.
 */
export function buildSimplifiedOutput(envelope: EventEnvelope, payload: IDataObject): IDataObject {
	const parts: IDataObject = {
		order: readEntity(payload, 'order', 'orderId'),
		refund: isRecord(payload.refund) ? payload.refund : undefined,
		product: readEntity(payload, 'product', 'productId'),
		customer: readCustomer(payload),
		subscription: readSubscription(payload),
		subscriptionCustomerId: readMembershipId(payload),
		amount: payload.amount ?? payload.amount_paid ?? payload.grossAmount,
		currency: payload.currency,
		clientReferenceId: payload.clientReferenceId,
		metadata: readMetadata(payload),
	};
	const set = Object.entries(parts).filter(([, value]) => value !== undefined && value !== null);
	return { ...envelope, ...Object.fromEntries(set) };
}

/** An order or a product: the object under `key`, or one made of the id that stands in its place. */
function readEntity(payload: IDataObject, key: string, idKey: string): IDataObject | undefined {
	const value = payload[key];
	if (isRecord(value)) return value._id ? { id: value._id, ...value } : value;
	const id = [value, payload[idKey]].find(isId);
	return id === undefined ? undefined : { id };
}

function readCustomer(payload: IDataObject): IDataObject | undefined {
	const email = readEmail(payload);
	const given = recordOrId(payload.customer) ?? {};
	const customer = {
		...given,
		...(email !== undefined && given.email === undefined && { email }),
	};
	return Object.keys(customer).length > 0 ? customer : undefined;
}

/** The offer with the state of this buyer's membership. */
function readSubscription(payload: IDataObject): IDataObject | undefined {
	const offer = recordOrId(payload.subscription);
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
