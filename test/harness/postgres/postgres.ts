import { spawn } from 'node:child_process';
import { chown, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { findFreePort } from '../ports';
import { runProgram, tryProgram } from '../programs';
import { findCommand, installDebianPackage, isProgram } from '../setup/debian';
import { until } from '../until';

/** A PostgreSQL server of its own, in a temporary folder. */
export interface Postgres {
	port: number;
	user: string;
	password: string;
	database: string;
	/** Runs SQL and returns the rows, a line each, with `|` between the columns. */
	query(sql: string): Promise<string[]>;
	stop(): Promise<void>;
}

const user = 'pocketsflow';
const password = 'pocketsflow';

/** The folder of PostgreSQL's programs; installs them on Debian where there are none. */
async function ensurePostgres(): Promise<string> {
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
	// It may be a link: the other programs are beside what it leads to.
	if (onPath) return dirname(await realpath(onPath));
	const debian = '/usr/lib/postgresql';
	const versions = await readdir(debian).catch(() => []);
	for (const version of versions.sort((a, b) => Number(b) - Number(a))) {
		const folder = join(debian, version, 'bin');
		if (await isProgram(join(folder, 'postgres'))) return folder;
	}
	return undefined;
}

/** PostgreSQL refuses to run as root: then it runs as the user that Debian's package makes. */
async function findOwner(): Promise<{ uid?: number; gid?: number }> {
	if (process.getuid?.() !== 0) return {};
	const read = async (flag: string) => Number((await tryProgram('id', [flag, 'postgres'])).stdout);
	const [uid, gid] = [await read('-u'), await read('-g')];
	if (!uid || !gid) throw new Error('There is no user "postgres" for the server to run as.');
	return { uid, gid };
}

/** Starts a server on a free port of this machine. If it does not start, nothing is left. */
export async function startPostgres(): Promise<Postgres> {
	const programs = await ensurePostgres();
	const owner = await findOwner();
	const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
	const asOwner = { ...owner, cwd: folder };
	if (owner.uid && owner.gid) await chown(folder, owner.uid, owner.gid);
	const port = await findFreePort();
	const passwordFile = join(folder, 'password');
	await writeFile(passwordFile, password, { mode: 0o644 });
	const data = join(folder, 'data');
	await runProgram(
		join(programs, 'initdb'),
		['-D', data, '-U', user, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8'],
		asOwner,
	);
	const server = spawn(
		join(programs, 'postgres'),
		['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=off'],
		{ ...asOwner, stdio: 'ignore' },
	);
	const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
	const query = async (sql: string) => {
		const { stdout } = await runProgram(
			join(programs, 'psql'),
			['-h', '127.0.0.1', '-p', String(port), '-U', user, '-d', 'postgres', '-qAtc', sql],
			{ env: { ...process.env, PGPASSWORD: password }, cwd: tmpdir() },
		);
		return stdout.split('\n').filter(Boolean);
	};
	const stop = async () => {
		server.kill('SIGINT');
		await ended;
		await rm(folder, { recursive: true, force: true });
	};
	try {
		await until('PostgreSQL to answer', () => query('SELECT 1').then(Boolean, () => false), {
			withinMs: 60_000,
		});
	} catch (error) {
		await stop();
		throw error;
	}
	return { port, user, password, database: 'postgres', query, stop };
}
