import { createHmac } from 'node:crypto';

import WooCommerceRestApi from '@woocommerce/woocommerce-rest-api';

import { openShop, readMeta, type Shop } from '../harness/woocommerce/shop';
import { startReceiver, type Receiver } from './receiver';

type Body = Record<string, unknown>;

interface Answer {
	status: number;
	headers: Record<string, string>;
	data: Body & Body[];
}

let shop: Shop;
let receiver: Receiver;

const clientFor = (key: { consumerKey: string; consumerSecret: string }) =>
	new WooCommerceRestApi({ url: shop.url, ...key, version: 'wc/v3' });

/** One request by WooCommerce's official client, with the answer whatever its status. */
async function call(
	method: 'get' | 'post' | 'put' | 'delete',
	path: string,
	body?: Body,
	client = clientFor(shop.credential),
): Promise<Answer> {
	return (await client[method](path, body ?? {}).catch((error: { response?: Answer }) => {
		if (error.response) return error.response;
		throw error;
	})) as Answer;
}

const refusalOf = ({ status, data }: Answer) => [status, data.code, data.message];

const course = {
	name: 'Course',
	sku: 'COURSE',
	regular_price: '29.00',
	virtual: true,
	downloadable: true,
};
const book = { name: 'Book', sku: 'BOOK', regular_price: '12', status: 'draft' };
const [courseId, bookId] = [101, 102];

beforeEach(async () => {
	shop = await openShop({
		products: [course, book],
		coupons: [
			{ code: 'TENTH', type: 'percent', amount: '10' },
			{ code: 'gift', type: 'fixed_cart', amount: '100.00' },
		],
	});
	receiver = await startReceiver();
});

afterEach(async () => {
	await shop.close();
	await receiver.close();
});

