import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

import axios, { type AxiosInstance } from 'axios';

import {
	N8nClient,
	type Credential,
	type StoredWorkflow,
	type WorkflowNode,
} from '../harness/n8n/client';
import { startN8n, type RunningN8n } from '../harness/n8n/start';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { ensureBuilt } from '../harness/setup/build';

interface Endpoint {
	_id: string;
	url: string;
	events: string[];
	active: boolean;
}

/** An endpoint that should exist, and how many executions a purchase starts through it. */
export interface Expected {
	url: string;
	events: string[];
	workflowId: string;
}

export const triggerName = 'Pocketsflow Trigger';

export const triggerNode = (events: string[], name = triggerName): WorkflowNode => ({
	name,
	type: 'n8n-nodes-pocketsflow.pocketsflowTrigger',
	typeVersion: 2,
	position: [0, 0],
	parameters: { events, options: {} },
});

/** Polls as often as n8n allows: each poll that finds something writes the workflow's static data. */
export const pollingNode: WorkflowNode = {
	name: 'Pocketsflow Polling Trigger',
	type: 'n8n-nodes-pocketsflow.pocketsflowPollingTrigger',
	typeVersion: 1,
	position: [0, 200],
	parameters: {
		events: ['order.completed'],
		pollTimes: { item: [{ mode: 'everyMinute' }] },
		options: { headStart: 0, repeatAfter: 0 },
	},
};

const workNode = (text: string): WorkflowNode => ({
	name: 'Work',
	type: 'n8n-nodes-base.set',
	typeVersion: 3.4,
	position: [300, 0],
	parameters: {
		assignments: { assignments: [{ id: '1', name: 'note', type: 'string', value: text }] },
		includeOtherFields: true,
		options: {},
	},
});

/** A workflow whose triggers all lead to one node. */
export function workflowOf(triggers: WorkflowNode[], text = 'first') {
	return {
		name: 'Lifecycle',
		nodes: [...triggers, workNode(text)],
		connections: Object.fromEntries(
			triggers.map(({ name }) => [name, { main: [[{ node: 'Work', type: 'main', index: 0 }]] }]),
		),
	};
}

/** A real n8n of one version beside a sandbox, and what the lifecycle table asks of them. */
export class Stage {
	private orders = 0;

	/** The URL of an endpoint that is no part of what is looked at. */
	ignored: string | undefined;

	private constructor(
		readonly n8n: RunningN8n,
		readonly sandbox: Sandbox,
		public client: N8nClient,
		readonly credential: Credential,
		readonly api: AxiosInstance,
		private readonly productId: string,
	) {}

	static async open(version: string): Promise<Stage> {
		await ensureBuilt();
		const n8n = await startN8n({ version });
		const sandbox = await startSandbox({ switches: { rateLimit: false } });
		const client = await N8nClient.connect(n8n);
		const credential = await client.createCredential('pocketsflowApi', 'Sandbox', {
			apiKey: sandbox.testKey,
			baseUrl: sandbox.url,
			webhookSigningSecret: '',
		});
		const api = axios.create({
			baseURL: sandbox.url,
			headers: { Authorization: `Bearer ${sandbox.testKey}` },
			proxy: false,
		});
		const product = await api.post<{ _id: string }>('/products', { name: 'Icons', price: 5 });
		return new Stage(n8n, sandbox, client, credential, api, product.data._id);
	}

	async close(): Promise<void> {
		await this.n8n.stop();
		await this.sandbox.close();
	}

	async add(triggers: WorkflowNode[]): Promise<StoredWorkflow> {
		const workflow = await this.client.importWorkflow(workflowOf(triggers), [this.credential]);
		await this.client.activate(workflow.id);
		return workflow;
	}

	expected(workflow: StoredWorkflow, events = ['order.completed'], name = triggerName): Expected {
		return { url: this.client.webhookUrl(workflow, name), events, workflowId: workflow.id };
	}

	async endpoints(): Promise<Endpoint[]> {
		const { data } = await this.api.get<Endpoint[]>('/webhooks');
		return data
			.filter(({ url }) => url !== this.ignored)
			.sort((a, b) => a.url.localeCompare(b.url));
	}

	/** As a person would change a workflow: save, then publish. */
	async change(
		workflow: StoredWorkflow,
		edit: (stored: StoredWorkflow) => Partial<StoredWorkflow>,
	): Promise<void> {
		await this.client.update(workflow.id, edit(await this.client.workflow(workflow.id)));
		await this.client.activate(workflow.id);
	}

