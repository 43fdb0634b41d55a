import axios, { type AxiosInstance } from 'axios';

import { startSandbox, type Sandbox, type SandboxOptions } from '../../../sandbox/sandbox';
import { N8nClient, type Credential } from './client';
import { startQueueMode, type QueueMode } from './queue';
import { connectSharedN8n, isShared } from './sharedN8n';
import { startN8n, type RunningN8n, type StartOptions } from './start';

/** How long a test's set-up may take when n8n must be downloaded first. */
export const installationTimeoutMs = 20 * 60_000;

/** A real n8n with the built package, and a sandbox that its credential leads to. */
export interface TestEnvironment {
	sandbox: Sandbox;
	n8n: RunningN8n;
	client: N8nClient;
	credential: Credential;
	api: AxiosInstance;
	createCredential(name: string, fields?: Record<string, unknown>): Promise<Credential>;
	stop(): Promise<void>;
}

/** Starts a sandbox and an n8n. End-to-end tests share one n8n unless they pass options. */
export async function startEnvironment(
	options: { sandbox?: SandboxOptions; n8n?: StartOptions } = {},
): Promise<TestEnvironment> {
	return await connectEnvironment(options.sandbox, async () => {
		if (isShared(options.n8n)) {
			const { n8n, client } = await connectSharedN8n();
			return { n8n, client, stop: () => n8n.stop() };
		}
		const n8n = await startN8n(options.n8n);
		return { n8n, stop: () => n8n.stop() };
	});
}

/** `env` is for all processes of this n8n. */
export async function startQueueEnvironment(
	options: { sandbox?: SandboxOptions; env?: Record<string, string> } = {},
): Promise<TestEnvironment & { queue: QueueMode }> {
	let queue: QueueMode | undefined;
	const environment = await connectEnvironment(
		options.sandbox,
		async () => (queue = await startQueueMode(options.env)),
	);
	if (!queue) throw new Error('n8n was not started');
	return { ...environment, queue };
}

async function connectEnvironment(
	sandboxOptions: SandboxOptions | undefined,
	start: () => Promise<{ n8n: RunningN8n; client?: N8nClient; stop(): Promise<void> }>,
): Promise<TestEnvironment> {
	const sandbox = await startSandbox(sandboxOptions);
	let started: Awaited<ReturnType<typeof start>> | undefined;
	const stop = async () => {
		await started?.stop();
		await sandbox.close();
	};
	try {
		started = await start();
		const { n8n } = started;
		const client = started.client ?? (await N8nClient.connect(n8n));
		const createCredential = (name: string, fields: Record<string, unknown> = {}) => {
			const own = { apiKey: sandbox.testKey, baseUrl: sandbox.url, webhookSigningSecret: '' };
			return client.createCredential('pocketsflowApi', name, { ...own, ...fields });
		};
		const credential = await createCredential('Sandbox');
		return { sandbox, n8n, client, credential, api: connectToApi(sandbox), createCredential, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

const connectToApi = (sandbox: Sandbox) =>
	axios.create({
		baseURL: sandbox.url,
		headers: { authorization: `Bearer ${sandbox.testKey}` },
		proxy: false,
	});
