import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { FaultRule } from '../../sandbox/http/faults';
import {
	installationTimeoutMs,
	startEnvironment,
	type TestEnvironment,
} from '../harness/n8n/environment';
import { Sales } from '../harness/sales';
import { until } from '../harness/until';
import { Database } from './database';

const env = {
	N8N_SCHEDULER_ENABLED: 'true',
	N8N_SCHEDULER_POLL_TRIGGERS_ENABLED: 'true',
	N8N_POLLER_DURABLE_CURSORS_ENABLED: 'true',
};

/** n8n's scheduler polls within a minute; after a poll that it abandoned it waits some minutes longer. */
const pollTimeoutMs = 300_000;
const testTimeoutMs = 900_000;

let environment: TestEnvironment;
let sales: Sales;

beforeAll(async () => {
	environment = await startEnvironment({
		n8n: { version: '2.41.1', env },
		sandbox: { seed: 'test' },
	});
	sales = await Sales.open(environment.sandbox);
	await sales.activateWorkflow(environment.client, environment.credential, readStored);
	await waitForPolls(1);
}, installationTimeoutMs);

afterAll(async () => {
	await environment?.stop();
	await sales?.close();
});

/** What n8n's database holds of earlier polls: the durable cursor. */
async function readStored(): Promise<string> {
	const database = new Database(environment.n8n);
	const rows = await database.run('SELECT cursor FROM poller_state');
	await database.close();
	return JSON.stringify(rows);
}

const readLog = async () => await readFile(environment.n8n.logFile, 'utf8');

const listReadings = () =>
	environment.sandbox.requests.filter(({ method, path }) => `${method} ${path}` === 'GET /orders');

/** Waits until so many more polls have read the orders, and a moment in which n8n can store that. */
async function waitForPolls(count: number): Promise<void> {
	const before = listReadings().length;
	await until(
		`${count} polls`,
		() => {
			const readings = listReadings().slice(before);
			return readings.length >= count && readings.every(({ status }) => status > 0);
		},
		{ withinMs: pollTimeoutMs },
	);
	await sleep(2_000);
}

/** Waits until a restart repeats nothing that was handed over by now: it is stored, and half a minute old. */
async function waitUntilCertain(): Promise<void> {
	await sleep(30_000);
	await waitForPolls(2);
}

const holdAnswers = (rule: Partial<FaultRule>) =>
	environment.sandbox.setSwitches({ faults: [{ path: '/orders', kind: 'hang', ...rule }] });

/** The part of an event ID by which the stored state names a sale. */
const toOrderId = (eventId: string) => eventId.split(':')[1];

describe("polls by n8n's scheduler, with durable cursors", () => {
	afterEach(() => {
		expect(sales.strange).toEqual([]);
	});

	it(
		'n8n that restarts in order loses no sale and repeats none that was stored',
		async () => {
			const before = await sales.sell();
			await sales.waitForHandovers(before, 1);
			await waitUntilCertain();
			await environment.n8n.kill('SIGTERM');
			const whileDown = await sales.sell();
			await environment.n8n.restart();
			await sales.waitForHandovers(whileDown, 1);
			await waitUntilCertain();
			expect(sales.countHandovers([...before, ...whileDown])).toEqual([1, 1, 1, 1]);
		},
		testTimeoutMs,
	);

	it(
		'n8n that is killed after a poll returned and before it is stored loses no sale',
		async () => {
			const { n8n, sandbox } = environment;
			sandbox.setSwitches({ latencyMs: 4_000 });
			const sold = await sales.sell();
			const readingsBefore = listReadings().length;
			await until('a poll to ask', () => listReadings().length > readingsBefore, {
				withinMs: pollTimeoutMs,
				everyMs: 50,
			});
			// From here on n8n can store nothing, whatever the poll returns.
			const database = new Database(n8n);
			await database.run('BEGIN IMMEDIATE');
			await until('the poll to be answered', () =>
				listReadings()
					.slice(readingsBefore)
					.every(({ status }) => status === 200),
			);
			await sleep(3_000);
			await n8n.kill('SIGKILL');
			await database.run('ROLLBACK');
			await database.close();
			sandbox.setSwitches({ latencyMs: 0 });
			expect(sales.countHandovers(sold)).toEqual([0, 0]);
			expect(await readStored()).not.toContain(toOrderId(sold[0]));

			const whileDown = await sales.sell();
			await n8n.restart();
			await sales.waitForHandovers([...sold, ...whileDown], 1);
			await waitForPolls(2);
			expect(sales.countHandovers([...sold, ...whileDown])).toEqual([1, 1, 1, 1]);
		},
		testTimeoutMs,
	);

	it(
		'a poll that n8n abandons after 45 seconds loses no sale',
		async () => {
			const abandonedBefore = (await readLog()).split('was abandoned').length;
			const readingsBefore = listReadings().length;
			// Two attempts of 30 seconds each, then the poll gets its answer, which n8n ignores.
			holdAnswers({ count: 2 });
			const sold = await sales.sell();
			const isAbandoned = async () =>
				(await readLog()).split('was abandoned').length > abandonedBefore;
			await until('n8n to abandon the poll', isAbandoned, { withinMs: pollTimeoutMs });
			expect(sales.countHandovers(sold)).toEqual([0, 0]);
			await until(
				'the abandoned poll to be answered',
				() =>
					listReadings()
						.slice(readingsBefore)
						.some(({ status }) => status === 200),
				{ withinMs: 60_000 },
			);
			expect(await readStored()).not.toContain(toOrderId(sold[0]));
			await sales.waitForHandovers(sold, 1, pollTimeoutMs);
			await waitForPolls(2);
			expect(sales.countHandovers(sold)).toEqual([1, 1]);
		},
		testTimeoutMs,
	);

	it('every sale was handed over, and nothing else was', () => {
		expect(sales.countHandovers()).toEqual(sales.countHandovers().map(() => 1));
	});
});
