import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const half = sorted.length / 2;
	return (sorted[Math.ceil(half) - 1] + sorted[Math.floor(half)]) / 2;
}

export const formatSeconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;

export async function measure<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
	const startMs = performance.now();
	const value = await work();
	return { ms: performance.now() - startMs, value };
}

/** The most TCP sockets that this process has open together while `work` runs. */
export async function countSockets(work: () => Promise<unknown>): Promise<number> {
	let most = 0;
	const count = () =>
		process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
	const before = count();
	const timer = setInterval(() => (most = Math.max(most, count() - before)), 2);
	await work();
	clearInterval(timer);
	return most;
}

/** The longest time in ms for which `work` kept the event loop from anything else. */
export async function measureLongestBlock(work: () => Promise<unknown>): Promise<number> {
	let lastMs = performance.now();
	let longestMs = 0;
	const look = () => {
		const nowMs = performance.now();
		longestMs = Math.max(longestMs, nowMs - lastMs);
		lastMs = nowMs;
	};
	const timer = setInterval(look, 1);
	await work();
	look();
	clearInterval(timer);
	return longestMs;
}

export async function readMachine(version: string): Promise<string> {
	const own = JSON.parse(await readFile(join(__dirname, '..', '..', 'package.json'), 'utf8')) as {
		version: string;
	};
	const date = new Date().toISOString().slice(0, 10);
	const cores = cpus();
	return `${date}, ${cores.length} cores (${cores[0].model.trim()}), Linux ${process.arch}, n8n ${version}, these nodes ${own.version}`;
}
