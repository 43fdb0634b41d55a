import { findOperation, runOperation } from '../../nodes/Pocketsflow/actions/execute';
import { resources } from '../../nodes/Pocketsflow/actions/resources';
import { lists } from '../../nodes/Pocketsflow/api/lists';
import { sign } from '../../nodes/Pocketsflow/events/signature';
import { buildPickerItems } from '../../nodes/Pocketsflow/methods/searchPicker';
import { Pocketsflow } from '../../nodes/Pocketsflow/Pocketsflow.node';
import { mapInTurns } from '../../nodes/Pocketsflow/transport/turns';
import { createExecuteContext, type NodeSetup } from '../harness/engine/context';
import { json, withFaultServer } from './transport/faultServer';
import { key } from './transport/fixtures';

const node = new Pocketsflow();

/** What work takes on a clock that only work moves. */
let nowMs = 1_790_000_000_000;

beforeEach(() => {
	jest.spyOn(Date, 'now').mockImplementation(() => nowMs);
});
afterEach(() => jest.restoreAllMocks());

/** Does the work, and gives how long it took in all and how long n8n's event loop waited at most. */
async function measure(
	work: () => Promise<unknown>,
): Promise<{ totalMs: number; longestMs: number }> {
	const startMs = nowMs;
	let lastMs = nowMs;
	let longestMs = 0;
	let isDone = false;
	const look = () => {
		longestMs = Math.max(longestMs, nowMs - lastMs);
		lastMs = nowMs;
		if (!isDone) setImmediate(look);
	};
	setImmediate(look);
	await work();
	isDone = true;
	look();
	return { totalMs: nowMs - startMs, longestMs };
}

const spend = (ms: number) => void (nowMs += ms);

/** A context in which reading a parameter or the credential takes a millisecond each. */
function createSlowContext(setup: Omit<NodeSetup, 'node'>) {
	const context = createExecuteContext({ node, ...setup });
	const getParameter = context.getNodeParameter.bind(context) as (...all: unknown[]) => unknown;
	jest.spyOn(context, 'getNodeParameter').mockImplementation((...all: unknown[]) => {
		spend(1);
		return getParameter(...all) as object;
	});
	const getCredentials = context.getCredentials.bind(context);
	jest.spyOn(context, 'getCredentials').mockImplementation(async (...all) => {
		spend(1);
		return await getCredentials(...all);
	});
	return context;
}

const run = async (context: ReturnType<typeof createExecuteContext>) =>
	await runOperation(context, findOperation(context, resources), false);

test('Preparing many items lets n8n answer others at least every 50 ms', async () => {
	await withFaultServer(json(201, { _id: 'p1' }), async ({ url }) => {
		const context = createSlowContext({
			parameters: {
				resource: 'product',
				operation: 'create',
				name: '={{ $json.name }}',
				price: '={{ $json.price }}',
			},
			credential: { apiKey: key, baseUrl: url },
			items: Array.from({ length: 200 }, (_, index) => ({ name: `n${index}`, price: 9 })),
		});
		const { totalMs, longestMs } = await measure(async () => await run(context));
		expect(totalMs).toBeGreaterThan(600);
		expect(longestMs).toBeLessThanOrEqual(50);
	});
});

test('Work that needs no request lets n8n answer others at least every 50 ms', async () => {
	const body = JSON.stringify({ order: { id: 'o1' } });
	const context = createSlowContext({
		parameters: {
			resource: 'webhook',
			operation: 'verifyDelivery',
			bodyFrom: 'text',
			body,
			headers: '={{ $json }}',
		},
		credential: {
			apiKey: key,
			baseUrl: 'http://127.0.0.1:9',
			webhookSigningSecret: 'whsec_1',
		},
		items: Array.from({ length: 300 }, () => ({
			'x-pocketsflow-signature': sign(Buffer.from(body), 'whsec_1'),
			'x-pocketsflow-event': 'order.completed',
			'x-pocketsflow-timestamp': '1790000000000',
		})),
	});
	const { totalMs, longestMs } = await measure(async () => {
		expect(await run(context)).toHaveLength(300);
	});
	expect(totalMs).toBeGreaterThan(900);
	expect(longestMs).toBeLessThanOrEqual(50);
});

test('Mapping a long list lets n8n answer others at least every 50 ms, and keeps the order', async () => {
	const values = Array.from({ length: 300 }, (_, index) => index);
	const { longestMs } = await measure(async () => {
		const mapped = await mapInTurns(values, (value) => {
			spend(5);
			return value * 2;
		});
		expect(mapped).toEqual(values.map((value) => value * 2));
	});
	expect(longestMs).toBeLessThanOrEqual(50);
});

test('A long picker lets n8n answer others at least every 50 ms', async () => {
	const source = {
		list: lists.products,
		label: ({ name }: { name?: unknown }) => {
			spend(1);
			return [String(name)];
		},
	};
	const records = Array.from({ length: 1_000 }, (_, index) => ({ _id: `p${index}`, name: 'A' }));
	const { longestMs } = await measure(async () => {
		expect(await buildPickerItems(source, records)).toHaveLength(1_000);
	});
	expect(longestMs).toBeLessThanOrEqual(50);
});
