import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { Membership, Offer, Payment } from '../database/entities';
import { createToken } from '../database/ids';
import { createRow } from '../database/table';
import { badRequest } from '../http/errors';
import { roundToCents } from '../money';
import { buildInvoicePayload, buildSubscriptionPayload } from '../webhooks/payloads';
import { type Buyer, copyBuyer, findOrCreateCustomer } from './customers';
import { redeemDiscount } from './discounts';

const DAY_MS = 86_400_000;

/** The end of a billing period that starts at a time; both in ms since 1970. */
function addPeriod(frequency: Offer['frequency'], startMs: number): number {
	const date = new Date(startMs);
	if (frequency === 'weekly') date.setUTCDate(date.getUTCDate() + 7);
	else if (frequency === 'monthly') date.setUTCMonth(date.getUTCMonth() + 1);
	else date.setUTCFullYear(date.getUTCFullYear() + 1);
	return date.getTime();
}

function addPayment(db: Database, membership: Membership, createdAtMs: number): Payment {
	return db.payments.add({
		isSubscription: true,
		subscriptionId: membership.offerId,
		membershipId: membership._id,
		buyerEmail: membership.buyerEmail,
		currency: membership.currency,
		amount: membership.amount,
		amountBeforeTax: membership.amount,
		isRefunded: false,
		isDisputed: false,
		...createRow(createdAtMs),
	});
}

/** Sends an event of a membership. */
function emitMembershipEvent(
	{ deliveries, switches }: SandboxContext,
	db: Database,
	event: string,
	membership: Membership,
): void {
	const name =
		event === 'customer.subscription.pause' && switches.pauseEvent === 'paused'
			? 'customer.subscription.paused'
			: event;
	const buildPayload = event.startsWith('invoice.')
		? buildInvoicePayload
		: buildSubscriptionPayload;
	deliveries.emit(db.mode, name, buildPayload(switches, membership));
}

/** One buyer's subscription to an offer; a trial starts without a charge. */
export function subscribe(
	context: SandboxContext,
	db: Database,
	offer: Offer,
	buyer: Buyer,
): Membership {
	const { purchasedAtMs: startMs = Date.now(), deliver = true } = buyer;
	const customer = findOrCreateCustomer(db, buyer, startMs);
	const trialDays = offer.trialPeriod ?? 0;
	const isTrial = trialDays > 0;
	const membership = db.memberships.add({
		...copyBuyer(buyer),
		offerId: offer._id,
		customerId: customer._id,
		providerId: createToken('sub_', 9),
		providerCustomerId: `cus_${customer._id.slice(-14)}`,
		status: isTrial ? 'trialing' : 'active',
		periodStartMs: startMs,
		periodEndMs: isTrial ? startMs + trialDays * DAY_MS : addPeriod(offer.frequency, startMs),
		cancelAtPeriodEnd: false,
		amount: redeemDiscount(db, buyer.discountCode, offer),
		currency: offer.currency,
		...createRow(startMs),
	});
	db.membershipsByProviderId.set(membership.providerId, membership);
	customer.productIds.add(offer._id);
	if (!isTrial) {
		addPayment(db, membership, startMs);
		customer.totalSpent = roundToCents(customer.totalSpent + membership.amount);
	}
	if (deliver) {
		emitMembershipEvent(context, db, 'customer.subscription.created', membership);
		if (!isTrial) emitMembershipEvent(context, db, 'invoice.payment_succeeded', membership);
	}
	return membership;
}

type MembershipAction = (context: SandboxContext, db: Database, membership: Membership) => void;

/** What can happen to a membership without a call of the API. */
export const membershipActions = {
	pause(context, db, membership) {
		membership.status = 'paused';
		emitMembershipEvent(context, db, 'customer.subscription.pause', membership);
	},
	resume(context, db, membership) {
		membership.status = 'active';
		emitMembershipEvent(context, db, 'customer.subscription.resumed', membership);
	},
	renew(context, db, membership) {
		const hasRecovered = membership.status !== 'active';
		const { frequency = 'monthly' } = db.offers.get(membership.offerId) ?? {};
		membership.status = 'active';
		membership.periodStartMs = membership.periodEndMs;
		membership.periodEndMs = addPeriod(frequency, membership.periodStartMs);
		addPayment(db, membership, Date.now());
		emitMembershipEvent(context, db, 'invoice.payment_succeeded', membership);
		// A recovery from past_due is an update (docs/pocketsflow-api.md#events).
		if (hasRecovered) {
			emitMembershipEvent(context, db, 'customer.subscription.updated', membership);
		}
	},
	'fail-payment'(context, db, membership) {
		membership.status = 'past_due';
		emitMembershipEvent(context, db, 'invoice.payment_failed', membership);
		emitMembershipEvent(context, db, 'customer.subscription.updated', membership);
	},
	'trial-will-end'(context, db, membership) {
		emitMembershipEvent(context, db, 'customer.subscription.trial_will_end', membership);
	},
	'cancel-at-period-end'(context, db, membership) {
		membership.cancelAtPeriodEnd = true;
		emitMembershipEvent(context, db, 'customer.subscription.updated', membership);
	},
	end(context, db, membership) {
		membership.status = 'canceled';
		membership.cancelAtPeriodEnd = false;
		emitMembershipEvent(context, db, 'customer.subscription.deleted', membership);
	},
} satisfies Record<string, MembershipAction>;

/** Cancels a membership, now or at the end of its period as the switch `cancelTakesEffect` says. */
export function cancelMembership(
	context: SandboxContext,
	db: Database,
	membership: Membership,
): void {
	if (membership.status === 'canceled') throw badRequest('Subscription is already canceled');
	const atPeriodEnd = context.switches.cancelTakesEffect === 'atPeriodEnd';
	membershipActions[atPeriodEnd ? 'cancel-at-period-end' : 'end'](context, db, membership);
}

/** Refunds the newest charge of a membership, which goes on; what really happens is undocumented. */
export function refundMembership(
	context: SandboxContext,
	db: Database,
	membership: Membership,
): void {
	const [payment] = db.payments.query({
		where: ({ membershipId, isRefunded }) => membershipId === membership._id && !isRefunded,
		take: 1,
	}).rows;
	if (!payment) throw badRequest('Subscription has no payment to refund');
	payment.isRefunded = true;
	emitMembershipEvent(context, db, 'customer.subscription.updated', membership);
}
