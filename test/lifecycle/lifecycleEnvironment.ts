import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import axios from 'axios';

import {
	N8nClient,
	type ExecutionSummary,
	type StoredWorkflow,
	type WorkflowNode,
} from '../harness/n8n/client';
import { startEnvironment, type TestEnvironment } from '../harness/n8n/environment';
import { startN8n } from '../harness/n8n/start';
import { triggerName } from '../harness/n8n/workflows';
import { until, untilHolds } from '../harness/until';
import { Database } from './database';
import { buildWorkflow, type Edit } from './workflows';

interface Endpoint {
	_id: string;
	url: string;
	events: string[];
	active: boolean;
	description?: string;
}

/** An endpoint that should exist. A purchase starts one execution of the workflow through it. */
export interface ExpectedEndpoint {
	url: string;
	events: string[];
	workflowId: string;
}

/** A real n8n of one version next to a sandbox, and what the lifecycle tests do with them. */
export class LifecycleEnvironment {
	private orderCount = 0;

	/** The URL of an endpoint that the checks leave out. */
	ignoredUrl: string | undefined;

	/** The mode of the key in the credential, and the product that is sold in it. */
	private mode: 'test' | 'live' = 'test';

	private constructor(
		private readonly environment: TestEnvironment,
		private productId: string,
	) {}

	static async start(version: string): Promise<LifecycleEnvironment> {
		const environment = await startEnvironment({
			n8n: { version },
			sandbox: { switches: { rateLimit: false } },
		});
		return await LifecycleEnvironment.of(environment);
	}

	/** The same over an n8n that runs already. */
	static async of(environment: TestEnvironment): Promise<LifecycleEnvironment> {
		const product = { name: 'Icons', price: 5 };
		const { data } = await environment.api.post<{ _id: string }>('/products', product);
		return new LifecycleEnvironment(environment, data._id);
	}

	stop = () => this.environment.stop();

	get n8n() {
		return this.environment.n8n;
	}

	get sandbox() {
		return this.environment.sandbox;
	}

	get client() {
		return this.environment.client;
	}

	get api() {
		return this.environment.api;
	}

	/** Puts another key into n8n's credential, and asks the API with it from now on. */
	async changeKey(apiKey: string): Promise<void> {
		const { client, credential, sandbox, api } = this.environment;
		const baseUrl = sandbox.url;
		await client.updateCredential(credential, { apiKey, baseUrl, webhookSigningSecret: '' });
		api.defaults.headers.authorization = `Bearer ${apiKey}`;
		const mode = apiKey.startsWith('pk_live_') ? 'live' : 'test';
		if (mode === this.mode) return;
		this.mode = mode;
		this.productId = (
			await api.post<{ _id: string }>('/products', { name: 'Icons', price: 5 })
		).data._id;
	}

	/** Sells something, and returns how its deliveries were answered. */
	async sell(mode: 'test' | 'live', productId?: string): Promise<number[]> {
		const before = this.sandbox.deliveries.length;
		await this.sandbox.purchase({ mode, ...(productId && { productId }), wait: true });
		return this.sandbox.deliveries
			.slice(before)
			.filter(({ event, url }) => event === 'order.completed' && url !== this.ignoredUrl)
			.map(({ status = 0 }) => status);
	}

	/** What n8n has stored for the nodes of a workflow. */
	async readStaticData({ id }: StoredWorkflow): Promise<unknown> {
		return (await this.client.workflow(id)).staticData;
	}

	/**
	 * Does the work with a clone of this n8n, made while it was stopped, that runs next to it under
	 * another address.
	 */
	async withClone(work: (clone: N8nClient) => Promise<void>): Promise<void> {
		await this.n8n.kill('SIGTERM');
		const userFolder = await mkdtemp(join(tmpdir(), 'n8n-clone-'));
		await cp(this.n8n.userFolder, userFolder, { recursive: true });
		await this.restart('SIGTERM');
		const clone = await startN8n({ version: this.n8n.installation.version, userFolder });
		try {
			await work(await N8nClient.connect(clone));
		} finally {
			await clone.stop();
			await rm(userFolder, { recursive: true, force: true, maxRetries: 3 });
		}
	}

	importWorkflow(triggers: WorkflowNode[]): Promise<StoredWorkflow> {
		return this.client.importWorkflow(buildWorkflow(triggers), [this.environment.credential]);
	}

	/** Imports and activates a workflow. */
	async addWorkflow(triggers: WorkflowNode[]): Promise<StoredWorkflow> {
		const workflow = await this.importWorkflow(triggers);
		await this.client.activate(workflow.id);
		return workflow;
	}

	/** Saves an edited workflow, then publishes it, as a user would. */
	async edit({ id }: StoredWorkflow, edit: Edit): Promise<void> {
		await this.client.update(id, edit(await this.client.workflow(id)));
		await this.client.activate(id);
	}

