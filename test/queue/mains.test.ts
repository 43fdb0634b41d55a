import { kill } from 'node:process';

import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { N8nClient } from '../harness/n8n/client';
import { installationTimeoutMs } from '../harness/n8n/environment';
import { buildDatabaseSettings } from '../harness/n8n/queue';
import { startN8n, type RunningN8n } from '../harness/n8n/start';
import { Sales } from '../harness/sales';
import { startPostgres, type Postgres } from '../harness/servers/postgres';
import { ensureBuilt } from '../harness/setup/build';

/**
 * Two main processes over one database. Without n8n's licence for several mains nothing elects a leader: both
 * poll, each with the static data of its own start, and each saves over what the other saved. That is worse than
 * what the licence allows, where one polls at a time.
 */
let postgres: Postgres;
let sandbox: Sandbox;
let sales: Sales;
let env: Record<string, string>;
const mains: RunningN8n[] = [];

async function startMain(): Promise<RunningN8n> {
	const main = await startN8n({ env });
	mains.push(main);
	return main;
}

/** Lets a process stand still, as on a machine that is suspended, or go on. */
function signal({ pid }: RunningN8n, name: 'SIGSTOP' | 'SIGCONT'): void {
	if (pid === undefined) throw new Error('n8n has ended');
	kill(-pid, name);
}

beforeAll(async () => {
	await ensureBuilt();
	sandbox = await startSandbox({ seed: 'test' });
	sales = await Sales.open(sandbox);
	postgres = await startPostgres();
	env = buildDatabaseSettings(postgres);
}, installationTimeoutMs);

afterAll(async () => {
	await Promise.all(mains.map((main) => main.stop()));
	await postgres?.stop();
	await sandbox?.close();
	await sales?.close();
}, 60_000);

test('two mains lose nothing, and each hands a sale over once, under one event ID', async () => {
	const first = await startMain();
	const client = await N8nClient.connect(first);
	const credential = await client.createCredential('pocketsflowApi', 'Sandbox', {
		apiKey: sandbox.testKey,
		baseUrl: sandbox.url,
		webhookSigningSecret: '',
	});
	await sales.activateWorkflow(client, credential);
	await sales.waitForHandovers(await sales.sell(), 1);

	signal(first, 'SIGSTOP');
	const meanwhile = await sales.sell();
	const second = await startMain();
	await sales.waitForHandovers(meanwhile, 1);

	// Back beside the second, with its old state.
	signal(first, 'SIGCONT');
	await sales.waitForHandovers(meanwhile, 2);
	await sales.waitForHandovers(await sales.sell(), 2);

	// Whichever saved last, the next to start goes on from there.
	await first.kill();
	await second.kill();
	const whileDown = await sales.sell();
	await second.restart();
	await sales.waitForHandovers(whileDown, 1);

	const counts = sales.countHandovers();
	process.stdout.write(`Each sale was handed over ${counts.join(', ')} times.\n`);
	expect(Math.min(...counts)).toBeGreaterThan(0);
	// Three processes polled: after its restart the second one is another.
	expect(Math.max(...counts)).toBeLessThanOrEqual(3);
	expect(sales.strange).toEqual([]);
}, 1_200_000);
