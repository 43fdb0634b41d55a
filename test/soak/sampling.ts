import { readdir, readFile, readlink } from 'node:fs/promises';

import axios from 'axios';

import type { N8nClient, StoredWorkflow } from '../harness/n8n/client';
import type { RunningN8n } from '../harness/n8n/start';
import type { Bound } from './figures';

interface Figure {
	label: string;
	unit: string;
	bound: Bound;
}

/**
 * What is sampled, and what it may do. Static data may not grow with what was sold at all: the growth allowed
 * is the one sale more or less that the overlap of a poll holds.
 */
export const figures = {
	rss: { label: 'Resident memory', unit: 'MB', bound: { perHour: 60 } },
	heap: { label: 'Heap in use', unit: 'MB', bound: { perHour: 20 } },
	files: { label: 'Open files', unit: '', bound: { perHour: 4, most: 400 } },
	sockets: { label: 'Open sockets', unit: '', bound: { perHour: 4, most: 200 } },
	handles: { label: 'Active handles', unit: '', bound: { perHour: 4, most: 400 } },
	lag: { label: 'Event loop lag, mean', unit: 'ms', bound: { perHour: 10 } },
	webhookState: { label: 'Stored by the trigger', unit: 'kB', bound: { perHour: 0.1, most: 2 } },
	pollState: {
		label: 'Stored by the polling trigger',
		unit: 'kB',
		bound: { perHour: 4, most: 64 },
	},
	actionState: { label: 'Stored by the bulk runs', unit: 'kB', bound: { perHour: 0.1, most: 1 } },
	logLines: { label: 'Log, lines a minute', unit: '', bound: { perHour: 5, most: 60 } },
	log: { label: 'Log, size', unit: 'kB', bound: { perHour: 200 } },
} satisfies Record<string, Figure>;

export type FigureName = keyof typeof figures;

export interface Sample {
	hours: number;
	values: Record<FigureName, number>;
}

/** The workflow whose static data is read. */
export interface Workflows {
	webhook: StoredWorkflow;
	polling: StoredWorkflow;
	bulk: StoredWorkflow;
}

/** Returns a function that takes a sample of an n8n on Linux whose metrics are enabled. */
export function createSampler(
	n8n: RunningN8n,
	client: N8nClient,
	{ webhook, polling, bulk }: Workflows,
): () => Promise<Sample> {
	const startMs = Date.now();
	const lineTimes: Array<{ atMs: number; lines: number }> = [];
	const measureState = async ({ id }: StoredWorkflow) =>
		Buffer.byteLength(JSON.stringify((await client.workflow(id)).staticData ?? null)) / 1_000;
	return async () => {
		const atMs = Date.now();
		const [process, metrics, log] = await Promise.all([
			readProcess(n8n.pid),
			readMetrics(n8n.url),
			readFile(n8n.logFile, 'utf8'),
		]);
		const values: Sample['values'] = {
			...process,
			...metrics,
			webhookState: await measureState(webhook),
			pollState: await measureState(polling),
			actionState: await measureState(bulk),
			logLines: countLinesAMinute(lineTimes, { atMs, lines: log.split('\n').length - 1 }),
			log: Buffer.byteLength(log) / 1_000,
		};
		return { hours: (atMs - startMs) / 3_600_000, values };
	};
}

/** Adds a count of lines to the earlier ones, and compares it with the oldest of the last minute. */
function countLinesAMinute(
	earlier: Array<{ atMs: number; lines: number }>,
	now: { atMs: number; lines: number },
): number {
	earlier.push(now);
	while (now.atMs - earlier[0].atMs > 60_000) earlier.shift();
	const [oldest] = earlier;
	const minutes = (now.atMs - oldest.atMs) / 60_000;
	return minutes > 0 ? (now.lines - oldest.lines) / minutes : 0;
}

async function readProcess(
	pid: number | undefined,
): Promise<Pick<Sample['values'], 'rss' | 'files' | 'sockets'>> {
	if (pid === undefined) throw new Error('n8n does not run any more.');
	const status = await readFile(`/proc/${pid}/status`, 'utf8');
	const folder = `/proc/${pid}/fd`;
	const files = await readdir(folder);
	// A file may be closed before its link is read.
	const targets = await Promise.all(
		files.map((file) => readlink(`${folder}/${file}`).catch(() => '')),
	);
	return {
		rss: Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024,
		files: files.length,
		sockets: targets.filter((target) => target.startsWith('socket:')).length,
	};
}

async function readMetrics(
	url: string,
): Promise<Pick<Sample['values'], 'heap' | 'handles' | 'lag'>> {
	const { data } = await axios.get<string>(`${url}/metrics`, { proxy: false });
	const read = (name: string) => {
		const value = new RegExp(`^n8n_nodejs_${name} (\\S+)`, 'm').exec(data)?.[1];
		if (value === undefined) throw new Error(`n8n's metrics have no ${name}.`);
		return Number(value);
	};
	return {
		heap: read('heap_size_used_bytes') / 1_048_576,
		handles: read('active_handles_total'),
		lag: read('eventloop_lag_mean_seconds') * 1_000,
	};
}
