import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Sandbox } from '../../sandbox/sandbox';
import type { SwitchesPatch } from '../../sandbox/switches';
import {
	createLoadOptionsContext,
	nodeName,
	runNode,
	type NodeSetup,
} from '../harness/engine/context';
import { byId } from './operations';
import { openSandbox, stockSandbox, type StockedSandbox } from './stockedSandbox';

const node = new Pocketsflow();

let sandbox: Sandbox;
let shop: StockedSandbox;
let before = 0;

beforeAll(async () => (sandbox = await openSandbox()));
beforeEach(async () => {
	shop = await stockSandbox(sandbox);
	before = sandbox.requests.length;
});
afterAll(async () => await sandbox.close());

const getSent = () => sandbox.requests.slice(before);

async function run(operation: string, parameters: INodeParameters, setup: Partial<NodeSetup> = {}) {
	const [resource, name] = operation.split(' ');
	return await runNode({
		node,
		credential: shop.credential,
		parameters: { resource, operation: name, ...parameters },
		...setup,
	});
}

const getJson = ({ output }: { output: Array<{ json: IDataObject }> }) =>
	output.map(({ json }) => json);

const links = { successUrl: 'https://example.com/thanks', cancelUrl: 'https://example.com/cart' };

it('a cancellation without a response is sent once and reported with an unknown outcome', async () => {
	sandbox.setSwitches({
		faults: [
			{ method: 'POST', path: '/orders/subscriptions/cancel/*', kind: 'reset', when: 'after' },
		],
	});
	try {
		const { error } = await run('subscription cancel', {
			subscriptionId: byId(shop.providerId),
		});
		expect(error?.message).toMatch(/The outcome is unknown: .* It was not sent again/);
		expect(getSent()).toHaveLength(1);
	} finally {
		sandbox.setSwitches({ faults: [] });
	}
});