	async reactivate({ id }: StoredWorkflow): Promise<void> {
		await this.client.deactivate(id);
		await this.client.activate(id);
	}

	expectedEndpoint(
		workflow: StoredWorkflow,
		events = ['order.completed'],
		name = triggerName,
	): ExpectedEndpoint {
		return { url: this.client.webhookUrl(workflow, name), events, workflowId: workflow.id };
	}

	/** The endpoints that Pocketsflow has, ordered by URL. */
	async listEndpoints(): Promise<Endpoint[]> {
		const { data } = await this.api.get<Endpoint[]>('/webhooks');
		return data
			.filter(({ url }) => url !== this.ignoredUrl)
			.sort((a, b) => a.url.localeCompare(b.url));
	}

	/** Starts n8n again, after SIGKILL or an orderly stop, and returns when its webhooks are served. */
	async restart(signal: NodeJS.Signals): Promise<void> {
		await this.n8n.kill(signal);
		await this.n8n.restart();
		this.environment.client = await N8nClient.connect(this.n8n);
	}

	/** Empties the static data of all workflows in n8n's database, while n8n is stopped. */
	async clearStaticData(): Promise<void> {
		const database = new Database(this.n8n);
		await database.run(`UPDATE workflow_entity SET staticData = '{}'`);
		await database.close();
	}

	/**
	 * Fails unless exactly the expected endpoints exist, and a purchase is answered with 200 and starts
	 * exactly one execution through each; also that a forged delivery gets 401 and starts none.
	 */
	async verify(...expected: ExpectedEndpoint[]): Promise<void> {
		await this.verifyEndpoints(expected);
		await this.verifyPurchase(expected);
		await this.verifyForgedDelivery(expected);
	}

	private async verifyEndpoints(expected: ExpectedEndpoint[]): Promise<void> {
		const endpoints = expected
			.map(({ url, events }) => ({ url, events: [...events].sort(), active: true }))
			.sort((a, b) => a.url.localeCompare(b.url));
		await untilHolds('the expected endpoints', async () =>
			expect(
				(await this.listEndpoints()).map(({ url, events, active }) => ({ url, events, active })),
			).toEqual(endpoints),
		);
	}

	private async verifyPurchase(expected: ExpectedEndpoint[]): Promise<void> {
		const orderId = `own-${++this.orderCount}`;
		const before = this.sandbox.deliveries.length;
		await this.sandbox.purchase({
			mode: this.mode,
			productId: this.productId,
			metadata: { order_id: orderId },
			wait: true,
		});
		const delivered = this.sandbox.deliveries
			.slice(before)
			.filter(({ event, url }) => event === 'order.completed' && url !== this.ignoredUrl);
		expect(delivered.map(({ url, status }) => [url, status]).sort()).toEqual(
			expected.map(({ url }) => [url, 200]).sort(),
		);
		for (const workflowId of new Set(expected.map((one) => one.workflowId))) {
			const count = expected.filter((one) => one.workflowId === workflowId).length;
			const succeeded = Array<string>(count).fill('success');
			const check = async () =>
				expect(await this.readStatuses(workflowId, orderId)).toEqual(succeeded);
			await untilHolds(`${count} executions for order ${orderId}`, check);
			// Another execution too many would show by now.
			await sleep(300);
			await check();
		}
	}

	private async verifyForgedDelivery(expected: ExpectedEndpoint[]): Promise<void> {
		// A polling trigger in the same workflow may start executions meanwhile.
		const isOfDelivery = ({ mode }: ExecutionSummary) => mode === 'webhook';
		const countExecutions = async () =>
			Promise.all(
				expected.map(
					async ({ workflowId }) =>
						(await this.client.executions(workflowId)).filter(isOfDelivery).length,
				),
			);
		const before = await countExecutions();
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
		expect(await countExecutions()).toEqual(before);
	}

	/** Waits until the polling trigger has emitted an order that is created now. */
	async waitForPoll(workflowId: string): Promise<void> {
		const countPolls = async () =>
			(await this.client.executions(workflowId)).filter(({ mode }) => mode !== 'webhook').length;
		const before = await countPolls();
		await this.sandbox.purchase({ productId: this.productId, deliver: false });
		await until('a poll that emits the order', async () => (await countPolls()) > before, {
			withinMs: 90_000,
		});
	}

	/** The statuses of the finished executions that a webhook started with this own order id. */
	private async readStatuses(workflowId: string, orderId: string): Promise<string[]> {
		const executions = await Promise.all(
			(await this.client.executions(workflowId))
				.slice(0, 20)
				.filter(
					({ mode, status }) => mode === 'webhook' && (status === 'success' || status === 'error'),
				)
				.map(({ id }) => this.client.execution(id)),
		);
		const isOfOrder = ({ metadata }: Record<string, unknown>) =>
			(metadata as { order_id?: string } | undefined)?.order_id === orderId;
		return executions
			.filter((execution) => execution.items('Work').some(isOfOrder))
			.map(({ status }) => status);
	}
}