describe('authentication', () => {
	const basic = (key: string, secret: string) => ({
		authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`,
	});
	const read = async (headers: Record<string, string>, query = '') => {
		const response = await fetch(`${shop.url}/wp-json/wc/v3/orders${query}`, { headers });
		return { status: response.status, body: (await response.json()) as Body };
	};

	it('authentication accepts Basic, the query string and OAuth 1.0a', async () => {
		const { consumerKey: key, consumerSecret: secret } = shop.credential;
		expect(await read(basic(key, secret))).toEqual({ status: 200, body: [] });
		expect(await read({}, `?consumer_key=${key}&consumer_secret=${secret}`)).toEqual({
			status: 200,
			body: [],
		});
		// The client signs by OAuth wherever the address is no https.
		expect((await call('get', 'orders', { status: 'pending,on-hold' })).status).toBe(200);
		// No record of a request shows a key.
		expect(shop.requests.map(({ query }) => query)).toEqual([
			{},
			{},
			{ status: 'pending,on-hold' },
		]);
	});

	it('authentication distinguishes an unknown key from a wrong secret', async () => {
		const { consumerKey: key } = shop.credential;
		expect(await read(basic('ck_unknown', 'cs_unknown'))).toMatchObject({
			status: 401,
			body: {
				code: 'woocommerce_rest_cannot_view',
				message: 'Sorry, you cannot list resources.',
				data: { status: 401 },
			},
		});
		expect(await read(basic(key, 'cs_wrong'))).toMatchObject({
			status: 401,
			body: {
				code: 'woocommerce_rest_authentication_error',
				message: 'Consumer secret is invalid.',
			},
		});
		const wrongKey = clientFor({ consumerKey: 'ck_unknown', consumerSecret: 'cs_unknown' });
		expect(refusalOf(await call('get', 'orders', {}, wrongKey))).toEqual([
			401,
			'woocommerce_rest_authentication_error',
			'Consumer key is invalid.',
		]);
		const wrongSecret = clientFor({ consumerKey: key, consumerSecret: 'cs_wrong' });
		expect(refusalOf(await call('get', 'orders', {}, wrongSecret))).toEqual([
			401,
			'woocommerce_rest_authentication_error',
			'Invalid signature - provided signature does not match.',
		]);
	});

	it.each([
		['get', 'orders/1', 'cannot_view'],
		['post', 'orders', 'cannot_create'],
		['put', 'orders/1', 'cannot_edit'],
		['delete', 'orders/1', 'cannot_delete'],
	])('authentication refuses %s %s without a key', async (method, path, code) => {
		const response = await fetch(`${shop.url}/wp-json/wc/v3/${path}`, { method });
		expect(response.status).toBe(401);
		expect(await response.json()).toMatchObject({ code: `woocommerce_rest_${code}` });
	});

	it('a read-only key can change nothing', async () => {
		const reader = clientFor(shop.addKey('read'));
		expect((await call('get', 'products', {}, reader)).data).toHaveLength(2);
		expect(refusalOf(await call('put', `products/${courseId}`, { name: 'x' }, reader))).toEqual([
			401,
			'woocommerce_rest_authentication_error',
			'The API key provided does not have write permissions.',
		]);
		expect(shop.product(courseId).name).toBe('Course');
	});
});

describe('products', () => {
	it('products are created, read, changed and deleted', async () => {
		const made = await call('post', 'products', { name: 'Notes', regular_price: '5.00' });
		expect(made).toMatchObject({
			status: 201,
			data: { name: 'Notes', price: '5.00', regular_price: '5.00', status: 'publish', sku: '' },
		});
		const path = `products/${made.data.id}`;
		expect((await call('put', path, { name: 'Notebook', sale_price: '4.00' })).data).toMatchObject({
			name: 'Notebook',
			price: '4.00',
			regular_price: '5.00',
		});
		expect((await call('get', path)).data).toEqual(shop.product(Number(made.data.id)));
		expect((await call('delete', path)).data.status).toBe('publish');
		expect((await call('get', path)).data.status).toBe('trash');
		expect((await call('delete', path, { force: 'true' })).status).toBe(200);
		expect(refusalOf(await call('get', path))).toEqual([
			404,
			'woocommerce_rest_product_invalid_id',
			'Invalid ID.',
		]);
		expect((await call('put', path, {})).status).toBe(400);
	});

	it('products keep meta entries under their ID', async () => {
		const path = `products/${courseId}`;
		const set = async (...meta_data: Body[]) => (await call('put', path, { meta_data })).data;
		const first = await set({ key: 'pocketsflow_id', value: 'p1' }, { key: 'size', value: 5 });
		expect(first.meta_data).toEqual([
			{ id: 9001, key: 'pocketsflow_id', value: 'p1' },
			{ id: 9002, key: 'size', value: '5' },
		]);
		expect((await set({ key: 'pocketsflow_id', value: 'p2' })).meta_data).toEqual([
			{ id: 9001, key: 'pocketsflow_id', value: 'p2' },
			{ id: 9002, key: 'size', value: '5' },
		]);
		expect((await set({ id: 9002, key: 'width', value: ['a', 1] })).meta_data).toEqual([
			{ id: 9001, key: 'pocketsflow_id', value: 'p2' },
			{ id: 9002, key: 'width', value: ['a', 1] },
		]);
		expect((await set({ key: 'width', value: null })).meta_data).toHaveLength(1);
		expect(readMeta(shop.product(courseId), 'pocketsflow_id')).toBe('p2');
	});

	it.each([
		[{ sku: 'COURSE' }, ['Course']],
		[{ sku: 'COURSE,BOOK' }, ['Book', 'Course']],
		[{ status: 'publish' }, ['Course']],
		[{ search: 'boo' }, ['Book']],
		[{ type: 'variable' }, []],
		[{ include: String(bookId) }, ['Book']],
		[{ exclude: String(bookId) }, ['Course']],
		[{ order: 'asc' }, ['Course', 'Book']],
	])('products are filtered by %p', async (query, names) => {
		expect((await call('get', 'products', query)).data.map(({ name }) => name)).toEqual(names);
	});

	it('products are found by their date of change, in shop time or in UTC', async () => {
		const before = shop.product(bookId);
		shop.advance(60_000);
		shop.changeProduct(courseId, { name: 'Course 2' });
		const find = async (query: Body) =>
			(await call('get', 'products', query)).data.map(({ id }) => id);
		expect(before.date_modified).not.toBe(before.date_modified_gmt);
		expect(await find({ modified_after: before.date_modified })).toEqual([courseId]);
		expect(await find({ modified_after: before.date_modified_gmt, dates_are_gmt: 'true' })).toEqual(
			[courseId],
		);
		expect(await find({ modified_after: `${before.date_modified_gmt}Z` })).toEqual([courseId]);
		expect(await find({ modified_before: `${before.date_modified_gmt}Z` })).toEqual([]);
		expect((await call('get', 'products', { modified_after: 'yesterday' })).status).toBe(400);
	});

	it('products refuse a price that is not text and a SKU that already exists', async () => {
		expect((await call('post', 'products', { name: 'x', regular_price: 29 })).data).toEqual({
			code: 'rest_invalid_param',
			message: 'Invalid parameter(s): regular_price',
			data: {
				status: 400,
				params: { regular_price: 'regular_price is not of type string.' },
				details: {
					regular_price: {
						code: 'rest_invalid_type',
						message: 'regular_price is not of type string.',
						data: null,
					},
				},
			},
		});
		expect(refusalOf(await call('post', 'products', { name: 'x', sku: 'BOOK' }))).toEqual([
			400,
			'product_invalid_sku',
			'Invalid or duplicated SKU.',
		]);
		expect(shop.products()).toHaveLength(2);
	});
});

describe('pages', () => {
	it('pages have totals and links that lead through all of them', async () => {
		for (let count = 0; count < 23; count++) shop.addProduct({ name: `P${count}` });
		const seen: unknown[] = [];
		let page: string | null = '1';
		for (let count = 1; page !== null; count++) {
			const { headers, data } = await call('get', 'products', { page, order: 'asc' });
			expect([headers['x-wp-total'], headers['x-wp-totalpages']]).toEqual(['25', '3']);
			seen.push(...data.map(({ id }) => id));
			const [, next] = /<([^>]+)>; rel="next"/.exec(headers.link) ?? [];
			expect(/rel="prev"/.test(headers.link)).toBe(count > 1);
			page = next ? new URL(next).searchParams.get('page') : null;
		}
		expect(seen).toEqual(shop.products().map(({ id }) => id));
		expect(seen).toHaveLength(25);
	});

	it('a single page has a Link header, as n8n expects', async () => {
		const { headers } = await call('get', 'products');
		expect(headers.link).toBe(`<${shop.url}/wp-json/>; rel="https://api.w.org/"`);
	});

	it.each([
		[{ per_page: 101 }, 'per_page must be between 1 (inclusive) and 100 (inclusive)'],
		[{ per_page: 'ten' }, 'per_page is not of type integer.'],
		[{ page: 0 }, 'page must be greater than or equal to 1'],
	])('pages refuse %p', async (query, message) => {
		const { status, data } = await call('get', 'orders', query);
		const [name] = Object.keys(query);
		expect([status, data.code, (data.data as { params: Body }).params[name]]).toEqual([
			400,
			'rest_invalid_param',
			message,
		]);
	});
});

describe('orders', () => {
	it('orders are placed by customers', async () => {
		const placed = shop.placeOrder({
			lines: [courseId, { product: bookId, quantity: 2 }],
			coupon: 'tenth',
			shipping: '4.50',
			tax: '1.00',
			email: 'ada@example.com',
		});
		expect((await call('get', `orders/${placed.id}`)).data).toEqual(placed);
		expect(placed).toMatchObject({
			number: String(placed.id),
			order_key: expect.stringMatching(/^wc_order_\w{13}$/),
			status: 'pending',
			currency: 'USD',
			discount_total: '5.30',
			shipping_total: '4.50',
			total_tax: '1.00',
			total: '53.20',
			needs_payment: true,
			needs_processing: true,
			payment_method: 'pocketsflow',
			billing: { email: 'ada@example.com' },
			coupon_lines: [{ code: 'TENTH', discount: '5.30' }],
			refunds: [],
			date_paid: null,
			transaction_id: '',
		});
		expect(placed.line_items).toMatchObject([
			{ product_id: courseId, quantity: 1, subtotal: '29.00', total: '26.10', price: 26.1 },
			{ product_id: bookId, quantity: 2, subtotal: '24.00', total: '21.60', price: 10.8 },
		]);
		expect(placed.payment_url).toContain(`key=${placed.order_key}`);
	});

	it('orders with a total of 0 are paid immediately', () => {
		const free = shop.placeOrder({ lines: [courseId], coupon: 'gift' });
		expect(free).toMatchObject({
			total: '0.00',
			status: 'completed',
			payment_method: '',
			needs_payment: false,
		});
		expect(free.date_paid).not.toBeNull();
		expect(shop.placeOrder({ lines: [bookId], coupon: 'gift' }).status).toBe('processing');
	});

	it('settling an order sets its status, transaction, date paid, note and meta entries', async () => {
		const { id } = shop.placeOrder({ lines: [courseId], status: 'on-hold' });
		const { data } = await call('put', `orders/${id}`, {
			status: 'completed',
			transaction_id: 'order-1',
			date_paid: '2000-01-01T00:00:00',
			meta_data: [{ key: '_pocketsflow_session', value: 's1' }],
		});
		expect(data).toMatchObject({ status: 'completed', transaction_id: 'order-1' });
		expect(data.date_paid).toBe(data.date_completed);
		expect(data.date_paid).not.toContain('2000');
		expect(readMeta(shop.order(id), '_pocketsflow_session')).toBe('s1');
		expect(shop.notes(id).map(({ note }) => note)).toEqual([
			'Email "Completed order" sent to buyer@example.com.',
			'Order status changed from On hold to Completed.',
			'Order status changed from Pending payment to On hold.',
		]);
	});

	it('set_paid pays orders unless they are on hold', async () => {
		const pending = shop.placeOrder({ lines: [courseId] });
		const held = shop.placeOrder({ lines: [courseId], status: 'on-hold' });
		const pay = async (id: number) =>
			(await call('put', `orders/${id}`, { set_paid: true, transaction_id: 't' })).data;
		expect(await pay(pending.id)).toMatchObject({ status: 'completed', transaction_id: 't' });
		expect(await pay(held.id)).toMatchObject({ status: 'on-hold', transaction_id: 't' });
	});

	it('orders are listed by status, date, product and words', async () => {
		const first = shop.placeOrder({ lines: [courseId], email: 'first@example.com' });
		shop.advance(60_000);
		const second = shop.placeOrder({ lines: [bookId], status: 'on-hold' });
		const find = async (query: Body) =>
			(await call('get', 'orders', query)).data.map(({ id }) => id);
		expect(await find({})).toEqual([second.id, first.id]);
		expect(await find({ status: 'on-hold' })).toEqual([second.id]);
		expect(await find({ status: ['on-hold', 'pending'] })).toEqual([second.id, first.id]);
		expect(await find({ after: first.date_created })).toEqual([second.id]);
		expect(await find({ product: courseId })).toEqual([first.id]);
		expect(await find({ search: 'first@example' })).toEqual([first.id]);
		shop.advance(60_000);
		shop.changeOrder(first.id, { customer_note: 'Please hurry' });
		expect(await find({ modified_after: second.date_modified })).toEqual([first.id]);
		expect(refusalOf(await call('get', 'orders', { status: 'paid' }))).toEqual([
			400,
			'rest_invalid_param',
			'Invalid parameter(s): status',
		]);
	});

	it('orders are created by the API and deleted', async () => {
		const made = await call('post', 'orders', {
			line_items: [{ product_id: courseId, quantity: 2 }],
			coupon_lines: [{ code: 'tenth' }],
			billing: { email: 'a@example.com' },
			set_paid: true,
		});
		expect(made).toMatchObject({ status: 201, data: { total: '52.20', status: 'completed' } });
		expect((await call('post', 'orders', { line_items: [{ name: 'x' }] })).data.code).toBe(
			'woocommerce_rest_required_product_reference',
		);
		expect((await call('post', 'orders', { coupon_lines: [{ code: 'x' }] })).data.code).toBe(
			'woocommerce_rest_invalid_coupon',
		);
		const path = `orders/${made.data.id}`;
		expect((await call('delete', path)).data.status).toBe('completed');
		expect((await call('get', path)).data.status).toBe('trash');
		expect((await call('get', 'orders')).data).toEqual([]);
		await call('delete', path, { force: true });
		expect(refusalOf(await call('get', path))).toEqual([
			404,
			'woocommerce_rest_shop_order_invalid_id',
			'Invalid ID.',
		]);
	});

	it('orders refuse an unknown status and then change nothing else', async () => {
		const { id } = shop.placeOrder({ lines: [courseId] });
		const answer = await call('put', `orders/${id}`, { status: 'paid', transaction_id: 't' });
		expect(answer.data).toMatchObject({
			code: 'rest_invalid_param',
			data: { status: 400, params: { status: expect.stringContaining('is not one of pending') } },
		});
		expect((await call('put', `orders/${id}`, { transaction_id: 5 })).status).toBe(400);
		expect((await call('put', `orders/${id}`, { set_paid: 'true' })).status).toBe(400);
		expect(shop.order(id)).toMatchObject({ status: 'pending', transaction_id: '' });
	});
});

describe('order notes', () => {
	it('order notes are written, listed, and sent to the customer if they are for the customer', async () => {
		const { id } = shop.placeOrder({ lines: [courseId], email: 'ada@example.com' });
		const path = `orders/${id}/notes`;
		const inner = await call('post', path, { note: 'Held' });
		expect(inner).toMatchObject({ status: 201, data: { note: 'Held', customer_note: false } });
		const { data } = await call('post', path, { note: 'Pay here', customer_note: true });
		expect(shop.mails).toEqual([{ to: 'ada@example.com', orderId: id, text: 'Pay here' }]);
		expect((await call('get', path)).data.map(({ note }) => note)).toEqual(['Pay here', 'Held']);
		expect((await call('get', path, { type: 'customer' })).data).toEqual([data]);
		expect((await call('get', `${path}/${data.id}`)).data).toEqual(data);
		expect((await call('delete', `${path}/${data.id}`)).status).toBe(501);
		expect((await call('delete', `${path}/${data.id}`, { force: true })).data).toEqual(data);
		expect((await call('get', `${path}/${data.id}`)).status).toBe(404);
	});

	it('order notes need a text and an order', async () => {
		const { id } = shop.placeOrder({ lines: [courseId] });
		expect((await call('post', `orders/${id}/notes`, {})).data).toEqual({
			code: 'rest_missing_callback_param',
			message: 'Missing parameter(s): note',
			data: { status: 400, params: ['note'] },
		});
		expect(refusalOf(await call('post', 'orders/999/notes', { note: 'x' }))).toEqual([
			404,
			'woocommerce_rest_order_invalid_id',
			'Invalid order ID.',
		]);
	});
});

describe('refunds', () => {
	const paid = () => {
		const { id } = shop.placeOrder({ lines: [courseId] });
		return shop.changeOrder(id, { set_paid: true }).id;
	};

	it('refunds are created in part and in full, and the last part sets the status', async () => {
		const id = paid();
		const refund = async (amount: string) =>
			await call('post', `orders/${id}/refunds`, {
				amount,
				reason: 'Refunded in Pocketsflow',
				api_refund: false,
				meta_data: [{ key: 'event', value: amount }],
			});
		const first = await refund('9.00');
		expect(first).toMatchObject({
			status: 201,
			data: {
				amount: '9.00',
				reason: 'Refunded in Pocketsflow',
				refunded_payment: false,
				meta_data: [
					{ key: 'event', value: '9.00' },
					{ key: '_refund_type', value: 'partial' },
				],
			},
		});
		expect(shop.order(id)).toMatchObject({
			status: 'completed',
			total: '29.00',
			refunds: [{ id: first.data.id, total: '-9.00' }],
		});
		expect(refusalOf(await refund('20.01'))).toEqual([
			500,
			'woocommerce_rest_cannot_create_order_refund',
			'Invalid refund amount.',
		]);
		await refund('20.00');
		expect(shop.order(id).status).toBe('refunded');
		expect((await call('get', `orders/${id}/refunds`)).data.map(({ amount }) => amount)).toEqual([
			'20.00',
			'9.00',
		]);
		expect((await call('get', `orders/${id}/refunds/${first.data.id}`)).data).toEqual(first.data);
		expect((await refund('1.00')).status).toBe(500);
	});

	it('refunds can be deleted, but only for good', async () => {
		const id = paid();
		const body = { amount: '9.00', reason: '', api_refund: false };
		const { data } = await call('post', `orders/${id}/refunds`, body);
		expect((await call('delete', `orders/${id}/refunds/${data.id}`)).status).toBe(501);
		await call('delete', `orders/${id}/refunds/${data.id}?force=true`);
		expect(shop.refunds(id)).toEqual([]);
		expect((await call('delete', `orders/${id}/refunds/${data.id}?force=true`)).status).toBe(404);
	});

	it('refunds ask the gateway to pay unless the request says otherwise', async () => {
		const id = paid();
		expect(refusalOf(await call('post', `orders/${id}/refunds`, { amount: '1.00' }))).toEqual([
			500,
			'woocommerce_rest_cannot_create_order_refund',
			'The payment gateway for this order does not support automatic refunds.',
		]);
		expect(shop.refunds(id)).toEqual([]);
	});

	it('the status refunded creates a refund of what is left', async () => {
		const id = paid();
		await call('post', `orders/${id}/refunds`, { amount: '4.00', api_refund: false });
		await call('put', `orders/${id}`, { status: 'refunded' });
		expect(shop.refunds(id).map(({ amount, reason }) => [amount, reason])).toEqual([
			['25.00', 'Order fully refunded.'],
			['4.00', ''],
		]);
	});

	it('refunds refuse an amount that is a number and an unknown order', async () => {
		expect((await call('post', `orders/${paid()}/refunds`, { amount: 5 })).status).toBe(400);
		const missing = await call('post', 'orders/999/refunds', { amount: '5.00' });
		expect([missing.status, missing.data]).toEqual([
			500,
			{ code: 'woocommerce_rest_invalid_order_id', message: 'Invalid order ID.', data: 404 },
		]);
	});
});

describe('what is easily overlooked', () => {
	it('names and notes contain entities, and a price with a comma becomes a hundred times as high', async () => {
		const { data } = await call('post', 'products', {
			name: 'Salt & <b>Pepper</b>',
			regular_price: '29,90',
		});
		expect(data).toMatchObject({ name: 'Salt &amp; <b>Pepper</b>', price: '2990' });
		const { id } = shop.placeOrder({ lines: [Number(data.id)] });
		const note = await call('post', `orders/${id}/notes`, { note: 'https://a.b/?c=1&d=2' });
		expect(note.data.note).toBe('https://a.b/?c=1&amp;d=2');
		expect(shop.order(id).line_items[0].name).toBe('Salt &amp; <b>Pepper</b>');
	});

	it('an unknown product creates a line without a product, and shipping needs a method', async () => {
		const made = await call('post', 'orders', { line_items: [{ product_id: 99_999 }] });
		expect(made).toMatchObject({ status: 201, data: { line_items: [{ product_id: 0 }] } });
		const refused = await call('post', 'orders', { shipping_lines: [{ total: '5.00' }] });
		expect(refusalOf(refused)).toEqual([
			400,
			'woocommerce_rest_invalid_shipping_item',
			'Shipping method ID is required.',
		]);
	});

	it('a new webhook has no date of change and names the WordPress hook', async () => {
		const body = { topic: 'order.created', delivery_url: receiver.url };
		const { data } = await call('post', 'webhooks', body);
		expect(data).toMatchObject({ date_modified: null, hooks: ['woocommerce_new_order'] });
	});

	it('a sale reduces the stock, adds a note, and sends a webhook for the product', async () => {
		await call('post', 'webhooks', { topic: 'product.updated', delivery_url: receiver.url });
		const { id } = shop.addProduct({ name: 'Mug', regular_price: '9.00', stock_quantity: 3 });
		const order = shop.placeOrder({ lines: [{ product: id, quantity: 2 }] });
		shop.changeOrder(order.id, { status: 'processing' });
		await shop.deliver();
		expect(shop.product(id).stock_quantity).toBe(1);
		expect(shop.notes(order.id).map(({ note }) => note)).toContain(
			`Stock levels reduced: Mug (#${id}) 3→1`,
		);
		expect(shop.deliveries.map(({ topic, resourceId }) => [topic, resourceId])).toEqual([
			['product.updated', id],
		]);
	});

	it('a shop without HTTPS accepts neither Basic nor keys in the query', async () => {
		const plain = await openShop({ isHttps: false });
		const { consumerKey, consumerSecret } = plain.credential;
		const basic = Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64');
		const query = `?consumer_key=${consumerKey}&consumer_secret=${consumerSecret}`;
		const address = `${plain.url}/wp-json/wc/v3/orders`;
		const answers = await Promise.all([
			fetch(address, { headers: { authorization: `Basic ${basic}` } }),
			fetch(address + query),
		]);
		await plain.close();
		expect(answers.map(({ status }) => status)).toEqual([401, 401]);
	});

	it('a server that drops Authorization accepts keys in the query', async () => {
		const dropping = await openShop({ dropsAuthorization: true });
		const { consumerKey, consumerSecret } = dropping.credential;
		const basic = Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64');
		const query = `?consumer_key=${consumerKey}&consumer_secret=${consumerSecret}`;
		const address = `${dropping.url}/wp-json/wc/v3/orders`;
		const answers = await Promise.all([
			fetch(address, { headers: { authorization: `Basic ${basic}` } }),
			fetch(address + query),
		]);
		await dropping.close();
		expect(answers.map(({ status }) => status)).toEqual([401, 200]);
	});

	it('the page after a payment has only the name that its owner gave it', async () => {
		const kasse = { checkout: 'kasse', orderPay: 'zahlen', orderReceived: 'danke' };
		const german = await openShop({ products: [{ name: 'A', regular_price: '1' }], pages: kasse });
		const order = german.placeOrder({ lines: [german.products()[0].id] });
		const open = async (path: string) =>
			(await fetch(`${german.url}${path}/${order.id}/?key=${order.order_key}`)).status;
		expect(new URL(order.payment_url).pathname).toBe(`/kasse/zahlen/${order.id}/`);
		expect([await open('/kasse/danke'), await open('/checkout/order-received')]).toEqual([
			200, 404,
		]);
		await german.close();
	});

	it('an update of an order can be delivered before the order', async () => {
		const hasty = await openShop({
			products: [{ name: 'A', regular_price: '1' }],
			updatedFirst: true,
		});
		const { consumerKey: key, consumerSecret: secret } = hasty.credential;
		for (const topic of ['order.created', 'order.updated'])
			await fetch(
				`${hasty.url}/wp-json/wc/v3/webhooks?consumer_key=${key}&consumer_secret=${secret}`,
				{ method: 'POST', body: JSON.stringify({ topic, delivery_url: receiver.url }) },
			);
		hasty.placeOrder({ lines: [hasty.products()[0].id] });
		await hasty.deliver();
		expect(hasty.deliveries.map(({ topic }) => topic)).toEqual(['order.updated', 'order.created']);
		await hasty.close();
	});
});

