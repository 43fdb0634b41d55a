import { lists } from '../../api/lists';
import { readFlag, readId } from '../../api/responses';
import { buildFilters, dateRangeFields } from '../../fields/shared/collections';
import { simplifyField } from '../../fields/shared/output';
import { limitField, returnAllField } from '../../fields/shared/paging';
import { idPattern, locatorField } from '../../fields/locators';
import { formatMinute, formatText, getBuyerEmail, type PickerSource } from '../../fields/pickers';
import { choiceField } from '../../fields/kinds/choice';
import type { Address } from '../../fields/kinds/id';
import { refusedStatuses } from '../denial';
import { membershipStatusCheck } from '../filterChecks';
import type { RequestOperation, Resource } from '../operation';
import { RecordOperations } from '../recordOperations';
import { buildProviderRequest } from '../providerId';

const subscriberKeys = [
	'subscriptionId',
	'buyerEmail',
	'status',
	'active',
	'paused',
	'cancelAtPeriodEnd',
	'metadata',
	'createdAt',
	'testMode',
];

const membershipSource: PickerSource = {
	list: lists.memberships,
	related: {
		list: lists.offers,
		key: readId,
		ownKey: ({ productId, subscriptionId }) => formatText(productId ?? subscriptionId),
	},
	label: (record, [offer]) => [
		formatMinute(record.createdAt),
		formatText(record.status),
		readFlag(record.cancelAtPeriodEnd) ? 'ends after this period' : undefined,
		formatText(offer?.name),
		getBuyerEmail(record) ?? formatText(record.customerId) ?? readId(record) ?? 'Unknown buyer',
	],
};

const portalAddress: Address = {
	placeholder: 'e.g. https://app.pocketsflow.com/portal/6a40…/6a41…',
	regex: `^https?://[^/]+/portal/[^/?#]+/${idPattern}`,
	errorMessage: "Use the buyer's portal link, which ends with the offer ID and the subscription ID",
};

const membershipField = locatorField({
	displayName: 'Subscription',
	name: 'subscriptionId',
	description:
		'A buyer\'s subscription (subscriptionCustomerId in events). The field "subscription" in events is the offer.',
	placeholder: 'e.g. 6a410000000000000000c0de',
	picker: { method: 'searchMemberships', sources: [membershipSource] },
	address: portalAddress,
});

const memberships = new RecordOperations({
	noun: 'subscription',
	endpoint: lists.memberships,
	field: membershipField,
	simplifiedKeys: [
		'customerId',
		['buyerEmail', 'customer.buyerEmail', 'customer.email'],
		'productId',
		'stripeSubscriptionId',
		'status',
		'currentPeriodEnd',
		'cancelAtPeriodEnd',
		'testMode',
		'createdAt',
	],
});

const buildEndOperation = (action: 'cancel' | 'refund'): Omit<RequestOperation, 'option'> => ({
	fields: [membershipField],
	request(item) {
		const id = item.require(membershipField);
		return async (lookup) => await buildProviderRequest(action, id, lookup);
	},
	denial: {
		keys: ['canceled', 'cancelled', 'refunded'],
		// The membership's own status may be canceled, which is what was requested.
		statuses: refusedStatuses,
		message: `Pocketsflow responded that the ${action} failed`,
	},
	// Pocketsflow rejects a second cancellation as if the first had not happened.
	effect: 'create',
	response: { kind: 'message', output: (item) => ({ id: item.require(membershipField) }) },
});

export const subscriptionResource: Resource = {
	option: {
		name: 'Subscription',
		value: 'subscription',
		description: "A buyer's recurring payment for an offer",
	},
	operations: [
		{
			option: {
				name: 'Cancel',
				value: 'cancel',
				action: 'Cancel subscription permanently',
				description:
					"Cancel a buyer's subscription so that it is not charged again. This cannot be undone and refunds nothing.",
			},
			...buildEndOperation('cancel'),
		},
		memberships.get("Get one buyer's subscription with its status and current period"),
		memberships.getMany(
			"Get the subscriptions of buyers to the account's offers",
			[
				buildFilters(
					...dateRangeFields,
					choiceField({
						displayName: 'Status',
						name: 'status',
						description: 'Only subscriptions with this status',
						default: 'active',
						options: [
							{ name: 'Active', value: 'active' },
							{ name: 'Canceled', value: 'canceled' },
							{ name: 'Paused', value: 'paused' },
						],
					}),
				),
			],
			membershipStatusCheck,
		),
		{
			option: {
				name: 'Get Many Subscribers',
				value: 'getSubscribers',
				action: 'Get many subscribers',
				description:
					'Get the subscribers of all subscriptions. Pocketsflow recommends this list for finding missed events.',
			},
			fields: [returnAllField, limitField, simplifyField],
			effect: 'read',
			list: lists.subscribers,
			simplifiedKeys: subscriberKeys,
		},
		{
			option: {
				name: 'Refund',
				value: 'refund',
				action: 'Refund subscription irreversibly with real money in live mode',
				description:
					"Refund a buyer's subscription. You can't set an amount, and this cannot be undone.",
			},
			...buildEndOperation('refund'),
		},
	],
};
