import type { IDataObject, INodeExecutionData, INodeParameters } from 'n8n-workflow';

import { findOperation, runOperation } from '../../nodes/Pocketsflow/actions/execute';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import type { Sandbox } from '../../sandbox/sandbox';
import { createExecuteContext, runNode, type NodeSetup } from '../harness/engine/context';
import { byId } from './operations';
import { openSandbox, stockSandbox, type StockedSandbox } from './stockedSandbox';
import { json, withFaultServer } from './transport/faultServer';

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

/** How often each body was sent, by the value of one of its keys. */
function countSent(key: string): Record<string, number> {
	const counts: Record<string, number> = {};
	for (const { body } of getSent()) {
		const name = String((body as IDataObject)[key]);
		counts[name] = (counts[name] ?? 0) + 1;
	}
	return counts;
}

const build = (operation: string, parameters: INodeParameters, more: Partial<NodeSetup> = {}) => {
	const [resource, name] = operation.split(' ');
	return {
		node,
		credential: shop.credential,
		parameters: { resource, operation: name, ...parameters },
		maxTries: 3,
		...more,
	};
};

const run = async (...setup: Parameters<typeof build>) => await runNode(build(...setup));

const refundEach: INodeParameters = { orderId: byId('={{ $json.id }}') };

const failFirst = (path: string, when: 'before' | 'after', count = 1) =>
	sandbox.setSwitches({ faults: [{ method: 'POST', path, kind: 'reset', when, count }] });