describe('bad input', () => {
	it('bad input of one item stops the node before anything is sent', async () => {
		const { error } = await run(
			'product create',
			{ name: '={{ $json.name }}', price: 1 },
			{ items: [{ name: 'First' }, { name: '  ' }, { name: 'Third' }] },
		);
		expect(error?.message).toBe("'Name' is empty [item 1]");
		expect(error?.description).toContain('Nothing was sent');
		expect(error?.context).toMatchObject({ itemIndex: 1 });
		expect(getSent()).toEqual([]);
	});

	it.each<[string, string, INodeParameters]>([
		["'Limit' must be 1 or more", 'product getAll', { limit: 0 }],
		["'Limit' must be a whole number", 'product getAll', { limit: '={{ "many" }}' }],
		["'Price' must be more than 0", 'product create', { name: 'x', price: -1 }],
		["'Price' must be a number", 'product create', { name: 'x', price: '={{ "9,99" }}' }],
		["'Price' is empty", 'product create', { name: 'x', price: "={{ '' }}" }],
		["'Price' is 0", 'product create', { name: 'x', price: 0 }],
		["'Price' is 0", 'product create', { name: 'x', price: '={{ "0.00" }}' }],
		["'Price' is 0", 'product update', { productId: byId('p'), updateFields: { price: 0 } }],
		[
			"'Upsell Price' cannot be empty",
			'upsell update',
			{ upsellId: byId('u'), updateFields: { upsellPrice: '' } },
		],
		[
			"'Price' and 'Make Free' cannot be set together",
			'product update',
			{ productId: byId('p'), updateFields: { makeFree: true, price: 5 } },
		],
		[
			"'Make Free' cannot be empty",
			'product update',
			{ productId: byId('p'), updateFields: { makeFree: false } },
		],
		['decimal places', 'product create', { name: 'x', price: '={{ 0.1 + 0.2 }}' }],
		["'Price' must be 999999999 or less", 'product create', { name: 'x', price: '={{ 1e300 }}' }],
		["'Update Fields' has no fields to change", 'product update', { productId: byId('p') }],
		[
			"'Update Fields' has no fields to change",
			'webhook update',
			{ webhookEndpointId: byId('w'), updateFields: {} },
		],
		[
			"'Minimum Price' is higher than 'Maximum Price'",
			'product create',
			{ name: 'x', price: 1, additionalFields: { minPrice: 5, maxPrice: 2 } },
		],
		[
			"'Value' must be 100 or less",
			'discount create',
			{ name: 'x', code: 'X', value: 101, mainProductIds: ['p'] },
		],
		["'Product' cannot be", 'product delete', { productId: byId('..') }],
		[
			"'Discount' is an object, not an ID",
			'discount get',
			{ discountId: '={{ ({ _id: "d", value: 20 }) }}' },
		],
		["'Order' is an object, not an ID", 'order get', { orderId: byId('={{ ({ _id: "o" }) }}') }],
		[
			"'Expiration' must be a date",
			'discount create',
			{
				name: 'x',
				code: 'X',
				value: 5,
				mainProductIds: ['p'],
				additionalFields: { expiration: '={{ 46349 }}' },
			},
		],
		["'Start Date' must be a date", 'order getAll', { filters: { startDate: '={{ 20261123 }}' } }],
		["'Product' is empty", 'product delete', { productId: byId('={{ $json.missing }}') }],
		[
			"'Amount' must be 0.01 or more",
			'refund create',
			{ orderId: byId('o'), refundExtent: 'partial', amount: 0 },
		],
		[
			"'Amount' is empty",
			'refund create',
			{ orderId: byId('o'), refundExtent: 'partial', amount: '={{ $json.missing }}' },
		],
		[
			"'End Date' is before 'Start Date'",
			'order getAll',
			{ filters: { startDate: '2026-02-01', endDate: '2026-01-01' } },
		],
		["'Start Date' must be a date", 'order getAll', { filters: { startDate: '2026-02-30' } }],
		["'Status' must be one of", 'subscription getAll', { filters: { status: '={{ "gone" }}' } }],
		[
			"'Success URL' must be a complete URL",
			'checkoutSession create',
			{
				productId: byId('p'),
				...links,
				successUrl: 'javascript:alert(1)',
			},
		],
		[
			'must be an email address',
			'checkoutSession create',
			{
				productId: byId('p'),
				...links,
				additionalFields: { customerEmail: 'nobody' },
			},
		],
		[
			"cannot have the key '__proto__'",
			'checkoutSession create',
			{
				productId: byId('p'),
				...links,
				metadataInput: 'json',
				metadataJson: '{"__proto__": "x"}',
			},
		],
		[
			"has the key 'a' twice",
			'checkoutSession create',
			{
				productId: byId('p'),
				...links,
				metadata: {
					entries: [
						{ key: 'a', value: '1' },
						{ key: 'a', value: '2' },
					],
				},
			},
		],
		[
			'not valid JSON',
			'subscriptionOffer create',
			{
				name: 'x',
				price: 1,
				additionalFields: { design: '{oops' },
			},
		],
	])('bad input is refused before anything is sent: %s', async (message, operation, parameters) => {
		const { error } = await run(operation, parameters);
		expect(error?.message).toContain(message);
		expect(getSent()).toEqual([]);
	});
});

describe('input items', () => {
	it('items fail alone with On Error: Continue, paired and with their number', async () => {
		const { output, error } = await run(
			'product get',
			{ productId: byId('={{ $json.id }}') },
			{
				items: [
					{ id: shop.productIds[0] },
					{ id: '' },
					{ id: 'missing' },
					{ id: shop.productIds[1] },
				],
				onError: 'continueRegularOutput',
			},
		);
		expect(error).toBeUndefined();
		expect(output.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 2, 3].map((item) => ({ item })),
		);
		expect(output[0].json._id).toBe(shop.productIds[0]);
		expect(output[1].json.error).toMatch(/^'Product' is empty\. .*Nothing was sent.* \[item 1\]$/);
		expect(output[2].json.error).toMatch(
			/^Product not found\. Check the ID\. .* returned 404.* \[item 2\]$/,
		);
		// n8n's expressions cannot read an item that holds more than plain data.
		for (const failed of [output[1], output[2]])
			expect(Object.keys(failed).sort()).toEqual(['json', 'pairedItem']);
		expect(output[3].json._id).toBe(shop.productIds[1]);
	});

	it('each item is paired with all records of its list', async () => {
		const { output } = await run(
			'order getAll',
			{ limit: '={{ $json.limit }}' },
			{ items: [{ limit: 1 }, { limit: 3 }] },
		);
		expect(output.map(({ pairedItem }) => pairedItem)).toEqual(
			[0, 1, 1, 1].map((item) => ({ item })),
		);
	});

	it('an item that Pocketsflow refuses stops the node with the message and the number of the item', async () => {
		const { error } = await run(
			'product get',
			{ productId: byId('={{ $json.id }}') },
			{ items: [{ id: shop.productIds[0] }, { id: 'missing' }] },
		);
		expect(error?.name).toBe('NodeApiError');
		expect(error?.message).toMatch(/^Product not found/);
		expect(error?.message).toContain('[item 1]');
		expect(`${error?.message} ${error?.description}`).not.toContain(shop.credential.apiKey);
	});
});

