import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import axios from 'axios';

import { N8nClient, type StoredWorkflow, type WorkflowNode } from '../harness/n8n/client';
import { startEnvironment, type TestEnvironment } from '../harness/n8n/environment';
import { until } from '../harness/until';
import { buildWorkflow, triggerName, type Edit } from './workflows';

interface Endpoint {
	_id: string;
	url: string;
	events: string[];
	active: boolean;
}

/** An endpoint that should exist. A purchase starts one execution of the workflow through it. */
export interface ExpectedEndpoint {
	url: string;
	events: string[];
	workflowId: string;
}

/** A real n8n of one version beside a sandbox, and what the lifecycle tests do with them. */
export class LifecycleEnvironment {
	private orderCount = 0;

	/** The URL of an endpoint that the checks leave out. */
	ignoredUrl: string | undefined;

	private constructor(
		private readonly environment: TestEnvironment,
		private readonly productId: string,
	) {}

	static async start(version: string): Promise<LifecycleEnvironment> {
		const environment = await startEnvironment({
			n8n: { version },
			sandbox: { switches: { rateLimit: false } },
		});
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
		const requireFromN8n = createRequire(join(this.n8n.installation.dir, 'package.json'));
		const { Database } = requireFromN8n('sqlite3') as {
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
	async verify(...expected: ExpectedEndpoint[]): Promise<void> {
		await this.verifyEndpoints(expected);
		await this.verifyPurchase(expected);
		await this.verifyForgedDelivery(expected);
	}

	private async verifyEndpoints(expected: ExpectedEndpoint[]): Promise<void> {
		const endpoints = expected
			.map(({ url, events }) => ({ url, events: [...events].sort(), active: true }))
			.sort((a, b) => a.url.localeCompare(b.url));
		await until('the expected endpoints', async () =>
			expect(
				(await this.listEndpoints()).map(({ url, events, active }) => ({ url, events, active })),
			).toEqual(endpoints),
		);
	}

	private async verifyPurchase(expected: ExpectedEndpoint[]): Promise<void> {
		const orderId = `own-${++this.orderCount}`;
		const before = this.sandbox.deliveries.length;
		await this.sandbox.purchase({
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
			await until(`${count} executions for order ${orderId}`, check);
			// Another execution too many would show by now.
			await sleep(300);
			await check();
		}
	}

	private async verifyForgedDelivery(expected: ExpectedEndpoint[]): Promise<void> {
		const countExecutions = async () =>
			Promise.all(
				expected.map(async ({ workflowId }) => (await this.client.executions(workflowId)).length),
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

	/** Waits until the polling trigger has emitted an order that is made now. */
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
