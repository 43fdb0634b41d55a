import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';

import axios from 'axios';

import { buy } from '../../demo/example-workflows';
import type { Execution, StoredWorkflow, Workflow } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { startPostgres, type Postgres } from '../harness/servers/postgres';
import { pollOften } from '../harness/n8n/workflows';
import { until } from '../harness/until';
import { setUpShop, shop } from './exampleShop';
import { type ExampleOptions, type RunningExample, withoutPolling } from './runningExample';

interface ShopOrder {
	id: string;
	amount: number;
	currency: string;
	status: string;
	pocketsflow_event_id?: string;
	pocketsflow_product_id?: string;
}

/** A shop with a REST interface: reads an order, marks it as paid. */
class RestShop {
	readonly orders = new Map<string, ShopOrder>();
	/** The orders in the order in which they were marked as paid. */
	readonly marks: string[] = [];
	isDown = false;

	private readonly server: Server = createServer(async (request, response) => {
		const body = await readText(request);
		const [, id, action] = /^\/orders\/([^/]+)(\/paid)?$/.exec(request.url ?? '') ?? [];
		const order = this.orders.get(decodeURIComponent(id ?? ''));
		const status = this.isDown ? 503 : order ? 200 : 404;
		if (status === 200 && order && action && request.method === 'PUT') {
			const { eventId } = JSON.parse(body) as { eventId: string };
			Object.assign(order, { status: 'paid', pocketsflow_event_id: eventId });
			this.marks.push(order.id);
		}
		response.writeHead(status, { 'content-type': 'application/json' });
		response.end(JSON.stringify(status === 200 ? order : { message: `Status ${status}` }));
	});

	async open(): Promise<this> {
		await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
		return this;
	}

	get url(): string {
		return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
	}

	add(id: string, amount: number, more: Partial<ShopOrder> = {}): void {
		this.orders.set(id, { id, amount, currency: 'usd', status: 'open', ...more });
	}

	close(): void {
		this.server.closeAllConnections();
		this.server.close();
	}
}

let restShop: RestShop;
let product: { _id: string; price: number };
let current: RunningExample | undefined;

setUpShop({ seed: 'test' });

beforeAll(async () => {
	restShop = await new RestShop().open();
	const { data } =
		await shop.environment.api.get<Array<{ _id: string; price: number }>>('/products');
	product = data[0];
});

afterAll(() => restShop?.close());

const nodesOfPlatforms = {
	rest: / by REST$/,
	postgres: / in PostgreSQL$/,
	sheet: / in sheet$/,
};
type Platform = keyof typeof nodesOfPlatforms;

/** Activates the nodes of a platform, as the note in the workflow says. */
const activateNodes = (workflow: Workflow, platform: Platform): Workflow => ({
	...workflow,
	nodes: workflow.nodes.map((node) =>
		nodesOfPlatforms[platform].test(node.name) ? { ...node, disabled: false } : node,
	),
});

/** Imports the example for one kind of platform, in the place of the one before. */
async function publish(
	platform: Platform,
	{ change = withoutPolling, credentials = {} }: ExampleOptions = {},
): Promise<StoredWorkflow> {
	await current?.close();
	current = await shop.openExample('any-platform', {
		values: { platform, shopUrl: restShop.url, productId: product._id },
		credentials,
		change: (workflow) => change(activateNodes(workflow, platform)),
	});
	return current.workflow;
}

const getPayUrl = (workflow: StoredWorkflow, order: string) =>
	`${shop.environment.client.webhookUrl(workflow, 'Buyer wants to pay')}?order=${order}`;

const open = async (workflow: StoredWorkflow, order: string) =>
	await axios.get<string>(getPayUrl(workflow, order), {
		proxy: false,
		maxRedirects: 0,
		validateStatus: () => true,
	});

