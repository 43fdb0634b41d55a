import type { IDataObject, INodePropertyOptions } from 'n8n-workflow';

import { isRecord } from '../api/responses';

/**
 * What tells one business event from every other of the same name:
 * - an id that Pocketsflow gives to a thing to which this happens only once, or
 * - undefined: it can happen to the same thing again (or the payload holds no id), so the moment of
 *   sending is part of the identity. Repeating is better than losing.
 */
type Identity = (payload: IDataObject) => string | undefined;

export interface EventDefinition {
	/** The name under which the event is registered and put out (contract C2). */
	name: string;
	/** Other spellings that mean the same event. */
	aliases?: readonly string[];
	label: string;
	description: string;
	identity: Identity;
	/** The thing it happens to, so that repetitions can be told apart by thing. */
	subject: Identity;
	/** Whether the identity is shared by test and live data, which are otherwise apart by their ids. */
	sameInBothModes?: boolean;
	/** What the polling trigger reads to find it. Without it only a webhook tells. */
	polled?: 'orders' | 'refunds' | 'customers' | 'memberships' | 'reviews';
}

const textAt = (payload: IDataObject, ...keys: string[]): string | undefined => {
	let value: unknown = payload;
	for (const key of keys) value = isRecord(value) ? value[key] : undefined;
	return typeof value === 'string' && value !== '' ? value : undefined;
};

/** The entity's id, where the payload is the entity itself or holds it under `key` (contract C4). */
const entityId =
	(key: string): Identity =>
	(payload) =>
		textAt(payload, key, 'id') ??
		textAt(payload, key, '_id') ??
		textAt(payload, `${key}Id`) ??
		textAt(payload, '_id') ??
		textAt(payload, 'id');

const orderId: Identity = (payload) =>
	textAt(payload, 'order', 'id') ??
	textAt(payload, 'order', '_id') ??
	textAt(payload, 'orderId') ??
	textAt(payload, '_id');

const refundId: Identity = (payload) =>
	textAt(payload, 'refund', 'id') ??
	textAt(payload, 'refund', '_id') ??
	textAt(payload, 'refundId');

/** Old and new places of the buyer's address (contract H15), in one spelling. */
export const emailOf: Identity = (payload) =>
	(
		textAt(payload, 'customer', 'email') ??
		textAt(payload, 'customer', 'buyerEmail') ??
		textAt(payload, 'subscriptionCustomer', 'buyerEmail') ??
		textAt(payload, 'subscriptionCustomer', 'email') ??
		textAt(payload, 'buyerEmail') ??
		textAt(payload, 'customer_email') ??
		textAt(payload, 'customerEmail') ??
		textAt(payload, 'email')
	)
		?.trim()
		.toLowerCase();

/** This buyer's membership; `subscription.id` is the offer that many buyers share (contract C4). */
export const membershipId: Identity = (payload) =>
	textAt(payload, 'subscriptionCustomerId') ??
	textAt(payload, 'subscriptionCustomer', 'id') ??
	textAt(payload, 'subscriptionCustomer', '_id');

/**
 * What happens once to a membership happens once to this. In the older shape `subscriptionCustomer.id` is
 * the payment provider's customer, who may subscribe again: then only with the subscription, if that is
 * the provider's too.
 */
const membershipOnce: Identity = (payload) => {
	const id = membershipId(payload);
	if (!id?.startsWith('cus_')) return id;
	const subscription = textAt(payload, 'subscription', 'id') ?? textAt(payload, 'subscription');
	return subscription?.startsWith('sub_') ? `${subscription}/${id}` : undefined;
};

const stripeObjectId =
	(prefix: string): Identity =>
	(payload) => {
		const id = textAt(payload, 'id');
		return id?.startsWith(prefix) ? id : undefined;
	};

const invoiceId: Identity = (payload) =>
	stripeObjectId('in_')(payload) ??
	textAt(payload, 'invoice', 'id') ??
	textAt(payload, 'invoiceId');

const paymentIntentId = stripeObjectId('pi_');

const recurs: Identity = () => undefined;

const billingSubject: Identity = (payload) => membershipId(payload) ?? invoiceId(payload);

