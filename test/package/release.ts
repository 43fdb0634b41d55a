// npm run test:n8n -- release: a release, from the build to the update in a real n8n, without the public registry.
import { deepStrictEqual } from 'node:assert';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { name, version } from '../../package.json';
import { buy, importExamples, type ExampleWorkflows } from '../../demo/example-workflows';
import { startSandbox, type Sandbox } from '../../sandbox/sandbox';
import { N8nClient, type StoredWorkflow } from '../harness/n8n/client';
import { startN8n, type RunningN8n } from '../harness/n8n/start';
import { runProgram, tryProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import { packPackage, unpack } from './pack';
import { startRegistry, type Registry } from './registry/registry';

const repository = join(__dirname, '..', '..');
const previousVersion = '0.0.9';
const script = join(repository, 'test', 'harness', 'setup', 'run.mjs');

async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
	const startedAt = Date.now();
	const result = await work();
	console.log(`✓ ${what} (${Math.round((Date.now() - startedAt) / 1000)} s)`);
	return result;
}

/** npm as on a machine without settings of its own, and without those of this repository. */
function npmOf(registry: Registry, home: string) {
	const env = { PATH: process.env.PATH, HOME: home, npm_config_userconfig: registry.npmrc };
	return (args: string[], cwd: string) => runProgram('npm', args, { cwd, env });
}

type Npm = ReturnType<typeof npmOf>;

/** The tarball with another version, as the release before this one. */
async function packPrevious(tarball: string, folder: string): Promise<string> {
	await unpack(tarball, folder);
	const path = join(folder, 'package.json');
	const manifest = JSON.parse(await readFile(path, 'utf8')) as object;
	await writeFile(path, JSON.stringify({ ...manifest, version: previousVersion }, null, '\t'));
	return (await packPackage(folder, join(folder, '..'))).path;
}

/** Without provenance, which only the pipeline has; then npm refuses, which is looked at as well. */
async function publish(npm: Npm, tarball: string, folder: string): Promise<void> {
	const refusal = await npm(['publish', tarball], folder).then(
		() => 'it was published',
		(error: Error) => error.message,
	);
	if (!/provenance/i.test(refusal))
		throw new Error(`A release from a machine like this one must be refused, but ${refusal}`);
	await npm(['publish', tarball, '--provenance=false'], folder);
}

/**
 * Installs or updates the package as n8n's own installer does (n8n 2.41.1): it packs and unpacks it, drops
 * what is not needed at run time from its package.json, and lets npm install the rest without scripts.
 */
async function installInN8n(npm: Npm, userFolder: string, wanted: string): Promise<void> {
	const downloads = join(userFolder, '.n8n', 'nodes');
	const folder = join(downloads, 'node_modules', name);
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	const { stdout } = await npm(['pack', `${name}@${wanted}`, '--quiet'], downloads);
	const tarball = join(downloads, stdout.trim());
	await unpack(tarball, folder);
	const path = join(folder, 'package.json');
	const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
	for (const field of ['devDependencies', 'peerDependencies', 'optionalDependencies'])
		delete manifest[field];
	await writeFile(path, JSON.stringify(manifest, null, 2));
	await npm(
		[
			...['install', '--audit=false', '--fund=false', '--bin-links=false'],
			...['--install-strategy=shallow', '--ignore-scripts=true', '--package-lock=false'],
		],
		folder,
	);
	await rm(tarball);
	const found = JSON.parse(await readFile(path, 'utf8')) as { version: string };
	if (found.version !== wanted) throw new Error(`${found.version} was installed, not ${wanted}.`);
}

const uninstallFromN8n = (userFolder: string) =>
	rm(join(userFolder, '.n8n', 'nodes', 'node_modules', name), { recursive: true });

async function listNodes(client: N8nClient): Promise<string[]> {
	const { data } = await client.editorFile<Array<{ name: string }>>('/types/nodes.json');
	const names = data.map((type) => type.name).filter((type) => type.startsWith(`${name}.`));
	return [...new Set(names)].sort();
}

