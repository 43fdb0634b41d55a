import type { FastifyInstance, FastifyReply } from 'fastify';

import { type Buyer, buyProduct, discounted, findDiscount, subscribe } from './commerce';
import type { ModeState, Offer, Product, Session } from './state';
import { cents, type World } from './world';

const entities: Record<string, string> = {
	'&': '&amp;',
	'<': '&lt;',
	'>': '&gt;',
	'"': '&quot;',
	"'": '&#39;',
};

/** Text made safe to stand in HTML, attributes included. */
export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (sign) => entities[sign]);

const style = `
:root{color-scheme:light;font-family:system-ui,-apple-system,"Segoe UI",sans-serif}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f3f4f7;color:#1b1d23}
main{width:min(26rem,calc(100vw - 2rem));background:#fff;border:1px solid #e3e5ea;
border-radius:14px;padding:2rem;box-sizing:border-box;box-shadow:0 8px 30px rgba(20,24,40,.06)}
.store{margin:0 0 1.25rem;color:#676c79;font-size:.9rem;display:flex;justify-content:space-between}
.mode{background:#fff3d6;color:#7a5600;border-radius:99px;padding:.1rem .6rem;font-size:.75rem}
h1{font-size:1.3rem;margin:0 0 .35rem}p{margin:.35rem 0}
.about{color:#676c79}.price{font-size:1.7rem;font-weight:650;margin:1rem 0 .25rem}
.price s{font-size:1rem;font-weight:400;color:#8a8f9b;margin-left:.4rem}
.note{font-size:.85rem;color:#1a7f4b}.bad{font-size:.85rem;color:#b3261e}
label{display:block;font-size:.85rem;margin:1.4rem 0 .35rem}
input{width:100%;box-sizing:border-box;font:inherit;padding:.65rem .75rem;border:1px solid #cdd1d9;
border-radius:9px}
button{font:inherit;width:100%;padding:.75rem;border-radius:9px;border:0;cursor:pointer}
.pay{margin-top:1.1rem;background:#2b4bff;color:#fff;font-weight:600}
.cancel{margin-top:.5rem;background:none;color:#676c79}
`;

