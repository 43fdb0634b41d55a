import {
	dateRange,
	filters,
	filtersOf,
	limit,
	membership,
	providerMembership,
	returnAll,
	simplify,
} from '../../fields/common';
import { choice } from '../../fields/types';
import type { Resource } from '../operation';
import { lists } from '../../api/lists';
import { path } from '../../api/request';

const simplified = [
	'customerId',
	['buyerEmail', 'customer.buyerEmail', 'customer.email'],
	'productId',
	'stripeSubscriptionId',
	'status',
	'currentPeriodEnd',
	'cancelAtPeriodEnd',
	'testMode',
	'createdAt',
] as const;

export const subscription: Resource = {
	option: {
		name: 'Subscription',
		value: 'subscription',
		description: 'What a buyer has subscribed to',
	},
	operations: [
		{
			option: {
				name: 'Cancel',
				value: 'cancel',
				action: 'Cancel a subscription',
				description:
					"End a buyer's subscription, so that it is not charged again. This cannot be undone, and it refunds nothing.",
			},
			fields: [providerMembership],
			request: (item) => ({
				method: 'POST',
				path: path`/orders/subscriptions/cancel/${item.require(providerMembership)}`,
			}),
			// Sent again it would be refused, and look as if it had not been done.
			effect: 'create',
			answer: { kind: 'message', about: (item) => ({ id: item.require(providerMembership) }) },
		},
		{
			option: {
				name: 'Get',
				value: 'get',
				action: 'Get a subscription',
				description: "Get one buyer's subscription: status and current period",
			},
			fields: [membership, simplify],
			request: (item) => ({
				method: 'GET',
				path: path`/orders/subscriptions/${item.require(membership)}`,
			}),
			effect: 'read',
			answer: { kind: 'record', wrappers: ['subscription', 'subscriptionCustomer'], simplified },
		},
		{
			option: {
				name: 'Get Many',
				value: 'getAll',
				action: 'Get many subscriptions',
				description: 'Get what buyers have subscribed to',
			},
			fields: [returnAll, limit, simplify],
			collections: [
				filters(
					...dateRange,
					choice(
						{
							displayName: 'Status',
							name: 'status',
							description: 'Only subscriptions with this status',
							default: 'active',
						},
						[
							{ name: 'Active', value: 'active' },
							{ name: 'Canceled', value: 'canceled' },
							{ name: 'Paused', value: 'paused' },
						],
					),
				),
			],
			request: (item) => ({ method: 'POST', path: '/orders/subscriptions', body: filtersOf(item) }),
			effect: 'read',
			answer: { kind: 'list', ...lists.memberships, simplified },
		},
		{
			option: {
				name: 'Get Subscribers',
				value: 'getSubscribers',
				action: 'Get the subscribers',
				description:
					'Get the list of subscribers that Pocketsflow recommends to compare with after missed events',
			},
			fields: [returnAll, limit],
			request: () => ({ method: 'GET', path: '/subscriptions/subscribers' }),
			effect: 'read',
			answer: { kind: 'list', ...lists.subscribers },
		},
		{
			option: {
				name: 'Refund',
				value: 'refund',
				action: 'Refund a subscription',
				description:
					"Send money of a buyer's subscription back to the buyer. This cannot be undone, and no amount can be set.",
			},
			fields: [providerMembership],
			request: (item) => ({
				method: 'POST',
				path: path`/orders/subscriptions/refund/${item.require(providerMembership)}`,
			}),
			effect: 'create',
			answer: { kind: 'message', about: (item) => ({ id: item.require(providerMembership) }) },
		},
	],
};
