import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import axios from 'axios';

import { cacheDir } from '../../harness/n8n/install';
import { findFreePort } from '../../harness/ports';
import { runProgram } from '../../harness/programs';
import { withProgress } from '../../harness/setup/progress';
import { until } from '../../harness/until';
import { publicRegistry, type Certificate } from './publicName';

/** A registry of npm on this machine, which knows no package but those that are published to it. */
export interface Registry {
	url: string;
	/** The settings of an npm that publishes to it, and installs from it. */
	npmrc: string;
	stop(): Promise<void>;
}

/** The program of the registry, installed once for all clones. */
export async function ensureVerdaccio(): Promise<string> {
	const lock = await readFile(join(__dirname, 'package-lock.json'));
	const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
	const folder = join(cacheDir(), `verdaccio-${hash}`);
	const program = join(folder, 'node_modules', 'verdaccio', 'bin', 'verdaccio');
	const finished = join(folder, 'finished');
	if (await isThere(finished)) return program;
	await mkdir(folder, { recursive: true });
	for (const file of ['package.json', 'package-lock.json'])
		await copyFile(join(__dirname, file), join(folder, file));
	await withProgress('Installing a local registry', () =>
		runProgram('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: folder }),
	);
	await writeFile(finished, '');
	return program;
}

const isThere = (path: string) =>
	stat(path).then(
		() => true,
		() => false,
	);

/**
 * Starts an empty registry that keeps everything in this folder.
 * @param certificate makes it answer under the public registry's name, which must lead to this machine
 */
export async function startRegistry(folder: string, certificate?: Certificate): Promise<Registry> {
	const program = await ensureVerdaccio();
	const address = certificate ? '127.0.0.1:443' : `127.0.0.1:${await findFreePort()}`;
	const host = certificate ? publicRegistry : address;
	const url = `${certificate ? 'https' : 'http'}://${host}/`;
	await mkdir(folder, { recursive: true });
	const config = join(folder, 'config.yaml');
	const settings = {
		storage: join(folder, 'storage'),
		auth: { htpasswd: { file: join(folder, 'htpasswd') } },
		uplinks: {},
		packages: { '**': { access: '$all', publish: '$authenticated' } },
		log: { type: 'stdout', format: 'pretty', level: 'warn' },
		...(certificate && { https: certificate }),
	};
	// JSON is YAML.
	await writeFile(config, JSON.stringify(settings));
	const server = spawn(
		process.execPath,
		[program, '--config', config, '--listen', certificate ? `https://${address}` : address],
		{ cwd: folder, stdio: 'ignore' },
	);
	const ended = once(server, 'exit');
	const stop = async () => {
		server.kill();
		await ended;
	};
	try {
		const http = axios.create({ baseURL: url, proxy: false });
		await until('the registry to answer', async () => (await http.get('-/ping')).status === 200);
		const name = 'publisher';
		const { data } = await http.put<{ token: string }>(`-/user/org.couchdb.user:${name}`, {
			name,
			password: randomUUID(),
		});
		const npmrc = join(folder, '.npmrc');
		await writeFile(npmrc, `registry=${url}\n//${host}/:_authToken=${data.token}\n`);
		return { url, npmrc, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}
