import { randomUUID } from 'node:crypto';
import { Agent } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import axios, { type AxiosInstance, type AxiosRequestConfig } from 'axios';

import { until } from '../until';
import type { RunningN8n } from './start';

export interface WorkflowNode {
	id?: string;
	name: string;
	type: string;
	typeVersion: number;
	position: number[];
	parameters: Record<string, unknown>;
	webhookId?: string;
	credentials?: Record<string, { id: string; name: string }>;
	[setting: string]: unknown;
}

export interface Workflow {
	name: string;
	nodes: WorkflowNode[];
	connections: Record<string, unknown>;
	settings?: Record<string, unknown>;
	/** What nodes output in a manual run, by their names, instead of being run. */
	pinData?: Record<string, Array<{ json: Record<string, unknown> }>>;
}

export interface StoredWorkflow extends Workflow {
	id: string;
	active: boolean;
	versionId: string;
	/** What its nodes keep, by n8n's keys of them. */
	staticData?: unknown;
}

export interface Credential {
	id: string;
	name: string;
	type: string;
}

export interface CredentialTest {
	status: 'OK' | 'Error';
	message: string;
}

export type ExecutionStatus =
	| 'new'
	| 'running'
	| 'success'
	| 'error'
	| 'canceled'
	| 'crashed'
	| 'waiting';

export interface ExecutionSummary {
	id: string;
	workflowId: string;
	mode: string;
	status: ExecutionStatus;
	startedAt: string;
	stoppedAt: string | null;
}

/** An execution with the output of each node, as n8n recorded it. */
export interface Execution extends ExecutionSummary {
	/** The items of a node's first output, over all its runs; empty if the node did not run. */
	items(node: string): Array<Record<string, unknown>>;
	hints(node: string): string[];
	error: { message: string; description?: string | null } | undefined;
}

export interface Owner {
	email: string;
	password: string;
	firstName: string;
	lastName: string;
}

export const demoOwner: Owner = {
	email: 'demo@example.com',
	password: 'Pocketsflow-Demo-1',
	firstName: 'Demo',
	lastName: 'Owner',
};

interface PublicationStatus {
	status: 'in_progress' | 'not_published' | 'published' | 'partial' | 'failed';
	triggers: Array<{ nodeId: string; status: string; errorMessage: string | null }>;
}

interface RunData {
	[node: string]: Array<{
		data?: { main?: Array<Array<{ json: Record<string, unknown> }> | null> };
		hints?: Array<{ message: string }>;
	}>;
}

interface ExecutionData {
	resultData?: { runData?: RunData; error?: { message: string; description?: string | null } };
}

const finalStatuses: ReadonlySet<ExecutionStatus> = new Set([
	'success',
	'error',
	'canceled',
	'crashed',
]);

export class N8nRequestError extends Error {
	constructor(
		readonly status: number,
		message: string,
	) {
		super(message);
	}
}

/** Drives an n8n over the REST interface that its own editor uses. */
export class N8nClient {
	private cookie = '';

	private readonly http: AxiosInstance;

	private constructor(
		private readonly n8n: RunningN8n,
		browserId: string = randomUUID(),
	) {
		this.http = axios.create({
			baseURL: `${n8n.url}/rest`,
			headers: { 'browser-id': browserId },
			// A kept connection may be closed by n8n, which keeps it 5 s, just when it is used again.
			httpAgent: new Agent({ keepAlive: false }),
			proxy: false,
			timeout: 60_000,
			validateStatus: () => true,
		});
	}

	/** Signs in, and creates the owner first if n8n is new. */
	static async connect(n8n: RunningN8n, owner = demoOwner): Promise<N8nClient> {
		const client = new N8nClient(n8n);
		const settings = await client.get<{ userManagement: { showSetupOnFirstLoad?: boolean } }>(
			'/settings',
		);
		if (settings.userManagement.showSetupOnFirstLoad) await client.post('/owner/setup', owner);
		const { email, password } = owner;
		await client.post('/login', { emailOrLdapLoginId: email, password });
		return client;
	}

