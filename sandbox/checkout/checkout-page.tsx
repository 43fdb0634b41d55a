import type { FastifyInstance, FastifyReply } from 'fastify';
import type { VNode } from 'preact';

import type { SandboxContext } from '../context';
import type { Database } from '../database/database';
import type { CheckoutSession, Mode, Offer, Product } from '../database/entities';
import { roundToCents } from '../money';
import type { Buyer } from '../shop/customers';
import { applyDiscount, findDiscount } from '../shop/discounts';
import { subscribe } from '../shop/memberships';
import { buyProduct } from '../shop/orders';
import { sendPage } from '../pages/layout';
import { intervals } from '../pages/storefront';
import { Thanks } from '../pages/thanks';
import { type Bill, CheckoutForm } from './checkout-form';

interface Checkout {
	readonly session: CheckoutSession;
	readonly db: Database;
	readonly item: Product | Offer;
}

function computeBill(context: SandboxContext, { session, db, item }: Checkout): Bill {
	const { discountCode: code, productId } = session;
	const { discount } = code ? findDiscount(db, code, productId) : {};
	const price = applyDiscount(item.price, discount);
	const offer = db.offers.get(item._id);
	return {
		name: item.name,
		description: typeof item.description === 'string' ? item.description : '',
		currency: item.currency,
		fullPrice: item.price,
		price,
		tax: offer ? 0 : roundToCents(price * context.taxRate),
		interval: offer ? intervals[offer.frequency] : '',
		...(code && { discountCode: code }),
		isDiscountValid: discount !== undefined,
	};
}

function createBuyer(session: CheckoutSession, email: string): Buyer {
	const { metadata, clientReferenceId, discountCode } = session;
	return {
		email,
		...(metadata && { metadata }),
		...(clientReferenceId && { clientReferenceId }),
		...(discountCode && { discountCode }),
	};
}

/** The success URL of a subscription; only it names what was bought. */
function buildSubscriptionUrl(successUrl: string, offerId: string, membershipId: string): string {
	const url = new URL(successUrl);
	url.searchParams.append('subscriptionId', offerId);
	url.searchParams.append('subscriptionCustomer', membershipId);
	url.searchParams.append('redirect_status', 'succeeded');
	return url.href;
}

function pay(context: SandboxContext, { session, db }: Checkout, email: string): void {
	const buyer = createBuyer(session, email);
	const product = db.products.get(session.productId);
	const offer = db.offers.get(session.productId);
	const { successUrl } = session;
	session.paid = {};
	if (product) {
		session.paid.orderId = buyProduct(context, db, product, buyer)._id;
		if (successUrl) session.paid.redirect = successUrl;
	} else if (offer) {
		const { _id } = subscribe(context, db, offer, buyer);
		session.paid.membershipId = _id;
		if (successUrl) session.paid.redirect = buildSubscriptionUrl(successUrl, offer._id, _id);
	}
}

function findCheckout({ sessions, databases }: SandboxContext, id: unknown): Checkout | undefined {
	const session = typeof id === 'string' ? sessions.get(id) : undefined;
	if (!session) return undefined;
	const db = databases[session.mode];
	const item = db.products.get(session.productId) ?? db.offers.get(session.productId);
	return item && { session, db, item };
}

const readForm = (body: unknown) => new URLSearchParams(String(body));

const isEmail = (text: string) => /^[^\s@]+@[^\s@]+$/.test(text);

const thanksParts = { title: 'Thank you', width: 'narrow', isLive: true } as const;

const Card = ({ name, text }: { name: string; text: string }) => (
	<div class="card">
		<h1 data-test={name}>{text}</h1>
		<p>
			<a href="/">Go to the store</a>
		</p>
	</div>
);

export function registerCheckoutPage(app: FastifyInstance, context: SandboxContext): void {
	const sendNarrow = (
		reply: FastifyReply,
		status: number,
		title: string,
		content: VNode,
		mode?: Mode,
	) => sendPage(context, reply, status, { title, content, width: 'narrow', ...(mode && { mode }) });
	const sendNotFound = (reply: FastifyReply) =>
		sendNarrow(
			reply,
			404,
			'Not found',
			<Card name="missing" text="This checkout does not exist" />,
		);
	const sendPaid = (reply: FastifyReply, { session, item }: Checkout) => {
		const redirect = session.paid?.redirect;
		if (redirect) return void reply.redirect(redirect, 303);
		const content = <Thanks context={context} session={session} item={item} />;
		sendPage(context, reply, 200, { ...thanksParts, content, mode: session.mode });
	};
	const sendForm = (reply: FastifyReply, checkout: Checkout, email: string, problem = '') => {
		const { session, item } = checkout;
		const bill = computeBill(context, checkout);
		const form = (
			<CheckoutForm sessionId={session.id} bill={bill} email={email} problem={problem} />
		);
		sendNarrow(reply, problem ? 400 : 200, item.name, form, session.mode);
	};

	app.get<{ Querystring: Record<string, unknown> }>('/checkout', (request, reply) => {
		const checkout = findCheckout(context, request.query.session);
		if (!checkout) return sendNotFound(reply);
		if (checkout.session.paid) return sendPaid(reply, checkout);
		return sendForm(reply, checkout, checkout.session.customerEmail ?? '');
	});

	app.post('/checkout/pay', (request, reply) => {
		const form = readForm(request.body);
		const checkout = findCheckout(context, form.get('session'));
		if (!checkout) return sendNotFound(reply);
		// A second press of the button must not buy again.
		if (checkout.session.paid) return sendPaid(reply, checkout);
		const email = (form.get('email') ?? '').trim();
		if (!isEmail(email)) {
			return sendForm(reply, checkout, email, 'Enter your email address.');
		}
		pay(context, checkout, email);
		return sendPaid(reply, checkout);
	});

	app.post('/checkout/cancel', (request, reply) => {
		const checkout = findCheckout(context, readForm(request.body).get('session'));
		if (!checkout) return sendNotFound(reply);
		const { cancelUrl } = checkout.session;
		if (cancelUrl) return void reply.redirect(cancelUrl, 303);
		return sendNarrow(
			reply,
			200,
			'Canceled',
			<Card name="canceled" text="You canceled the checkout and were not charged" />,
		);
	});
}
