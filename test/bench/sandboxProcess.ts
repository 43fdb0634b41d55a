import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { execPath } from 'node:process';

import { findFreePort } from '../harness/ports';
import { until } from '../harness/until';

/** A sandbox in another process, so that its work is not measured. */
export interface SandboxProcess {
	url: string;
	apiKey: string;
	control<T>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<T>;
	listProductNames(): Promise<string[]>;
	stop(): Promise<void>;
}

const script = join(__dirname, '..', '..', 'sandbox', 'start.ts');

export async function startSandboxProcess(switches: object): Promise<SandboxProcess> {
	const port = await findFreePort();
	const apiKey = 'pk_test_benchmark0123456789';
	const child = spawn(
		execPath,
		['--import', 'tsx', script, '--port', String(port), '--test-key', apiKey],
		{ stdio: ['ignore', 'ignore', 'inherit'] },
	);
	const ended = once(child, 'exit');
	// A failed bench must not leave its sandbox running.
	process.once('exit', () => child.kill());
	const url = `http://127.0.0.1:${port}`;
	const control: SandboxProcess['control'] = async (method, path, body) => {
		const response = await fetch(`${url}/_sandbox${path}`, {
			method,
			...(body && { body: JSON.stringify(body) }),
		});
		if (!response.ok)
			throw new Error(`${path} answered ${response.status} ${await response.text()}`);
		return await response.json();
	};
	const listProductNames = async () => {
		await control('PATCH', '/switches', { rateLimit: false, latencyMs: 0 });
		const response = await fetch(`${url}/products`, {
			headers: { authorization: `Bearer ${apiKey}` },
		});
		return ((await response.json()) as Array<{ name: string }>).map(({ name }) => name);
	};
	const stop = async () => {
		child.kill();
		await ended;
	};
	const isUp = () => control('PATCH', '/switches', switches).then(() => true);
	await until('the sandbox to answer', isUp, { everyMs: 100 });
	return { url, apiKey, control, listProductNames, stop };
}
