import type { SandboxOptions } from '../../sandbox/sandbox';
import { startQueueEnvironment } from '../harness/n8n/environment';
import type { RunningN8n } from '../harness/n8n/start';
import type { Server } from '../harness/servers/server';
import { chaosSettings, type Scene, type Victim } from './chaos';

const name = (victim: RunningN8n | Server, of: string): Victim =>
	Object.create(victim, { name: { value: of } }) as Victim;

/** A worker, a webhook process, the main, Redis and PostgreSQL are killed in turn; all processes are watched. */
export async function startQueueScene(sandbox: SandboxOptions): Promise<Scene> {
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
