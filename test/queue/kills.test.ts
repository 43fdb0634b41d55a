import type { SandboxOptions } from '../../sandbox/sandbox';
import { chaosSettings, runChaos, type Scene, type Victim } from '../chaos/chaos';
import { startQueueEnvironment } from '../harness/n8n/environment';
import type { RunningN8n } from '../harness/n8n/start';
import type { Server } from '../harness/servers/server';

/** How many sales, and how long they take; what is killed, in turns, is killed that often in all. */
const sales = Number(process.env.QUEUE_SALES ?? 300);
const minutes = Number(process.env.QUEUE_MINUTES ?? 2.5);
const kills = Number(process.env.QUEUE_KILLS ?? 5);

const name = (victim: RunningN8n | Server, of: string): Victim =>
	Object.create(victim, { name: { value: of } }) as Victim;

/** A worker, a webhook process, the main, Redis and PostgreSQL are killed in turn; all processes are watched. */
async function startScene(sandbox: SandboxOptions): Promise<Scene> {
	const environment = await startQueueEnvironment({ sandbox, env: chaosSettings });
	const { main, webhooks, workers, redis, postgres } = environment.queue;
	return {
		environment,
		victims: [
			name(workers[0], 'a worker'),
			name(webhooks[0], 'a webhook process'),
			name(main, 'the main process'),
			name(redis, 'Redis'),
			name(postgres, 'PostgreSQL'),
		],
		bystanders: [
			name(workers[1], 'the other worker'),
			name(webhooks[1], 'the other webhook process'),
		],
		hasSeveralReceivers: true,
		countWithSeveralEventIds: async () => {
			const [table] = await postgres.query(
				`SELECT id FROM data_table WHERE name = 'pocketsflow_settled'`,
			);
			const rows = await postgres.query(
				`SELECT "orderId" FROM "data_table_user_${table}" GROUP BY 1 HAVING count(DISTINCT "eventId") > 1`,
			);
			return rows.length;
		},
	};
}

test(
	`every one of ${sales} orders is settled, although each part of n8n is killed in turn`,
	async () => {
		const log: string[] = [];
		const startedAt = Date.now();
		const report = await runChaos(
			{
				seed: 302,
				purchases: sales,
				durationMs: minutes * 60_000,
				kills,
				outages: 0,
				outageMs: 0,
				dropRate: 0.05,
				duplicateRate: 0.02,
				malformRate: 0,
				repeatAfterMinutes: 1,
				settleTimeoutMs: 6 * 60_000,
			},
			(line) => log.push(`${Math.round((Date.now() - startedAt) / 1000)} s  ${line}`),
			startScene,
		);
		process.stdout.write(`${log.join('\n')}\n${JSON.stringify(report, null, '\t')}\n`);
		expect(report).toMatchObject({
			purchases: sales,
			settled: sales,
			lost: 0,
			invented: 0,
			settledTwiceUnexplained: 0,
			withSeveralEventIds: 0,
			kills,
		});
	},
	(minutes + 20) * 60_000,
);