describe('webhooks', () => {
	const secret = 'f1e2d3';
	const register = async (topic: string) =>
		Number((await call('post', 'webhooks', { topic, delivery_url: receiver.url, secret })).data.id);

	it('webhooks are created as n8n creates them, listed and deleted', async () => {
		const made = await call('post', 'webhooks', {
			topic: 'order.created',
			delivery_url: receiver.url,
			secret,
		});
		expect(made).toMatchObject({
			status: 201,
			data: {
				status: 'active',
				topic: 'order.created',
				resource: 'order',
				event: 'created',
				delivery_url: receiver.url,
			},
		});
		expect(made.data).not.toHaveProperty('secret');
		expect((await call('get', 'webhooks', { status: 'active', per_page: 100 })).data).toEqual([
			made.data,
		]);
		const path = `webhooks/${made.data.id}`;
		expect((await call('get', path)).data).toEqual(made.data);
		await call('put', path, { status: 'paused' });
		expect((await call('get', 'webhooks', { status: 'active' })).data).toEqual([]);
		expect(refusalOf(await call('delete', path))).toEqual([
			501,
			'woocommerce_rest_trash_not_supported',
			'Webhooks do not support trashing.',
		]);
		expect((await call('delete', path, { force: true })).status).toBe(200);
		expect((await call('get', path)).status).toBe(404);
		expect((await call('delete', path, { force: true })).status).toBe(404);
	});

	it('webhooks begin with a ping, which is a form without a signature', async () => {
		const id = await register('order.created');
		expect(receiver.received).toHaveLength(1);
		const [{ raw, headers }] = receiver.received;
		expect(raw).toBe(`webhook_id=${id}`);
		expect(headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/);
		expect(Object.keys(headers).filter((name) => name.startsWith('x-wc-'))).toEqual([]);
	});

	it.each([
		[{}, 'rest_missing_callback_param'],
		[{ topic: 'order.paid', delivery_url: 'https://a.b' }, 'invalid_topic'],
		[{ topic: 'order.created', delivery_url: 'ftp://a.b' }, 'invalid_delivery_url'],
	])('webhooks refuse %p', async (body, code) => {
		const { status, data } = await call('post', 'webhooks', body);
		expect(status).toBe(400);
		expect(data.code).toContain(code);
		expect(shop.webhooks()).toEqual([]);
	});

	it('webhooks deliver an order with a signature over the bytes that are sent', async () => {
		const id = await register('order.created');
		const order = shop.placeOrder({ lines: [courseId], billing: { first_name: 'Zoë' } });
		await shop.deliver();
		const [, { raw, headers, body }] = receiver.received;
		expect(body).toEqual(JSON.parse(JSON.stringify(order)));
		expect(raw).toContain('Zo\\u00eb');
		expect(raw).toContain('http:\\/\\/127.0.0.1');
		expect(headers).toMatchObject({
			'content-type': 'application/json',
			'user-agent': expect.stringMatching(/^WooCommerce\/[\d.]+ Hookshot/),
			'x-wc-webhook-source': `${shop.url}/`,
			'x-wc-webhook-topic': 'order.created',
			'x-wc-webhook-resource': 'order',
			'x-wc-webhook-event': 'created',
			'x-wc-webhook-id': String(id),
			'x-wc-webhook-delivery-id': expect.stringMatching(/^[0-9a-f]{32}$/),
		});
		expect(headers['x-wc-webhook-signature']).toBe(
			createHmac('sha256', secret).update(Buffer.from(raw, 'utf8')).digest('base64'),
		);
	});

	it('webhooks report each change once for each request, with the data at the time of delivery', async () => {
		await shop.close();
		shop = await openShop({ products: [course], holdDeliveries: true });
		await register('order.updated');
		await register('product.updated');
		receiver.clear();
		const { id } = shop.placeOrder({ lines: [courseId] });
		await call('put', `orders/${id}`, { status: 'completed', customer_note: 'x' });
		await call('post', `orders/${id}/notes`, { note: 'No event' });
		await call('post', `orders/${id}/refunds`, { amount: '1.00', api_refund: false });
		await call('put', `products/${courseId}`, { regular_price: '30.00' });
		expect(receiver.received).toEqual([]);
		await shop.deliver();
		expect(
			receiver.received.map(({ headers, body }) => [
				headers['x-wc-webhook-topic'],
				body.status ?? body.regular_price,
			]),
		).toEqual([
			['order.updated', 'completed'],
			['order.updated', 'completed'],
			['order.updated', 'completed'],
			['product.updated', 'publish'],
		]);
	});

	it('webhooks report a deletion with the ID only', async () => {
		await register('order.deleted');
		const { id } = shop.placeOrder({ lines: [courseId] });
		await call('delete', `orders/${id}`, { force: true });
		await shop.deliver();
		expect(receiver.received.at(-1)?.raw).toBe(`{"id":${id}}`);
	});

	it('deliveries can be sent again unchanged', async () => {
		await register('order.created');
		shop.placeOrder({ lines: [courseId] });
		await shop.deliver();
		await shop.redeliver(shop.deliveries[0]);
		const [, first, second] = receiver.received;
		expect(second.raw).toBe(first.raw);
		expect(second.headers['x-wc-webhook-delivery-id']).toBe(
			first.headers['x-wc-webhook-delivery-id'],
		);
	});

	it('deliveries are tried once, and the seventh failure in a row disables the webhook', async () => {
		const id = await register('order.created');
		const fail = async (times: number) => {
			for (let count = 0; count < times; count++) shop.placeOrder({ lines: [courseId] });
			await shop.deliver();
		};
		receiver.status = 500;
		await fail(6);
		receiver.status = 200;
		await fail(1);
		expect(shop.webhooks()).toMatchObject([{ status: 'active', failureCount: 0 }]);
		receiver.status = 404;
		await fail(6);
		expect(shop.webhooks()).toMatchObject([{ status: 'active', failureCount: 6 }]);
		await fail(1);
		expect(shop.webhooks()).toMatchObject([{ status: 'disabled' }]);
		const tried = shop.deliveries.length;
		expect(tried).toBe(14);
		await fail(1);
		expect(shop.deliveries).toHaveLength(tried);
		await call('put', `webhooks/${id}`, { status: 'active' });
		receiver.status = 200;
		await fail(1);
		expect(shop.deliveries).toHaveLength(tried + 1);
		expect(shop.webhooks()).toMatchObject([{ status: 'active', failureCount: 0 }]);
	});

	it('webhooks count a missing receiver as a failure', async () => {
		await call('post', 'webhooks', { topic: 'order.created', delivery_url: 'http://127.0.0.1:9/' });
		shop.placeOrder({ lines: [courseId] });
		await shop.deliver();
		expect(shop.deliveries).toMatchObject([{ status: 0 }]);
		expect(shop.webhooks()).toMatchObject([{ failureCount: 1 }]);
	});
});

