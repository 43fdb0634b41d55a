import type { Credential, Execution } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { chosenVersions } from '../harness/n8n/install';
import {
	buildAction,
	buildChain,
	buildItems,
	buildTrigger,
	byId,
	startNode,
} from '../harness/n8n/workflows';
import { until } from '../harness/until';

type Parameters = Record<string, unknown>;

let environment: TestEnvironment;

/** Makes an item of each record and gives them to a Pocketsflow node. */
async function run(
	records: Parameters[],
	parameters: Parameters,
	credential: Credential,
	withinMs = 60_000,
): Promise<Execution> {
	const { client } = environment;
	const nodes = [startNode, ...buildItems(records), buildAction('Bulk', parameters)];
	const { id } = await client.importWorkflow(buildChain('Bulk', nodes), [credential]);
	return await client.run(id, 'Start', withinMs);
}

describe.each(chosenVersions)('a run of many items, on n8n %s', (version) => {
	beforeAll(async () => {
		environment = await startEnvironment({
			n8n: { version },
			sandbox: { switches: { rateLimit: false } },
		});
	}, installationTimeoutMs);
	afterAll(async () => await environment?.stop());

	it('each item is sent with the key that the expression in its credential gives', async () => {
		const { createCredential, sandbox } = environment;
		const credential = await createCredential('By tenant', { apiKey: '={{ $json.key }}' });
		const records = [
			{ name: 'Of the live tenant', key: sandbox.liveKey },
			{ name: 'Of the test tenant', key: sandbox.testKey },
		];
		const parameters = {
			resource: 'product',
			operation: 'create',
			name: '={{ $json.name }}',
			price: 5,
		};
		const { status } = await run(records, parameters, credential);

		expect(status).toBe('success');
		for (const { name, key } of records) {
			const answer = await fetch(`${sandbox.url}/products`, {
				headers: { authorization: `Bearer ${key}` },
			});
			const names = ((await answer.json()) as Array<{ name: string }>).map((each) => each.name);
			expect(names).toContain(name);
			expect(names.filter((each) => each.startsWith('Of the'))).toEqual([name]);
		}
	});

	it('n8n answers every delivery while 1,000 items are prepared', async () => {
		const { api, client, sandbox, credential } = environment;
		const product = await api.post<{ _id: string }>('/products', { name: 'Ebook', price: 9 });
		const productId = product.data._id;
		const receive = await client.importWorkflow(
			buildChain('Receive', [buildTrigger(['order.completed'], 'Trigger')]),
			[credential],
		);
		await client.activate(receive.id);
		const records = Array.from({ length: 1_000 }, (_, index) => ({ order: `A-${index}` }));
		const entries = Array.from({ length: 4 }, (_, index) => ({
			key: `key${index}`,
			value: `={{ $json.order + "-${index}" }}`,
		}));
		const session = {
			...{ resource: 'checkoutSession', operation: 'create' },
			productId: byId(`={{ "${productId}" }}`),
			successUrl: '={{ "https://example.com/" + $json.order }}',
			cancelUrl: '={{ "https://example.com/cart/" + $json.order }}',
			metadataInput: 'fields',
			metadata: { entries },
		};
		let isDone = false;
		const bulk = run(records, session, credential, 240_000).finally(() => (isDone = true));
		let sales = 0;
		await until(
			'the run to end',
			async () => {
				await sandbox.purchase({ productId, email: `buyer${sales++}@example.com` });
				return isDone;
			},
			{ withinMs: 240_000, everyMs: 400 },
		);
		await sandbox.waitForDeliveries();

		const { status, error } = await bulk;
		expect([status, error?.message]).toEqual(['success', undefined]);
		const url = client.webhookUrl(receive, 'Trigger');
		const deliveries = sandbox.deliveries.filter((delivery) => delivery.url === url);
		expect(deliveries.length).toBe(sales);
		expect(deliveries.filter(({ outcome }) => outcome !== 'delivered')).toEqual([]);
	}, 300_000);
});
