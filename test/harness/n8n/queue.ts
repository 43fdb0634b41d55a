import { randomBytes } from 'node:crypto';

import { findFreePort } from '../ports';
import { startBalancer, type Balancer } from '../servers/balancer';
import { startPostgres, type Postgres } from '../servers/postgres';
import { startRedis, type Redis } from '../servers/redis';
import type { Server } from '../servers/server';
import { startN8n, type Role, type RunningN8n } from './start';

export interface QueueMode {
	postgres: Postgres;
	redis: Redis;
	balancer: Balancer;
	/** Has the editor and registers webhooks; takes no production webhook itself. */
	main: RunningN8n;
	webhooks: RunningN8n[];
	workers: RunningN8n[];
	/** The whole as one n8n: its address is the balancer's; what is killed or started is its main process. */
	n8n: RunningN8n;
	stop(): Promise<void>;
}

/** A main that takes no production webhooks, two webhook processes, two workers, all with `env`. */
export async function startQueueMode(env: Record<string, string> = {}): Promise<QueueMode> {
	const servers: Server[] = [];
	const processes: RunningN8n[] = [];
	const stop = async () => {
		await Promise.all(processes.map((one) => one.stop()));
		for (const server of servers.reverse()) await server.stop();
	};
	const serve = async <T extends Server>(starting: Promise<T>): Promise<T> => {
		const server = await starting;
		servers.push(server);
		return server;
	};
	try {
		const ports = {
			main: await findFreePort(),
			webhooks: [await findFreePort(), await findFreePort()],
			workers: [await findFreePort(), await findFreePort()],
		};
		const postgres = await serve(startPostgres());
		const redis = await serve(startRedis());
		const balancer = await serve(startBalancer(ports));
		const settings = { ...buildSettings(postgres, redis), ...env };
		const start = async (role: Role, port: number, own: Record<string, string> = {}) => {
			const n8n = await startN8n({
				...{ role, port, webhookUrl: balancer.url },
				env: { ...settings, ...own },
			});
			processes.push(n8n);
			return n8n;
		};
		// It makes the tables, for which the others would wait.
		const main = await start('main', ports.main, { N8N_DISABLE_PRODUCTION_MAIN_PROCESS: 'true' });
		const webhooks = await startAll(ports.webhooks, (port) => start('webhook', port));
		const workers = await startAll(ports.workers, (port) => start('worker', port));
		const n8n = Object.create(main, { url: { value: balancer.url } }) as RunningN8n;
		return { postgres, redis, balancer, main, webhooks, workers, n8n, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

/** Starts two in parallel. If one fails, waits for the other, so that it can be stopped. */
async function startAll(
	ports: number[],
	start: (port: number) => Promise<RunningN8n>,
): Promise<RunningN8n[]> {
	const results = await Promise.allSettled(ports.map(start));
	return results.map((result) => {
		if (result.status === 'rejected') throw result.reason;
		return result.value;
	});
}

const buildSettings = (postgres: Postgres, redis: Redis): Record<string, string> => ({
	EXECUTIONS_MODE: 'queue',
	QUEUE_BULL_REDIS_HOST: '127.0.0.1',
	QUEUE_BULL_REDIS_PORT: String(redis.port),
	...buildDatabaseSettings(postgres),
});

/** Settings with which all processes of an n8n share a database, and the key of its credentials. */
export const buildDatabaseSettings = (postgres: Postgres): Record<string, string> => ({
	DB_TYPE: 'postgresdb',
	DB_POSTGRESDB_HOST: '127.0.0.1',
	DB_POSTGRESDB_PORT: String(postgres.port),
	DB_POSTGRESDB_USER: postgres.user,
	DB_POSTGRESDB_PASSWORD: postgres.password,
	DB_POSTGRESDB_DATABASE: postgres.database,
	N8N_ENCRYPTION_KEY: randomBytes(24).toString('hex'),
});
