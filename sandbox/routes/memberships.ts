import type { Membership } from '../database/entities';
import { notFound } from '../http/errors';
import { findDateRange } from '../http/input';
import {
	type AnyCall,
	buildPagination,
	type Handlers,
	findPage,
	respondList,
	respondOk,
} from '../http/responses';
import { serializeMembership, serializeSubscriber } from '../serializers';
import { cancelMembership, refundMembership } from '../shop/memberships';
import { findOrThrow } from './lookup';

function findByProviderId({ context, db, params }: AnyCall): Membership {
	// The documented id is the payment provider's, which newer memberships may lack.
	const row =
		db.membershipsByProviderId.get(params.id) ??
		(context.switches.acceptMembershipId ? db.memberships.get(params.id) : undefined);
	if (!row) throw notFound('Subscription');
	return row;
}

/** Memberships: buyers' subscriptions to offers (docs/pocketsflow-api.md#subscriptions). */
export const membershipRoutes = {
	'memberships.list': (call) => {
		const { context, db, body } = call;
		const page = findPage(call, body);
		const { status } = body;
		const { total, rows } = db.memberships.query({
			...findDateRange(body),
			...(status && { where: (row: Membership) => row.status === status }),
			...page.window,
		});
		// No document shows this response; it has the shape of GET /orders.
		return respondList(
			call,
			'subscriptions',
			rows.map((row) => serializeMembership(context.switches, db, row)),
			'object',
			{ pagination: buildPagination(call, page, total) },
		);
	},
	'memberships.get': ({ context, db, params }) =>
		respondOk(
			serializeMembership(
				context.switches,
				db,
				findOrThrow(db.memberships, params.id, 'Subscription'),
			),
		),
	'memberships.cancel': (call) => {
		cancelMembership(call.context, call.db, findByProviderId(call));
		return respondOk({ message: 'Subscription canceled successfully' });
	},
	'memberships.refund': (call) => {
		refundMembership(call.context, call.db, findByProviderId(call));
		return respondOk({ message: 'Subscription refunded successfully' });
	},
	'memberships.subscribers': (call) => {
		const { db, query } = call;
		const page = findPage(call, query);
		const { total, rows } = db.memberships.query({ ...page.window });
		return respondList(
			call,
			'subscribers',
			rows.map((row) => serializeSubscriber(db, row)),
			'object',
			{ pagination: buildPagination(call, page, total) },
		);
	},
} satisfies Partial<Handlers>;
