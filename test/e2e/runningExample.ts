import axios from 'axios';

import { buy, chooseProduct, fillSetUp, readExample } from '../../demo/example-workflows';
import type { SetUpValues } from '../../demo/examples';
import type { Execution, ExecutionSummary, StoredWorkflow, Workflow } from '../harness/n8n/client';
import type { TestEnvironment } from '../harness/n8n/environment';
import { until } from '../harness/until';

/** What an example needs before it can be published. */
export interface ExampleOptions {
	/** Values of its node "Set up". */
	values?: SetUpValues;
	/** Credentials by their types, besides that of Pocketsflow. */
	credentials?: Record<string, Record<string, unknown>>;
	/** What it sells, if it sells something. */
	productId?: string;
	/** What else is changed, such as a node whose service cannot be reached from here. */
	change?(workflow: Workflow): Workflow;
}

type Row = Record<string, unknown>;

/**
 * Without the sample data, which a run by hand would use, and without the trigger's own memory of repeated
 * deliveries. The tries are as many as in the example; only the waits between them are shortened.
 */
const prepare = (workflow: Workflow): Workflow => ({
	...workflow,
	pinData: {},
	nodes: workflow.nodes.map((node) => ({
		...node,
		...(node.type.endsWith('.pocketsflowTrigger') && {
			parameters: { ...node.parameters, options: { skipRepeated: false } },
		}),
		...(node.retryOnFail === true && { waitBetweenTries: 50 }),
	})),
});

/** Without its polling trigger, for tests that decide which events come, and when. */
export const withoutPolling = <W extends Pick<Workflow, 'nodes'>>(workflow: W): W => ({
	...workflow,
	nodes: workflow.nodes.map((node) =>
		node.type.endsWith('.pocketsflowPollingTrigger') ? { ...node, disabled: true } : node,
	),
});

const isRunning = ({ status }: ExecutionSummary) => status === 'new' || status === 'running';

/** What an execution says that went wrong; empty if nothing did. */
export const readError = ({ status, error }: Execution): string =>
	status === 'success' ? '' : (error?.message ?? status);

/** One of the examples in n8n, published. */
export class RunningExample {
	/** How often its Webhook nodes were asked. */
	private asked = 0;

	private constructor(
		private readonly environment: TestEnvironment,
		readonly workflow: StoredWorkflow,
	) {}

	/** Imports an example as a seller does, fills it in, and publishes it. */
	static async open(
		environment: TestEnvironment,
		file: string,
		{ values = {}, credentials = {}, productId = '', change = (same) => same }: ExampleOptions,
	): Promise<RunningExample> {
		const { client, credential } = environment;
		const own = await Promise.all(
			Object.entries(credentials).map(([type, data]) => client.createCredential(type, file, data)),
		);
		const filled = fillSetUp(chooseProduct(await readExample(file), productId), values);
		const stored = await client.importWorkflow(prepare(change(filled)), [credential, ...own]);
		await client.activate(stored.id);
		return new RunningExample(environment, stored);
	}

	/** Unpublishes it. */
	async close(): Promise<void> {
		await this.environment.client.deactivate(this.workflow.id);
	}

	/** Opens a Webhook node as a buyer, and pays on the checkout page that it leads to. */
	async buy(node: string, params: Record<string, string>, email: string) {
		this.asked += 1;
		return await buy(`${this.url(node)}?${new URLSearchParams(params).toString()}`, email);
	}

	/** Asks a Webhook node, and returns what it answers without following a redirect. */
	async ask(node: string, params: Record<string, string>): Promise<Answer> {
		this.asked += 1;
		const { status, headers, data } = await axios.get<unknown>(this.url(node), {
			params,
			proxy: false,
			maxRedirects: 0,
			validateStatus: () => true,
		});
		return { status, data, location: String(headers.location ?? '') };
	}