describe('finding an order by metadata', () => {
	const find = async (key: string, value: string, more: INodeParameters = {}) =>
		await run('order findByMetadata', { metadataKey: key, metadataValue: value, ...more });

	it('finding an order stops at the page of the first match', async () => {
		await sandbox.purchase({ count: 250, metadata: { n: '{n}' }, deliver: false });
		const { output } = await find('n', '120');
		expect(output).toHaveLength(1);
		expect(output[0].json.metadata).toEqual({ n: '120' });
		expect(getSent()).toHaveLength(2);
	});

	it('finding orders returns all matches of all pages, once each', async () => {
		await sandbox.purchase({
			count: 250,
			metadata: [{ batch: 7 }, { batch: '8' }],
			deliver: false,
		});
		const { output } = await find('batch', '7', { matches: 'all' });
		expect(output).toHaveLength(125);
		expect(new Set(getJson({ output }).map(({ _id }) => _id)).size).toBe(125);
	});

	it('finding an order returns nothing if no order matches', async () => {
		const { output, error } = await find('order_id', 'nowhere');
		expect(error).toBeUndefined();
		expect(output).toEqual([]);
	});

	it('finding an order does not take keys of the prototype for metadata', async () => {
		expect((await find('constructor', 'function Object() { [native code] }')).output).toEqual([]);
	});

	it('finding an order reports that Pocketsflow returns no metadata', async () => {
		sandbox.setSwitches({ orderMetadata: false });
		const { error } = await find('order_id', 'A-1003');
		expect(error?.message).toBe('Pocketsflow returned 8 orders, but none with metadata to compare');
		expect(error?.description).toContain('The order may still exist');
	});
});

describe('responses of every shape', () => {
	const shapes: SwitchesPatch[] = [
		...(['contract', 'array', 'object', 'data', 'items'] as const).map((listShape) => ({
			listShape,
		})),
		...(['_id', 'id', 'both'] as const).map((idField) => ({ idField })),
		...(['bare', 'sale', 'order'] as const).map((orderById) => ({ orderById })),
		{ deleteAnswer: 'empty' },
		{ createStatus: 200 },
		{ emptyTotalPages: 1 },
	];
	const lists = {
		'customer getAll': 5,
		'discount getAll': 2,
		'order getAll': 8,
		'payment getAll': 9,
		'product getAll': 3,
		'refund getAll': 1,
		'review getAll': 2,
		'subscription getAll': 1,
		'subscription getSubscribers': 1,
		'subscriptionOffer getAll': 1,
		'upsell getAll': 1,
		'webhook getAll': 1,
	};

	it.each(shapes)('responses are read alike with the sandbox set to %j', async (patch) => {
		sandbox.setSwitches(patch);
		for (const [operation, count] of Object.entries(lists)) {
			const { output, error } = await run(operation, { returnAll: true });
			expect([operation, error?.message, output.length]).toEqual([operation, undefined, count]);
			expect(output.every(({ json }) => (json._id ?? json.id) !== undefined)).toBe(true);
		}
		const order = await run('order get', { orderId: byId(shop.orderIds[0]) });
		expect(order.output[0].json.currency).toBe('USD');
		const deleted = await run('product delete', { productId: byId(shop.productIds[2]) });
		expect(getJson(deleted)).toEqual([{ deleted: true, id: shop.productIds[2] }]);
	});

	it('a response without orders gives no items', async () => {
		const { output, error } = await run(
			'order getAll',
			{ returnAll: true },
			{ credential: { apiKey: sandbox.liveKey, baseUrl: sandbox.url } },
		);
		expect(error).toBeUndefined();
		expect(output).toEqual([]);
	});
});

