import { createRequire } from 'node:module';
import { join } from 'node:path';

import type { RunningN8n } from '../harness/n8n/start';

/** A connection of the `sqlite3` package that n8n itself uses. */
interface Connection {
	all(sql: string, done: (error: Error | null, rows: unknown[]) => void): void;
	close(done: () => void): void;
}

/** The database of an n8n of this machine, next to n8n's own connections. */
export class Database {
	private readonly connection: Connection;

	constructor({ installation, userFolder }: RunningN8n) {
		const requireFromN8n = createRequire(join(installation.dir, 'package.json'));
		const sqlite = requireFromN8n('sqlite3') as { Database: new (file: string) => Connection };
		this.connection = new sqlite.Database(join(userFolder, '.n8n', 'database.sqlite'));
	}

	/** Runs one statement and returns its rows. @throws what SQLite says against it */
	async run(sql: string): Promise<unknown[]> {
		return await new Promise((resolve, reject) => {
			this.connection.all(sql, (error, rows) => (error ? reject(error) : resolve(rows)));
		});
	}

	close = () => new Promise<void>((resolve) => this.connection.close(resolve));
}
