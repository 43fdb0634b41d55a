// Plain JavaScript on Node alone: this runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

const stampFile = join(root, 'node_modules', '.installed-lock');
const oldestNode = [20, 19];

/** Installs the development dependencies unless those of the present lock file are there. */
export async function ensureDependencies() {
	refuseOldNode();
	const wanted = createHash('sha256')
		.update(await readFile(join(root, 'package-lock.json')))
		.digest('hex');
	const state = await readInstallationState(wanted);
	if (state === 'current') return;

	console.log('Installing the development dependencies, one to five minutes …');
	// `npm ci` empties node_modules first, so it is for the first installation only. It also refuses a lock
	// file without every optional package for every platform; `npm install` takes the same versions from it.
	const isInstalled =
		(state === 'missing' && (await runNpm(['ci'], 'ignore'))) ||
		(await runNpm(['install', '--no-save'], 'inherit'));
	if (!isInstalled)
		throw new Error('npm could not install the development dependencies; its message is above.');
	await writeFile(stampFile, wanted);
	console.log('Development dependencies installed.\n');
}

function refuseOldNode() {
	const [major, minor] = process.versions.node.split('.').map(Number);
	if (major > oldestNode[0] || (major === oldestNode[0] && minor >= oldestNode[1])) return;
	throw new Error(
		`Node.js ${oldestNode.join('.')} or newer is needed, this is ${process.version}.`,
	);
}

async function readInstallationState(wanted) {
	const stamp = await readFile(stampFile, 'utf8').catch(() => undefined);
	if (stamp === wanted) return 'current';
	const tree = await stat(join(root, 'node_modules', '.package-lock.json')).catch(() => undefined);
	if (!tree) return 'missing';
	// Installed by hand: npm writes this file last.
	const lock = await stat(join(root, 'package-lock.json'));
	if (stamp === undefined && tree.mtimeMs >= lock.mtimeMs) {
		await writeFile(stampFile, wanted);
		return 'current';
	}
	return 'stale';
}

function runNpm(args, stderr) {
	const started = Date.now();
	const ticker = setInterval(() => {
		console.log(`  … ${Math.round((Date.now() - started) / 1000)} s`);
	}, 15_000);
	return new Promise((resolve) => {
		const child = spawn('npm', [...args, '--loglevel=error'], {
			cwd: root,
			stdio: ['ignore', 'inherit', stderr],
			// A shell only where npm is a script that needs one.
			shell: process.platform === 'win32',
		});
		child.on('error', () => resolve(false));
		child.on('exit', (code) => resolve(code === 0));
	}).finally(() => clearInterval(ticker));
}