	/** Starts n8n again, after SIGKILL or an orderly stop, and returns when its webhooks are served. */
	async restart(signal: NodeJS.Signals): Promise<void> {
		await this.n8n.kill(signal);
		await this.n8n.restart();
		this.client = await N8nClient.connect(this.n8n);
	}

	/** Empties the static data of all workflows in n8n's database, while n8n is stopped. */
	async loseStaticData(): Promise<void> {
		const requireThere = createRequire(join(this.n8n.installation.dir, 'package.json'));
		const { Database } = requireThere('sqlite3') as {
			Database: new (file: string) => {
				run(sql: string, done: (error: Error | null) => void): void;
				close(done: () => void): void;
			};
		};
		const database = new Database(join(this.n8n.userFolder, '.n8n', 'database.sqlite'));
		await new Promise<void>((resolve, reject) =>
			database.run(`UPDATE workflow_entity SET staticData = '{}'`, (error) =>
				error ? reject(error) : resolve(),
			),
		);
		await new Promise<void>((resolve) => database.close(resolve));
	}

	/**
	 * Fails unless exactly the expected endpoints exist, and a purchase is answered with 200 and starts
	 * exactly one execution through each; also that a forged delivery gets 401 and starts none.
	 */
	async verify(...expected: Expected[]): Promise<void> {
		const wanted = expected
			.map(({ url, events }) => ({ url, events: [...events].sort(), active: true }))
			.sort((a, b) => a.url.localeCompare(b.url));
		await until(async () =>
			expect(
				(await this.endpoints()).map(({ url, events, active }) => ({ url, events, active })),
			).toEqual(wanted),
		);

		const order_id = `own-${++this.orders}`;
		const before = this.sandbox.deliveries.length;
		await this.sandbox.purchase({ productId: this.productId, metadata: { order_id }, wait: true });
		const sent = this.sandbox.deliveries
			.slice(before)
			.filter(({ event, url }) => event === 'order.completed' && url !== this.ignored);
		expect(sent.map(({ url, status }) => [url, status]).sort()).toEqual(
			expected.map(({ url }) => [url, 200]).sort(),
		);
		const workflows = [...new Set(expected.map(({ workflowId }) => workflowId))];
		for (const workflowId of workflows) {
			const share = expected.filter((one) => one.workflowId === workflowId).length;
			await until(async () => expect(await this.settled(workflowId, order_id)).toHaveLength(share));
			await wait(300);
			expect(await this.settled(workflowId, order_id)).toEqual(Array(share).fill('success'));
		}
		await this.refusesForged(expected);
	}

	/** Waits until the polling trigger has handed over an order that was made now. */
	async pollWrites(workflowId: string): Promise<void> {
		const polls = async () =>
			(await this.client.executions(workflowId)).filter(({ mode }) => mode !== 'webhook').length;
		const before = await polls();
		await this.sandbox.purchase({ productId: this.productId, deliver: false });
		await until(async () => expect(await polls()).toBeGreaterThan(before), 90_000);
	}

	private async refusesForged(expected: Expected[]): Promise<void> {
		const counts = async () =>
			Promise.all(
				expected.map(async ({ workflowId }) => (await this.client.executions(workflowId)).length),
			);
		const before = await counts();
		for (const { url } of expected) {
			const { status } = await axios.post(
				url,
				{ order: { id: 'forged' } },
				{
					headers: {
						'x-pocketsflow-event': 'order.completed',
						'x-pocketsflow-signature': 'a'.repeat(64),
					},
					validateStatus: () => true,
					proxy: false,
				},
			);
			expect(status).toBe(401);
		}
		expect(await counts()).toEqual(before);
	}

	/** The states of the executions that a webhook started and that had this own order id. */
	private async settled(workflowId: string, orderId: string): Promise<string[]> {
		const executions = await Promise.all(
			(await this.client.executions(workflowId))
				.slice(0, 20)
				.filter(
					({ mode, status }) => mode === 'webhook' && (status === 'success' || status === 'error'),
				)
				.map(({ id }) => this.client.execution(id)),
		);
		return executions
			.filter((execution) =>
				execution
					.items('Work')
					.some(
						({ metadata }) => (metadata as { order_id?: string } | undefined)?.order_id === orderId,
					),
			)
			.map(({ status }) => status);
	}
}

/** Repeats a check until it passes, and fails with its last failure. */
export async function until(check: () => Promise<unknown>, withinMs = 15_000): Promise<void> {
	const deadline = Date.now() + withinMs;
	for (;;) {
		try {
			await check();
			return;
		} catch (error) {
			if (Date.now() > deadline) throw error;
			await wait(250);
		}
	}
}
