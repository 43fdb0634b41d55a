import { N8nClient, type Credential } from '../harness/n8n/client';
import { startN8n, type RunningN8n } from '../harness/n8n/start';
import { startSandbox, type Sandbox, type SandboxOptions } from '../../sandbox/sandbox';
import { ensureBuilt } from '../harness/setup/build';

/** A sandbox, and a real n8n with the package and a credential for that sandbox. */
export interface Stage {
	sandbox: Sandbox;
	n8n: RunningN8n;
	client: N8nClient;
	credential: Credential;
}

/** Opens a stage; its sandbox and n8n are the caller's to end. If n8n does not come up nothing is left. */
export async function openStage(options: SandboxOptions = {}): Promise<Stage> {
	await ensureBuilt();
	const sandbox = await startSandbox({ seed: 'test', ...options });
	let n8n: RunningN8n | undefined;
	try {
		n8n = await startN8n();
		const client = await N8nClient.connect(n8n);
		const credential = await client.createCredential('pocketsflowApi', 'Pocketsflow', {
			apiKey: sandbox.testKey,
			baseUrl: sandbox.url,
			webhookSigningSecret: '',
		});
		return { sandbox, n8n, client, credential };
	} catch (error) {
		await n8n?.stop();
		await sandbox.close();
		throw error;
	}
}