test('a signing secret is output at creation only', async () => {
	sandbox.setSwitches({ secretOnGet: 'present' });
	const endpoint = { webhookEndpointId: byId(shop.webhookId) };
	const seen = [
		await run('webhook get', endpoint),
		await run('webhook getAll', {}),
		await run('webhook update', { ...endpoint, updateFields: { description: 'New' } }),
	];
	for (const { output } of seen) {
		expect(output[0].json.url).toBe('https://example.com/hook');
		expect(output[0].json).not.toHaveProperty('secret');
	}
	const created = await run('webhook create', {
		url: 'https://example.com/x',
		events: ['order.completed'],
	});
	expect(created.output[0].json.secret).toMatch(/^whsec_/);
});

test.each([
	['text from the editor', '2026-03-08T01:30:00', '2026-03-08T06:30:00.000Z'],
	['text after the clocks changed', '2026-03-08T03:30:00', '2026-03-08T07:30:00.000Z'],
	['ISO 8601 with a zone', '2026-11-23T10:00:00+01:00', '2026-11-23T09:00:00.000Z'],
	['a Luxon date', '={{ DateTime.fromISO("2026-11-23T10:00:00Z") }}', '2026-11-23T10:00:00.000Z'],
	['a JavaScript date', '={{ new Date(1795428000000) }}', '2026-11-23T10:00:00.000Z'],
	['milliseconds since 1970', '={{ 1795428000000 }}', '2026-11-23T10:00:00.000Z'],
	['seconds since 1970 as text', '={{ "1795428000" }}', '2026-11-23T10:00:00.000Z'],
	['a day', '={{ "2026-11-23" }}', '2026-11-23T05:00:00.000Z'],
])('a date is sent in UTC, given as %s', async (_title, startDate, wanted) => {
	await run('order getAll', { filters: { startDate } }, { timezone: 'America/New_York' });
	expect(getSent()[0].query.startDate).toBe(wanted);
});

test.each(['Pacific', 'GMT+5'])(
	"a date without a time zone is refused if the workflow's time zone is %s",
	async (timezone) => {
		const filters = { startDate: '2026-03-08T01:30:00' };
		const { error } = await run('order getAll', { filters }, { timezone });
		expect(error?.message).toContain(timezone);
		expect(error?.description).toMatch(/^Select another .*Nothing was sent/);
		expect(getSent()).toEqual([]);
	},
);

