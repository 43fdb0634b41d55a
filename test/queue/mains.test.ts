import { kill } from 'node:process';

import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { buildDatabaseSettings } from '../harness/n8n/queue';
import { startN8n, type RunningN8n } from '../harness/n8n/start';
import { Sales } from '../harness/sales';
import { startPostgres, type Postgres } from '../harness/servers/postgres';

/**
 * Two main processes over one database. Without n8n's license for several mains nothing elects a leader: both
 * poll, each with the static data of its start, and each saves over what the other saved. That is worse than
 * what the license allows, with which one polls at a time.
 */
let postgres: Postgres;
let env: Record<string, string>;
/** With the first of the two. */
let environment: TestEnvironment;
let second: RunningN8n | undefined;
let sales: Sales;

/** Lets a process stand still, as on a machine that is suspended, or go on. */
function signal({ pid }: RunningN8n, name: 'SIGSTOP' | 'SIGCONT'): void {
	if (pid === undefined) throw new Error('n8n has ended');
	kill(-pid, name);
}

beforeAll(async () => {
	postgres = await startPostgres();
	env = buildDatabaseSettings(postgres);
	environment = await startEnvironment({ sandbox: { seed: 'test' }, n8n: { env } });
	sales = await Sales.open(environment.sandbox);
}, installationTimeoutMs);

afterAll(async () => {
	await second?.stop();
	await environment?.stop();
	await postgres?.stop();
	await sales?.close();
}, 60_000);

test('two mains lose nothing, and each hands a sale over once, under one event ID', async () => {
	const { n8n: first, client, credential } = environment;
	await sales.activateWorkflow(client, credential);
	await sales.waitForHandovers(await sales.sell(), 1);

	signal(first, 'SIGSTOP');
	const meanwhile = await sales.sell();
	second = await startN8n({ env });
	await sales.waitForHandovers(meanwhile, 1);

	// Back next to the second, with its old state.
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
