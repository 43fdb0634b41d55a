import type { IDataObject } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Sandbox } from '../../sandbox/sandbox';
import { runNode } from '../harness/engine/context';
import { byId } from './operations';
import { openSandbox, stockSandbox, type StockedSandbox } from './stockedSandbox';
import { json, withFaultServer, type Behavior } from './transport/faultServer';

const node = new Pocketsflow();
const unknownId = '6affffffffffffffffffffff';

let sandbox: Sandbox;
let shop: StockedSandbox;
let before = 0;

beforeAll(async () => (sandbox = await openSandbox()));
beforeEach(async () => {
	shop = await stockSandbox(sandbox);
	before = sandbox.requests.length;
});
afterAll(async () => await sandbox.close());

const getSent = () => sandbox.requests.slice(before).map(({ method, path }) => `${method} ${path}`);

const getStatus = async () => (await shop.call('memberships.get', shop.membershipId)).status;

async function run(
	operation: 'cancel' | 'refund',
	id: string,
	{ items, mode = 'id', credential = shop.credential }: Partial<RunOptions> = {},
) {
	const subscriptionId = { ...byId(id), mode };
	const parameters = { resource: 'subscription', operation, subscriptionId };
	return await runNode({ node, credential, parameters, items });
}

interface RunOptions {
	items: IDataObject[];
	mode: string;
	credential: { apiKey: string; baseUrl: string };
}