describe('lists in the editor', () => {
	const search = async (method: string, filter?: string, token?: string) => {
		const context = createLoadOptionsContext({ node, credential: shop.credential });
		return await node.methods.listSearch[method].call(context, filter, token);
	};

	it.each([
		['searchCustomers', 5, /^buyer\d@example\.com · orders: \d · test$/],
		['searchDiscounts', 2, /^(WELCOME10 · 10%|FIVEOFF · 5\.00) · \w+ · test$/],
		[
			'searchMemberships',
			1,
			/^\d{4}-\d\d-\d\d \d\d:\d\d UTC · active · Members club · buyer1@example\.com · test$/,
		],
		['searchOffers', 1, /^Members club · 15\.00 USD · monthly · test$/],
		[
			'searchOrders',
			8,
			/^\d{4}-\d\d-\d\d \d\d:\d\d UTC · \d+\.\d\d USD( · refunded)? · [^·]+ · buyer\d@example\.com · test$/,
		],
		['searchProducts', 3, / · \d+\.\d\d USD · test$/],
		[
			'searchRefunds',
			1,
			/^1\.50 · completed · \d{4}-\d\d-\d\d \d\d:\d\d UTC · requested_by_customer · order [0-9a-f]{24}$/,
		],
		['searchSellables', 4, / · [\d.]+ USD/],
		['searchUpsells', 1, /^Templates with wallpapers · 4\.50 · test$/],
		['searchWebhooks', 1, /^https:\/\/example\.com\/hook · Accounting · events: 1 · test$/],
	])('a list in the editor is searched by label and by ID: %s', async (method, count, label) => {
		const { results, paginationToken } = await search(method);
		expect(results).toHaveLength(count);
		for (const { name } of results) expect(name).toMatch(label);
		// A list by offset does not say where it ends; its next page is then empty.
		if (method !== 'searchCustomers') expect(paginationToken).toBeUndefined();
		const [first] = results;
		expect((await search(method, first.name.toUpperCase())).results).toContainEqual(first);
		expect((await search(method, String(first.value))).results).toEqual([first]);
		expect((await search(method, 'no such thing')).results).toEqual([]);
	});

	it('a list in the editor is read page by page, past pages without a match', async () => {
		await sandbox.purchase({ count: 300, deliver: false, email: 'many{n}@example.com' });
		const first = await search('searchOrders');
		expect(first.results).toHaveLength(100);
		const second = await search('searchOrders', undefined, String(first.paginationToken));
		expect(second.results[0]).not.toEqual(first.results[0]);
		const found = await search('searchOrders', 'buyer3@example.com');
		expect(found.results.length).toBeGreaterThan(0);
	});

	it('a list in the editor distinguishes the orders of one buyer and shows refunds', async () => {
		for (const productId of [...shop.productIds, shop.productIds[0]])
			await sandbox.purchase({ productId, deliver: false, email: 'same@example.com' });
		const getNames = async () =>
			(await search('searchOrders', 'same@example.com')).results.map(({ name }) => name);
		expect(new Set(await getNames())).toHaveProperty('size', 4);
		const [first] = (await search('searchOrders', 'same@example.com')).results;
		await shop.call('refunds.create', undefined, { orderId: String(first.value) });
		const [refunded, other] = await getNames();
		expect(refunded).toMatch(/ USD · refunded · /);
		expect(other).not.toContain('refunded');
	});

	it('the label of an order begins with its date and amount and needs no other list', async () => {
		const before = sandbox.requests.length;
		const [{ name }] = (await search('searchOrders')).results;
		expect(name.slice(0, 30)).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC · \d+\.\d\d/);
		expect(sandbox.requests.slice(before).map(({ path }) => path)).toEqual(['/orders']);
	});

	it('a list in the editor is offered even if a request for its labels fails', async () => {
		sandbox.setSwitches({ faults: [{ method: 'GET', path: '/subscriptions', kind: 'reset' }] });
		try {
			expect((await search('searchMemberships')).results).toHaveLength(1);
		} finally {
			sandbox.setSwitches({ faults: [] });
		}
	});

	it('a list in the editor shows the ID of entries that look alike', async () => {
		for (let count = 0; count < 2; count++)
			await shop.call('products.create', undefined, { name: 'Twin', price: 5, published: false });
		const { results } = await search('searchProducts', 'twin');
		for (const { name, value } of results)
			expect(name).toBe(`Twin · 5.00 USD · not published · test · ${String(value)}`);
		expect(results).toHaveLength(2);
	});

	it('a list in the editor has pages even if Pocketsflow returns all records together', async () => {
		for (let count = 0; count < 120; count++)
			await shop.call('products.create', undefined, { name: `P${count}`, price: 1 });
		const first = await search('searchProducts');
		expect(first).toMatchObject({ paginationToken: '100' });
		expect((await search('searchProducts', undefined, '100')).results).toHaveLength(23);
	});

	it('a list in the editor offers products for a multiple choice', async () => {
		const context = createLoadOptionsContext({ node, credential: shop.credential });
		const options = await node.methods.loadOptions.getProducts.call(context);
		expect(options.map(({ value }) => value).sort()).toEqual([...shop.productIds].sort());
	});

	it('a list in the editor fails with the reason if the API key is wrong', async () => {
		const context = createLoadOptionsContext({
			node,
			credential: { ...shop.credential, apiKey: 'pk_test_wrong' },
		});
		await expect(node.methods.listSearch.searchProducts.call(context)).rejects.toThrow(
			'Invalid API key',
		);
	});
});