/** The execution that the next event starts. */
async function waitForEvent(
	workflow: StoredWorkflow,
	act: () => Promise<unknown>,
): Promise<Execution> {
	const { client } = shop.environment;
	const before = new Set((await client.executions(workflow.id)).map(({ id }) => id));
	await act();
	return await client.waitForExecution(
		workflow.id,
		(execution) => !before.has(execution.id) && execution.items('Pocketsflow Trigger').length > 0,
	);
}

const purchase = async (metadata: Record<string, string>) =>
	await shop.environment.sandbox.purchase({
		productId: product._id,
		metadata,
		email: 'ana@example.com',
	});

describe('a platform with a REST interface', () => {
	let workflow: StoredWorkflow;

	beforeAll(async () => {
		workflow = await publish('rest');
	});

	test('a buyer is sent to the checkout page, pays, and the order is marked', async () => {
		restShop.add('R-1', product.price);
		const paid = await waitForEvent(workflow, async () => {
			await buy(getPayUrl(workflow, 'R-1'), 'ana@example.com').catch(() => undefined);
		});
		expect(paid.status).toBe('success');
		const { eventId } = paid.items('Pocketsflow Trigger')[0];
		expect(restShop.orders.get('R-1')).toMatchObject({
			status: 'paid',
			pocketsflow_event_id: eventId,
		});
		expect(restShop.marks).toEqual(['R-1']);
	});

	test('a second payment for an order is reported and changes nothing', async () => {
		const { status, error } = await waitForEvent(workflow, () => purchase({ order_id: 'R-1' }));
		expect(status).toBe('error');
		expect(error?.message).toMatch(
			/^Order R-1 was already paid \(order\.completed:\w+\), and ana@example\.com paid for it again/,
		);
		expect(restShop.marks).toEqual(['R-1']);
	});

	test('a delivery that comes twice marks its order with the same event', async () => {
		const { client, sandbox } = shop.environment;
		restShop.add('R-5', product.price);
		const before = (await client.executions(workflow.id)).length;
		sandbox.setSwitches({ duplicateRate: 1 });
		await purchase({ order_id: 'R-5' });
		await sandbox.waitForDeliveries();
		sandbox.setSwitches({ duplicateRate: 0 });
		const [first, second] = await until('both executions', async () => {
			const { length } = await client.executions(workflow.id);
			await client.waitUntilIdle(workflow.id);
			return length === before + 2 && (await client.executions(workflow.id));
		});
		expect([first.status, second.status]).toEqual(['success', 'success']);
		expect(restShop.orders.get('R-5')?.status).toBe('paid');
	});

	test.each([
		['an order that is not known', 'R-404'],
		['an order that is paid', 'R-1'],
		['no order', ''],
	])('says that %s cannot be paid, and creates no session', async (_, order) => {
		const before = shop.environment.sandbox.requests.length;
		const answer = await open(workflow, order);
		expect(answer.status).toBe(404);
		expect(answer.data).toContain('You cannot pay for this order');
		expect(shop.environment.sandbox.requests.slice(before)).toEqual([]);
	});

	test('does not mark an order for which something else was paid, and says so', async () => {
		restShop.add('R-2', product.price + 10);
		const { status, error } = await waitForEvent(workflow, () => purchase({ order_id: 'R-2' }));
		expect(status).toBe('error');
		expect(error?.message).toMatch(/^Order R-2 is not marked as paid: it costs/);
		restShop.add('R-3', product.price, { currency: 'eur' });
		const other = await waitForEvent(workflow, () => purchase({ order_id: 'R-3' }));
		expect(other.error?.message).toMatch(/^Order R-3 is not marked as paid/);
		expect(restShop.orders.get('R-2')?.status).toBe('open');
		expect(restShop.orders.get('R-3')?.status).toBe('open');
	});

	test.each<[string, Record<string, string>, string]>([
		['an order ID that the platform does not know', { order_id: 'R-405' }, 'order R-405 could not'],
		['no order ID', {}, 'it has no order ID of yours'],
	])('names a sale with %s', async (_, metadata, reason) => {
		const { status, error } = await waitForEvent(workflow, () => purchase(metadata));
		expect(status).toBe('error');
		expect(error?.message).toMatch(/^The sale order\.completed:\w+ to ana@example\.com is not/);
		expect(error?.message).toContain(reason);
	});

	test('fails visibly while the platform is down, for a sale and for a buyer', async () => {
		restShop.add('R-4', product.price);
		restShop.isDown = true;
		const [sale, answer] = await Promise.all([
			waitForEvent(workflow, () => purchase({ order_id: 'R-4' })),
			open(workflow, 'R-4'),
		]);
		restShop.isDown = false;
		expect(sale.status).toBe('error');
		expect(sale.error?.message).toContain('order R-4 could not be found');
		expect(restShop.orders.get('R-4')?.status).toBe('open');
		expect(answer.status).toBe(503);
		expect(answer.data).toContain('Please try again');
		const visit = await shop.environment.client.waitForExecution(
			workflow.id,
			(execution) => execution.items('Buyer wants to pay').length > 0,
		);
		expect(visit.error?.message).toMatch(/^A buyer could not pay for order R-4: /);
	});

	test('an unknown product is reported to the buyer and in the execution', async () => {
		restShop.add('R-6', product.price, { pocketsflow_product_id: '6a50000000000000000fffff' });
		const answer = await open(workflow, 'R-6');
		expect(answer.data).not.toContain('Error in workflow');
		expect(answer.data).toContain('Nothing was charged');
		expect([404, 503]).toContain(answer.status);
	});
});

