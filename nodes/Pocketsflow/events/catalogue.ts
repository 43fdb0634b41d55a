import type { IDataObject, INodePropertyOptions } from 'n8n-workflow';

import { isRecord } from '../api/responses';

type IdReader = (payload: IDataObject) => string | undefined;

interface EventDefinition {
	name: string;
	aliases?: readonly string[];
	label: string;
	description: string;
	/**
	 * Reads the ID of something to which this event happens only once. Without that ID, the event can
	 * recur, and its time becomes part of its identity: repeating an event is better than losing one.
	 */
	identity?: IdReader;
	/** Reads the ID of what a recurring event happens to. Default: `identity`. */
	subject?: IdReader;
	/** Whether accounts and modes share these IDs, which are not Pocketsflow's own. */
	isShared?: boolean;
}

/** Reads text or a number, as text, at the first path that holds one. */
const textAt =
	(...paths: string[]): IdReader =>
	(payload) => {
		for (const path of paths) {
			let value: unknown = payload;
			for (const key of path.split('.')) value = isRecord(value) ? value[key] : undefined;
			if (typeof value === 'number') return String(value);
			if (typeof value === 'string' && value !== '') return value;
		}
		return undefined;
	};

/** Reads the ID of an entity that is the payload itself, or is under `key`. */
const entityId = (key: string) => textAt(`${key}.id`, `${key}._id`, `${key}Id`, '_id', 'id');

const readProductId = entityId('product');

const orderPaths = ['order.id', 'order._id', 'orderId', 'order'];
const readNamedOrderId = textAt(...orderPaths);
/** Reads the ID of the order that the payload names, or is. */
const readOrderId = textAt(...orderPaths, '_id', 'id');

const readRefundId = textAt('refund.id', 'refund._id', 'refundId');

const readEmailAsSent = textAt(
	'customer.email',
	'customer.buyerEmail',
	'subscriptionCustomer.buyerEmail',
	'subscriptionCustomer.email',
	'buyerEmail',
	'customer_email',
	'customerEmail',
	'email',
);

/** Reads the buyer's email address from any of its places, in lower case. */
export const readEmail: IdReader = (payload) => readEmailAsSent(payload)?.trim().toLowerCase();

const readCustomerId = textAt('customer.id', 'customer._id');

/**
 * Reads what identifies a buyer in one account: the email address, which is in both deliveries and
 * the API, or else the API's customer ID, or their first order, which the event carries.
 */
const readBuyer: IdReader = (payload) =>
	readEmail(payload) ??
	withPrefix('id', readCustomerId(payload)) ??
	withPrefix('order', readNamedOrderId(payload));

/** Distinguishes IDs of different kinds, which may be equal if they are numbers. */
const withPrefix = (prefix: string, id: string | undefined) => id && `${prefix}:${id}`;

/** Reads the ID of this buyer's membership. `subscription.id` is the offer, which many buyers share. */
export const readMembershipId = textAt(
	'subscriptionCustomerId',
	'subscriptionCustomer.id',
	'subscriptionCustomer._id',
);

/** Finds the subscription, an object or an ID, that an event names; newer invoices have a `parent`. */
export const findSubscription = ({ subscription, parent }: IDataObject): unknown =>
	subscription ??
	(isRecord(parent) && isRecord(parent.subscription_details)
		? parent.subscription_details.subscription
		: undefined);

/** Reads an ID of the payment provider; undefined for one of another kind. */
const providerId = (prefix: string, ...paths: string[]): IdReader => {
	const readAny = textAt(...paths);
	return (payload) => {
		const id = readAny(payload);
		return id?.startsWith(prefix) ? id : undefined;
	};
};

const readSubscriptionId = providerId('sub_', 'subscription.id', 'subscription');
const readProviderSubscription: IdReader = (payload) =>
	readSubscriptionId({ subscription: findSubscription(payload) } as IDataObject);
const readPaymentIntentId = providerId('pi_', 'id');
const readProviderInvoice = providerId('in_', 'id');
const readNamedInvoice = textAt('invoice.id', 'invoiceId');

/**
 * Reads an ID that no other membership has. In older payloads, `subscriptionCustomer.id` is the
 * payment provider's customer (`cus_…`), who may subscribe again. Then the ID is unique only
 * together with the provider's subscription (`sub_…`). docs/pocketsflow-api.md#payloads
 */
const readUniqueMembershipId: IdReader = (payload) => {
	const id = readMembershipId(payload);
	if (!id?.startsWith('cus_')) return id;
	const subscription = readProviderSubscription(payload);
	return subscription && `${subscription}/${id}`;
};

const readInvoiceId: IdReader = (payload) =>
	readProviderInvoice(payload) ?? readNamedInvoice(payload);

const readBillingSubject: IdReader = (payload) =>
	readMembershipId(payload) ?? readInvoiceId(payload) ?? readProviderSubscription(payload);

