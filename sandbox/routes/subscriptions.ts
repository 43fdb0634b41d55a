import { type Call, created, type Handler, list, ok, pagination, readPage } from '../answers';
import { cancelMembership, refundMembership } from '../commerce';
import { objectId } from '../ids';
import { notFound, oneOf, optional, readFields, readSpan, required } from '../input';
import type { Membership } from '../state';
import { showMembership, showOffer, showSubscriber } from '../views';
import { found, slugOf } from './products';

const offerFields = {
	name: required('text'),
	price: required('amount'),
	frequency: oneOf(['weekly', 'monthly', 'yearly'], true),
	subtitle: optional('text'),
	description: optional('text'),
	trialPeriod: optional('whole'),
	published: optional('boolean'),
	redirectBackUrl: optional('text'),
	slug: optional('text'),
	thumbnail: optional('text'),
	images: optional('texts'),
	isFile: optional('boolean'),
	file: optional('textOrObject'),
	url: optional('text'),
	checkoutText: optional('text'),
	refundPolicy: optional('text'),
	callbackUrl: optional('text'),
	hasCallbackUrl: optional('boolean'),
	hasFirstName: optional('boolean'),
	hasLastName: optional('boolean'),
	portalText: optional('text'),
	privacyPolicy: optional('text'),
	termsOfService: optional('text'),
	ctaText: optional('text'),
	thankYouText: optional('text'),
	hasProductPage: optional('boolean'),
	showSales: optional('boolean'),
	showReviews: optional('boolean'),
	maxPrice: optional('amount'),
	minPrice: optional('amount'),
	design: optional('object'),
	colors: optional('object'),
	pageStyle: optional('object'),
	checkoutStyle: optional('object'),
	checkoutColors: optional('object'),
};

const filters = { status: oneOf(['active', 'canceled', 'paused'], false) };

function membershipOf({ world, state, params }: Call): Membership {
	// The documented id is the payment provider's, which newer memberships may lack (H21).
	const row =
		state.membershipsByProviderId.get(params.id) ??
		(world.switches.acceptMembershipId ? state.memberships.get(params.id) : undefined);
	if (!row) throw notFound('Subscription');
	return row;
}

/** Offers, and the memberships that buyers have of them (contract B, Subscriptions). */
export const subscriptionRoutes = {
	'offers.list': (call) =>
		list(
			call,
			'subscriptions',
			call.state.offers.read().rows.map((row) => showOffer(call.state, row)),
		),
	'offers.get': ({ state, params }) =>
		ok(showOffer(state, found(state.offers, params.id, 'Subscription'))),
	'offers.create': (call) => {
		const given = readFields(call.body, offerFields);
		const at = Date.now();
		const offer = call.state.offers.add({
			published: true,
			images: [],
			slug: slugOf(given.name),
			...given,
			// The price is "in USD" (contract B).
			currency: 'USD',
			_id: objectId(at),
			at,
			updatedAt: at,
		});
		return created(call, showOffer(call.state, offer));
	},
	'memberships.list': (call) => {
		const { world, state, body } = call;
		const page = readPage(call, body);
		const { status } = readFields(body, filters);
		const { total, rows } = state.memberships.read({
			...readSpan(body),
			...(status && { where: (row: Membership) => row.status === status }),
			skip: page.skip,
			take: page.pageSize,
		});
		// The answer is untyped everywhere (contract H2); it follows GET /orders here.
		return list(
			call,
			'subscriptions',
			rows.map((row) => showMembership(world, state, row)),
			'object',
			{ pagination: pagination(call, page, total) },
		);
	},
	'memberships.get': ({ world, state, params }) =>
		ok(showMembership(world, state, found(state.memberships, params.id, 'Subscription'))),
	'memberships.cancel': (call) => {
		cancelMembership(call.world, call.state, membershipOf(call));
		return ok({ message: 'Subscription canceled successfully' });
	},
	'memberships.refund': (call) => {
		refundMembership(call.world, call.state, membershipOf(call));
		return ok({ message: 'Subscription refunded successfully' });
	},
	'memberships.subscribers': (call) => {
		const { state, query } = call;
		const page = readPage(call, query);
		const { total, rows } = state.memberships.read({ skip: page.skip, take: page.pageSize });
		return list(
			call,
			'subscribers',
			rows.map((row) => showSubscriber(state, row)),
			'object',
			{ pagination: pagination(call, page, total) },
		);
	},
} satisfies Record<string, Handler>;
