import { chown, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { KeptProcess } from '../process/keptProcess';
import { tryProgram } from '../programs';
import { until } from '../until';

export interface ServerOptions {
	name: string;
	program: string;
	/** The user that it runs as if this process is root: no server needs root's rights. */
	user: string;
	args(folder: string): string[];
	/** Fills the folder before the first start, in the name of that user. */
	prepare?(folder: string, owner: Owner): Promise<void>;
	isReady(): Promise<boolean>;
}

/** The user that a program runs as; empty for the one of this process. */
export interface Owner {
	uid?: number;
	gid?: number;
}

export interface Server {
	readonly folder: string;
	/** Kills it, as a crash does. What it has written stays. */
	kill(): Promise<void>;
	restart(): Promise<void>;
	/** Ends it and removes its folder. */
	stop(): Promise<void>;
}

/** Starts a server and returns when it answers. If it does not start, nothing is left. */
export async function startServer(options: ServerOptions): Promise<Server> {
	const owner = await findOwner(options.user);
	const folder = await mkdtemp(join(tmpdir(), 'server-'));
	if (owner.uid && owner.gid) await chown(folder, owner.uid, owner.gid);
	const logFile = join(folder, 'server.log');
	let process: KeptProcess | undefined;

	const end = async (signal: NodeJS.Signals) => {
		await process?.end(signal);
		process = undefined;
	};
	const start = async () => {
		// The one before may still hold its port or its data for a moment, and then the new one ends.
		const isUp = async () => {
			if (!process || process.exit)
				process = await KeptProcess.start({
					command: options.program,
					args: options.args(folder),
					cwd: folder,
					env: { PATH: globalThis.process.env.PATH ?? '', LC_ALL: 'C' },
					logFile,
					removeAtEnd: folder,
					...owner,
				});
			return await options.isReady();
		};
		await until(`${options.name} to answer`, isUp, { withinMs: 60_000 }).catch(
			async (error: Error) => {
				const log = (await readFile(logFile, 'utf8').catch(() => '')).slice(-2_000);
				throw new Error(`${error.message}\n${log}`, { cause: error });
			},
		);
	};
	const stop = async () => {
		await end('SIGINT');
		await rm(folder, { recursive: true, force: true, maxRetries: 3 });
	};
	try {
		await options.prepare?.(folder, owner);
		await start();
	} catch (error) {
		await stop();
		throw error;
	}
	return {
		folder,
		kill: () => end('SIGKILL'),
		restart: async () => {
			await end('SIGINT');
			await start();
		},
		stop,
	};
}

async function findOwner(user: string): Promise<Owner> {
	if (process.getuid?.() !== 0) return {};
	const read = async (flag: string) => Number((await tryProgram('id', [flag, user])).stdout);
	const [uid, gid] = [await read('-u'), await read('-g')];
	if (!uid || !gid) throw new Error(`There is no user "${user}" for a server to run as.`);
	return { uid, gid };
}
