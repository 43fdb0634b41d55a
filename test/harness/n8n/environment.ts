import axios, { type AxiosInstance } from 'axios';

import { startSandbox, type Sandbox, type SandboxOptions } from '../../../sandbox/sandbox';
import { ensureBuilt } from '../setup/build';
import { N8nClient, type Credential } from './client';
import { startN8n, type RunningN8n, type StartOptions } from './start';

/** How long a test's set-up may take when n8n must be downloaded first. */
export const installationTimeoutMs = 20 * 60_000;

/** A real n8n with the built package, and a sandbox that its credential leads to. */
export interface TestEnvironment {
	sandbox: Sandbox;
	n8n: RunningN8n;
	client: N8nClient;
	credential: Credential;
	/** The API of the sandbox, asked with the same key as the credential has. */
	api: AxiosInstance;
	stop(): Promise<void>;
}

/** Starts a sandbox and an n8n. If n8n does not start, nothing is left running. */
export async function startEnvironment(
	options: { sandbox?: SandboxOptions; n8n?: StartOptions } = {},
): Promise<TestEnvironment> {
	await ensureBuilt();
	const sandbox = await startSandbox(options.sandbox);
	let n8n: RunningN8n | undefined;
	const stop = async () => {
		await n8n?.stop();
		await sandbox.close();
	};
	try {
		n8n = await startN8n(options.n8n);
		const client = await N8nClient.connect(n8n);
		const credential = await client.createCredential('pocketsflowApi', 'Sandbox', {
			apiKey: sandbox.testKey,
			baseUrl: sandbox.url,
			webhookSigningSecret: '',
		});
		return { sandbox, n8n, client, credential, api: connectToApi(sandbox), stop };
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
