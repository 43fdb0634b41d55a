import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { isRecord } from '../../nodes/Pocketsflow/api/responses';
import { buildSimplifiedOutput } from '../../nodes/Pocketsflow/events/output';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import {
	toMembershipPayload,
	toOrderPayload,
	toRefundPayload,
} from '../../nodes/Pocketsflow/polling/payloads';
import type { Sandbox } from '../../sandbox/sandbox';
import { startReceiver, type Receiver } from '../contract/receiver';
import { runNode } from '../harness/engine/context';
import { until } from '../harness/until';
import { byId } from './operations';
import { openSandbox, stockSandbox, type StockedSandbox } from './stockedSandbox';

const page = readFileSync(join(__dirname, '../../docs/fields.md'), 'utf8');
const node = new Pocketsflow();
const envelope = {
	event: 'e',
	eventId: 'e:1',
	testMode: true,
	sentAt: '2026-11-23T00:00:00.000Z',
	deliveredAt: '2026-11-23T00:00:00.000Z',
};

interface Row {
	value: string;
	trigger: string;
	sent: string;
	record: string;
	note: string;
}

/** The rows of the table below a heading. */
function readTable(heading: string): Row[] {
	const section = page.split(`\n## ${heading}`)[1].split('\n## ')[0];
	return section
		.split('\n')
		.filter((line) => line.startsWith('| ') && !/^\| (-|Value)/.test(line))
		.map((line) => {
			const [value, trigger, sent, record, note] = line
				.split('|')
				.slice(1)
				.map((cell) => cell.trim());
			return { value, trigger, sent, record, note };
		});
}

/** What stands at the path of a cell; undefined for a cell that names none. */
function getAt(cell: string, from: IDataObject): unknown {
	const path = /`([^`]+)`/.exec(cell)?.[1];
	return path
		?.split('.')
		.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), from);
}

const isNamed = (cell: string) => cell.includes('`');
const normalize = (value: unknown) => JSON.stringify(value)?.toLowerCase();

let sandbox: Sandbox;
let shop: StockedSandbox;
let receiver: Receiver;

beforeAll(async () => {
	sandbox = await openSandbox();
	receiver = await startReceiver();
	shop = await stockSandbox(sandbox);
	sandbox.setSwitches({ allowLoopbackWebhooks: true, orderRefunded: 'withRefund' });
	const events = ['order.completed', 'order.refunded', 'customer.subscription.created'];
	await shop.call('webhooks.create', undefined, {
		url: receiver.url,
		events: [...events, 'invoice.payment_succeeded'],
	});
	const buyer = {
		email: 'mira@example.org',
		firstName: 'Mira',
		lastName: 'Holm',
		clientReferenceId: 'cart-12',
		metadata: { order_id: 'A-1001' },
		taxRate: 0.1,
	};
	const sale = { productId: shop.productIds[0], ...buyer, wait: true };
	const { orderIds } = await sandbox.purchase(sale);
	await shop.call('refunds.create', undefined, {
		orderId: orderIds[0],
		amount: 1,
		reason: 'requested_by_customer',
	});
	await sandbox.purchase({ offerId: shop.offerId, ...buyer, wait: true });
	await until('four deliveries', () => receiver.received.length >= 4);
});
afterAll(async () => {
	await receiver.close();
	await sandbox.close();
});

const getBody = (event: string) =>
	receiver.received.find(({ headers }) => headers['x-pocketsflow-event'] === event)
		?.body as IDataObject;

async function read(operation: string, parameters: INodeParameters): Promise<IDataObject[]> {
	const [resource, name] = operation.split(' ');
	const { credential } = shop;
	const all = { resource, operation: name, ...parameters };
	return (await runNode({ node, credential, parameters: all })).output.map(({ json }) => json);
}

/** Both forms of what the action node outputs: with Simplify on and off. */
async function readBoth(
	operation: string,
	parameters: INodeParameters,
	find = (records: IDataObject[]) => records[0],
) {
	return {
		simple: find(await read(operation, parameters)),
		raw: find(await read(operation, { ...parameters, simplify: false })),
	};
}

interface Sources {
	sent: IDataObject;
	polled?: IDataObject;
	record: { simple: IDataObject; raw: IDataObject };
}

function checkRow(row: Row, { sent, polled, record }: Sources): void {
	const fromRecord = row.record.includes('(raw)') ? record.raw : record.simple;
	const trigger = buildSimplifiedOutput(envelope, sent);
	const isPolledOnly = row.note.includes('polling trigger only');
	const found = [
		...(isNamed(row.trigger) && !isPolledOnly ? [getAt(row.trigger, trigger)] : []),
		...(isNamed(row.trigger) && isPolledOnly && polled
			? [getAt(row.trigger, buildSimplifiedOutput(envelope, polled))]
			: []),
		...(isNamed(row.sent) ? [getAt(row.sent, sent)] : []),
		...(isNamed(row.record) ? [getAt(row.record, fromRecord)] : []),
	];
	expect(found.length).toBeGreaterThan(0);
	expect([row.value, found.includes(undefined)]).toEqual([row.value, false]);
	// Each has its own time, and a refund has other statuses in a delivery.
	if (row.value === 'time') return;
	expect([row.value, new Set(found.map(normalize)).size]).toEqual([row.value, 1]);
}

test('A sale has its fields at the paths that the page gives', async () => {
	const sent = getBody('order.completed');
	const orderId = String((sent.order as IDataObject).id);
	const record = await readBoth('order get', { orderId: byId(orderId) });
	const polled = toOrderPayload(record.raw);
	for (const row of readTable('A sale')) checkRow(row, { sent, polled, record });
	expect(getAt('`product.name`', buildSimplifiedOutput(envelope, sent))).toBeUndefined();
});

test('A refund has its fields at the paths that the page gives', async () => {
	const sent = getBody('order.refunded');
	const refundId = String((sent.refund as IDataObject).id);
	const record = await readBoth('refund get', { refundId: byId(refundId) });
	const polled = toRefundPayload(record.raw, {});
	for (const row of readTable('A refund')) checkRow(row, { sent, polled, record });
});

test('A subscription has its fields at the paths that the page gives', async () => {
	const sent = getBody('customer.subscription.created');
	const subscriptionId = byId(String(sent.subscriptionCustomerId));
	const record = await readBoth('subscription get', { subscriptionId });
	const polled = toMembershipPayload(record.raw);
	for (const row of readTable('A subscription')) checkRow(row, { sent, polled, record });
});

test('A charge has its fields at the paths and in the units that the page gives', async () => {
	const sent = getBody('invoice.payment_succeeded');
	const record = await readBoth('payment getAll', { filters: { type: 'subscription' } });
	for (const row of readTable('A charge')) checkRow(row, { sent, record });
	expect(sent.amount).toBe(Number(record.simple.amount) * 100);
});
