import { execPath } from 'node:process';
import { join } from 'node:path';

import execa from 'execa';
import getPort from 'get-port';

/** A sandbox in a process of its own, so that its work is not measured with ours. */
export interface Shop {
	url: string;
	apiKey: string;
	control<T>(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<T>;
	/** The names of the products that were created. */
	products(): Promise<string[]>;
	close(): Promise<void>;
}

const start = join(__dirname, '..', '..', 'sandbox', 'start.ts');

/** Starts a sandbox with the given switches and waits until it answers. */
export async function openShop(switches: object): Promise<Shop> {
	const port = await getPort();
	const apiKey = 'pk_test_benchmark0123456789';
	const child = execa(
		execPath,
		['--import', 'tsx', start, '--port', String(port), '--test-key', apiKey],
		{ stdio: ['ignore', 'ignore', 'inherit'] },
	);
	child.catch(() => undefined);
	const url = `http://127.0.0.1:${port}`;
	const control: Shop['control'] = async (method, path, body) => {
		const response = await fetch(`${url}/_sandbox${path}`, {
			method,
			...(body && { body: JSON.stringify(body) }),
		});
		if (!response.ok)
			throw new Error(`${path} answered ${response.status} ${await response.text()}`);
		return await response.json();
	};
	for (let tries = 0; ; tries++) {
		try {
			await control('PATCH', '/switches', switches);
			break;
		} catch (error) {
			if (tries > 200) throw error;
			await new Promise((resolve) => setTimeout(resolve, 100));
		}
	}
	return {
		url,
		apiKey,
		control,
		products: async () => {
			await control('PATCH', '/switches', { rateLimit: false, latencyMs: 0 });
			const response = await fetch(`${url}/products`, {
				headers: { authorization: `Bearer ${apiKey}` },
			});
			return ((await response.json()) as Array<{ name: string }>).map(({ name }) => name);
		},
		close: async () => {
			child.kill();
			await child.catch(() => undefined);
		},
	};
}

export const median = (values: number[]) =>
	[...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;

/** How long `work` takes, in milliseconds, and what it gives. */
export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
	const start = performance.now();
	const value = await work();
	return { ms: performance.now() - start, value };
}

/** The most TCP sockets that this process had open at once while `work` ran. */
export async function socketsDuring(work: () => Promise<unknown>): Promise<number> {
	let most = 0;
	const count = () =>
		process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
	const before = count();
	const timer = setInterval(() => (most = Math.max(most, count() - before)), 2);
	await work();
	clearInterval(timer);
	return most;
}
