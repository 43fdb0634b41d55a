import { readdir, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { findFreePort } from '../ports';
import { runProgram } from '../programs';
import { findCommand, installDebianPackage, isProgram } from '../setup/debian';
import { startServer, type Server } from './server';

export interface Postgres extends Server {
	port: number;
	user: string;
	password: string;
	database: string;
	/** Runs SQL and returns the rows, a line each, with `|` between the columns. */
	query(sql: string): Promise<string[]>;
}

const user = 'pocketsflow';
const password = 'pocketsflow';

/** The folder of PostgreSQL's programs, which are installed on Debian if they are missing. */
export async function ensurePostgres(): Promise<string> {
	const found = await findPrograms();
	if (found) return found;
	await installDebianPackage('postgresql', 'PostgreSQL');
	const installed = await findPrograms();
	if (installed) return installed;
	throw new Error(
		'No PostgreSQL server found. Install one (on Debian or Ubuntu: apt-get install postgresql), or put its folder of programs on the PATH.',
	);
}

async function findPrograms(): Promise<string | undefined> {
	const onPath = await findCommand('postgres');
	// It may be a link: the other programs are next to what it leads to.
	if (onPath) return dirname(await realpath(onPath));
	const debian = '/usr/lib/postgresql';
	const versions = await readdir(debian).catch(() => []);
	for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
		const folder = join(debian, version, 'bin');
		if (await isProgram(join(folder, 'postgres'))) return folder;
	}
	return undefined;
}

export async function startPostgres(): Promise<Postgres> {
	const programs = await ensurePostgres();
	const port = await findFreePort();
	const query = async (sql: string) => {
		const { stdout } = await runProgram(
			join(programs, 'psql'),
			['-h', '127.0.0.1', '-p', String(port), '-U', user, '-d', 'postgres', '-qAtc', sql],
			{ env: { ...process.env, PGPASSWORD: password }, cwd: tmpdir() },
		);
		return stdout.split('\n').filter(Boolean);
	};
	const server = await startServer({
		name: 'PostgreSQL',
		program: join(programs, 'postgres'),
		// It refuses to run as root.
		user: 'postgres',
		args: (folder) => [
			...['-D', join(folder, 'data'), '-p', String(port), '-h', '127.0.0.1', '-k', folder],
			// A crash of the server alone loses nothing without it, and a crash of the machine is not played.
			...['-c', 'fsync=off'],
		],
		prepare: async (folder, owner) => {
			const passwordFile = join(folder, 'password');
			await writeFile(passwordFile, password, { mode: 0o644 });
			const authentication = ['-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
			await runProgram(
				join(programs, 'initdb'),
				['-D', join(folder, 'data'), '-U', user, ...authentication, '-E', 'UTF8'],
				{ ...owner, cwd: folder },
			);
		},
		isReady: () => query('SELECT 1').then(Boolean, () => false),
	});
	return { ...server, port, user, password, database: 'postgres', query };
}