/** Every event that Pocketsflow is known to send (contract C2), sorted by label. */
export const events: readonly EventDefinition[] = [
	{
		name: 'customer.created',
		label: 'Customer Created',
		description: 'A buyer made a first purchase',
		identity: emailOf,
		subject: emailOf,
		sameInBothModes: true,
		polled: 'customers',
	},
	{
		name: 'identity.verification_session.processing',
		label: 'Identity Verification Processing',
		description: "The check of the seller's own identity began",
		identity: recurs,
		subject: recurs,
	},
	{
		name: 'identity.verification_session.requires_input',
		label: 'Identity Verification Requires Input',
		description: "The check of the seller's own identity needs more from the seller",
		identity: recurs,
		subject: recurs,
	},
	{
		name: 'identity.verification_session.verified',
		label: 'Identity Verification Verified',
		description: "The seller's own identity was confirmed",
		identity: recurs,
		subject: recurs,
	},
	{
		name: 'invoice.created',
		label: 'Invoice Created',
		description: 'An invoice for a subscription was made',
		identity: invoiceId,
		subject: billingSubject,
	},
	{
		name: 'invoice.paid',
		label: 'Invoice Paid',
		description:
			'An invoice was paid. Pocketsflow documents it in one place only; Invoice Payment Succeeded is the sure one.',
		identity: invoiceId,
		subject: billingSubject,
	},
	{
		name: 'invoice.payment_failed',
		label: 'Invoice Payment Failed',
		description: 'A renewal could not be charged. It comes again for every further attempt.',
		identity: recurs,
		subject: billingSubject,
	},
	{
		name: 'invoice.payment_succeeded',
		label: 'Invoice Payment Succeeded',
		description: 'A subscription payment went through: the first one or a renewal',
		identity: invoiceId,
		subject: billingSubject,
	},
	{
		name: 'invoice.upcoming',
		label: 'Invoice Upcoming',
		description: 'A renewal will be charged soon',
		identity: recurs,
		subject: billingSubject,
	},
	{
		name: 'order.completed',
		label: 'Order Completed',
		description: 'A buyer paid for a product. Subscriptions send Subscription Created instead.',
		identity: orderId,
		subject: orderId,
		polled: 'orders',
	},
	{
		name: 'order.refunded',
		label: 'Order Refunded',
		description: 'An order was refunded in full or in part',
		identity: refundId,
		subject: orderId,
		polled: 'refunds',
	},
	{
		name: 'payment_intent.payment_failed',
		label: 'Payment Failed',
		description: 'A payment attempt failed (low-level result)',
		identity: recurs,
		subject: paymentIntentId,
	},
	{
		name: 'payment_intent.succeeded',
		label: 'Payment Succeeded',
		description:
			'A payment attempt went through (low-level result; fulfill from Order Completed instead)',
		identity: paymentIntentId,
		subject: paymentIntentId,
	},
	{
		name: 'product.created',
		label: 'Product Created',
		description: 'A product was created',
		identity: entityId('product'),
		subject: entityId('product'),
	},
	{
		name: 'product.deleted',
		label: 'Product Deleted',
		description: 'A product was deleted',
		identity: entityId('product'),
		subject: entityId('product'),
	},
	{
		name: 'product.updated',
		label: 'Product Updated',
		description: 'A product was changed',
		identity: recurs,
		subject: entityId('product'),
	},
	{
		name: 'review.created',
		label: 'Review Created',
		description: 'A buyer reviewed a product',
		identity: entityId('review'),
		subject: entityId('review'),
		polled: 'reviews',
	},
	{
		name: 'customer.subscription.created',
		label: 'Subscription Created',
		description: 'A buyer subscribed; a trial counts from its start',
		identity: membershipOnce,
		subject: membershipId,
		polled: 'memberships',
	},
	{
		name: 'customer.subscription.deleted',
		label: 'Subscription Deleted',
		description: 'A subscription ended and access should end with it',
		identity: membershipOnce,
		subject: membershipId,
		polled: 'memberships',
	},
	{
		name: 'customer.subscription.pause',
		aliases: ['customer.subscription.paused'],
		label: 'Subscription Paused',
		description: 'Billing stopped for a while; the buyer keeps access',
		identity: recurs,
		subject: membershipId,
	},
	{
		name: 'customer.subscription.resumed',
		label: 'Subscription Resumed',
		description: 'Billing went on after a pause',
		identity: recurs,
		subject: membershipId,
	},
	{
		name: 'customer.subscription.trial_will_end',
		label: 'Subscription Trial Will End',
		description: 'A trial ends in three days',
		identity: recurs,
		subject: membershipId,
	},
	{
		name: 'customer.subscription.updated',
		label: 'Subscription Updated',
		description:
			'A subscription changed: a cancellation was scheduled, a payment is overdue, it recovered',
		identity: recurs,
		subject: membershipId,
		polled: 'memberships',
	},
];

const byName = new Map(
	events.flatMap((event) => [event.name, ...(event.aliases ?? [])].map((name) => [name, event])),
);

/** The definition of an event under any of its names, or undefined for one that is not known. */
export function eventNamed(name: string): EventDefinition | undefined {
	return byName.get(name);
}

/** The one name of an event: `customer.subscription.paused` is `customer.subscription.pause` (contract H5). */
export function canonicalName(name: string): string {
	return byName.get(name)?.name ?? name;
}

/** The events as n8n offers them in a list. */
export const eventOptions: INodePropertyOptions[] = events.map(({ label, name, description }) => ({
	name: label,
	value: name,
	description,
}));
