import { startSandbox } from '../../sandbox/sandbox';
import {
	createOffer,
	createProduct,
	get,
	type JsonObject,
	post,
	receiver,
	registerWebhook,
	sandbox,
	setUpSandbox,
} from './helpers';

setUpSandbox();

const browserAccept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

/** Opens a page as a browser does. */
async function open(path: string, headers: Record<string, string> = {}) {
	const response = await fetch(new URL(path, sandbox.url), {
		headers: { accept: browserAccept, ...headers },
		redirect: 'manual',
	});
	return { status: response.status, headers: response.headers, html: await response.text() };
}

/** Sends a form as a browser does that shows a page of `origin`. */
async function submit(path: string, fields: Record<string, string>, origin = sandbox.url) {
	const response = await fetch(`${sandbox.url}${path}`, {
		method: 'POST',
		redirect: 'manual',
		headers: { accept: browserAccept, ...(origin && { origin }) },
		body: new URLSearchParams(fields),
	});
	return { status: response.status, location: response.headers.get('location') ?? '' };
}

/** Presses a button of the dashboard and returns the page that follows. */
async function pressAndOpen(action: string, id = '', more: Record<string, string> = {}) {
	const { status, location } = await submit('/dashboard/actions', { action, id, ...more });
	expect(status).toBe(303);
	return (await open(location)).html;
}

/** Presses a button of the dashboard and returns what the page then says. */
async function press(...button: Parameters<typeof pressAndOpen>) {
	return /data-test="notice"[^>]*>\s*([^<]*?)\s*</.exec(await pressAndOpen(...button))?.[1];
}

/** Presses a button of the dashboard and returns what the page says about each event it caused. */
async function pressAndReadListeners(action: string, id: string) {
	const html = await pressAndOpen(action, id);
	const [list] = /<ul data-test="listeners">.*?<\/ul>/s.exec(html) ?? [''];
	return [...list.matchAll(/<li>(.*?)<\/li>/gs)].map(([, item]) =>
		item
			.replace(/<[^>]*>/g, '')
			.replace(/\s+/g, ' ')
			.replace(/ after \d+ ms/, '')
			.trim(),
	);
}

const listEvents = () =>
	receiver.received.map(({ headers }) => headers['x-pocketsflow-event'] as string);

/** Sells one and returns its order. */
async function sellOne() {
	const productId = await createProduct();
	const { orderIds } = await sandbox.purchase({ productId, metadata: { order_id: 'A-1' } });
	await sandbox.waitForDeliveries();
	return orderIds[0];
}

