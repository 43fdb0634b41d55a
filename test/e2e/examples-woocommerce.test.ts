import axios from 'axios';

import { buy } from '../../demo/example-workflows';
import type { SetUpValues } from '../../demo/examples';
import type { Execution } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { until, untilHolds } from '../harness/until';
import {
	openShop,
	readMeta,
	type NewOrder,
	type OrderRecord,
	type Shop,
} from '../harness/woocommerce/shop';
import { RunningExample } from './runningExample';

let environment: TestEnvironment;
let shop: Shop;
let products: RunningExample;
let checkout: RunningExample;
let paidOrders: RunningExample;
let upkeep: RunningExample;
/** Products of the shop by their names. */
let iconPack: number;
let mug: number;
let shirt: number;
/** The newest execution that a test has looked at, so that each looks at its own. */
let lastExecution = 0;

const http = axios.create({ proxy: false, maxRedirects: 0, validateStatus: () => true });

const importExample = (file: string, values: SetUpValues) =>
	RunningExample.open(environment, file, {
		values,
		credentials: { wooCommerceApi: { ...shop.credential, includeCredentialsInQuery: true } },
	});

beforeAll(async () => {
	// A shop in another language, on a server that drops the header Authorization.
	shop = await openShop({
		coupons: [{ code: 'ten', type: 'percent', amount: '10' }],
		pages: { checkout: 'kasse', orderPay: 'zahlen', orderReceived: 'danke' },
		dropsAuthorization: true,
		updatedFirst: true,
	});
	iconPack = addProduct('Icon pack', '29.00', { virtual: true, downloadable: true });
	mug = addProduct('Mug', '12.50');
	addProduct('Course', '');
	shirt = addProduct('Shirt', '20.00', { type: 'variable' });
	addProduct('Poster', '15.00', { status: 'draft' });
	environment = await startEnvironment({ sandbox: { switches: { rateLimit: false } } });
	products = await importExample('woocommerce-products', { currency: 'USD', waitSeconds: 0 });
	const shopUrl = shop.url;
	checkout = await importExample('woocommerce-checkout', {
		shopUrl,
		shopName: 'Test shop',
		orderReceived: 'danke',
		waitSeconds: 0,
	});
	paidOrders = await importExample('woocommerce-paid-orders', {
		shopUrl,
		acceptTestPurchases: true,
	});
	upkeep = await importExample('woocommerce-upkeep', { shopUrl, keepMinutes: 0 });
}, installationTimeoutMs);

afterAll(async () => {
	await environment?.stop();
	await shop?.close();
});

const addProduct = (name: string, price: string, fields: Record<string, unknown> = {}) =>
	shop.addProduct({ name, regular_price: price, ...fields }).id;

/** Runs a workflow from one of its triggers, as its button does, and returns how it ended. */
async function run(example: RunningExample, trigger: string): Promise<Execution> {
	const ended = await example.run(trigger);
	const [newest] = await environment.client.executions(example.workflow.id);
	lastExecution = Number(newest.id);
	return ended;
}

const runNightly = () => run(paidOrders, 'Every night');

interface Product {
	_id: string;
	name: string;
	price: number;
	published: boolean;
}

const listProducts = async () => (await environment.api.get<Product[]>('/products')).data;
const findProducts = async (name: string) =>
	(await listProducts()).filter((product) => product.name === name);

async function settleDown(): Promise<void> {
	await shop.deliver();
	await environment.sandbox.waitForDeliveries();
	for (const { workflow } of [products, checkout, paidOrders, upkeep])
		await environment.client.waitUntilIdle(workflow.id);
}

/** Places an order and waits for its payment link. */
async function placeOrder(order: NewOrder): Promise<OrderRecord> {
	const { id } = shop.placeOrder(order);
	return await until('the order to have a link', () => {
		const placed = shop.order(id);
		return readLink(placed) !== '' && shop.mails.some(({ orderId }) => orderId === id) && placed;
	});
}

/** The order once its link is kept, which happens after the buyer was sent on. */
const waitForLink = (id: number) =>
	until('the link to be kept', () => readLink(shop.order(id)) !== '' && shop.order(id));

const readLink = (order: OrderRecord) => String(readMeta(order, '_pocketsflow_url') ?? '');

const getPayUrl = ({ id, order_key: key }: OrderRecord) =>
	`${environment.client.webhookUrl(checkout.workflow, 'Buyer wants to pay')}?order=${id}&key=${key}`;

