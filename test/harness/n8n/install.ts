import { createHash } from 'node:crypto';
import { copyFile, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

import { runProgram, tryProgram } from '../programs';
import { withLock } from '../setup/lock';
import { withProgress } from '../setup/progress';

/** The n8n of the demo and the end-to-end suite. N8N_VERSION names another that has a manifest. */
export const currentVersion = process.env.N8N_VERSION || '2.41.1';

/** The versions for a suite that runs the same on each. */
export const chosenVersions = (process.env.N8N_VERSIONS || currentVersion).split(' ');

export interface N8nInstallation {
	version: string;
	dir: string;
	nodeBinary: string;
	n8nBin: string;
}

export const cacheDir = () =>
	join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'n8n-nodes-pocketsflow');

/** An n8n in the user's cache, under the hash of its lockfile: downloaded once for every clone. */
export async function ensureN8n(version = currentVersion): Promise<N8nInstallation> {
	const manifest = join(__dirname, version);
	const lock = await readFile(join(manifest, 'package-lock.json'));
	const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
	const dir = join(cacheDir(), `n8n-${version}-${hash}`);
	const finished = join(dir, 'finished.json');
	if (!(await exists(finished)))
		await withLock(`${dir}.lock`, 'installs n8n', async () => {
			if (await exists(finished)) return;
			await install(version, manifest, dir);
			await writeFile(finished, `${JSON.stringify({ version, finishedAt: new Date() })}\n`);
		});
	return locateInstallation(version, dir);
}

async function install(version: string, manifest: string, dir: string): Promise<void> {
	console.log(
		`n8n ${version} is not in the cache yet. This takes 5 to 15 minutes, only once: ${dir}`,
	);
	await mkdir(dir, { recursive: true });
	for (const file of ['package.json', 'package-lock.json'])
		await copyFile(join(manifest, file), join(dir, file));
	await withProgress('Downloading n8n, about 2 GB', () =>
		npm(dir, 'install.log', [
			'ci',
			'--ignore-scripts',
			'--legacy-peer-deps',
			'--no-audit',
			'--no-fund',
		]),
	);
	const { nodeBinary } = await locateInstallation(version, dir);
	if (await canLoadSqlite(nodeBinary, dir)) return;
	await ensureCompiler();
	const env = await findNodeHeaders();
	await withProgress('Building the database driver of n8n', () =>
		npm(dir, 'rebuild.log', ['rebuild', 'sqlite3', '--ignore-scripts=false'], env),
	);
	if (!(await canLoadSqlite(nodeBinary, dir)))
		throw new Error(`n8n's database driver does not load; see ${join(dir, 'rebuild.log')}`);
}

async function npm(dir: string, logName: string, args: string[], env: NodeJS.ProcessEnv = {}) {
	const log = join(dir, logName);
	const output = await open(log, 'w');
	try {
		// `npm run` exports this project's own settings, which would reach the npm that is started here.
		const own = Object.fromEntries(
			Object.keys(process.env)
				.filter((name) => /^npm_(config_local_prefix|package_|lifecycle_)/.test(name))
				.map((name) => [name, undefined]),
		);
		await runProgram('npm', args, {
			cwd: dir,
			output: output.fd,
			env: { ...process.env, ...own, ...env },
		});
	} catch (error) {
		const tail = (await readFile(log, 'utf8')).trimEnd().split('\n').slice(-20).join('\n');
		throw new Error(`npm ${args[0]} failed in ${dir}:\n${tail}`, { cause: error });
	} finally {
		await output.close();
	}
}

const canLoadSqlite = (nodeBinary: string, dir: string) =>
	tryProgram(nodeBinary, ['-e', 'require("sqlite3")'], { cwd: dir }).then(
		({ exitCode }) => exitCode === 0,
	);

/** The headers that came with this Node.js, so that node-gyp need not download them. */
async function findNodeHeaders(): Promise<NodeJS.ProcessEnv> {
	const prefix = dirname(dirname(process.execPath));
	return (await exists(join(prefix, 'include', 'node', 'node_api.h')))
		? { npm_config_nodedir: prefix }
		: {};
}

async function ensureCompiler(): Promise<void> {
	if (process.getuid?.() !== 0 || !(await exists('/etc/debian_version'))) return;
	const tools = ['python3', 'make', 'g++'];
	const results = await Promise.all(tools.map((tool) => tryProgram(tool, ['--version'])));
	if (results.every(({ exitCode }) => exitCode === 0)) return;
	await withProgress('Installing a compiler (apt-get)', async () => {
		const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
		await tryProgram('apt-get', ['update'], options);
		await runProgram('apt-get', ['install', '-y', ...tools], options);
	});
}

async function locateInstallation(version: string, dir: string): Promise<N8nInstallation> {
	const manifest = join(dir, 'node_modules', 'n8n', 'package.json');
	const { engines } = JSON.parse(await readFile(manifest, 'utf8')) as { engines: { node: string } };
	// n8n's own dependency, of the version that fits it.
	const { satisfies } = createRequire(manifest)('semver') as {
		satisfies(version: string, range: string): boolean;
	};
	const candidates = [
		// The one that the manifest names: an engine range says less than what n8n's native modules need.
		...listPlatformBinaries().map((path) => join(dir, 'node_modules', path)),
		...(satisfies(process.version, engines.node) ? [process.execPath] : []),
	];
	for (const nodeBinary of candidates) {
		const { exitCode } = await tryProgram(nodeBinary, ['--version']);
		if (exitCode === 0)
			return { version, dir, nodeBinary, n8nBin: join(dirname(manifest), 'bin', 'n8n') };
	}
	throw new Error(
		`n8n ${version} needs Node.js ${engines.node}. This is ${process.version}, and there is no Node.js package for ${process.platform} ${process.arch}: run this with a newer Node.js.`,
	);
}

function listPlatformBinaries(): string[] {
	const { platform, arch } = process;
	if (platform === 'win32') return [join(`node-win-${arch}`, 'bin', 'node.exe')];
	return [
		join(`node-${platform}-${arch}`, 'bin', 'node'),
		join(`node-bin-${platform}-${arch}`, 'bin', 'node'),
	];
}

const exists = (path: string) =>
	stat(path).then(
		() => true,
		() => false,
	);
