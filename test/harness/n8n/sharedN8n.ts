import { N8nClient, type StoredWorkflow } from './client';
import { currentVersion } from './install';
import { startN8n, type RunningN8n, type StartOptions } from './start';

/** What test/harness/jest/sharedN8n.cjs hands from one test file to the next. */
declare global {
	var sharedN8n: { read(): string | undefined; write(text: string): void } | undefined;
}

interface Place extends Pick<RunningN8n, 'url' | 'installation' | 'userFolder' | 'logFile'> {
	session: { cookie: string; browserId: string };
}

export const isShared = ({ version = currentVersion, ...others }: StartOptions = {}): boolean =>
	globalThis.sharedN8n !== undefined &&
	version === currentVersion &&
	Object.keys(others).length === 0;

/** The first file that asks for it starts it. `stop` removes what the file has created. */
export async function connectSharedN8n(): Promise<{ n8n: RunningN8n; client: N8nClient }> {
	const known = globalThis.sharedN8n?.read();
	if (known === undefined) await start();
	const { session, ...place } = JSON.parse(globalThis.sharedN8n?.read() ?? '') as Place;
	const refuse = () => Promise.reject(new Error('Other test files use this n8n, too.'));
	const n8n: RunningN8n = {
		...place,
		pid: undefined,
		hasEnded: false,
		kill: refuse,
		restart: refuse,
		runCommand: refuse,
		release: () => undefined,
		stop: () => empty(client),
	};
	const client = N8nClient.resume(n8n, session);
	return { n8n, client };
}

async function start(): Promise<void> {
	const n8n = await startN8n();
	n8n.release();
	const { session, browserId } = await N8nClient.connect(n8n);
	const { url, installation, userFolder, logFile } = n8n;
	const cookie = `${session.name}=${session.value}`;
	const place: Place = { url, installation, userFolder, logFile, session: { cookie, browserId } };
	globalThis.sharedN8n?.write(JSON.stringify(place));
}

async function empty(client: N8nClient): Promise<void> {
	for (const { id, active } of await client.get<StoredWorkflow[]>('/workflows')) {
		if (active) await client.deactivate(id);
		await client.delete(id);
	}
	for (const { id } of await client.get<Array<{ id: string }>>('/credentials'))
		await client.remove(`/credentials/${id}`);
	const { id: project } = await client.get<{ id: string }>('/projects/personal');
	const tables = `/projects/${project}/data-tables`;
	const { data } = await client.get<{ data: Array<{ id: string }> }>(tables, {
		params: { take: 100 },
	});
	for (const { id } of data) await client.remove(`${tables}/${id}`);
}
