import type { Credential, Execution, Workflow, WorkflowNode } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { currentVersion } from '../harness/n8n/install';
import { until } from '../harness/until';

type Parameters = Record<string, unknown>;

const versions = (process.env.N8N_VERSIONS ?? currentVersion).split(' ');
const byId = (value: string) => ({ __rl: true, mode: 'id', value });

let environment: TestEnvironment;

const node = (
	name: string,
	type: string,
	typeVersion: number,
	parameters: Parameters,
	credential?: Credential,
): WorkflowNode => ({
	name,
	type,
	typeVersion,
	position: [0, 0],
	parameters,
	...(credential && {
		credentials: { [credential.type]: { id: credential.id, name: credential.name } },
	}),
});

/** A workflow that makes an item of each record and gives them to a Pocketsflow node. */
function buildWorkflow(
	records: Parameters[],
	parameters: Parameters,
	credential: Credential,
): Workflow {
	const nodes = [
		node('Start', 'n8n-nodes-base.manualTrigger', 1, {}),
		node('List', 'n8n-nodes-base.set', 3.4, {
			mode: 'raw',
			jsonOutput: JSON.stringify({ records }),
			options: {},
		}),
		node('Items', 'n8n-nodes-base.splitOut', 1, { fieldToSplitOut: 'records', options: {} }),
		node('Bulk', 'n8n-nodes-pocketsflow.pocketsflow', 1, parameters, credential),
	];
	const connections = Object.fromEntries(
		nodes
			.slice(1)
			.map(({ name }, index) => [
				nodes[index].name,
				{ main: [[{ node: name, type: 'main', index: 0 }]] },
			]),
	);
	return { name: 'Bulk', nodes, connections };
}

async function run(workflow: Workflow, withinMs = 60_000): Promise<Execution> {
	const { client } = environment;
	const stored = await client.importWorkflow(workflow);
	await client.runManually(stored.id, 'Start');
	const isDone = ({ status }: Execution) => ['success', 'error'].includes(status);
	return await client.waitForExecution(stored.id, isDone, withinMs);
}

describe.each(versions)('a run of many items, on n8n %s', (version) => {
	beforeAll(async () => {
		environment = await startEnvironment({
			n8n: { version },
			sandbox: { switches: { rateLimit: false } },
		});
	}, installationTimeoutMs);
	afterAll(async () => await environment?.stop());

	it('sends each item with the key that the expression in its credential gives', async () => {
		const { client, sandbox } = environment;
		const credential = await client.createCredential('pocketsflowApi', 'By tenant', {
			apiKey: '={{ $json.key }}',
			baseUrl: sandbox.url,
			webhookSigningSecret: '',
		});
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
		const { status } = await run(buildWorkflow(records, parameters, credential));

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

	it('leaves n8n time to answer every delivery while 1,000 items are prepared', async () => {
		const { api, client, sandbox, credential } = environment;
		const product = await api.post<{ _id: string }>('/products', { name: 'Ebook', price: 9 });
		const productId = product.data._id;
		const receive = await client.importWorkflow(
			{
				name: 'Receive',
				nodes: [
					node('Trigger', 'n8n-nodes-pocketsflow.pocketsflowTrigger', 3, {
						events: ['order.completed'],
					}),
				],
				connections: {},
			},
			[credential],
		);
		await client.activate(receive.id);
		const records = Array.from({ length: 1_000 }, (_, index) => ({ order: `A-${index}` }));
		const entries = Array.from({ length: 4 }, (_, index) => ({
			key: `key${index}`,
			value: `={{ $json.order + "-${index}" }}`,
		}));
		const workflow = buildWorkflow(
			records,
			{
				resource: 'checkoutSession',
				operation: 'create',
				productId: byId(`={{ "${productId}" }}`),
				successUrl: '={{ "https://example.com/" + $json.order }}',
				cancelUrl: '={{ "https://example.com/cart/" + $json.order }}',
				metadataInput: 'fields',
				metadata: { entries },
			},
			credential,
		);
		let isDone = false;
		const bulk = run(workflow, 240_000).finally(() => (isDone = true));
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