/** Sells one thing with the workflows in n8n, and waits until the trigger has settled the order. */
async function sell(client: N8nClient, workflows: ExampleWorkflows, order: string): Promise<void> {
	await buy(workflows.getSellUrl(order), 'buyer@example.com');
	const execution = await client.waitForExecution(workflows.settle.id, (one) =>
		one.items('Mark order as paid').some((item) => item.orderId === order),
	);
	if (execution.status !== 'success') throw new Error(`Order ${order} ended: ${execution.status}`);
}

/** The nodes of the workflows with their parameters, as n8n has them stored. */
async function readNodes(client: N8nClient, { sell, settle }: ExampleWorkflows): Promise<unknown> {
	const stored = [sell.id, settle.id].map((id) => client.get<StoredWorkflow>(`/workflows/${id}`));
	return (await Promise.all(stored)).map(({ nodes }) => nodes);
}

async function liveInN8n(npm: Npm, base: string, sandbox: Sandbox): Promise<void> {
	const userFolder = join(base, 'n8n');
	let n8n: RunningN8n | undefined;
	try {
		await step(`install ${previousVersion} as n8n does`, async () => {
			await mkdir(join(userFolder, '.n8n', 'nodes'), { recursive: true });
			await installInN8n(npm, userFolder, previousVersion);
		});
		const running = await step('start n8n', () => startN8n({ userFolder, packageDir: null }));
		n8n = running;
		let client = await N8nClient.connect(running);
		const nodes = await listNodes(client);
		if (nodes.length < 3) throw new Error(`n8n knows only ${nodes.join(', ') || 'no node'}.`);
		const account = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
		const workflows = await importExamples(client, account);
		await step('sell with it', () => sell(client, workflows, 'A-1'));

		const before = await readNodes(client, workflows);
		await running.kill('SIGTERM');
		await step(`update to ${version}`, () => installInN8n(npm, userFolder, version));
		await running.restart();
		client = await N8nClient.connect(running);
		deepStrictEqual(await readNodes(client, workflows), before, 'The update changed workflows.');
		await step('sell with the same workflows', () => sell(client, workflows, 'A-2'));

		await running.kill('SIGTERM');
		await step('uninstall', () => uninstallFromN8n(userFolder));
		await running.restart();
		client = await N8nClient.connect(running);
		const left = await listNodes(client);
		if (left.length > 0) throw new Error(`n8n still knows ${left.join(', ')}.`);
		console.log('✓ n8n starts without it, and knows none of its nodes');
	} finally {
		await n8n?.stop();
	}
}

async function main(): Promise<void> {
	const base = await mkdtemp(join(tmpdir(), 'release-'));
	const sandbox = await startSandbox();
	let registry: Registry | undefined;
	const runOwn = async (...words: string[]) => {
		const { exitCode, all } = await tryProgram(process.execPath, [script, ...words], {
			cwd: repository,
		});
		if (exitCode !== 0) throw new Error(all);
	};
	try {
		await step('build', () => runOwn('gulp', 'build'));
		await step("n8n's scanner", () => runOwn('test/package/scan.ts', '--control'));
		await step('the same tarball elsewhere', () => runOwn('test/package/reproducible.ts'));
		const tarball = await step('pack', () => packPackage(repository, join(base, 'packed')));
		console.log(`  ${tarball.files.length} files, ${tarball.size} bytes`);
		const started = await step('start a registry', () => startRegistry(join(base, 'registry')));
		registry = started;
		const npm = npmOf(started, base);
		await step(`publish ${previousVersion}, then ${version}`, async () => {
			const previous = await packPrevious(tarball.path, join(base, 'previous', 'package'));
			await publish(npm, previous, base);
			await publish(npm, tarball.path, base);
		});
		await liveInN8n(npm, base, sandbox);
		console.log('\nThe dry release went through.');
	} finally {
		await registry?.stop();
		await sandbox.close();
		await rm(base, { recursive: true, force: true, maxRetries: 3 });
	}
}

runMain(main);