describe('a platform with a PostgreSQL database', () => {
	let postgres: Postgres;
	let workflow: StoredWorkflow;

	beforeAll(async () => {
		postgres = await startPostgres();
		await postgres.query(
			'CREATE TABLE orders (id text PRIMARY KEY, amount numeric, currency text, status text, pocketsflow_product_id text, pocketsflow_event_id text, paid_at timestamptz)',
		);
		const { port, user, password, database } = postgres;
		const login = { host: '127.0.0.1', port, user, password, database, ssl: 'disable' };
		workflow = await publish('postgres', { credentials: { postgres: login } });
	}, installationTimeoutMs);

	afterAll(async () => await postgres?.stop());

	test('marks the row of the order that was paid, once', async () => {
		await postgres.query(
			`INSERT INTO orders VALUES ('P-1', ${product.price}, 'usd', 'open', '${product._id}')`,
		);
		const paid = await waitForEvent(workflow, async () => {
			await buy(getPayUrl(workflow, 'P-1'), 'ana@example.com').catch(() => undefined);
		});
		expect(paid.status).toBe('success');
		const eventId = String(paid.items('Pocketsflow Trigger')[0].eventId);
		const readRow = async () =>
			await postgres.query('SELECT id, status, pocketsflow_event_id FROM orders');
		expect(await readRow()).toEqual([`P-1|paid|${eventId}`]);
		const again = await waitForEvent(workflow, () => purchase({ order_id: 'P-1' }));
		expect(again.error?.message).toMatch(/^Order P-1 was already paid/);
		expect(await readRow()).toEqual([`P-1|paid|${eventId}`]);
	});

	test('reports one of two payments that arrive at the same moment', async () => {
		const { client, sandbox } = shop.environment;
		await postgres.query(
			`INSERT INTO orders VALUES ('P-9', ${product.price}, 'usd', 'open', '${product._id}')`,
		);
		const before = new Set((await client.executions(workflow.id)).map(({ id }) => id));
		// Both runs read the open order, and both wait to mark it.
		const lock = postgres.query(
			"BEGIN; SELECT id FROM orders WHERE id = 'P-9' FOR UPDATE; SELECT pg_sleep(4); COMMIT",
		);
		await Promise.all([purchase({ order_id: 'P-9' }), purchase({ order_id: 'P-9' })]);
		await sandbox.waitForDeliveries();
		await lock;
		await client.waitUntilIdle(workflow.id);
		const ran = (await client.executions(workflow.id)).filter(({ id }) => !before.has(id));
		const messages = await Promise.all(
			ran.map(async ({ id }) => (await client.execution(id)).error?.message ?? ''),
		);
		expect(messages.sort()).toEqual([
			'',
			expect.stringMatching(/^Order P-9 was paid .* another payment marked it at the same moment/),
		]);
	});

	test('an order ID with a quote stays a value', async () => {
		const { error } = await waitForEvent(workflow, () => purchase({ order_id: "P-1' OR '1'='1" }));
		expect(error?.message).toContain("order P-1' OR '1'='1 could not be found");
	});

	test('names a sale whose order the database does not have', async () => {
		const { status, error } = await waitForEvent(workflow, () => purchase({ order_id: 'P-2' }));
		expect(status).toBe('error');
		expect(error?.message).toContain('order P-2 could not be found');
	});

	// The last one: the database does not come back.
	test('fails visibly while the database is down, for a sale and for a buyer', async () => {
		await postgres.stop();
		const sale = await waitForEvent(workflow, () => purchase({ order_id: 'P-3' }));
		expect(sale.status).toBe('error');
		expect(sale.error?.message).toMatch(/order P-3 could not be found on your platform\. ./);
		const answer = await open(workflow, 'P-3');
		expect(answer.status).toBe(503);
		expect(answer.data).toContain('Please try again');
	});
});