function page(world: World, title: string, content: string, mode?: string): string {
	const store = escapeHtml(world.storeName);
	const badge = mode === 'test' ? '<span class="mode" data-test="mode">Test mode</span>' : '';
	return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · ${store}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<p class="store"><span data-test="store">${store}</span>${badge}</p>
${content}
</main>
</body>
</html>
`;
}

function money(amount: number, currency: string): string {
	try {
		return new Intl.NumberFormat('en', { style: 'currency', currency }).format(amount);
	} catch {
		return `${amount.toFixed(2)} ${currency}`;
	}
}

interface Bill {
	name: string;
	description: string;
	currency: string;
	full: number;
	price: number;
	tax: number;
	every: string;
	note: string;
}

const intervals: Record<Offer['frequency'], string> = {
	weekly: ' per week',
	monthly: ' per month',
	yearly: ' per year',
};

function billOf(
	world: World,
	state: ModeState,
	session: Session,
	item: Product | Offer,
	code: string | undefined,
): Bill {
	const found = code ? findDiscount(state, code, session.productId) : {};
	const price = discounted(item.price, found.discount);
	const offer = state.offers.get(item._id);
	const shown = code ? escapeHtml(code) : '';
	return {
		name: item.name,
		description: typeof item.description === 'string' ? item.description : '',
		currency: item.currency,
		full: item.price,
		price,
		tax: offer ? 0 : cents(price * world.taxRate),
		every: offer ? intervals[offer.frequency] : '',
		note: found.discount
			? `<p class="note" data-test="discount">Discount ${shown} applied</p>`
			: found.problem
				? `<p class="bad" data-test="discount-invalid">Discount ${shown} is not valid</p>`
				: '',
	};
}

function form(session: Session, bill: Bill, email: string, problem: string): string {
	const id = escapeHtml(session.id);
	const now = money(cents(bill.price + bill.tax), bill.currency);
	const before =
		bill.price === bill.full ? '' : `<s>${escapeHtml(money(bill.full, bill.currency))}</s>`;
	const tax =
		bill.tax > 0
			? `<p class="about">including ${escapeHtml(money(bill.tax, bill.currency))} tax</p>`
			: '';
	return `<h1 data-test="product">${escapeHtml(bill.name)}</h1>
<p class="about">${escapeHtml(bill.description)}</p>
<p class="price">
<span data-test="price">${escapeHtml(now)}</span>${escapeHtml(bill.every)}${before}
</p>
${tax}${bill.note}
<form method="post" action="/checkout/pay" data-test="form">
<input type="hidden" name="session" value="${id}">
<label for="email">E-mail</label>
<input id="email" name="email" type="email" required autocomplete="email" data-test="email"
value="${escapeHtml(email)}">
${problem && `<p class="bad" data-test="problem">${escapeHtml(problem)}</p>`}
<button class="pay" type="submit" data-test="pay">Pay ${escapeHtml(now)}</button>
</form>
<form method="post" action="/checkout/cancel">
<input type="hidden" name="session" value="${id}">
<button class="cancel" type="submit" data-test="cancel">Cancel</button>
</form>`;
}

function send(reply: FastifyReply, status: number, html: string): void {
	void reply
		.code(status)
		.header('content-type', 'text/html; charset=utf-8')
		.header('cache-control', 'no-store')
		.header(
			'content-security-policy',
			"default-src 'none'; style-src 'unsafe-inline'; img-src data:",
		)
		.send(html);
}

function pay(world: World, state: ModeState, session: Session, email: string): void {
	const buyer: Buyer = {
		email,
		...(session.metadata && { metadata: session.metadata }),
		...(session.clientReferenceId && { clientReferenceId: session.clientReferenceId }),
		...(session.discountCode && { discountCode: session.discountCode }),
	};
	const product = state.products.get(session.productId);
	const offer = state.offers.get(session.productId);
	const { successUrl } = session;
	session.paid = {};
	if (product) {
		buyProduct(world, state, product, buyer);
		if (successUrl) session.paid.redirect = successUrl;
	} else if (offer) {
		const membership = subscribe(world, state, offer, buyer);
		if (!successUrl) return;
		const target = new URL(successUrl);
		// Only subscriptions tell the success page what was bought (contract D).
		target.searchParams.append('subscriptionId', offer._id);
		target.searchParams.append('subscriptionCustomer', membership._id);
		target.searchParams.append('redirect_status', 'succeeded');
		session.paid.redirect = target.href;
	}
}

/** The hosted page that a checkout session's `url` leads to (contract D). */
export function registerCheckoutPage(app: FastifyInstance, world: World): void {
	const missing = (reply: FastifyReply) =>
		send(
			reply,
			404,
			page(world, 'Not found', '<h1 data-test="missing">This checkout does not exist</h1>'),
		);
	const done = (reply: FastifyReply, session: Session) => {
		const redirect = session.paid?.redirect;
		if (redirect) return void reply.redirect(redirect, 303);
		return send(
			reply,
			200,
			page(world, 'Thank you', '<h1 data-test="paid">Thank you for your purchase</h1>'),
		);
	};
	const look = (id: unknown) => {
		const session = typeof id === 'string' ? world.sessions.get(id) : undefined;
		if (!session) return undefined;
		const state = world.modes[session.mode];
		const item = state.products.get(session.productId) ?? state.offers.get(session.productId);
		return item && { session, state, item };
	};
	const show = (
		reply: FastifyReply,
		{ session, state, item }: NonNullable<ReturnType<typeof look>>,
		email: string,
		problem = '',
	) => {
		const bill = billOf(world, state, session, item, session.discountCode);
		const html = page(world, item.name, form(session, bill, email, problem), session.mode);
		send(reply, problem ? 400 : 200, html);
	};

	app.get<{ Querystring: Record<string, unknown> }>('/checkout', (request, reply) => {
		const found = look(request.query.session);
		if (!found) return missing(reply);
		if (found.session.paid) return done(reply, found.session);
		return show(reply, found, found.session.customerEmail ?? '');
	});

	app.post('/checkout/pay', (request, reply) => {
		const fields = new URLSearchParams(String(request.body));
		const found = look(fields.get('session'));
		if (!found) return missing(reply);
		// A second press of the button must not buy again.
		if (found.session.paid) return done(reply, found.session);
		const email = (fields.get('email') ?? '').trim();
		if (!/^[^\s@]+@[^\s@]+$/.test(email)) {
			return show(reply, found, email, 'Please enter your e-mail address.');
		}
		pay(world, found.state, found.session, email);
		return done(reply, found.session);
	});

	app.post('/checkout/cancel', (request, reply) => {
		const found = look(new URLSearchParams(String(request.body)).get('session'));
		if (!found) return missing(reply);
		if (found.session.cancelUrl) return void reply.redirect(found.session.cancelUrl, 303);
		return send(
			reply,
			200,
			page(world, 'Canceled', '<h1 data-test="canceled">Nothing was paid</h1>'),
		);
	});
}