const waitForStatus = (id: number, status: string) =>
	until(`order ${id} to be ${status}`, () => {
		const order = shop.order(id);
		if (order.status !== status) throw new Error(`It is ${order.status}.`);
		return order;
	});

/** Pays at a link, and returns where the buyer ends: on a page of the shop, which must exist. */
const pay = async (link: string) => (await buy(link, 'ada@example.com')).finalUrl;

/** Places an order and pays for it. */
async function sell(order: NewOrder): Promise<OrderRecord> {
	const placed = await placeOrder(order);
	await pay(readLink(placed));
	return placed;
}

/** The sentence with which the next execution of the workflow ends. */
async function waitForMessage({ workflow }: RunningExample): Promise<string> {
	const { error, id } = await environment.client.waitForExecution(
		workflow.id,
		(execution) => execution.status === 'error' && Number(execution.id) > lastExecution,
	);
	lastExecution = Number(id);
	return error?.message ?? '';
}

/** What an order says about its payment to the owner of the shop: in notes and in custom fields. */
const ourRecords = (id: number) => [
	...shop
		.notes(id)
		.map(({ note }) => note)
		.filter((note) => note.includes('Pocketsflow')),
	...shop
		.order(id)
		.meta_data.filter(({ key }) => key === 'Pocketsflow')
		.map(({ value }) => value),
];

/** Sends the newest delivery of an event once more, as it was; n8n has received the first one. */
async function repeatDelivery(event: string): Promise<void> {
	await environment.sandbox.waitForDeliveries();
	const sent = environment.sandbox.deliveries.findLast((delivery) => delivery.event === event);
	const { status } = await http.post(sent?.url ?? '', sent?.body, { headers: sent?.headers });
	expect(status).toBe(200);
}

interface PaidOrder {
	_id: string;
	metadata?: { woo_order_id?: string };
}

async function findPayments({ id }: OrderRecord): Promise<string[]> {
	const { data } = await environment.api.get<{ orders: PaidOrder[] }>('/orders?pageSize=100');
	return data.orders
		.filter(({ metadata }) => String(metadata?.woo_order_id) === String(id))
		.map(({ _id }) => _id);
}

