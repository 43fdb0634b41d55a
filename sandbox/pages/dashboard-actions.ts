import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import { badRequest } from '../http/errors';
import { roundToCents } from '../money';
import { findOrThrow } from '../routes/lookup';
import { membershipActions } from '../shop/memberships';
import { refundOrder } from '../shop/orders';
import { addReview } from '../shop/reviews';
import { applySwitches, type DeliveryFault } from '../switches';
import { formatMoney } from './format';

export interface ActionInput {
	readonly context: SandboxContext;
	readonly db: Database;
	readonly id: string;
	readonly form: URLSearchParams;
}

interface Action {
	/** The section that shows the outcome of it. */
	readonly section: 'orders' | 'memberships' | 'deliveries';
	/** Does it; returns what was done, in a sentence. Throws an error with the reason if it cannot. */
	run(input: ActionInput): string;
}

function changeMembership(name: keyof typeof membershipActions, text: string): Action {
	return {
		section: 'memberships',
		run({ context, db, id }) {
			const membership = findOrThrow(db.memberships, id, 'Membership');
			if (membership.status === 'canceled') throw badRequest('The subscription has ended.');
			membershipActions[name](context, db, membership);
			return `${text}: ${membership.buyerEmail}.`;
		},
	};
}

function planFault(fault: DeliveryFault, text: string): Action {
	return {
		section: 'deliveries',
		run({ context: { switches } }) {
			const nextDeliveryFaults = [...switches.nextDeliveryFaults, fault];
			applySwitches(switches, { nextDeliveryFaults });
			return text;
		},
	};
}

function readAmount(form: URLSearchParams): number {
	const amount = Number(form.get('amount') ?? '');
	if (!(amount > 0)) throw badRequest('Enter the amount to refund, such as 5.00.');
	return roundToCents(amount);
}

function refund({ context, db, id }: ActionInput, amount?: number): string {
	const order = findOrThrow(db.orders, id, 'Order');
	const made = refundOrder(context, db, order, {
		...(amount !== undefined && { amount }),
		reason: 'requested_by_customer',
	});
	return `Refunded ${formatMoney(made.amount, order.currency)} to ${order.buyerEmail}.`;
}

/** Sends the bytes of an earlier delivery once more, freshly signed. */
function deliverAgain({ context: { deliveries }, db, id }: ActionInput): string {
	const earlier = deliveries.list.find((delivery) => delivery.id === id);
	if (!earlier) throw badRequest('This delivery no longer exists.');
	const webhook = db.webhooks.get(earlier.webhookId);
	if (!webhook) throw badRequest('The webhook endpoint of this delivery no longer exists.');
	deliveries.send(webhook, db.mode, earlier.event, {}, { body: earlier.body });
	return `Delivered ${earlier.event} again, with the same content.`;
}

export const actions: Readonly<Record<string, Action>> = {
	refund: { section: 'orders', run: (input) => refund(input) },
	'refund-part': { section: 'orders', run: (input) => refund(input, readAmount(input.form)) },
	review: {
		section: 'orders',
		run({ context, db, id }) {
			const { productId, buyerEmail } = findOrThrow(db.orders, id, 'Order');
			addReview(context, db, { productId, buyerEmail, rating: 5, review: 'Just what I needed.' });
			return `${buyerEmail} left a review with five stars.`;
		},
	},
	renew: changeMembership('renew', 'Renewed for another paid period'),
	'fail-payment': changeMembership('fail-payment', 'A payment failed'),
	pause: changeMembership('pause', 'Paused'),
	resume: changeMembership('resume', 'Resumed'),
	'cancel-at-period-end': changeMembership(
		'cancel-at-period-end',
		'Will end after the paid period',
	),
	end: changeMembership('end', 'Ended'),
	'deliver-again': { section: 'deliveries', run: deliverAgain },
	'lose-next': planFault('drop', 'The next delivery will be lost in transit.'),
	'double-next': planFault('duplicate', 'The next delivery will arrive twice.'),
	'clear-faults': {
		section: 'deliveries',
		run({ context: { switches } }) {
			applySwitches(switches, { nextDeliveryFaults: [] });
			return 'Deliveries now arrive normally.';
		},
	},
};