/**
 * The address of Google Sheets cannot be set: nodes of the same names that read and mark in the REST shop
 * stand in for its two nodes. What is tested is the way through the workflow, not the sheet.
 */
function replaceSheets(workflow: Workflow): Workflow {
	const standIns = new Map(
		workflow.nodes
			.filter(({ name }) => nodesOfPlatforms.rest.test(name))
			.map((node) => [node.name.replace(' by REST', ' in sheet'), node]),
	);
	const nodes = workflow.nodes.map((node) => {
		const { type, typeVersion, parameters } = standIns.get(node.name) ?? node;
		return { ...node, type, typeVersion, parameters };
	});
	return withoutPolling({ ...workflow, nodes });
}

test('a platform that is a sheet takes its own way through the workflow', async () => {
	const workflow = await publish('sheet', { change: replaceSheets });
	restShop.add('S-1', product.price);
	const execution = await waitForEvent(workflow, () => purchase({ order_id: 'S-1' }));
	expect(execution.status).toBe('success');
	expect(execution.items('Find in sheet')).toMatchObject([{ id: 'S-1' }]);
	expect(execution.items('Mark in sheet')).toHaveLength(1);
	expect(restShop.orders.get('S-1')?.status).toBe('paid');
	restShop.isDown = true;
	const answer = await open(workflow, 'S-1');
	restShop.isDown = false;
	expect(answer.status).toBe(503);
});

test('a sale is reported if the node that marks it is inactive', async () => {
	const deactivateMark = (workflow: Workflow): Workflow => ({
		...workflow,
		nodes: workflow.nodes.map((node) =>
			node.name === 'Mark by REST' ? { ...node, disabled: true } : node,
		),
	});
	const change = (workflow: Workflow) => withoutPolling(deactivateMark(workflow));
	const workflow = await publish('rest', { change });
	restShop.add('R-7', product.price);
	const { status, error } = await waitForEvent(workflow, () => purchase({ order_id: 'R-7' }));
	expect(status).toBe('error');
	expect(error?.message).toMatch(/^Order R-7 was paid .* but no node marked it as paid/);
});

test('a sale whose event was lost is marked by the polling trigger, once', async () => {
	const workflow = await publish('rest', { change: pollOften });
	restShop.add('R-8', product.price);
	shop.loseDeliveries();
	await purchase({ order_id: 'R-8' });
	const isPaid = () => restShop.orders.get('R-8')?.status === 'paid';
	await until('the order to be paid', isPaid, { withinMs: 100_000 });
	await shop.environment.client.waitUntilIdle(workflow.id);
	expect(restShop.marks.filter((id) => id === 'R-8')).toHaveLength(1);
});