describe('products', () => {
	/** Runs the hourly check, and returns what its executions report. */
	async function report(): Promise<string[]> {
		const { client } = environment;
		const [newest] = await client.executions(products.workflow.id);
		await run(products, 'Every hour');
		const failed = (await client.executions(products.workflow.id)).filter(
			({ id, status }) => status === 'error' && Number(id) > Number(newest?.id ?? 0),
		);
		const executions = await Promise.all(failed.map(({ id }) => client.execution(id)));
		return executions.map(({ error }) => error?.message ?? '');
	}

	const getKeptId = (id: number) => String(readMeta(shop.product(id), '_pocketsflow_product_id'));

	test('each sellable product gets one product, and what is left out is reported before it is recorded', async () => {
		// What is reported cannot be recorded for one of them, so that the first run ends before the others.
		shop.failNext({ method: 'PUT', path: `/products/${shirt}`, status: 500, times: 3 });
		const reports = [...(await report()), ...(await report())].join('\n');
		for (const text of ['“Course”', 'no price', '“Shirt”', 'variable', '“Poster”', 'draft'])
			expect(reports).toContain(text);
		expect(await findProducts('Icon pack')).toMatchObject([
			{ _id: getKeptId(iconPack), price: 29 },
		]);
		expect(await findProducts('Mug')).toMatchObject([{ _id: getKeptId(mug), price: 12.5 }]);

		await settleDown();
		expect(await report()).toEqual([]);
		expect(await listProducts()).toHaveLength(2);
	});

	test('name and price follow', async () => {
		shop.changeProduct(iconPack, { name: 'Icon pack 2', regular_price: '31.00' });
		await untilHolds('the product to follow', async () => {
			expect(await findProducts('Icon pack 2')).toMatchObject([
				{ _id: getKeptId(iconPack), price: 31 },
			]);
		});
		expect(await listProducts()).toHaveLength(2);
	});

	test('a new product that is created while the shop cannot keep its ID is created once', async () => {
		// What the change before started may still write to the shop.
		await settleDown();
		shop.failNext({ method: 'PUT', path: '/products/', status: 500, times: 3 });
		const poem = addProduct('Poem', '3.00');
		await waitForMessage(products);
		expect(readMeta(shop.product(poem), '_pocketsflow_product_id')).toBeUndefined();

		expect((await run(products, 'Every hour')).error).toBeUndefined();
		expect(await findProducts('Poem')).toMatchObject([{ _id: getKeptId(poem), price: 3 }]);
	});

	test('a name loses its entities and tags, and a price with a comma is what the shop says', async () => {
		const salt = addProduct('Salt & <b>Pepper</b> &#8211; set', '29,90');
		await untilHolds('the product to be mapped', async () => {
			expect(await findProducts('Salt & Pepper – set')).toMatchObject([
				{ _id: getKeptId(salt), price: 2990 },
			]);
		});
		shop.changeProduct(salt, { status: 'trash' });
		await run(products, 'Every hour');
		expect(await findProducts('Salt & Pepper – set')).toMatchObject([{ published: false }]);
	});

	test('a product that is withdrawn is unpublished, reported, and published again with the shop', async () => {
		const lamp = addProduct('Lamp', '40.00');
		await untilHolds('the lamp to be on sale', async () => {
			expect(await findProducts('Lamp')).toMatchObject([{ published: true }]);
			expect(getKeptId(lamp)).not.toBe('undefined');
		});
		shop.changeProduct(lamp, { status: 'draft' });
		await untilHolds('the lamp to be off sale', async () => {
			expect(await findProducts('Lamp')).toMatchObject([{ published: false }]);
		});
		await settleDown();
		expect(await report()).toEqual([expect.stringContaining('“Lamp”')]);
		shop.changeProduct(lamp, { status: 'publish' });
		await untilHolds('the lamp to be back on sale', async () => {
			expect(await findProducts('Lamp')).toMatchObject([{ published: true }]);
		});
		await settleDown();
		shop.changeProduct(lamp, { type: 'external' });
		await settleDown();
		expect(await report()).toEqual([expect.stringContaining('of the type “external”')]);
	});

	test('a product that is gone in Pocketsflow is created again', async () => {
		const [{ _id: gone }] = await findProducts('Poem');
		await environment.api.delete(`/products/${gone}`);
		await run(products, 'Every hour');
		const [{ _id }] = await findProducts('Poem');
		expect(_id).not.toBe(gone);
	});

	test('a copy of a product gets its own product', async () => {
		const { meta_data } = shop.product(mug);
		const copy = addProduct('Mug (Copy)', '12.50', { meta_data });
		await until('the copy to be mapped', () => getKeptId(copy) !== getKeptId(mug));
		await settleDown();
		expect(await findProducts('Mug')).toHaveLength(1);
		expect(await findProducts('Mug (Copy)')).toMatchObject([{ _id: getKeptId(copy) }]);
	});
});