/** Every event that Pocketsflow is known to send (docs/pocketsflow-api.md#events), sorted by label. */
export const events: readonly EventDefinition[] = [
	{
		name: 'customer.created',
		label: 'Customer Created',
		description: 'A buyer made their first purchase',
		identity: readBuyer,
		isShared: true,
	},
	{
		name: 'identity.verification_session.processing',
		label: 'Identity Verification Processing',
		description: 'The identity check of the seller started',
	},
	{
		name: 'identity.verification_session.requires_input',
		label: 'Identity Verification Requires Input',
		description: 'The identity check needs more information from the seller',
	},
	{
		name: 'identity.verification_session.verified',
		label: 'Identity Verification Verified',
		description: 'The identity of the seller was confirmed',
	},
	{
		name: 'invoice.created',
		label: 'Invoice Created',
		description: 'An invoice for a subscription was created',
		identity: readInvoiceId,
		subject: readBillingSubject,
	},
	{
		name: 'invoice.paid',
		label: 'Invoice Paid',
		description:
			'An invoice was paid. Use Invoice Payment Succeeded instead, which Pocketsflow fully documents.',
		identity: readInvoiceId,
		subject: readBillingSubject,
	},
	{
		name: 'invoice.payment_failed',
		label: 'Invoice Payment Failed',
		description: 'A renewal payment failed. This event is sent again for every retry.',
		subject: readBillingSubject,
	},
	{
		name: 'invoice.payment_succeeded',
		label: 'Invoice Payment Succeeded',
		description: 'A subscription payment succeeded: the first one or a renewal',
		identity: readInvoiceId,
		subject: readBillingSubject,
	},
	{
		name: 'invoice.upcoming',
		label: 'Invoice Upcoming',
		description: 'A renewal will be charged soon',
		subject: readBillingSubject,
	},
	{
		name: 'order.completed',
		label: 'Order Completed',
		description: 'A buyer paid for a product. For subscriptions, use Subscription Created.',
		identity: readOrderId,
	},
	{
		name: 'order.refunded',
		label: 'Order Refunded',
		description: 'An order was refunded in full or in part',
		identity: readRefundId,
		subject: readOrderId,
	},
	{
		name: 'payment_intent.payment_failed',
		label: 'Payment Failed',
		description: 'A single payment attempt failed',
		subject: readPaymentIntentId,
	},
	{
		name: 'payment_intent.succeeded',
		label: 'Payment Succeeded',
		description: 'A single payment attempt succeeded. To fulfill orders, use Order Completed.',
		identity: readPaymentIntentId,
	},
	{
		name: 'product.created',
		label: 'Product Created',
		description: 'A product was created',
		identity: readProductId,
	},
	{
		name: 'product.deleted',
		label: 'Product Deleted',
		description: 'A product was deleted',
		identity: readProductId,
	},
	{
		name: 'product.updated',
		label: 'Product Updated',
		description: 'A product was changed',
		subject: readProductId,
	},
	{
		name: 'review.created',
		label: 'Review Created',
		description: 'A buyer reviewed a product',
		identity: entityId('review'),
	},
	{
		name: 'customer.subscription.created',
		label: 'Subscription Created',
		description: 'A buyer subscribed or started a trial',
		identity: readUniqueMembershipId,
		subject: readMembershipId,
	},
	{
		name: 'customer.subscription.deleted',
		label: 'Subscription Deleted',
		description: "A subscription ended. End the buyer's access.",
		identity: readUniqueMembershipId,
		subject: readMembershipId,
	},
	{
		name: 'customer.subscription.pause',
		aliases: ['customer.subscription.paused'],
		label: 'Subscription Paused',
		description: 'Billing was paused; the buyer keeps access',
		subject: readMembershipId,
	},
	{
		name: 'customer.subscription.resumed',
		label: 'Subscription Resumed',
		description: 'Billing resumed after a pause',
		subject: readMembershipId,
	},
	{
		name: 'customer.subscription.trial_will_end',
		label: 'Subscription Trial Will End',
		description: 'A trial ends in three days',
		subject: readMembershipId,
	},
	{
		name: 'customer.subscription.updated',
		label: 'Subscription Updated',
		description:
			'A subscription changed: a cancellation was scheduled, or a payment became overdue or recovered',
		subject: readMembershipId,
	},
];

const byName = new Map(
	events.flatMap((event) => [event.name, ...(event.aliases ?? [])].map((name) => [name, event])),
);

/** Finds the definition of an event by its name or an alias, in any case; undefined for an unknown event. */
export const findEvent = (name: string): EventDefinition | undefined =>
	byName.get(name) ?? byName.get(name.toLowerCase());

/** Replaces an alias with the canonical name. Unknown names stay unchanged. */
export const toCanonicalName = (name: string): string => findEvent(name)?.name ?? name;

/** Lists events as the options of an n8n parameter. */
export const toOptions = (definitions: readonly EventDefinition[]): INodePropertyOptions[] =>
	definitions.map(({ label, name, description }) => ({ name: label, value: name, description }));

/** Every known event, as the options of a parameter. */
export const eventOptions: INodePropertyOptions[] = toOptions(events);