describe('what a retry sends', () => {
	it('a retry with Stop sends only the items that are not done, and the error reports all tries', async () => {
		const [, second, third] = shop.orderIds;
		const { error } = await run('refund create', refundEach, {
			items: [{ id: second }, { id: third }, { id: 'missing' }],
		});

		expect(countSent('orderId')).toEqual({ [second]: 1, [third]: 1, missing: 3 });
		expect(error?.message).toMatch(/\[item 2\]$/);
		expect(error?.description).toMatch(
			/Done before the node stopped \(2 of 3 items\): 0 \(\w+\), 1 \(\w+\)\. Not done: 2\./,
		);
	});

	it.each(['continueRegularOutput', 'continueErrorOutput'] as const)(
		'a retry with %s sends only the items that are not done and outputs the others as before',
		async (onError) => {
			const [, second] = shop.orderIds;
			const { run: result } = await run('refund create', refundEach, {
				items: [{ id: 'missing' }, { id: second }],
				onError,
			});

			expect(countSent('orderId')).toEqual({ missing: 3, [second]: 1 });
			const outputs = result.data.resultData.runData['Under Test'][0].data?.main ?? [];
			const items = outputs.flatMap((output) => output ?? []);
			const refund = items.find(({ json }) => json.error === undefined);
			expect(refund).toMatchObject({
				json: { orderId: second, status: 'completed' },
				pairedItem: { item: 1 },
			});
			expect(items.filter(({ json }) => json.error !== undefined)).toHaveLength(1);
		},
	);

	it('a retry sends a failed item again, which then succeeds', async () => {
		sandbox.setSwitches({
			faults: [{ method: 'POST', path: '/products', kind: 'answer', status: 422, count: 1 }],
		});
		const { output, error } = await run(
			'product create',
			{ name: '={{ $json.name }}', price: 1 },
			{ items: [{ name: 'A' }, { name: 'B' }, { name: 'C' }] },
		);

		expect(error).toBeUndefined();
		expect(output.map(({ json, pairedItem }) => [json.name, pairedItem])).toEqual(
			['A', 'B', 'C'].map((name, item) => [name, { item }]),
		);
		expect(getSent()).toHaveLength(4);
		const products = await fetch(`${sandbox.url}/products`, {
			headers: { authorization: `Bearer ${sandbox.testKey}` },
		});
		expect(await products.json()).toHaveLength(shop.productIds.length + 3);
	});

	it.each(['stopWorkflow', 'continueRegularOutput'] as const)(
		'a retry refuses an item with an unknown outcome (%s)',
		async (onError) => {
			failFirst('/refunds', 'after');
			const [, second] = shop.orderIds;
			const { error, output } = await run('refund create', refundEach, {
				items: [{ id: second }],
				onError,
			});

			expect(getSent()).toHaveLength(1);
			const message = error?.message ?? output[0].json.error;
			expect(message).toMatch(/The outcome is unknown: .* It was not sent again/);
			expect(String(message).match(/\[item 0\]/g)?.length ?? 0).toBe(
				onError === 'stopWorkflow' ? 0 : 1,
			);
		},
	);

	it('a retry with Stop sends nothing while the outcome of one item is unknown', async () => {
		failFirst('/refunds', 'after');
		const ids = shop.orderIds.slice(1, 3);
		const { error } = await run('refund create', refundEach, {
			items: [...ids.map((id) => ({ id })), { id: 'missing' }],
		});

		expect(countSent('orderId')).toEqual({ [ids[0]]: 1, [ids[1]]: 1, missing: 1 });
		expect(error?.message).toMatch(/is unknown.*\[item \d\]$/);
		expect(error?.description).toMatch(/Outcome unknown \(check Pocketsflow\): \d\./);
		expect(error?.description).toMatch(/Not done: 2\./);
		expect(error?.context).toMatchObject({ outcome: 'unknown' });
	});

	it.each([
		['refund create', refundEach, 'stopWorkflow'],
		['refund create', refundEach, 'continueRegularOutput'],
		['subscription cancel', { subscriptionId: byId('sub_1') }, 'stopWorkflow'],
		['subscription refund', { subscriptionId: byId('sub_1') }, 'stopWorkflow'],
	] as const)(
		'a retry does not repeat what Pocketsflow answered as failed: %s, %#',
		async (operation, parameters, onError) => {
			const answer = json(200, { refund: { _id: 'r1', status: 'failed' } });
			await withFaultServer(answer, async ({ url, received }) => {
				const { error, output } = await run(operation, parameters, {
					credential: { ...shop.credential, baseUrl: url },
					items: [{ id: 'order' }],
					onError,
				});

				expect(received).toHaveLength(1);
				const message = String(error?.message ?? output[0].json.error);
				expect(message).toMatch(/^Pocketsflow responded that the (refund|cancel) failed/);
				expect(message.match(/\[item 0\]/g)?.length ?? 0).toBe(error ? 0 : 1);
			});
		},
	);

	it.each<[IDataObject]>([
		[{ _id: 'r1', error: 'Insufficient balance' }],
		[{ _id: 'r1', status: 'canceled' }],
	])(
		'a retry never repeats a refund answered with %j, and its outcome is unknown',
		async (refused) => {
			const answers = [json(200, refused), json(200, { _id: 'r2', status: 'pending' })];
			await withFaultServer(answers, async ({ url, received }) => {
				const { error } = await run('refund create', refundEach, {
					credential: { ...shop.credential, baseUrl: url },
					items: [{ id: 'one' }, { id: 'two' }],
				});

				// One was refused, and the other was sent once or not yet.
				expect(received.length).toBeLessThanOrEqual(2);
				expect(error?.description).toMatch(/Outcome unknown \(check Pocketsflow\): \d\./);
			});
		},
	);

	it('a retry repeats a deletion that Pocketsflow denied, because that does no harm', async () => {
		await withFaultServer(json(200, { deleted: false }), async ({ url, received }) => {
			const credential = { ...shop.credential, baseUrl: url };
			await run('product delete', { productId: byId('p1') }, { credential });
			expect(received).toHaveLength(3);
		});
	});

	it('a retry recognizes an item although an expression has another value each time', async () => {
		failFirst('/products', 'after');
		await run('product create', { name: '={{ "Sale " + Math.random() }}', price: 1 });
		expect(getSent()).toHaveLength(1);
	});

	it('a retry repeats a change only if it failed', async () => {
		const [first] = shop.productIds;
		await run(
			'product update',
			{ productId: byId('={{ $json.id }}'), updateFields: { price: 3 } },
			{ items: [{ id: 'missing' }, { id: first }], onError: 'continueRegularOutput' },
		);
		const paths = getSent().map(({ path }) => path);
		expect(paths.filter((path) => path === `/products/update/${first}`)).toHaveLength(1);
		expect(paths.filter((path) => path === '/products/update/missing')).toHaveLength(3);
	});

	it('a retry reads every item again, so it finds new data', async () => {
		const [first] = shop.productIds;
		await run(
			'product get',
			{ productId: byId('={{ $json.id }}') },
			{ items: [{ id: 'missing' }, { id: first }], onError: 'continueRegularOutput' },
		);
		expect(getSent()).toHaveLength(6);
	});
});

describe('what is no retry', () => {
	const execute = async (
		context: ReturnType<typeof createExecuteContext>,
	): Promise<INodeExecutionData[]> =>
		await runOperation(context, findOperation(context, resources), false);

	it('another run with equal items is sent', async () => {
		const setup = build('product create', { name: 'Icons', price: 1 });
		await execute(createExecuteContext(setup));
		await execute(createExecuteContext(setup));
		expect(getSent()).toHaveLength(2);
	});

	it('the same item counts as a retry', async () => {
		const context = createExecuteContext(build('product create', { name: 'Icons', price: 1 }));
		const [first] = await execute(context);
		const [second] = await execute(context);
		expect(getSent()).toHaveLength(1);
		expect(second).toEqual(first);
	});

	it('a node without Retry On Fail sends every run', async () => {
		const setup = build('product create', { name: 'Icons', price: 1 }, { maxTries: undefined });
		const context = createExecuteContext(setup);
		await execute(context);
		await execute(context);
		expect(getSent()).toHaveLength(2);
	});
});