describe('an update', () => {
	const update = async (operation: string, id: INodeParameters, updateFields: INodeParameters) => {
		const { error } = await run(`${operation} update`, { ...id, updateFields });
		return { error: error?.message, body: getSent()[0]?.body };
	};

	it.each<[string, (from: StockedSandbox) => INodeParameters, INodeParameters, IDataObject]>([
		[
			'product',
			(from) => ({ productId: byId(from.productIds[0]) }),
			{ description: '' },
			{ description: '' },
		],
		[
			'product',
			(from) => ({ productId: byId(from.productIds[0]) }),
			{ active: false, description: "={{ $json.missing ?? '' }}" },
			{ active: false, description: '' },
		],
		[
			'upsell',
			(from) => ({ upsellId: byId(from.upsellId) }),
			{ offer: '', name: '' },
			{ offer: '', name: '' },
		],
		[
			'discount',
			(from) => ({ discountId: byId(from.discountId) }),
			{ expiration: '' },
			{ expiration: null },
		],
		[
			'webhook',
			(from) => ({ webhookEndpointId: byId(from.webhookId) }),
			{ description: '' },
			{ description: '' },
		],
		['account', () => ({}), { firstName: '', country: '' }, { firstName: '', country: '' }],
	])('an update sends fields that were emptied: %s %#', async (operation, id, fields, body) => {
		await update(operation, id(shop), fields);
		expect(getSent()[0].body).toEqual(body);
	});

	it.each<[string, INodeParameters]>([
		["'Description' has no value", { description: '={{ $json.missing }}' }],
		["'Description' has no value", { name: 'x', description: '={{ null }}' }],
		["'Price' has no value", { name: 'x', price: '={{ $json.missing }}' }],
		["'Active' has no value", { name: 'x', active: '={{ $json.missing }}' }],
		["'Name' cannot be empty", { name: ' ' }],
		["'Currency' cannot be empty", { currency: '' }],
		["'Price' cannot be empty", { price: "={{ '' }}" }],
		["'Update Fields' has no fields to change", {}],
	])('an update is refused before anything is sent: %s', async (message, fields) => {
		const id = { productId: byId(shop.productIds[0]) };
		expect(await update('product', id, fields)).toEqual({ error: message, body: undefined });
	});

	it('an update is refused if one expression replaces all fields, because n8n drops it', async () => {
		const { error } = await run(
			'product update',
			{ productId: byId(shop.productIds[0]), updateFields: '={{ $json.changes }}' },
			{ items: [{ changes: { name: 'New' } }] },
		);
		expect(error?.message).toBe("'Update Fields' has no fields to change");
		expect(getSent()).toEqual([]);
	});

	it.each<[string, string, INodeParameters]>([
		["'Custom Events' needs 'Events'", 'webhook', { customEvents: '' }],
		["'Custom Events' needs 'Events'", 'webhook', { customEvents: 'order.created' }],
		["'Events' cannot be empty", 'webhook', { events: [] }],
		["'Events' cannot be empty", 'webhook', { events: "={{ $json.missing ?? '' }}" }],
		["'Events' cannot be empty", 'webhook', { events: '={{ [] }}', customEvents: 'a.b' }],
		["'Product Names or IDs' cannot be empty", 'discount', { mainProductIds: [] }],
		["'Product Names or IDs' cannot be empty", 'upsell', { mainProductIds: '={{ [] }}' }],
	])(
		'an update never empties a list without a warning: %s of a %s %#',
		async (message, resource, fields) => {
			const ids = {
				webhookEndpointId: byId(shop.webhookId),
				discountId: byId(shop.discountId),
				upsellId: byId(shop.upsellId),
			};
			expect(await update(resource, ids, fields)).toEqual({ error: message, body: undefined });
		},
	);
});