describe('checkout and payment', () => {
	test('an order gets a link, is paid on the page, and is settled once', async () => {
		const order = await sell({ lines: [iconPack] });
		const settled = await waitForStatus(order.id, 'completed');
		await settleDown();
		const [paymentId] = await findPayments(order);
		expect(settled).toMatchObject({
			transaction_id: paymentId,
			payment_method: 'pocketsflow',
			total: '31.00',
		});
		expect(shop.mails.filter(({ orderId }) => orderId === order.id)).toHaveLength(1);
		expect(ourRecords(order.id)).toEqual([
			`Paid through Pocketsflow: order ${paymentId}, 31 USD, by ada@example.com.`,
		]);
		const { data } = await environment.api.get<Record<string, Record<string, unknown>>>(
			`/orders/${paymentId}`,
		);
		expect(data.sale.productId).toBe(readMeta(shop.product(iconPack), '_pocketsflow_product_id'));
	});

	test('repeated deliveries of either side change nothing', async () => {
		const order = await sell({ lines: [iconPack] });
		await waitForStatus(order.id, 'completed');
		await repeatDelivery('order.completed');
		const created = shop.deliveries.find(
			({ topic, resourceId }) => topic === 'order.created' && resourceId === order.id,
		);
		if (created) await shop.redeliver(created);
		await settleDown();
		const nightly = await runNightly();

		expect(created).toBeDefined();
		expect(nightly.error).toBeUndefined();
		expect(shop.mails.filter(({ orderId }) => orderId === order.id)).toHaveLength(1);
		expect(ourRecords(order.id)).toHaveLength(1);
		expect(shop.order(order.id)).toMatchObject({ status: 'completed', refunds: [] });
	});

	test('two events at the same moment settle an order once and leave one record', async () => {
		const order = await placeOrder({ lines: [iconPack] });
		await settleDown();
		const path = `/orders/${order.id}`;
		const before = shop.countRequests('PUT', path);
		shop.meetNext({ method: 'GET', path, count: 2 });
		await pay(readLink(order));
		await repeatDelivery('order.completed');
		const settled = await waitForStatus(order.id, 'completed');
		await settleDown();

		expect(ourRecords(order.id)).toEqual([expect.stringContaining(settled.transaction_id)]);
		expect(readMeta(shop.order(order.id), '_pocketsflow_order')).toBe(settled.transaction_id);
		// Both runs found an open order.
		expect(shop.countRequests('PUT', path)).toBe(before + 2);
	});

	test('a repeated delivery of an open order keeps its link', async () => {
		const order = await placeOrder({ lines: [mug] });
		const created = shop.deliveries.findLast(({ topic }) => topic === 'order.created');
		if (created) await shop.redeliver(created);
		await settleDown();
		expect(readLink(shop.order(order.id))).toBe(readLink(order));
		expect(shop.mails.filter(({ orderId }) => orderId === order.id)).toHaveLength(1);
	});

	test('the redirect reuses the link, and shows a paid order', async () => {
		const order = await placeOrder({ lines: [mug] });
		const redirected = await http.get(getPayUrl(order));
		expect([redirected.status, redirected.headers.location]).toEqual([302, readLink(order)]);

		const finalUrl = await pay(getPayUrl(order));
		const received = `${shop.url}/kasse/danke/${order.id}/?key=${order.order_key}`;
		expect(finalUrl).toBe(received);
		await waitForStatus(order.id, 'processing');
		const after = await http.get(getPayUrl(order));
		expect([after.status, after.headers.location]).toEqual([302, received]);
	});

	test.each([
		['a wrong key', (order: OrderRecord) => getPayUrl(order).replace(/key=.*/, 'key=wc_order_x')],
		['no key', (order: OrderRecord) => getPayUrl(order).replace(/&key=.*/, '')],
		[
			'an unknown order',
			(order: OrderRecord) => getPayUrl(order).replace(/order=\d+/, 'order=99999'),
		],
		[
			'no number',
			(order: OrderRecord) => getPayUrl(order).replace(/order=\d+/, 'order=../products'),
		],
	])('the redirect refuses %s', async (_what, getUrl) => {
		const order = await placeOrder({ lines: [mug] });
		const { status, data } = await http.get<string>(getUrl(order));
		expect(status).toBe(403);
		expect(data).toContain('This link is not valid');
		expect(data).not.toContain(readLink(order));
	});

	test('the redirect says that a cancelled order is closed', async () => {
		const order = await placeOrder({ lines: [mug] });
		shop.changeOrder(order.id, { status: 'cancelled' });
		const { status, data } = await http.get<string>(getPayUrl(order));
		expect(status).toBe(410);
		expect(data).toContain('This order is closed');
	});

	test.each<[string, () => NewOrder, string]>([
		['several lines', () => ({ lines: [iconPack, { product: mug, quantity: 2 }] }), '56.00'],
		['a coupon', () => ({ lines: [iconPack], coupon: 'ten' }), '27.90'],
		['shipping', () => ({ lines: [mug], shipping: '5.00', tax: '3.33' }), '20.83'],
	])('an order with %s sells a product made for it', async (_what, makeOrder, total) => {
		const order = await sell(makeOrder());
		await until('the order to be settled', () => shop.order(order.id).transaction_id !== '');
		await settleDown();
		expect(shop.order(order.id).total).toBe(total);
		const name = `Order #${order.number} at Test shop`;
		expect(await findProducts(name)).toMatchObject([{ price: Number(total), published: false }]);
		expect(await findPayments(order)).toEqual([shop.order(order.id).transaction_id]);
	});

	test('a product made for an order is kept over an interruption, and found without a list', async () => {
		const interrupt = (method: string, path: string, status: number) =>
			environment.sandbox.setSwitches({
				faults: [{ method, path, kind: 'answer', status, count: 99 }],
			});
		interrupt('POST', '/checkout/sessions', 500);
		const { id } = shop.placeOrder({ lines: [mug, iconPack] });
		expect(await waitForMessage(checkout)).toMatch(/has no payment link/);
		const sorry = await http.get<string>(getPayUrl(shop.order(id)));
		expect(sorry.status).toBe(503);
		expect(sorry.data).toContain('nothing was charged');
		expect(await waitForMessage(checkout)).toMatch(/has no payment link/);

		// No product can be read or listed: the buyer needs neither.
		interrupt('GET', '/products', 403);
		const visit = await http.get(getPayUrl(shop.order(id)));
		environment.sandbox.setSwitches({ faults: [] });
		expect(visit.status).toBe(302);
		expect(visit.headers.location).toBe(readLink(await waitForLink(id)));
		expect(await findProducts(`Order #${id} at Test shop`)).toHaveLength(1);
	});

	test('free orders are completed without a checkout', async () => {
		const { consumerKey, consumerSecret } = shop.credential;
		const { data } = await http.post<{ id: number }>(
			`${shop.url}/wp-json/wc/v3/orders`,
			{ line_items: [{ product_id: iconPack, subtotal: '0.00', total: '0.00' }] },
			{ params: { consumer_key: consumerKey, consumer_secret: consumerSecret } },
		);
		await waitForStatus(data.id, 'completed');
		await settleDown();
		expect(readLink(shop.order(data.id))).toBe('');
		const { headers } = await http.get(getPayUrl(shop.order(data.id)));
		expect(headers.location).toContain('/kasse/danke/');
	});

	test('two simultaneous visits never settle an order twice', async () => {
		const { id } = shop.placeOrder({ lines: [mug], status: 'cancelled' });
		await settleDown();
		shop.changeOrder(id, { status: 'pending' });
		const order = shop.order(id);
		const visits = await Promise.all([http.get(getPayUrl(order)), http.get(getPayUrl(order))]);
		const links = visits.map(({ headers }) => String(headers.location));
		await pay(links[0]);
		const settled = await waitForStatus(id, 'processing');
		if (links[0] !== links[1]) {
			await pay(links[1]);
			expect(await waitForMessage(paidOrders)).toMatch(/Refund one of the two payments/);
			const second = (await findPayments(order)).find((_id) => _id !== settled.transaction_id);
			await environment.api.post('/refunds', { orderId: second });
		}
		await settleDown();
		expect((await runNightly()).error).toBeUndefined();
		expect(shop.order(id)).toMatchObject({
			status: 'processing',
			transaction_id: settled.transaction_id,
			refunds: [],
		});
		expect(ourRecords(id)).toHaveLength(1);
	});
});

