import 'reflect-metadata';

import {
	ExecuteContext,
	ExecutionLifecycleHooks,
	HookContext,
	LoadOptionsContext,
	PollContext,
	WebhookContext,
	WorkflowExecute,
} from 'n8n-core';
import {
	createRunExecutionData,
	NodeConnectionTypes,
	Workflow,
	type ICredentialDataDecryptedObject,
	type ICredentialsHelper,
	type IBinaryKeyData,
	type IDataObject,
	type IHttpRequestOptions,
	type INode,
	type INodeExecutionData,
	type INodeParameters,
	type INodeType,
	type INodeTypes,
	type IRun,
	type IWebhookData,
	type IWorkflowExecuteAdditionalData,
	type WorkflowActivateMode,
	type WorkflowExecuteMode,
} from 'n8n-workflow';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PocketsflowApi } from '../../../credentials/PocketsflowApi.credentials';

/** A node as a user would have set it up, and the items it gets. */
export interface NodeSetup {
	node: INodeType;
	parameters?: INodeParameters;
	typeVersion?: number;
	/** Its fields may be expressions. */
	credential: ICredentialDataDecryptedObject;
	/** The JSON of the input items; one empty item unless given. */
	items?: IDataObject[];
	/** Binary data that every input item has. */
	binary?: IBinaryKeyData;
	onError?: INode['onError'];
	/** n8n's Retry On Fail: how often the node is run in all, at most, one millisecond apart. */
	maxTries?: number;
	/** Time zone of the workflow; UTC unless given. */
	timezone?: string;
	mode?: WorkflowExecuteMode;
	activation?: WorkflowActivateMode;
	/** Static data of the node; what the node changes is changed in this object. */
	staticData?: IDataObject;
	webhookBaseUrl?: string;
	webhookId?: string;
	workflowId?: string;
	nodeId?: string;
	nodeName?: string;
	signal?: AbortSignal;
	/** Gets the failed executions that a poll asks for next to its result. */
	emitError?: (error: Error) => void;
}

export const sourceName = 'Items';
export const nodeName = 'Under Test';

const sourceType = 'test.items';
// As n8n names it: package and node. The name of a tool ends in Tool.
const getTypeName = ({ description }: INodeType) => `test.${description.name}`;

// n8n-core reads its instance settings from disk; without this folder it would create ~/.n8n.
if (process.env.N8N_USER_FOLDER === undefined) {
	const folder = mkdtempSync(join(tmpdir(), 'pocketsflow-engine-'));
	process.env.N8N_USER_FOLDER = folder;
	process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
}
process.env.N8N_ENCRYPTION_KEY ??= 'test';
process.env.N8N_LOG_LEVEL ??= 'silent';

const emptyItem: IDataObject[] = [{}];

const buildItems = ({ items = emptyItem, binary }: NodeSetup): INodeExecutionData[] =>
	items.map((json) => ({ json, ...(binary && { binary }) }));

const createSourceNode = (items: INodeExecutionData[]): INodeType => ({
	description: {
		displayName: 'Items',
		name: 'items',
		group: ['input'],
		version: 1,
		description: '',
		defaults: {},
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		properties: [],
	},
	execute: async () => [items],
});

function buildWorkflow(setup: NodeSetup): Workflow {
	const types: Record<string, INodeType> = {
		[sourceType]: createSourceNode(buildItems(setup)),
		[getTypeName(setup.node)]: setup.node,
	};
	const nodeTypes: INodeTypes = {
		getByName: (type) => types[type],
		getByNameAndVersion: (type) => types[type],
		getKnownTypes: () => ({}),
	};
	const node = (name: string, type: string, more: Partial<INode>): INode => ({
		id: name,
		name,
		type,
		typeVersion: setup.typeVersion ?? 1,
		position: [0, 0],
		parameters: {},
		...more,
	});
	return new Workflow({
		id: setup.workflowId ?? 'workflow',
		name: 'Workflow',
		active: false,
		nodeTypes,
		settings: { executionOrder: 'v1', timezone: setup.timezone ?? 'UTC' },
		staticData: { [`node:${setup.nodeName ?? nodeName}`]: setup.staticData ?? {} },
		nodes: [
			node(sourceName, sourceType, {}),
			node(setup.nodeName ?? nodeName, getTypeName(setup.node), {
				...(setup.nodeId !== undefined && { id: setup.nodeId }),
				parameters: setup.parameters ?? {},
				webhookId: setup.webhookId,
				onError: setup.onError,
				...(setup.maxTries !== undefined && {
					retryOnFail: true,
					maxTries: setup.maxTries,
					waitBetweenTries: 1,
				}),
				credentials: { pocketsflowApi: { id: '1', name: 'Pocketsflow account' } },
			}),
		],
		connections: {
			[sourceName]: {
				main: [[{ node: setup.nodeName ?? nodeName, type: NodeConnectionTypes.Main, index: 0 }]],
			},
		},
	});
}

/** Decrypts to the given credential, resolves expressions, authenticates like n8n's own helper. */
function createCredentialsHelper(setup: NodeSetup): ICredentialsHelper {
	const type = new PocketsflowApi();
	const helper: Pick<
		ICredentialsHelper,
		| 'authenticate'
		| 'getCredentialsProperties'
		| 'getDecrypted'
		| 'getParentTypes'
		| 'isCredentialUsableByNode'
		| 'preAuthentication'
	> = {
		getParentTypes: () => [],
		isCredentialUsableByNode: () => true,
		getCredentialsProperties: () => type.properties,
		preAuthentication: async () => undefined,
		getDecrypted: async (_data, _credentials, _type, mode, executeData, _raw, values) =>
			values
				? (values.workflow.expression.getParameterValue(
						setup.credential as INodeParameters,
						values.runExecutionData,
						values.runIndex,
						values.itemIndex,
						values.node.name,
						values.connectionInputData,
						mode,
						{},
						executeData,
					) as ICredentialDataDecryptedObject)
				: { ...setup.credential },
		authenticate: async (credentials, _type, options) =>
			await type.authenticate(credentials, options as IHttpRequestOptions),
	};
	return helper as ICredentialsHelper;
}