	/** Continues a session in which another client has signed in. */
	static resume(n8n: RunningN8n, session: { cookie: string; browserId: string }): N8nClient {
		const client = new N8nClient(n8n, session.browserId);
		client.cookie = session.cookie;
		return client;
	}

	get session(): { name: string; value: string } {
		const [name, ...value] = this.cookie.split('=');
		return { name, value: value.join('=') };
	}

	get browserId(): string {
		return String(this.http.defaults.headers['browser-id']);
	}

	createCredential(type: string, name: string, data: Record<string, unknown>): Promise<Credential> {
		return this.post('/credentials', { type, name, data });
	}

	async updateCredential(
		{ id, name, type }: Credential,
		data: Record<string, unknown>,
	): Promise<void> {
		await this.patch(`/credentials/${id}`, { name, type, data });
	}

	/** Creates a workflow by n8n's public API, which keeps the IDs of nodes and the static data. */
	async createByPublicApi(workflow: Workflow & { staticData?: unknown }): Promise<StoredWorkflow> {
		const apiKey = await this.createApiKey(['workflow:create', 'workflow:read']);
		const { data } = await axios.post<StoredWorkflow>(
			`${this.n8n.url}/api/v1/workflows`,
			workflow,
			{ headers: { 'x-n8n-api-key': apiKey }, proxy: false },
		);
		return data;
	}

	/** A credential with which n8n's own node reads the workflows of this n8n. */
	async createOwnCredential(): Promise<Credential> {
		return await this.createCredential('n8nApi', 'This n8n', await this.createOwnKey());
	}

	async createOwnKey(): Promise<{ apiKey: string; baseUrl: string }> {
		return {
			apiKey: await this.createApiKey(['workflow:list', 'workflow:read']),
			baseUrl: `${this.n8n.url}/api/v1`,
		};
	}

	private async createApiKey(scopes: string[]): Promise<string> {
		const key = { label: randomUUID(), expiresAt: null, scopes };
		return (await this.post<{ rawApiKey: string }>('/api-keys', key)).rawApiKey;
	}

	/** What n8n's own "test" button shows for a saved credential and the data now in its form. */
	testCredential(credential: Credential, data: Record<string, unknown>): Promise<CredentialTest> {
		const { id, name, type } = credential;
		return this.post('/credentials/test', { credentials: { id, name, type, data } });
	}

	/**
	 * Imports a workflow as the editor does: each node gets the credential that it needs, each webhook its
	 * ID. Tags are given by their IDs. Pinned data is always an object, because n8n 2.41 cannot execute a
	 * second step if it is null.
	 */
	importWorkflow(
		workflow: Workflow,
		credentials: Credential[] = [],
		tags: string[] = [],
	): Promise<StoredWorkflow> {
		const nodes = workflow.nodes.map((node) => ({
			...node,
			id: randomUUID(),
			...(/trigger|webhook|\.wait$/i.test(node.type) && { webhookId: randomUUID() }),
			...withCredentials(node, credentials),
		}));
		const { name, connections, settings = {}, pinData = {} } = workflow;
		const content = { name, nodes, connections, settings, pinData };
		return this.post('/workflows', { ...content, tags, active: false });
	}

	workflow(id: string): Promise<StoredWorkflow> {
		return this.get(`/workflows/${id}`);
	}

	/** Saves the change; a running workflow goes on with its published version until `activate`. */
	async update(id: string, change: Partial<Workflow>): Promise<StoredWorkflow> {
		const { versionId } = await this.workflow(id);
		return this.patch(`/workflows/${id}`, { ...change, versionId });
	}