describe('faults', () => {
	it('faults answer the next requests that match', async () => {
		const { id } = shop.placeOrder({ lines: [courseId] });
		shop.failNext({ status: 503, times: 2, method: 'PUT', path: `/orders/${id}` });
		const settle = async () => (await call('put', `orders/${id}`, { status: 'completed' })).status;
		expect((await call('get', `orders/${id}`)).status).toBe(200);
		expect([await settle(), await settle()]).toEqual([503, 503]);
		expect(shop.order(id).status).toBe('pending');
		expect(await settle()).toBe(200);
		expect(shop.countRequests('PUT', `/orders/${id}`)).toBe(3);
		expect(shop.countRequests()).toBe(4);
		expect(shop.requests.map(({ status }) => status)).toEqual([200, 503, 503, 200]);
	});

	it('faults lose a response or the connection although the request is carried out', async () => {
		const { id } = shop.placeOrder({ lines: [courseId] });
		shop.failNext({ status: 502, carriedOut: true });
		expect((await call('put', `orders/${id}`, { status: 'on-hold' })).status).toBe(502);
		expect(shop.order(id).status).toBe('on-hold');
		shop.failNext({ status: 0, carriedOut: true });
		await expect(call('put', `orders/${id}`, { status: 'completed' })).rejects.toThrow();
		expect(shop.order(id).status).toBe('completed');
	});

	it('unknown routes and invalid JSON are refused', async () => {
		expect(refusalOf(await call('get', 'order'))).toEqual([
			404,
			'rest_no_route',
			'No route was found matching the URL and request method.',
		]);
		const { consumerKey, consumerSecret } = shop.credential;
		const response = await fetch(
			`${shop.url}/wp-json/wc/v3/orders?consumer_key=${consumerKey}&consumer_secret=${consumerSecret}`,
			{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' },
		);
		expect(response.status).toBe(400);
		expect(await response.json()).toMatchObject({ code: 'rest_invalid_json' });
	});
});