describe('what does not fit', () => {
	test('an order with another total than was paid is held, reported, and not reported again once it is handled', async () => {
		const order = await placeOrder({ lines: [mug] });
		shop.changeOrder(order.id, { shipping_lines: [{ method_id: 'flat_rate', total: '7.50' }] });
		await pay(readLink(order));
		await waitForStatus(order.id, 'on-hold');
		expect(await waitForMessage(paidOrders)).toMatch(/costs 20\.00 USD, but .* \(12\.5 USD/);
		expect(ourRecords(order.id)).toHaveLength(1);
		expect(shop.order(order.id).transaction_id).toBe('');

		const nightly = await runNightly();
		expect(nightly.error?.message).toContain(`Order #${order.number} costs 20.00 USD`);
		expect(ourRecords(order.id)).toHaveLength(1);

		shop.changeOrder(order.id, { status: 'processing' });
		expect((await runNightly()).error).toBeUndefined();
		expect(shop.order(order.id).status).toBe('processing');
	});

	test('another currency than was paid', async () => {
		const order = await placeOrder({ lines: [mug] });
		shop.changeOrder(order.id, { currency: 'EUR' });
		await pay(readLink(order));
		await waitForStatus(order.id, 'on-hold');
		expect(await waitForMessage(paidOrders)).toMatch(/costs 12\.50 EUR, but .* \(12\.5 USD/);
		shop.changeOrder(order.id, { status: 'cancelled' });
	});

	test('amounts of deliveries in cents do not matter', async () => {
		environment.sandbox.setSwitches({ orderAmounts: 'cents' });
		const order = await sell({ lines: [mug] });
		await waitForStatus(order.id, 'processing');
		environment.sandbox.setSwitches({ orderAmounts: 'major' });
	});

	test('a sale with a wrong key, of an unknown order or from elsewhere', async () => {
		const { sandbox } = environment;
		const order = await placeOrder({ lines: [mug] });
		const wrong = { woo_order_id: String(order.id), woo_order_key: 'wc_order_guessed' };
		const sales = [wrong, { ...wrong, woo_order_id: '99999' }, { campaign: 'spring' }];
		const messages: string[] = [];
		const before = await environment.api.get<{ orders: PaidOrder[] }>('/orders?pageSize=100');
		for (const metadata of sales) {
			await sandbox.purchase({ metadata, wait: true });
			messages.push(await waitForMessage(paidOrders));
		}
		expect(messages[0]).toMatch(/with a wrong key/);
		expect(messages[1]).toMatch(/could not be read/);
		expect(messages[2]).toMatch(/has no order in the shop/);
		expect(shop.order(order.id)).toMatchObject({ status: 'pending', transaction_id: '' });

		// They are reported every night until someone handles them. Here they are removed.
		const known = new Set(before.data.orders.map(({ _id }) => _id));
		const { data } = await environment.api.get<{ orders: PaidOrder[] }>('/orders?pageSize=100');
		expect((await runNightly()).error?.message).toMatch(/could not be read[^]*wrong key/);
		for (const { _id } of data.orders.filter((sale) => !known.has(sale._id)))
			await http.delete(`${sandbox.url}/_sandbox/orders/${_id}`);
	});

	test('an order that is paid in the shop but not in Pocketsflow is reported', async () => {
		const order = await placeOrder({ lines: [mug] });
		shop.changeOrder(order.id, { status: 'processing' });
		const { error } = await runNightly();
		expect(error?.message).toBe(
			`Order #${order.number} (12.50 USD) is processing in the shop, but Pocketsflow has no payment for it.`,
		);
		shop.changeOrder(order.id, { status: 'cancelled' });
	});
});

describe('what is not there', () => {
	test('a payment for an order in the trash is no double payment', async () => {
		const order = await placeOrder({ lines: [mug] });
		shop.changeOrder(order.id, { status: 'trash' });
		await pay(readLink(order));
		expect(await waitForMessage(paidOrders)).toMatch(/is in the trash\. Restore the order/);
		shop.changeOrder(order.id, { status: 'pending' });
		expect((await runNightly()).error).toBeUndefined();
		expect(shop.order(order.id).status).toBe('processing');
	});

	test('a nightly run whose single runs fail as a whole says so', async () => {
		environment.sandbox.setSwitches({ dropRate: 1 });
		const order = await sell({ lines: [mug] });
		await settleDown();
		environment.sandbox.setSwitches({ dropRate: 0 });
		await paidOrders.setDisabled('Settle payment', true);
		expect((await runNightly()).error?.message).toMatch(/the run ended without a result/);
		await paidOrders.setDisabled('Settle payment', false);
		expect((await runNightly()).error).toBeUndefined();
		expect(shop.order(order.id).status).toBe('processing');
	});
});

describe('what gets lost', () => {
	test('a lost delivery is found by the nightly run', async () => {
		environment.sandbox.setSwitches({ dropRate: 1 });
		const order = await sell({ lines: [iconPack] });
		await settleDown();
		environment.sandbox.setSwitches({ dropRate: 0 });
		expect(shop.order(order.id).status).toBe('pending');

		expect((await runNightly()).error).toBeUndefined();
		expect(shop.order(order.id)).toMatchObject({
			status: 'completed',
			transaction_id: (await findPayments(order))[0],
		});
		await runNightly();
		expect(ourRecords(order.id)).toHaveLength(1);
	});

	test('a shop that is down is tried five times, reported, and settled by the nightly run', async () => {
		const order = await placeOrder({ lines: [iconPack] });
		await settleDown();
		shop.failNext({ path: `/orders/${order.id}`, status: 500, times: 5 });
		await pay(readLink(order));
		expect(await waitForMessage(paidOrders)).toMatch(
			/could not be read[^]*nightly run tries again/,
		);
		expect(shop.order(order.id).status).toBe('pending');

		expect((await runNightly()).error).toBeUndefined();
		expect(shop.order(order.id).status).toBe('completed');
	});

	test('a shop that settles, and whose answer is lost, settles once', async () => {
		const order = await placeOrder({ lines: [iconPack] });
		await settleDown();
		const request = { method: 'PUT', path: `/orders/${order.id}`, carriedOut: true };
		shop.failNext({ ...request, status: 502, times: 1 });
		await pay(readLink(order));
		await waitForStatus(order.id, 'completed');
		await settleDown();
		expect(ourRecords(order.id)).toHaveLength(1);
		expect((await runNightly()).error).toBeUndefined();
		expect(ourRecords(order.id)).toHaveLength(1);
	});

	test('a link that could not be emailed is emailed by the hourly run, once', async () => {
		const notes = { method: 'POST', path: '/notes' };
		shop.failNext({ ...notes, status: 500, times: 1 });
		const { id } = shop.placeOrder({ lines: [mug] });
		await waitForMessage(checkout);
		const emails = () => shop.mails.filter(({ orderId }) => orderId === id).map(({ text }) => text);
		expect(readLink(shop.order(id))).not.toBe('');
		expect(emails()).toEqual([]);

		// The second time the email is sent, and only the answer is lost.
		shop.failNext({ ...notes, status: 502, times: 1, carriedOut: true });
		expect((await run(checkout, 'Every hour')).error).toBeDefined();
		expect((await run(checkout, 'Every hour')).error).toBeUndefined();
		await run(checkout, 'Every hour');
		expect(emails()).toEqual([expect.stringContaining(readLink(shop.order(id)))]);
	});

	test('what the owner reads is written with the status, and the one-off product is unpublished', async () => {
		const order = await placeOrder({ lines: [mug, iconPack] });
		await settleDown();
		shop.failNext({ method: 'PUT', path: `/orders/${order.id}`, status: 500, times: 5 });
		await pay(readLink(order));
		await waitForMessage(paidOrders);
		expect([shop.order(order.id).status, ourRecords(order.id)]).toEqual(['pending', []]);

		expect((await runNightly()).error).toBeUndefined();
		expect([shop.order(order.id).status, ourRecords(order.id)]).toEqual([
			'processing',
			[expect.stringContaining('Paid through Pocketsflow')],
		]);
		const name = `Order #${order.number} at Test shop`;
		expect(await findProducts(name)).toMatchObject([{ published: false }]);
	});

	test('an order whose event is lost gets its link within the hour', async () => {
		await environment.client.deactivate(checkout.workflow.id);
		const { id } = shop.placeOrder({ lines: [mug] });
		await shop.deliver();
		await environment.client.activate(checkout.workflow.id);
		expect(readLink(shop.order(id))).toBe('');
		expect((await run(checkout, 'Every hour')).error).toBeUndefined();
		expect(readLink(shop.order(id))).not.toBe('');
		expect(shop.mails.filter(({ orderId }) => orderId === id)).toHaveLength(1);
	});
});

describe('upkeep', () => {
	test('one-off products of changed, closed and unpaid orders are unpublished, that of an open one is kept', async () => {
		const open = await placeOrder({ lines: [mug, iconPack] });
		const closed = await placeOrder({ lines: [mug, iconPack] });
		const changed = await placeOrder({ lines: [mug, iconPack] });
		const oneOffsOf = async (order: OrderRecord) =>
			(await findProducts(`Order #${order.number} at Test shop`)).map(({ published }) => published);
		shop.changeOrder(closed.id, { status: 'cancelled' });
		shop.changeOrder(changed.id, { shipping_lines: [{ method_id: 'flat_rate', total: '5.00' }] });
		await http.get(getPayUrl(shop.order(changed.id)));
		await until('the second one-off product', async () => (await oneOffsOf(changed)).length === 2);
		await settleDown();

		expect((await run(upkeep, 'Every night')).error).toBeUndefined();
		expect(await oneOffsOf(open)).toEqual([true]);
		expect(await oneOffsOf(closed)).toEqual([false]);
		expect((await oneOffsOf(changed)).sort()).toEqual([false, true]);
	});

	test('webhooks that the shop has disabled are enabled again, paused ones are not', async () => {
		await settleDown();
		const { consumerKey, consumerSecret } = shop.credential;
		const params = { consumer_key: consumerKey, consumer_secret: consumerSecret };
		const set = (id: number, status: string) =>
			http.put(`${shop.url}/wp-json/wc/v3/webhooks/${id}`, { status }, { params });
		const idOf = (topic: string) => Number(shop.webhooks().find((one) => one.topic === topic)?.id);
		const [orders, updates] = [idOf('order.created'), idOf('product.updated')];
		await set(orders, 'disabled');
		await set(updates, 'paused');

		expect((await run(upkeep, 'Every hour')).error).toBeUndefined();
		const statusOf = (id: number) => shop.webhooks().find((one) => one.id === id)?.status;
		expect([statusOf(orders), statusOf(updates)]).toEqual(['active', 'paused']);
		await set(updates, 'active');
	});
});

describe('refunds', () => {
	const refund = (orderId: string, amount?: number) =>
		environment.api.post('/refunds', { orderId, amount });

	test.each(['sameAsCompleted', 'withRefund'] as const)(
		'in part and in full, each once (payload: %s)',
		async (orderRefunded) => {
			environment.sandbox.setSwitches({ orderRefunded });
			const order = await sell({ lines: [iconPack] });
			await waitForStatus(order.id, 'completed');
			const [paymentId] = await findPayments(order);

			await refund(paymentId, 10);
			await until('the first refund', () => shop.refunds(order.id).length === 1);
			expect(shop.order(order.id).status).toBe('completed');
			await refund(paymentId);
			const { refunds } = await waitForStatus(order.id, 'refunded');
			await settleDown();
			expect((await runNightly()).error).toBeUndefined();

			expect(refunds.map(({ total }) => total)).toEqual(['-21.00', '-10.00']);
			const entered = shop.refunds(order.id);
			expect(entered).toHaveLength(2);
			for (const { refunded_payment: paidBack } of entered) expect(paidBack).toBe(false);
		},
		60_000,
	);

	test('two events at the same moment enter a refund once', async () => {
		const order = await sell({ lines: [iconPack] });
		await waitForStatus(order.id, 'completed');
		await settleDown();
		shop.meetNext({ method: 'GET', path: `/orders/${order.id}`, count: 2 });
		await refund((await findPayments(order))[0], 10);
		await repeatDelivery('order.refunded');
		await settleDown();

		// Both runs found no refund in the shop.
		expect(shop.countRequests('POST', `/orders/${order.id}/refunds`)).toBe(2);
		expect(shop.refunds(order.id)).toMatchObject([{ amount: '10.00' }]);
		expect((await runNightly()).error).toBeUndefined();
	});

	test('a refund that was entered twice remains once after the nightly run', async () => {
		const order = await sell({ lines: [iconPack] });
		await waitForStatus(order.id, 'completed');
		await refund((await findPayments(order))[0], 4);
		await until('the refund', () => shop.refunds(order.id).length === 1);
		await settleDown();
		const [{ reason }] = shop.refunds(order.id);
		const { consumerKey, consumerSecret } = shop.credential;
		await http.post(
			`${shop.url}/wp-json/wc/v3/orders/${order.id}/refunds`,
			{ amount: '4.00', reason, api_refund: false },
			{ params: { consumer_key: consumerKey, consumer_secret: consumerSecret } },
		);
		expect(shop.refunds(order.id)).toHaveLength(2);

		expect((await runNightly()).error).toBeUndefined();
		expect(shop.refunds(order.id)).toMatchObject([{ amount: '4.00', reason }]);
	});

	test('a lost refund is entered by the nightly run', async () => {
		const order = await sell({ lines: [mug] });
		await waitForStatus(order.id, 'processing');
		environment.sandbox.setSwitches({ dropRate: 1 });
		await refund((await findPayments(order))[0], 2.5);
		await settleDown();
		environment.sandbox.setSwitches({ dropRate: 0 });
		expect(shop.refunds(order.id)).toHaveLength(0);

		expect((await runNightly()).error).toBeUndefined();
		await runNightly();
		expect(shop.refunds(order.id)).toMatchObject([{ amount: '2.50' }]);
	});

	test('an order that is refunded before it was settled is not fulfilled', async () => {
		environment.sandbox.setSwitches({ dropRate: 1 });
		const order = await sell({ lines: [mug] });
		await settleDown();
		environment.sandbox.setSwitches({ dropRate: 0 });
		await refund((await findPayments(order))[0]);
		await waitForStatus(order.id, 'refunded');
		await settleDown();
		expect((await runNightly()).error).toBeUndefined();
		expect(ourRecords(order.id)).toEqual([]);
		expect(shop.order(order.id)).toMatchObject({ status: 'refunded', transaction_id: '' });
	});
});

test('a test purchase settles nothing if test purchases are not accepted', async () => {
	await paidOrders.close();
	paidOrders = await importExample('woocommerce-paid-orders', { shopUrl: shop.url });
	const order = await sell({ lines: [iconPack] });
	expect(await waitForMessage(paidOrders)).toMatch(/is a test purchase: no money moved/);
	expect(shop.order(order.id)).toMatchObject({ status: 'pending', transaction_id: '' });
});