	/** Publishes; returns when every trigger is registered. @throws n8n's message if one is not */
	async activate(id: string, withinMs = 60_000): Promise<void> {
		const { versionId } = await this.workflow(id);
		await this.post(`/workflows/${id}/activate`, { versionId });
		const { publication } = await until(
			'n8n to publish the workflow',
			async () => {
				const current = await this.publicationStatus(id);
				const isDecided = !current || ['published', 'failed', 'partial'].includes(current.status);
				return isDecided && { publication: current };
			},
			{ withinMs },
		);
		// Older n8n activates before it answers.
		if (!publication || publication.status === 'published') return;
		const messages = publication.triggers.flatMap(({ errorMessage }) => errorMessage ?? []);
		throw new Error(messages.join('\n') || 'n8n could not publish the workflow');
	}

	/** How far publishing has come; undefined on an n8n that activates immediately. */
	async publicationStatus(id: string): Promise<PublicationStatus | undefined> {
		try {
			return await this.get<PublicationStatus>(`/workflows/${id}/publication-status`);
		} catch (error) {
			if (error instanceof N8nRequestError && error.status === 404) return undefined;
			throw error;
		}
	}

	async deactivate(id: string, withinMs = 60_000): Promise<void> {
		await this.post(`/workflows/${id}/deactivate`, {});
		await until(
			'n8n to unpublish the workflow',
			async () =>
				((await this.publicationStatus(id))?.status ?? 'not_published') === 'not_published',
			{ withinMs },
		);
	}

	async delete(id: string): Promise<void> {
		await this.post(`/workflows/${id}/archive`, {});
		await this.request({ method: 'DELETE', url: `/workflows/${id}` });
	}

	/** Starts it as the editor's button does; a trigger that waits for a webhook has no execution yet. */
	runManually(
		id: string,
		trigger: string,
	): Promise<{ executionId: string } | { waitingForWebhook: true }> {
		return this.get<StoredWorkflow>(`/workflows/${id}`).then((workflowData) =>
			this.post(`/workflows/${id}/run`, {
				workflowData,
				triggerToStartFrom: { name: trigger },
			}),
		);
	}

	async run(id: string, trigger = 'Start', withinMs?: number): Promise<Execution> {
		const started = await this.runManually(id, trigger);
		if (!('executionId' in started)) throw new Error(`"${trigger}" waits for a webhook.`);
		return await this.waitForExecution(id, (one) => one.id === started.executionId, withinMs);
	}

	async executions(workflowId: string): Promise<ExecutionSummary[]> {
		const filter = JSON.stringify({ workflowId });
		const params = { filter, limit: 100 };
		const page = await this.get<{ results: ExecutionSummary[] }>('/executions', { params });
		return page.results;
	}

	async countExecutions(workflowId: string, status?: string[]): Promise<number> {
		const params = { filter: JSON.stringify({ workflowId, status }), limit: 1 };
		return (await this.get<{ count: number }>('/executions', { params })).count;
	}

	async execution(id: string): Promise<Execution> {
		const { data, ...summary } = await this.get<ExecutionSummary & { data: string }>(
			`/executions/${id}`,
		);
		const { resultData } = this.flatted.parse(data) as ExecutionData;
		return {
			...summary,
			error: resultData?.error,
			hints: (node) =>
				(resultData?.runData?.[node] ?? []).flatMap(({ hints = [] }) =>
					hints.map(({ message }) => message),
				),
			items: (node) =>
				(resultData?.runData?.[node] ?? []).flatMap((run) =>
					(run.data?.main?.[0] ?? []).map(({ json }) => json),
				),
		};
	}

	/** The newest finished execution that matches. @throws after that time, with what there was */
	waitForExecution(
		workflowId: string,
		matches: (execution: Execution) => boolean = () => true,
		withinMs = 30_000,
	): Promise<Execution> {
		const rejected = new Set<string>();
		return until(
			'an execution that matches',
			async () => {
				const all = await this.executions(workflowId);
				for (const { id, status } of all) {
					if (rejected.has(id) || !finalStatuses.has(status)) continue;
					const execution = await this.execution(id);
					if (matches(execution)) return execution;
					rejected.add(id);
				}
				const found = all.map(({ id, status }) => `${id} ${status}`).join(', ') || 'none';
				throw new Error(`There are: ${found}`);
			},
			{ withinMs },
		);
	}

