// Plain JavaScript on Node alone: this runs before anything is installed.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

const stampFile = join(root, 'node_modules', '.installed-lock');
const oldestNode = [20, 19];

/** Installs the development dependencies of the lockfile, unless they are there. */
export async function ensureDependencies() {
	refuseOldNode();
	const wanted = createHash('sha256')
		.update(await readFile(join(root, 'package-lock.json')))
		.digest('hex');
	if (await isInstalled(wanted)) return;

	console.log('Installing the development dependencies, one to five minutes …');
	if (!(await runNpm(['ci'])))
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

async function isInstalled(wanted) {
	const stamp = await readFile(stampFile, 'utf8').catch(() => undefined);
	if (stamp !== undefined) return stamp === wanted;
	const tree = await stat(join(root, 'node_modules', '.package-lock.json')).catch(() => undefined);
	if (!tree) return false;
	// Installed by hand: npm writes this file last.
	const lock = await stat(join(root, 'package-lock.json'));
	if (tree.mtimeMs < lock.mtimeMs) return false;
	await writeFile(stampFile, wanted);
	return true;
}

function runNpm(args) {
	const started = Date.now();
	const ticker = setInterval(() => {
		console.log(`  … ${Math.round((Date.now() - started) / 1000)} s`);
	}, 15_000);
	return new Promise((resolve) => {
		const child = spawn('npm', [...args, '--loglevel=error'], {
			cwd: root,
			stdio: ['ignore', 'inherit', 'inherit'],
			// A shell only if npm is a script that needs one.
			shell: process.platform === 'win32',
		});
		child.on('error', () => resolve(false));
		child.on('exit', (code) => resolve(code === 0));
	}).finally(() => clearInterval(ticker));
}
