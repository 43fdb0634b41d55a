import type { IDataObject } from 'n8n-workflow';

import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { runNode, type NodeRun } from '../harness/engine/context';
import { json, withFaultServer, type Behavior } from './transport/faultServer';

const node = new Pocketsflow();

/** Runs an operation against a server that answers each request as given. */
async function run(
	behavior: Behavior,
	resource: string,
	operation: string,
	parameters: IDataObject,
): Promise<NodeRun & { requests: number }> {
	const runs: Array<NodeRun & { requests: number }> = [];
	await withFaultServer(behavior, async ({ url, received }) => {
		const apiKey = `pk_test_${'0'.repeat(32)}`;
		const done = await runNode({
			node,
			credential: { apiKey, baseUrl: url, webhookSigningSecret: '' },
			parameters: { resource, operation, simplify: false, ...parameters },
		});
		runs.push({ ...done, requests: received.length });
	});
	return runs[0];
}

const ids = ({ output }: NodeRun) => output.map(({ json: { _id } }) => _id);

describe('Pocketsflow ignores a filter', () => {
	it.each<[string, IDataObject, IDataObject[], string[]]>([
		[
			'customer',
			{ email: 'q@b.c' },
			[{ buyerEmail: 'other@b.c' }, { buyerEmail: ' Q@B.C ' }, { country: 'DE' }],
			['r1', 'r2'],
		],
		['order', { productId: 'p1' }, [{ productId: 'p2' }, { productId: 'p1' }, {}], ['r1', 'r2']],
		['review', { productId: 'p1' }, [{ productId: 'p2' }, { productId: 'p1' }, {}], ['r1', 'r2']],
		[
			'payment',
			{ type: 'subscription' },
			[{ isSubscription: false }, { isSubscription: true }, {}],
			['r1', 'r2'],
		],
		[
			'subscription',
			{ status: 'active' },
			[{ status: 'Cancelled' }, { status: 'active' }, { status: 'trialing' }, {}],
			['r1', 'r2', 'r3'],
		],
		[
			'subscription',
			{ status: 'canceled' },
			[{ status: 'active' }, { status: 'active', cancelAtPeriodEnd: true }, { status: 'ended' }],
			['r1', 'r2'],
		],
		[
			'subscription',
			{ status: 'paused' },
			[{ status: 'canceled' }, { status: 'active', paused: true }, { status: 'paused' }],
			['r1', 'r2'],
		],
	])(
		'Get Many of the resource %s with the filter %j leaves out records that contradict it',
		async (resource, filters, records, expected) => {
			const answer = json(
				200,
				records.map((record, n) => ({ _id: `r${n}`, ...record })),
			);
			const all = await run(answer, resource, 'getAll', { returnAll: true, filters });
			expect(all.error).toBeUndefined();
			expect(ids(all)).toEqual(expected);
			const one = await run(answer, resource, 'getAll', { returnAll: false, limit: 1, filters });
			expect(ids(one)).toEqual(expected.slice(0, 1));
		},
	);
});

test('A filter that Pocketsflow ignores in a long list is checked in full pages, whatever the limit', async () => {
	const customers = Array.from({ length: 250 }, (_, n) => ({ _id: `r${n}`, email: `${n}@b.c` }));
	const answer: Behavior = (request, response) => {
		const { searchParams } = new URL(request.url ?? '', 'http://x');
		const start = Number(searchParams.get('offset'));
		const page = customers.slice(start, start + Number(searchParams.get('limit')));
		response.end(JSON.stringify(page));
	};
	const filters = { email: '249@b.c' };
	const found = await run(answer, 'customer', 'getAll', { returnAll: false, limit: 1, filters });
	expect(ids(found)).toEqual(['r249']);
	expect(found.requests).toBe(3);
});

describe('Find by Metadata in a list without metadata', () => {
	const parameters = { metadataKey: 'order_id', metadataValue: 'A-1', matches: 'all' };
	const listed = [
		{ _id: 'old', createdAt: '2026-11-01T10:00:00Z', metadata: {} },
		{ _id: 'new', createdAt: '2026-11-02T10:00:00Z', metadata: {} },
	];
	const find = async (newest: object, list: object[] = listed) =>
		await run(
			(request, response) => {
				const whole = { orders: list, pagination: { hasMore: false } };
				const body = request.url?.startsWith('/orders/new') ? newest : whole;
				response.end(JSON.stringify(body));
			},
			'order',
			'findByMetadata',
			parameters,
		);

	it('an order whose metadata the list leaves out is an error', async () => {
		const { error } = await find({ _id: 'new', metadata: { order_id: 'A-1' } });
		expect(error?.message).toBe('Pocketsflow returned 2 orders, but none with metadata to compare');
	});

	it('orders without metadata match nothing', async () => {
		const { error, output, requests } = await find({ _id: 'new', metadata: {} });
		expect(error).toBeUndefined();
		expect(output).toEqual([]);
		expect(requests).toBe(2);
	});

	it('a list that shows some metadata is trusted without another request', async () => {
		const { error, output, requests } = await find({}, [
			...listed,
			{ _id: 'other', metadata: { order_id: 'A-2' } },
		]);
		expect(error).toBeUndefined();
		expect(output).toEqual([]);
		expect(requests).toBe(1);
	});
});

test('A list that holds something else than records is an error, and none of it is dropped', async () => {
	const answer = json(200, [null, { _id: 'p1' }, 'x']);
	const { error, output } = await run(answer, 'product', 'getAll', { returnAll: true });
	expect(error?.message).toMatch(/^Pocketsflow did not return the requested data\./);
	expect(output).toEqual([]);
});