describe.each(['cancel', 'refund'] as const)('the ID that events give: %s', (operation) => {
	const getPost = (id: string) => `POST /orders/subscriptions/${operation}/${id}`;

	it('is taken, and the ID of the payment provider is looked up', async () => {
		const items = [{ subscriptionCustomerId: shop.membershipId }];
		const { output, error } = await run(operation, '={{ $json.subscriptionCustomerId }}', {
			items,
		});
		expect(error).toBeUndefined();
		expect(output[0].json).toMatchObject({
			id: shop.membershipId,
			message: expect.stringMatching(/success/),
		});
		expect(getSent()).toEqual([
			`GET /orders/subscriptions/${shop.membershipId}`,
			getPost(shop.providerId),
		]);
		if (operation === 'cancel') expect(await getStatus()).toBe('canceled');
	});

	it.each(['id', 'url', 'list'])('is found in the portal link, in the mode %s', async (mode) => {
		const link = `https://app.pocketsflow.com/portal/${shop.offerId}/${shop.membershipId}`;
		const { error } = await run(operation, link, { mode });
		expect(error).toBeUndefined();
		expect(getSent().at(-1)).toBe(getPost(shop.providerId));
	});

	it('our ID is not needed if the ID of the payment provider is given', async () => {
		const { output } = await run(operation, shop.providerId);
		expect(output[0].json.id).toBe(shop.providerId);
		expect(getSent()).toEqual([getPost(shop.providerId)]);
	});

	it('the ID of the offer is recognized and refused', async () => {
		const { error } = await run(operation, shop.offerId);
		expect(error?.message).toBe(
			`'Subscription' is '${shop.offerId}', but no buyer's subscription has this ID`,
		);
		expect(error?.description).toMatch(
			/^This is the ID of the offer 'Members club', which many buyers share\. Use .*subscriptionCustomerId in events.* or .*stripeSubscriptionId.*Nothing was canceled or refunded\.$/,
		);
		expect(getSent().filter((request) => request.startsWith('POST'))).toEqual([]);
		expect(await getStatus()).toBe('active');
	});

	it.each([unknownId, 'mem_4Zq'])(
		'that nobody has is refused, and nothing done: %s',
		async (id) => {
			const { error } = await run(operation, id);
			expect(error?.message).toBe(
				`'Subscription' is '${id}', but no buyer's subscription has this ID`,
			);
			expect(error?.description).toMatch(/^Use the subscription's own ID.*the mode of the API key/);
			expect(getSent().filter((request) => request.includes(operation))).toEqual([]);
			expect(await getStatus()).toBe('active');
		},
	);

	it('our ID is sent unchanged if the payment provider has none', async () => {
		sandbox.setSwitches({ stripeSubscriptionIds: false, acceptMembershipId: true });
		const { error } = await run(operation, shop.membershipId);
		expect(error).toBeUndefined();
		expect(getSent().at(-1)).toBe(getPost(shop.membershipId));
	});

	it('the ID is not blamed if Pocketsflow does not accept it', async () => {
		sandbox.setSwitches({ stripeSubscriptionIds: false });
		const { error } = await run(operation, shop.membershipId);
		expect(error?.message).toBe('Subscription not found.');
		expect(error?.description).toMatch(
			new RegExp(
				`^Pocketsflow found the subscription ${shop.membershipId} but did not accept this ID, and the subscription has no payment provider ID`,
			),
		);
		expect(error?.description).not.toMatch(/must belong to this account/);
	});
});

test('An unknown ID of the payment provider is refused by Pocketsflow, and both kinds are named', async () => {
	const { error } = await run('cancel', 'sub_unknown');
	expect(error?.message).toBe('Subscription not found.');
	expect(error?.description).toMatch(/subscriptionCustomerId.*stripeSubscriptionId/);
});

test('An ID of the payment provider without the usual prefix is found in the list', async () => {
	const listed = [
		{ _id: 'm1', stripeSubscriptionId: 'mem_1' },
		{ _id: 'm2', stripeSubscriptionId: 'mem_2' },
	];
	const answers = [json(200, { subscriptions: listed }), json(200, { message: 'Done' })];
	await withFaultServer(answers, async ({ url, received }) => {
		const credential = { apiKey: 'pk_test_ids', baseUrl: url };
		const { error } = await run('cancel', 'mem_2', { credential });
		expect(error).toBeUndefined();
		expect(received.map(({ url: path }) => path)).toEqual([
			'/orders/subscriptions',
			'/orders/subscriptions/cancel/mem_2',
		]);
	});
});

test.each(['I-BW452GLLEP1G', 'mem_2', '1048576', '9007199254740993'])(
	'The ID %s is found although Pocketsflow answers 400, 422 or 500 for IDs that are not its own',
	async (id) => {
		const listed = [{ _id: '6a41'.repeat(6), stripeSubscriptionId: id }];
		const pickyApi: Behavior = (request, response) => {
			const isList = request.method === 'POST' && request.url === '/orders/subscriptions';
			const isEnd = request.url?.startsWith('/orders/subscriptions/refund/');
			const status = isList || isEnd ? 200 : id.startsWith('I') ? 400 : 500;
			json(status, isList ? listed : { message: 'Done' })(request, response);
		};
		await withFaultServer(pickyApi, async ({ url, received }) => {
			const credential = { apiKey: `pk_test_${id}`, baseUrl: url };
			const { error } = await run('refund', id, { credential });
			expect(error).toBeUndefined();
			expect(received.at(-1)?.url).toBe(`/orders/subscriptions/refund/${id}`);
		});
	},
);

test('An unknown ID is still named if the offers cannot be read', async () => {
	const answers = [json(200, []), json(400, { error: 'Bad ID' })];
	await withFaultServer(answers, async ({ url }) => {
		const credential = { apiKey: 'pk_test_unknown', baseUrl: url };
		const { error } = await run('cancel', 'mem_9', { credential });
		expect(error?.message).toBe(
			"'Subscription' is 'mem_9', but no buyer's subscription has this ID",
		);
	});
});

test('A subscription that is not the one that was asked for is never ended', async () => {
	const other = json(200, { _id: '6a41'.repeat(6), stripeSubscriptionId: 'sub_other' });
	await withFaultServer([other, json(200, [])], async ({ url, received }) => {
		const credential = { apiKey: 'pk_test_other', baseUrl: url };
		const { error } = await run('cancel', unknownId, { credential });
		expect(error?.message).toMatch(/no buyer's subscription has this ID$/);
		expect(received.map(({ url: path }) => path)).toEqual([
			`/orders/subscriptions/${unknownId}`,
			'/subscriptions',
		]);
	});
});