	/** Fills in other values, and publishes them. */
	async setUp(values: SetUpValues): Promise<void> {
		const { client } = this.environment;
		const { nodes } = fillSetUp(await client.workflow(this.workflow.id), values);
		await client.update(this.workflow.id, { nodes });
		await client.activate(this.workflow.id);
	}

	/** Deactivates a node, or activates it again, and publishes that. */
	async setDisabled(name: string, disabled: boolean): Promise<void> {
		const { client } = this.environment;
		const { nodes } = await client.workflow(this.workflow.id);
		const changed = nodes.map((node) => (node.name === name ? { ...node, disabled } : node));
		await client.update(this.workflow.id, { nodes: changed });
		await client.activate(this.workflow.id);
	}

	/** Waits until every delivery and every question is worked on; returns the newest execution. */
	async settle(): Promise<Execution> {
		const { client, sandbox } = this.environment;
		await sandbox.waitForDeliveries();
		const expected = this.asked + this.countDeliveries();
		const newest = await until(`${expected} executions to end`, async () => {
			const all = await client.executions(this.workflow.id);
			const started = all.filter(({ mode }) => mode === 'webhook');
			if (started.length < expected || started.some(isRunning))
				throw new Error(`There are ${started.length} executions.`);
			return started[0];
		});
		return await client.execution(newest.id);
	}

	/** Runs a schedule now; returns the execution. */
	async run(trigger: string): Promise<Execution> {
		const { client } = this.environment;
		const started = await client.runManually(this.workflow.id, trigger);
		if (!('executionId' in started)) throw new Error(`"${trigger}" waits.`);
		const readEnded = async () => {
			const execution = await client.execution(started.executionId);
			return !isRunning(execution) && execution;
		};
		return await until(`the run of "${trigger}" to end`, readEnded, { withinMs: 60_000 });
	}

	/** The rows of a data table that have these values. */
	async rows(table: string, values: Row = {}): Promise<Row[]> {
		const { client } = this.environment;
		const path = `${await this.tablePath(table)}/rows`;
		const { data } = await client.get<{ data: Row[] }>(path, { params: { take: 100 } });
		return data.filter((row) =>
			Object.entries(values).every(([column, value]) => row[column] === value),
		);
	}

	/** Changes the rows of a data table that have a value in a column, as its owner can by hand. */
	async edit(table: string, [columnName, value]: [string, string], data: Row): Promise<void> {
		const filters = [{ columnName, condition: 'eq', value }];
		await this.environment.client.patch(`${await this.tablePath(table)}/rows`, {
			filter: { type: 'and', filters },
			data,
		});
	}

	private url(node: string): string {
		return this.environment.client.webhookUrl(this.workflow, node);
	}

	/** How many deliveries its trigger has accepted. */
	private countDeliveries(): number {
		const { client, sandbox } = this.environment;
		const trigger = this.workflow.nodes.find(({ type }) => type.endsWith('.pocketsflowTrigger'));
		if (!trigger) return 0;
		const path = new URL(client.webhookUrl(this.workflow, trigger.name)).pathname;
		return sandbox.deliveries.filter(
			({ url, outcome }) => url.endsWith(path) && outcome === 'delivered',
		).length;
	}

	private async tablePath(table: string): Promise<string> {
		const { client } = this.environment;
		const { id } = await client.get<{ id: string }>('/projects/personal');
		const path = `/projects/${id}/data-tables`;
		const { data } = await client.get<{ data: Array<{ id: string; name: string }> }>(path);
		const found = data.find(({ name }) => name === table);
		if (!found) throw new Error(`There is no data table ${table}.`);
		return `${path}/${found.id}`;
	}
}

/** What a Webhook node answered. */
interface Answer {
	status: number;
	data: unknown;
	/** Where it leads; empty if nowhere. */
	location: string;
}

/** Asks the sandbox to do something that no API call does. */
export async function control(
	{ sandbox }: TestEnvironment,
	path: string,
	body: Record<string, unknown> = {},
): Promise<void> {
	await axios.post(`${sandbox.url}/_sandbox${path}`, body, { proxy: false });
}