function buildAdditionalData(setup: NodeSetup): IWorkflowExecuteAdditionalData {
	const base = setup.webhookBaseUrl ?? 'https://n8n.example.com';
	const data: Partial<IWorkflowExecuteAdditionalData> = {
		credentialsHelper: createCredentialsHelper(setup),
		executionId: '1',
		currentNodeExecutionIndex: 0,
		restApiUrl: `${base}/rest`,
		instanceBaseUrl: base,
		webhookBaseUrl: `${base}/webhook`,
		webhookTestBaseUrl: `${base}/webhook-test`,
		webhookWaitingBaseUrl: `${base}/webhook-waiting`,
		formBaseUrl: `${base}/form`,
		formTestBaseUrl: `${base}/form-test`,
		formWaitingBaseUrl: `${base}/form-waiting`,
		variables: {},
	};
	return data as IWorkflowExecuteAdditionalData;
}

const getTestedNode = (workflow: Workflow, { nodeName: name = nodeName }: NodeSetup): INode =>
	workflow.nodes[name];

export interface NodeRun {
	/** The items of the node's first output; empty when the run failed. */
	output: INodeExecutionData[];
	error?: Error & { description?: string | null; context?: IDataObject; httpCode?: string | null };
	run: IRun;
}

/** Runs a source of items, then the node, in n8n-core. Aborting `signal` is n8n's stop button. */
export async function runNode(setup: NodeSetup): Promise<NodeRun> {
	const workflow = buildWorkflow(setup);
	const mode = setup.mode ?? 'manual';
	const additionalData = {
		...buildAdditionalData(setup),
		hooks: new ExecutionLifecycleHooks(mode, '1', {
			id: 'workflow',
			name: 'Workflow',
			active: false,
			isArchived: false,
			activeVersionId: null,
			createdAt: new Date(),
			updatedAt: new Date(),
			nodes: Object.values(workflow.nodes),
			connections: workflow.connectionsBySourceNode,
		}),
	};
	const execution = new WorkflowExecute(additionalData, mode).run({
		workflow,
		startNode: workflow.nodes[sourceName],
	});
	setup.signal?.addEventListener('abort', () => execution.cancel());
	const run = await execution;
	const { runData, error } = run.data.resultData;
	return {
		output: runData[nodeName]?.[0]?.data?.main[0] ?? [],
		error: error as NodeRun['error'],
		run,
	};
}

/** The context that n8n gives to `execute`, to call parts of a node directly. */
export function createExecuteContext(setup: NodeSetup): ExecuteContext {
	const workflow = buildWorkflow(setup);
	const node = getTestedNode(workflow, setup);
	const items = buildItems(setup);
	const inputData = { main: [items] };
	return new ExecuteContext(
		workflow,
		node,
		buildAdditionalData(setup),
		setup.mode ?? 'manual',
		createRunExecutionData(),
		0,
		items,
		inputData,
		{ node, data: inputData, source: null },
		[],
		setup.signal,
	);
}

export function createLoadOptionsContext(setup: NodeSetup): LoadOptionsContext {
	const workflow = buildWorkflow(setup);
	return new LoadOptionsContext(
		workflow,
		getTestedNode(workflow, setup),
		buildAdditionalData(setup),
		'',
	);
}

export function createHookContext(setup: NodeSetup): HookContext {
	const workflow = buildWorkflow(setup);
	const node = getTestedNode(workflow, setup);
	const webhookData = {
		httpMethod: 'POST',
		node: node.name,
		path: setup.webhookId ?? 'path',
		webhookDescription: setup.node.description.webhooks?.[0],
		workflowId: 'workflow',
		workflowExecuteAdditionalData: buildAdditionalData(setup),
		webhookId: setup.webhookId,
	} as IWebhookData;
	return new HookContext(
		workflow,
		node,
		buildAdditionalData(setup),
		setup.mode ?? 'trigger',
		setup.activation ?? 'activate',
		webhookData,
	);
}

export function createPollContext(setup: NodeSetup): PollContext {
	const workflow = buildWorkflow(setup);
	return new PollContext(
		workflow,
		getTestedNode(workflow, setup),
		buildAdditionalData(setup),
		setup.mode ?? 'trigger',
		setup.activation ?? 'activate',
		undefined,
		setup.emitError,
	);
}

/** The context of `webhook`, over a request and response that the test makes. */
export function createWebhookContext(
	setup: NodeSetup,
	http: Pick<IWorkflowExecuteAdditionalData, 'httpRequest' | 'httpResponse'>,
): WebhookContext {
	const workflow = buildWorkflow(setup);
	const node = getTestedNode(workflow, setup);
	const additionalData = { ...buildAdditionalData(setup), ...http };
	const webhookData = {
		httpMethod: 'POST',
		node: node.name,
		path: setup.webhookId ?? 'path',
		webhookDescription: setup.node.description.webhooks?.[0],
		workflowId: 'workflow',
		workflowExecuteAdditionalData: additionalData,
		webhookId: setup.webhookId,
	} as IWebhookData;
	return new WebhookContext(
		workflow,
		node,
		additionalData,
		setup.mode ?? 'webhook',
		webhookData,
		[],
		null,
	);
}