	async waitUntilIdle(workflowId: string, withinMs = 60_000): Promise<void> {
		await until(
			'the running executions to end',
			async () => (await this.executions(workflowId)).every(({ stoppedAt }) => stoppedAt !== null),
			{ withinMs },
		);
	}

	/** The production address of a Webhook node or of a trigger whose webhook has the path `webhook`. */
	webhookUrl(workflow: StoredWorkflow, nodeName: string): string {
		const node = workflow.nodes.find(({ name }) => name === nodeName);
		if (!node) throw new Error(`The workflow has no node "${nodeName}"`);
		const path =
			node.type === 'n8n-nodes-base.webhook'
				? String(node.parameters.path)
				: `${node.webhookId}/webhook`;
		return `${this.n8n.url}/webhook/${path}`;
	}

	/** n8n's own library for its execution data, of the version that wrote them. */
	private get flatted(): { parse(text: string): unknown } {
		return createRequire(join(this.n8n.installation.dir, 'package.json'))('flatted');
	}

	/** What n8n serves to its own editor at a path, with the status. */
	async editorFile<T>(path: string): Promise<{ status: number; data: T }> {
		const headers = { cookie: this.cookie };
		const { status, data } = await this.http.get<T>(path, { baseURL: this.n8n.url, headers });
		return { status, data };
	}

	get<T>(url: string, config: AxiosRequestConfig = {}): Promise<T> {
		return this.request<T>({ ...config, method: 'GET', url });
	}

	post<T>(url: string, data: unknown): Promise<T> {
		return this.request<T>({ method: 'POST', url, data });
	}

	patch<T>(url: string, data: unknown): Promise<T> {
		return this.request<T>({ method: 'PATCH', url, data });
	}

	remove<T>(url: string, config: AxiosRequestConfig = {}): Promise<T> {
		return this.request<T>({ ...config, method: 'DELETE', url });
	}

	private async request<T>(config: AxiosRequestConfig): Promise<T> {
		const headers = this.cookie ? { cookie: this.cookie } : {};
		const response = await this.http.request<{ data?: T; message?: string }>({
			...config,
			headers,
		});
		const auth = response.headers['set-cookie']?.find((line) => line.startsWith('n8n-auth='));
		if (auth) this.cookie = auth.split(';')[0];
		if (response.status >= 400) {
			const reason = response.data?.message ?? JSON.stringify(response.data);
			throw new N8nRequestError(
				response.status,
				`n8n answered ${response.status} to ${config.method} ${config.url}: ${reason}`,
			);
		}
		return response.data?.data as T;
	}
}

/** The nodes that use a credential of a type, next to HTTP Request nodes that name the type. */
const usersOfCredentials: Readonly<Record<string, RegExp>> = {
	crypto: /^n8n-nodes-base\.crypto$/,
	n8nApi: /^n8n-nodes-base\.n8n$/,
	openAiApi: /\.lmChatOpenAi$/,
	pocketsflowApi: /^n8n-nodes-pocketsflow\./,
	postgres: /^n8n-nodes-base\.postgres$/,
	smtp: /^n8n-nodes-base\.emailSend(HitlTool)?$/,
	telegramApi: /^n8n-nodes-base\.telegram/,
	wooCommerceApi: /^n8n-nodes-base\.wooCommerce/,
};

function withCredentials(
	node: WorkflowNode,
	credentials: Credential[],
): Pick<WorkflowNode, 'credentials'> {
	const matching = credentials.filter(
		({ type }) =>
			usersOfCredentials[type]?.test(node.type) || node.parameters.nodeCredentialType === type,
	);
	if (matching.length === 0) return {};
	return {
		credentials: Object.fromEntries(matching.map(({ id, name, type }) => [type, { id, name }])),
	};
}
