import type { IDataObject, INodeParameters } from 'n8n-workflow';
import type { IncomingMessage } from 'node:http';

import { runOperation, findOperation } from '../../nodes/Pocketsflow/actions/execute';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import { sign } from '../../nodes/Pocketsflow/events/signature';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { createExecuteContext, runNode, type NodeSetup } from '../harness/engine/context';
import { json, startFaultServer, type Behavior, type FaultServer } from './transport/faultServer';

const node = new Pocketsflow();
const liveKey = 'pk_live_tenantOne0123456789';
const testKey = 'pk_test_tenantTwo0123456789';
const tenants = [{ key: liveKey }, { key: testKey }];

let server: FaultServer;
let answer: Behavior = json(201, { _id: 'p1' });

beforeEach(async () => {
	answer = json(201, { _id: 'p1' });
	server = await startFaultServer((request, response) => answer(request, response));
});
afterEach(async () => await server.close());

const build = (operation: string, parameters: INodeParameters, more: Partial<NodeSetup> = {}) => {
	const [resource, name] = operation.split(' ');
	return {
		node,
		parameters: { resource, operation: name, ...parameters },
		credential: {
			apiKey: '={{ $json.key }}',
			baseUrl: server.url,
			webhookSigningSecret: '={{ $json.secret }}',
		},
		items: tenants,
		...more,
	};
};

const product: INodeParameters = { name: 'Ebook', price: 9 };
/** The tenant of a request. Not its key, which the nodes remove from every response. */
const nameTenant = ({ headers }: IncomingMessage) =>
	headers.authorization === `Bearer ${liveKey}` ? 'live' : 'test';

const sentKeys = () => server.received.map(({ key }) => key?.replace('Bearer ', '')).sort();

test('Each item is sent with the key that the expression in the credential gives for it', async () => {
	const { error } = await runNode(build('product create', product));
	expect(error).toBeUndefined();
	expect(sentKeys()).toEqual([liveKey, testKey]);
});

test('Every page of a list is read with the key of its item', async () => {
	answer = (request, response) => {
		const page = new URL(request.url ?? '', server.url).searchParams.get('page');
		const orders = [{ _id: `${nameTenant(request)}-${page}` }];
		json(200, { orders, pagination: { hasMore: page === '1' } })(request, response);
	};
	const { output } = await runNode(build('order getAll', { returnAll: true, simplify: false }));
	expect(output.map(({ json: { _id }, pairedItem }) => [_id, pairedItem])).toEqual([
		['live-1', { item: 0 }],
		['live-2', { item: 0 }],
		['test-1', { item: 1 }],
		['test-2', { item: 1 }],
	]);
});

test('An error names the mode of the key of its item', async () => {
	answer = json(401, { error: 'Unknown key' });
	const { output } = await runNode(
		build('product create', product, { onError: 'continueRegularOutput' }),
	);
	expect(
		output.map(({ json: { error } }) => /it is a (\w+)-mode key/.exec(String(error))?.[1]),
	).toEqual(['live', 'test']);
});

test('Nothing is sent if the expression gives one item no key', async () => {
	const items = [{ key: liveKey }, { other: 1 }];
	const { error } = await runNode(build('product create', product, { items }));
	expect(error?.message).toBe(
		`The 'API Key' in the credential "Pocketsflow account" is not a Pocketsflow key [item 1]`,
	);
	expect(server.received).toEqual([]);
});

test('An item without a key fails alone if the node continues on errors', async () => {
	const items: IDataObject[] = [{ other: 1 }, { key: testKey }];
	const { output } = await runNode(
		build('product create', product, { items, onError: 'continueRegularOutput' }),
	);
	expect(output[0].json.error).toMatch(/is not a Pocketsflow key\. .* \[item 0\]$/);
	expect(output[1].json).toMatchObject({ _id: 'p1' });
	expect(sentKeys()).toEqual([testKey]);
});

test('A rate limit of one key does not pause the items of another', async () => {
	answer = (request, response) =>
		request.headers.authorization === `Bearer ${liveKey}`
			? json(429, {}, { 'retry-after': '3600' })(request, response)
			: json(201, { _id: 'p1' })(request, response);
	const { output } = await runNode(
		build('product create', product, { onError: 'continueRegularOutput' }),
	);
	expect(output[0].json.error).toMatch(
		/^Too many requests\. Pocketsflow asked n8n to wait 60 minutes/,
	);
	expect(output[1].json).toMatchObject({ _id: 'p1' });
});

test('Retry On Fail sends what failed with the key of its item, and nothing twice', async () => {
	let failures = 0;
	answer = (request, response) =>
		request.headers.authorization === `Bearer ${testKey}` && failures++ === 0
			? json(422, { error: 'Not yet' })(request, response)
			: json(201, { _id: 'p1' })(request, response);
	const { error } = await runNode(build('product create', product, { maxTries: 3 }));
	expect(error).toBeUndefined();
	expect(sentKeys()).toEqual([liveKey, testKey, testKey]);
});

test('Verify Delivery checks each delivery with the secret and the account of its item', async () => {
	answer = (request, response) =>
		json(200, { userId: `account of ${nameTenant(request)}`, email: 'a@b.example' })(
			request,
			response,
		);
	const body = JSON.stringify({ customer: { email: 'buyer@example.org' }, createdAt: 'now' });
	const items = tenants.map((tenant, index) => ({
		...tenant,
		secret: `whsec_${index}`,
		body,
		headers: {
			'x-pocketsflow-signature': sign(Buffer.from(body), `whsec_${index}`),
			'x-pocketsflow-event': 'customer.created',
			'x-pocketsflow-timestamp': '1790000000000',
		},
	}));
	const setup = build(
		'webhook verifyDelivery',
		{ bodyFrom: 'text', body: '={{ $json.body }}', headers: '={{ $json.headers }}' },
		{ items },
	);
	const { output, error } = await runNode(setup);
	expect(error).toBeUndefined();
	expect(output.map(({ json: { testMode } }) => testMode)).toEqual([false, true]);
	expect(sentKeys()).toEqual([liveKey, testKey]);
	expect(output[0].json.eventId).not.toBe(output[1].json.eventId);
	const [first] = items;
	const wrong = await runNode({ ...setup, items: [{ ...first, secret: 'whsec_1' }] });
	expect(wrong.error?.message).toBe('The signature of this delivery is invalid');
});

test('The credential is read once for each item, however many requests it needs', async () => {
	answer = (request, response) => {
		const page = Number(new URL(request.url ?? '', server.url).searchParams.get('page'));
		const body = { orders: [{ _id: String(page) }], pagination: { hasMore: page < 5 } };
		json(200, body)(request, response);
	};
	const context = createExecuteContext(build('order getAll', { returnAll: true, simplify: false }));
	const reads = jest.spyOn(context, 'getCredentials');
	await runOperation(context, findOperation(context, resources), false);
	expect(reads.mock.calls.map(([, itemIndex]) => itemIndex)).toEqual([0, 1]);
	expect(server.received).toHaveLength(10);
});