describe('an empty expression', () => {
	const missing = '={{ $json.missing }}';
	it.each<[string, string, INodeParameters]>([
		[
			"'Client Reference ID' has no value",
			'checkoutSession create',
			{ additionalFields: { clientReferenceId: missing } },
		],
		[
			"'Discount Code' has no value",
			'checkoutSession create',
			{ additionalFields: { discountCode: missing } },
		],
		[
			"'Metadata' has no value for 'order_id'",
			'checkoutSession create',
			{ metadata: { entries: [{ key: 'order_id', value: missing }] } },
		],
		[
			"'Metadata' has an entry without a key",
			'checkoutSession create',
			{ metadata: { entries: [{ key: missing, value: missing }] } },
		],
		[
			"'Metadata' has an entry without a key",
			'checkoutSession create',
			{ metadata: { entries: '={{ $json.rows }}' } },
		],
		[
			"'Metadata (JSON)' has no value",
			'checkoutSession create',
			{ metadataInput: 'json', metadataJson: missing },
		],
		[
			"'Metadata (JSON)' has no value for 'order_id'",
			'checkoutSession create',
			{ metadataInput: 'json', metadataJson: '={"order_id": "{{ $json.missing }}"}' },
		],
		[
			"'Metadata (JSON)' has no value for 'order_id'",
			'checkoutSession create',
			{ metadataInput: 'json', metadataJson: '={{ { order_id: $json.missing } }}' },
		],
		[
			"'Metadata (JSON)' has a number that is too large or too precise to be sent exactly: '12345678901234567890'",
			'checkoutSession create',
			{ metadataInput: 'json', metadataJson: '{"order_id": 12345678901234567890}' },
		],
		[
			"'Metadata Input' is empty",
			'checkoutSession create',
			{ metadataInput: missing, metadataJson: '{"a": 1}' },
		],
		["'Product' has no value", 'order getAll', { filters: { productId: byId(missing) } }],
		["'Start Date' has no value", 'order getAll', { filters: { startDate: missing } }],
		[
			"'Product' has no value",
			'discount validate',
			{ code: 'WELCOME10', additionalFields: { productId: byId(missing) } },
		],
		[
			"'Events' is empty",
			'webhook create',
			{ url: 'https://example.com', events: missing, additionalFields: { customEvents: 'a.b' } },
		],
		["'Simplify' has no value", 'order getAll', { simplify: missing }],
	])(
		'an empty expression is refused before anything is sent: %s %#',
		async (message, operation, parameters) => {
			const { error } = await run(operation, { productId: byId('p'), ...links, ...parameters });
			expect(error?.message).toBe(message);
			expect(error?.description).toMatch(/Nothing was sent to Pocketsflow\.$/);
			expect(getSent()).toEqual([]);
		},
	);

	it('an empty expression for the email address does not stop a sale', async () => {
		const { error } = await run('checkoutSession create', {
			productId: byId(shop.productIds[0]),
			...links,
			additionalFields: { customerEmail: missing },
		});
		expect(error?.message).toBeUndefined();
		expect(getSent()[0].body).toEqual({ productId: shop.productIds[0], ...links });
	});

	it('a field is left out if its expression returns empty text', async () => {
		await run('checkoutSession create', {
			productId: byId(shop.productIds[0]),
			...links,
			additionalFields: { discountCode: "={{ $json.code ?? '' }}" },
		});
		expect(getSent()[0].body).not.toHaveProperty('discountCode');
	});
});