describe('The pages of the sandbox', () => {
	test.each(['/', '/dashboard', '/thanks', '/nothing'])(
		'at %s are for browsers only; the API answers its clients as before',
		async (path) => {
			const clients: Array<Record<string, string>> = [
				{ accept: 'application/json, text/plain, */*' },
				{ accept: '*/*' },
				{ accept: 'application/json,text/html,application/xml;q=0.9,*/*;q=0.7' },
				{ accept: browserAccept, authorization: `Bearer ${sandbox.testKey}` },
			];
			for (const headers of clients) {
				const { html, headers: answered } = await open(path, headers);
				expect(answered.get('content-type')).toContain('application/json');
				expect(Object.keys(JSON.parse(html) as JsonObject)).toContain('code');
			}
			expect((await open(path)).headers.get('content-type')).toContain('text/html');
		},
	);

	test('load nothing, run no script but their own, and cannot be framed', async () => {
		await post('/_sandbox/seed');
		for (const path of ['/', '/dashboard', '/nothing']) {
			const { html, headers } = await open(path);
			const policy = headers.get('content-security-policy') ?? '';
			expect(policy).toContain("default-src 'none'");
			expect(policy).toContain("frame-ancestors 'none'");
			expect(html).not.toMatch(/(src|href)="(https?:)?\/\/|url\((?!#)|@import/);
			const scripts = [...html.matchAll(/<script nonce="([^"]+)"/g)];
			expect(html.match(/<script/g)?.length ?? 0).toBe(scripts.length);
			for (const [, nonce] of scripts) expect(policy).toContain(`'nonce-${nonce}'`);
		}
	});

	test('escape every name, address and note', async () => {
		const hostile = `"><img src=x onerror=alert(1)>'&</script><script>`;
		const own = await startSandbox({ storeName: hostile, switches: { rateLimit: false } });
		const call = async (path: string, body: object) =>
			(await (
				await fetch(own.url + path, {
					method: 'POST',
					headers: { authorization: `Bearer ${own.testKey}` },
					body: JSON.stringify(body),
				})
			).json()) as JsonObject;
		try {
			const product = await call('/products', { name: hostile, price: 1, description: hostile });
			await call('/subscriptions', {
				name: hostile,
				description: hostile,
				price: 1,
				frequency: 'monthly',
			});
			const endpoint = { url: receiver.url, events: ['order.completed'], description: hostile };
			await call('/webhooks', endpoint);
			const buyer = { email: hostile, metadata: { [hostile]: hostile }, wait: true };
			await own.purchase({ productId: String(product._id), ...buyer });
			const session = await call('/checkout/sessions', {
				productId: product._id,
				successUrl: 'https://shop.example/',
				cancelUrl: 'https://shop.example/',
				metadata: { order_id: hostile },
				discountCode: hostile,
			});
			for (const path of ['/', '/dashboard', String(session.url)]) {
				const html = await (
					await fetch(new URL(path, own.url), { headers: { accept: browserAccept } })
				).text();
				expect(html).toContain(
					`&quot;>&lt;img src=x onerror=alert(1)>'&amp;&lt;/script>&lt;script>`,
				);
				expect(html).not.toContain('<img');
				expect(html).not.toContain('<script>');
			}
		} finally {
			await own.close();
		}
	});
});

describe('The store of the sandbox', () => {
	test('shows what is on sale and sells it, up to a page that thanks', async () => {
		await registerWebhook();
		const id = await createProduct();
		await post('/products', { name: 'Hidden draft', price: 1, published: false });
		const { html } = await open('/');
		expect(html).toContain('Book');
		expect(html).toContain('$30.00');
		expect(html).not.toContain('Hidden draft');

		const { status, location } = await submit('/buy', { item: id, mode: 'test' });
		expect(status).toBe(303);
		const session = new URL(location).searchParams.get('session') ?? '';
		expect((await open(`/thanks?session=${session}`)).status).toBe(404);
		const paid = await submit('/checkout/pay', { session, email: 'lee@example.com' });
		expect(paid.location).toBe(`${sandbox.url}/thanks?session=${session}`);
		await sandbox.waitForDeliveries();
		const thanks = await open(paid.location);
		for (const text of ['Thank you', 'Book', 'lee@example.com', 'S-2041', 'Answered 200'])
			expect(thanks.html).toContain(text);
		expect(receiver.received[0].body).toMatchObject({ metadata: { order_id: 'S-2041' } });
	});

	test('thanks a buyer whom a workflow sends back with the order number', async () => {
		const productId = await createProduct();
		const pay = async (order_id: string, email: string) => {
			const page = `${sandbox.url}/thanks?order=${order_id}`;
			const urls = { successUrl: page, cancelUrl: sandbox.url };
			const { body } = await post('/checkout/sessions', {
				productId,
				metadata: { order_id },
				...urls,
			});
			return await submit('/checkout/pay', { session: String(body.id), email });
		};
		expect((await open('/thanks?order=A-7')).status).toBe(404);
		const { location } = await pay('A-7', 'lee@example.com');
		await pay('A-8', 'kim@example.com');
		const { html } = await open(location);
		for (const text of ['A-7', 'lee@example.com', 'href="/"']) expect(html).toContain(text);
		expect(html).not.toContain('kim@example.com');
	});

	test('leads to the workflow that sells, once one does; an offer is sold here', async () => {
		const id = await createProduct();
		const offer = await createOffer();
		sandbox.setLinks({
			n8nUrl: 'http://127.0.0.1:5678',
			getBuyUrl: (name, number) => `http://127.0.0.1:5678/webhook/sell?${name}=${number}`,
		});
		expect((await open('/')).html).toContain('href="http://127.0.0.1:5678/home/workflows"');
		expect((await submit('/buy', { item: id, mode: 'test' })).location).toBe(
			'http://127.0.0.1:5678/webhook/sell?Book=S-2041',
		);
		const { location } = await submit('/buy', { item: offer, mode: 'test' });
		expect(location).toMatch(`${sandbox.url}/checkout?session=`);
		sandbox.setLinks({ n8nUrl: undefined, getBuyUrl: undefined });
		expect((await submit('/buy', { item: 'none', mode: 'test' })).status).toBe(404);
	});
});

test('The shop that the sandbox starts with names its orders by the key of every placeholder', async () => {
	await post('/_sandbox/seed');
	const orders = (await get('/orders')).body.orders as JsonObject[];
	expect(orders.length).toBeGreaterThan(0);
	for (const { metadata } of orders)
		expect(metadata).toEqual({ order_id: expect.stringMatching(/^A-/) });
});

describe('The dashboard of the sandbox', () => {
	test('shows the keys, orders, members, endpoints and deliveries of a mode', async () => {
		await registerWebhook();
		await sellOne();
		const { html } = await open('/dashboard');
		for (const text of [sandbox.testKey, sandbox.liveKey, sandbox.url, receiver.url])
			expect(html).toContain(text);
		expect(html).toContain('buyer1@example.com');
		expect(html).toContain('Answered 200');
		expect((await open('/dashboard?mode=live')).html).not.toContain('buyer1@example.com');
	});

	test('refunds an order in part and in full, and never more than was paid', async () => {
		await registerWebhook(['order.refunded']);
		const id = await sellOne();
		expect(await press('refund-part', id, { amount: '12.50' })).toMatch('Refunded $12.50');
		expect(await press('refund-part', id, { amount: '20' })).toMatch('must not exceed 17.5');
		expect(await press('refund-part', id, { amount: '' })).toMatch('Enter the amount');
		expect(await press('refund', id)).toMatch('Refunded $17.50');
		expect(await press('refund', id)).toMatch('already refunded');
		expect(listEvents()).toEqual(['order.refunded', 'order.refunded']);
		expect((await get(`/orders/${id}`)).text).toContain('"isRefunded":true');
	});

	test('renews, fails, pauses and ends a membership, and nothing after its end', async () => {
		const events = [
			'invoice.payment_succeeded',
			'invoice.payment_failed',
			'customer.subscription.updated',
			'customer.subscription.pause',
			'customer.subscription.resumed',
			'customer.subscription.deleted',
		];
		await registerWebhook(events);
		const { membershipIds } = await sandbox.purchase({ offerId: await createOffer() });
		await sandbox.waitForDeliveries();
		receiver.clear();
		const [id] = membershipIds;
		for (const [action, expected] of [
			['renew', ['invoice.payment_succeeded']],
			['fail-payment', ['invoice.payment_failed', 'customer.subscription.updated']],
			['pause', ['customer.subscription.pause']],
			['resume', ['customer.subscription.resumed']],
			['end', ['customer.subscription.deleted']],
		] as const) {
			receiver.clear();
			expect(await press(action, id)).toContain('buyer1@example.com');
			expect(listEvents().sort()).toEqual([...expected].sort());
		}
		expect(await press('renew', id)).toContain('has ended');
	});

	test('says after each button of a membership which workflow listened, or that none did', async () => {
		const workflow = 'Pocketsflow: ask again after a failed renewal';
		await registerWebhook(['invoice.payment_succeeded', 'customer.subscription.deleted']);
		sandbox.setLinks({ getWorkflowName: (url) => (url === receiver.url ? workflow : undefined) });
		const [id] = (await sandbox.purchase({ offerId: await createOffer() })).membershipIds;
		const none = (event: string) => `No published workflow listens to ${event}.`;
		const went = (event: string, to = workflow) => `${event} was sent to ${to}. Answered 200`;
		for (const [action, expected] of [
			['renew', [went('Invoice Payment Succeeded')]],
			['fail-payment', [none('Invoice Payment Failed'), none('Subscription Updated')]],
			['pause', [none('Subscription Paused')]],
			['resume', [none('Subscription Resumed')]],
			['cancel-at-period-end', [none('Subscription Updated')]],
		] as const)
			expect([action, await pressAndReadListeners(action, id)]).toEqual([action, expected]);
		// A workflow that is known by its address only.
		sandbox.setLinks({ getWorkflowName: undefined });
		expect(await pressAndReadListeners('end', id)).toEqual([
			went('Subscription Deleted', receiver.url),
		]);
		expect(await pressAndReadListeners('end', id)).toEqual([]);
	});

	test('says after a refund and a review which workflow listened, or that none did', async () => {
		await registerWebhook(['order.refunded']);
		const id = await sellOne();
		expect(await pressAndReadListeners('refund', id)).toEqual([
			`Order Refunded was sent to ${receiver.url}. Answered 200`,
		]);
		expect(await pressAndReadListeners('review', id)).toEqual([
			'No published workflow listens to Review Created.',
		]);
	});

	test('shows the revenue of each currency without what was refunded in it', async () => {
		const sell = async (currency: string, price: number) => {
			const { body } = await post('/products', { name: currency, currency, price });
			const productId = String(body._id);
			return (await sandbox.purchase({ productId, count: 2 })).orderIds;
		};
		const [refunded] = await sell('EUR', 20);
		const [inPart, failing] = await sell('USD', 30);
		await post('/refunds', { orderId: refunded });
		await post('/refunds', { orderId: inPart, amount: 12.5 });
		const failed = (await post('/refunds', { orderId: failing })).body;
		await post(`/_sandbox/refunds/${String(failed._id)}/status`, { status: 'failed' });
		const { html } = await open('/dashboard');
		const [, revenue] = /Revenue<\/div>\s*<div class="figure">([^<]*)</.exec(html) ?? [];
		expect(revenue.split(' + ').sort()).toEqual(['$47.50', '€20.00']);
	});

	test('does not count a renewal that was refunded as revenue', async () => {
		const { membershipIds } = await sandbox.purchase({ offerId: await createOffer() });
		const { body } = await get(`/orders/subscriptions/${membershipIds[0]}`);
		const id = String(body.stripeSubscriptionId ?? membershipIds[0]);
		expect((await post(`/orders/subscriptions/refund/${id}`)).status).toBeLessThan(300);
		expect((await open('/dashboard')).html).toMatch(
			/Revenue<\/div>\s*<div class="figure">\$0\.00</,
		);
	});

	test('loses the next delivery, sends one twice, and delivers one again', async () => {
		await registerWebhook();
		await press('lose-next');
		expect((await open('/dashboard')).html).toContain('will be lost');
		await sellOne();
		expect(receiver.received).toHaveLength(0);
		await press('double-next');
		await sellOne();
		expect(receiver.received).toHaveLength(2);
		const [lost] = sandbox.deliveries;
		expect(await press('deliver-again', lost.id)).toContain('order.completed');
		expect(receiver.received[2].raw).toBe(lost.body);
		await press('lose-next');
		await press('clear-faults');
		await sellOne();
		expect(receiver.received).toHaveLength(4);
	});

	test('adds a review, and refuses what it does not know', async () => {
		await registerWebhook(['review.created']);
		expect(await press('review', await sellOne())).toContain('five stars');
		expect(listEvents()).toEqual(['review.created']);
		expect(await press('toString')).toBe('This action does not exist.');
		expect(await press('refund', 'none')).toBe('Order not found');
	});
});

describe('The sandbox refuses', () => {
	test.each(['http://evil.example', 'null', ''])(
		'a button that a page of "%s" presses',
		async (origin) => {
			const id = await sellOne();
			const fields = { action: 'refund', id };
			expect((await submit('/dashboard/actions', fields, origin)).status).toBe(403);
			expect((await submit('/buy', { item: id }, origin)).status).toBe(403);
			expect((await get(`/orders/${id}`)).text).toContain('"isRefunded":false');
		},
	);

	test('controls that a page of another site works', async () => {
		const headers = { origin: 'http://evil.example', 'content-type': 'text/plain' };
		const request = { method: 'POST', headers, body: '{}' };
		expect((await fetch(`${sandbox.url}/_sandbox/seed`, request)).status).toBe(403);
		expect((await get('/products')).rows).toEqual([]);
		expect((await post('/_sandbox/seed')).status).toBe(200);
	});

	test('the dashboard to those who come through a tunnel or under another name', async () => {
		for (const header of ['x-forwarded-for', 'x-forwarded-host']) {
			const { status, html } = await open('/dashboard', { [header]: 'shop.example' });
			expect(status).toBe(403);
			expect(html).not.toContain(sandbox.testKey);
		}
	});

	test('connections from other computers: it listens on this one alone', async () => {
		expect(new URL(sandbox.url).hostname).toBe('127.0.0.1');
	});
});

test('A sandbox that starts with a snapshot of another has all that was sold and registered', async () => {
	await post('/_sandbox/seed');
	await registerWebhook();
	const { testKey, liveKey } = sandbox;
	const next = await startSandbox({ testKey, liveKey, snapshot: sandbox.takeSnapshot() });
	const read = async (url: string, path: string) =>
		await (await fetch(url + path, { headers: { authorization: `Bearer ${testKey}` } })).text();
	try {
		for (const path of [
			'/products',
			'/orders',
			'/customers',
			'/webhooks',
			'/subscriptions',
			'/users/me',
		])
			expect(await read(next.url, path)).toBe(await read(sandbox.url, path));
		await next.purchase({ email: 'buyer1@example.com', wait: true });
		expect(receiver.received).toHaveLength(1);
		expect(await read(next.url, '/customers')).toContain('"numberOfOrders":3');
	} finally {
		await next.close();
	}
});
