import type { IDataObject, INodeParameters } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Sandbox } from '../../sandbox/sandbox';
import { runNode } from '../harness/engine/context';
import { listMarked } from './editorNode';
import { byId } from './operations';
import { openSandbox } from './stockedSandbox';
import { json as answer, withFaultServer } from './transport/faultServer';

const node = new Pocketsflow();

let sandbox: Sandbox;

beforeAll(async () => (sandbox = await openSandbox()));
afterAll(async () => await sandbox.close());

/** What is sent for an item, as the body of the only request. */
async function getSentBody(parameters: INodeParameters, item: IDataObject): Promise<IDataObject> {
	const before = sandbox.requests.length;
	const credential = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
	await runNode({ node, credential, parameters, items: [item] });
	const sent = sandbox.requests.slice(before);
	expect(sent).toHaveLength(1);
	return sent[0].body as IDataObject;
}

const discount: INodeParameters = {
	resource: 'discount',
	operation: 'create',
	name: 'Spring',
	code: '={{ $json.code }}',
	valueType: 'percentage',
	value: '={{ $json.value }}',
	mainProductIds: '={{ $json.products }}',
	additionalFields: { active: '={{ $json.active }}' },
};

it.each<[string, unknown]>([
	['an array', ['p1', 'p2']],
	['JSON', '["p1", "p2"]'],
	['commas', 'p1, p2,'],
	['semicolons', 'p1;p2'],
	['lines', 'p1\np2\n'],
	['blanks', ' p1 p2'],
])('a list is sent as the same IDs, given as %s', async (_about, products) => {
	const item = { code: 'A', value: 5, active: true, products } as IDataObject;
	expect((await getSentBody(discount, item)).mainProductIds).toEqual(['p1', 'p2']);
});

it.each<[unknown, boolean]>([
	['TRUE', true],
	['True', true],
	[1, true],
	['FALSE', false],
	['0', false],
])(
	'the cell %j of a spreadsheet is sent as %s, and a code without its blanks',
	async (active, sent) => {
		const item = { code: ' SPRING20\n', value: '20', active, products: 'p1' } as IDataObject;
		expect(await getSentBody(discount, item)).toMatchObject({
			code: 'SPRING20',
			value: 20,
			active: sent,
		});
	},
);

it('metadata is sent with the keys that were meant, without blanks around them', async () => {
	const session: INodeParameters = {
		resource: 'checkoutSession',
		operation: 'create',
		productId: byId('p1'),
		successUrl: 'https://example.com/thanks',
		cancelUrl: 'https://example.com/cart',
		metadata: { entries: [{ key: '={{ $json.key }}', value: 'A-1' }] },
	};
	expect((await getSentBody(session, { key: ' order_id ' })).metadata).toEqual({ order_id: 'A-1' });
});

it('a simplified order has the same keys in the same order and its mode, whatever it holds', async () => {
	const full = {
		_id: 'o1',
		testMode: true,
		metadata: { a: 'b' },
		currency: 'USD',
		isRefunded: true,
	};
	const orders = [full, { testMode: false, _id: 'o2' }];
	await withFaultServer(answer(200, { orders }), async ({ url }) => {
		const { output } = await runNode({
			node,
			credential: { apiKey: sandbox.testKey, baseUrl: url },
			parameters: { resource: 'order', operation: 'getAll', returnAll: true },
		});
		const [first, second] = output.map(({ json }) => json);
		expect(Object.keys(second)).toEqual(Object.keys(first));
		expect([first.testMode, second.testMode]).toEqual([true, false]);
	});
});

it('a webhook without events is marked in the editor', () => {
	const parameters = { resource: 'webhook', operation: 'create', url: 'https://example.com' };
	expect(listMarked({ ...parameters, events: [] })).toEqual(['events']);
});
