import type { Execution } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { until } from '../harness/until';
import { control, readError, RunningExample } from './runningExample';

const step = 'Replace with your step';

/** The settings of one delivery that the sandbox sends out of turn. */
interface SentDelivery {
	event?: string;
	body?: string;
	secret?: string;
	signing?: 'forged' | 'missing';
	headers?: Record<string, string>;
}

let environment: TestEnvironment;
let example: RunningExample;
let url: string;

beforeAll(async () => {
	environment = await startEnvironment({
		sandbox: { seed: 'test', switches: { rateLimit: false } },
	});
	const { api, n8n, sandbox } = environment;
	url = `${n8n.url}/webhook/pocketsflow`;
	// By hand: all that n8n learns of it is the secret, which the seller copies.
	const events = ['order.completed', 'order.refunded'];
	const created = await api.post<{ secret: string }>('/webhooks', { url, events });
	const pocketsflowApi = {
		apiKey: sandbox.testKey,
		baseUrl: sandbox.url,
		webhookSigningSecret: created.data.secret,
	};
	example = await RunningExample.open(environment, 'own-endpoint', {
		credentials: { pocketsflowApi },
	});
}, installationTimeoutMs);

afterAll(() => environment?.stop());

/** The outcome of the latest delivery: the answer to Pocketsflow, and the execution. */
async function readLatest(): Promise<{ status: number | undefined; execution: Execution }> {
	const { client, sandbox } = environment;
	const sent = sandbox.deliveries.filter((delivery) => delivery.url === url);
	const execution = await until(`${sent.length} executions to end`, async () => {
		const all = await client.executions(example.workflow.id);
		if (all.length < sent.length || all.some(({ stoppedAt }) => stoppedAt === null))
			throw new Error(`There are ${all.length} executions.`);
		return await client.execution(all[0].id);
	});
	return { status: sent.at(-1)?.status, execution };
}

async function sell(email: string) {
	await environment.sandbox.purchase({ email, metadata: { order_id: 'A-3001' }, wait: true });
	return await readLatest();
}

async function send(delivery: SentDelivery) {
	await control(environment, '/deliver', { event: 'order.completed', url, ...delivery });
	return await readLatest();
}

describe('an endpoint that the seller created', () => {
	test('answers a genuine sale with 200 and runs the step with its order ID', async () => {
		const { status, execution } = await sell('ana@example.com');
		expect([status, readError(execution)]).toEqual([200, '']);
		expect(execution.items(step)).toEqual([
			expect.objectContaining({ orderId: 'A-3001', customerEmail: 'ana@example.com' }),
		]);
		const [{ eventId, pocketsflowOrderId }] = execution.items(step);
		expect(eventId).toBe(`order.completed:${String(pocketsflowOrderId)}`);
	});

	test.each<[string, SentDelivery]>([
		['a forged delivery', { signing: 'forged' }],
		['a delivery without a signature', { signing: 'missing' }],
		['a delivery signed with a secret that was renewed', { secret: 'whsec_of_last_year_0123' }],
	])('answers %s with 401 and runs nothing after the check', async (_what, delivery) => {
		const { status, execution } = await send(delivery);
		expect(status).toBe(401);
		expect(execution.items('Refuse delivery')).toHaveLength(1);
		expect(execution.items('Accept delivery')).toEqual([]);
		expect(execution.items(step)).toEqual([]);
		const [{ error }] = execution.items('Verify delivery');
		expect(error).toMatch(/^The signature of this delivery/);
	});

	test('gives a captured delivery that comes again the event ID of the first', async () => {
		const first = (await sell('ben@example.com')).execution.items(step)[0];
		const { body } = environment.sandbox.deliveries.at(-1) ?? {};
		const headers = { 'x-pocketsflow-timestamp': '1600000000000' };
		const { status, execution } = await send({ body, headers });
		expect(status).toBe(200);
		expect(execution.items(step)).toEqual([expect.objectContaining({ eventId: first.eventId })]);
	});

	test('accepts an event that is not the chosen one and does not run the step', async () => {
		const { status, execution } = await send({ event: 'order.refunded' });
		expect([status, readError(execution)]).toEqual([200, '']);
		expect(execution.items('Accept delivery')).toHaveLength(1);
		expect(execution.items(step)).toEqual([]);
	});
});
