import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { N8nClient, type StoredWorkflow } from '../harness/n8n/client';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import type { RunningN8n } from '../harness/n8n/start';
import { Sales } from '../harness/sales';

const databaseFiles = ['database.sqlite', 'database.sqlite-wal', 'database.sqlite-shm'];

/** Copies the database of an n8n that does not run over another. */
async function copyDatabase(from: string, to: string): Promise<void> {
	await mkdir(to, { recursive: true });
	for (const file of databaseFiles) {
		await rm(join(to, file), { force: true });
		await cp(join(from, file), join(to, file)).catch((error: NodeJS.ErrnoException) => {
			// SQLite removes the other two when n8n stops in order.
			if (error.code !== 'ENOENT') throw error;
		});
	}
}

describe('a polling state that comes back old or empty', () => {
	let environment: TestEnvironment;
	let n8n: RunningN8n;
	let sales: Sales;
	let workflow: StoredWorkflow;

	beforeAll(async () => {
		environment = await startEnvironment({ sandbox: { seed: 'test' } });
		({ n8n } = environment);
		sales = await Sales.open(environment.sandbox);
		workflow = await sales.activateWorkflow(environment.client, environment.credential);
	}, installationTimeoutMs);

	afterAll(async () => {
		await environment?.stop();
		await sales?.close();
	});

	afterEach(() => expect(sales.strange).toEqual([]));

	it('finds everything that was sold since a backup that is restored', async () => {
		await sales.waitForHandovers(await sales.sell(), 1);
		await n8n.kill('SIGTERM');
		const [data, backup] = ['.n8n', 'backup'].map((name) => join(n8n.userFolder, name));
		await copyDatabase(data, backup);
		await n8n.restart();
		const since = await sales.sell();
		await sales.waitForHandovers(since, 1);
		await n8n.kill('SIGTERM');
		const whileDown = await sales.sell();
		await copyDatabase(backup, data);
		await n8n.restart();
		await sales.waitForHandovers(whileDown, 1);
		await sales.waitForHandovers(since, 2);
	}, 600_000);

	describe('in an import over the workflow while n8n is stopped', () => {
		/** Exports, sells, imports what was exported and edited, sells again, starts and publishes. */
		async function importOver(edit: (exported: StoredWorkflow) => void) {
			const file = join(n8n.userFolder, 'workflow.json');
			await n8n.runCommand('export:workflow', `--id=${workflow.id}`, `--output=${file}`);
			const since = await sales.sell();
			await sales.waitForHandovers(since, 1);
			await n8n.kill('SIGTERM');
			const workflows = JSON.parse(await readFile(file, 'utf8')) as StoredWorkflow[];
			workflows.forEach(edit);
			await writeFile(file, JSON.stringify(workflows));
			await n8n.runCommand('import:workflow', `--input=${file}`);
			const whileDown = await sales.sell();
			await n8n.restart();
			const client = await N8nClient.connect(n8n);
			await client.activate(workflow.id);
			return { since, whileDown };
		}

		it('goes on from the state in the file', async () => {
			const { since, whileDown } = await importOver(() => undefined);
			await sales.waitForHandovers(whileDown, 1);
			await sales.waitForHandovers(since, 2);
		}, 600_000);

		it('polling continues from what is stored if the file has no state', async () => {
			const { whileDown } = await importOver((exported) => delete exported.staticData);
			await sales.waitForHandovers(whileDown, 1);
		}, 600_000);
	});
});