describe('a checkout session that cannot be matched to an order', () => {
	const getHints = async (parameters: INodeParameters, items?: IDataObject[]) => {
		const { run: result, error } = await run(
			'checkoutSession create',
			{ productId: byId(shop.productIds[0]), ...links, ...parameters },
			{ items },
		);
		expect(error?.message).toBeUndefined();
		return (result.data.resultData.runData[nodeName][0].hints ?? []).map(({ message }) => message);
	};

	it.each<[string, INodeParameters]>([
		['nothing was set', {}],
		['n8n drops a plain object', { metadata: { order_id: 'A-1' } }],
		['n8n drops a wrong inner name', { metadata: { values: [{ key: 'a', value: 'b' }] } }],
		['n8n drops JSON without the choice of it', { metadataJson: '{"order_id": "A-1"}' }],
	])(
		'a checkout session that cannot be matched gives one hint for the whole run: %s',
		async (_about, parameters) => {
			const hints = await getHints(parameters, [{}, {}, {}]);
			expect(hints).toEqual([
				expect.stringMatching(/you can't match its sale to your order.*JSON/),
			]);
			expect(getSent()).toHaveLength(3);
		},
	);

	it.each<[string, INodeParameters]>([
		['rows', { metadata: { entries: [{ key: 'order_id', value: 'A-1' }] } }],
		['JSON', { metadataInput: 'json', metadataJson: '{"order_id": "A-1"}' }],
		['Client Reference ID', { additionalFields: { clientReferenceId: 'A-1' } }],
	])('a checkout session that can be matched gives no hint: %s', async (_about, parameters) => {
		expect(await getHints(parameters)).toEqual([]);
	});
});

describe('an ID that is a number', () => {
	it.each([
		['customer get', 'customerId'],
		['discount get', 'discountId'],
		['order get', 'orderId'],
		['product get', 'productId'],
		['refund get', 'refundId'],
		['subscription get', 'subscriptionId'],
		['subscriptionOffer get', 'offerId'],
		['upsell get', 'upsellId'],
		['webhook get', 'webhookEndpointId'],
	])('a number is accepted as the ID of %s in every mode', async (operation, name) => {
		for (const mode of ['id', 'list', 'url']) {
			const locator = { __rl: true, mode, value: '={{ $json.order.id }}' };
			await run(operation, { [name]: locator }, { items: [{ order: { id: 1048576 } }] });
			expect(getSent().at(-1)?.path).toMatch(/\/1048576$/);
		}
		await run(operation, { [name]: '={{ $json.id }}' }, { items: [{ id: 1048577 }] });
		expect(getSent().at(-1)?.path).toMatch(/\/1048577$/);
		expect(getSent()).toHaveLength(4);
	});
});

describe("the node as an AI agent's tool", () => {
	const tool = new Pocketsflow();
	// n8n makes a tool of a node under this name.
	tool.description = { ...tool.description, name: 'pocketsflowTool' };
	const runTool = async (parameters: INodeParameters) =>
		(
			await run(
				'product get',
				{ productId: byId(shop.productIds[0]), ...parameters },
				{ node: tool },
			)
		).output[0].json;

	it('an AI tool says in the error message what to do, because a model sees nothing else', async () => {
		const { error } = await run('product get', { productId: byId('missing') }, { node: tool });
		expect(error?.message).toMatch(/^Product not found\. Check the ID\. .* to test mode/);
	});

	it('an AI tool returns a simplified record by default', async () => {
		expect(Object.keys(await runTool({})).length).toBeLessThanOrEqual(10);
		expect(await runTool({ output: 'simple' })).toEqual(await runTool({}));
	});

	it('an AI tool returns the whole record if Simplify is off', async () => {
		expect(await runTool({ simplify: false })).toHaveProperty('userId');
	});

	const missing = '={{ $json.missing }}';
	it.each<[string, string, INodeParameters]>([
		['left out of a list', 'order getAll', { filters: { startDate: missing } }],
		['that are null', 'order getAll', { filters: { startDate: '={{ null }}' } }],
		['such as the limit', 'order getAll', { returnAll: missing, limit: missing }],
		['of a locator', 'order getAll', { filters: { productId: byId(missing) } }],
		['of an update', 'account update', { updateFields: { firstName: 'Ana', lastName: missing } }],
	])('an AI tool leaves out optional arguments %s', async (_about, operation, parameters) => {
		const { error } = await run(operation, parameters, { node: tool });
		expect(error?.message).toBeUndefined();
		const [{ query, body }] = getSent();
		const page = { page: '1', pageSize: '50' };
		expect({ query, body }).toEqual(
			operation.startsWith('order') ? { query: page } : { query: {}, body: { firstName: 'Ana' } },
		);
	});

	it('an AI tool never refunds in full because the extent was left out', async () => {
		const { error } = await run(
			'refund create',
			{ orderId: byId(shop.orderIds[0]), refundExtent: missing, amount: missing },
			{ node: tool },
		);
		expect(error?.message).toMatch(/^'Refund' is empty/);
		expect(getSent()).toEqual([]);
	});
});
