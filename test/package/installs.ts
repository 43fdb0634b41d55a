// Every way to install the package that README.md and docs/docker.md name, on a real n8n. It runs in a separate
// network, in which the name of the public registry leads to one on this machine.
// Part of `npm run test:n8n -- release`.
import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { load } from 'js-yaml';
import type { Browser } from 'playwright-core';

import { name, version } from '../../package.json';
import { buy, importExamples, type ExampleWorkflows } from '../../demo/example-workflows';
import { startSandbox } from '../../sandbox/sandbox';
import { openBrowser } from '../harness/browser/browser';
import { N8nClient, type StoredWorkflow } from '../harness/n8n/client';
import { ensureN8n } from '../harness/n8n/install';
import { buildDatabaseSettings } from '../harness/n8n/queue';
import { startN8n, type RunningN8n, type StartOptions } from '../harness/n8n/start';
import { buildAction, buildChain, startNode } from '../harness/n8n/workflows';
import { runProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import { ensurePostgres, startPostgres } from '../harness/servers/postgres';
import { startRedis } from '../harness/servers/redis';
import { ensureBuilt } from '../harness/setup/build';
import { ensureChromium } from '../harness/setup/chromium';
import { ensureProgram } from '../harness/setup/debian';
import { until } from '../harness/until';
import { packPackage, unpack, type Tarball } from './pack';
import { CommunityPanel } from './panel';
import { locateCertificate, runWithPublicRegistry } from './registry/publicName';
import { ensureVerdaccio, startRegistry, type Registry } from './registry/registry';

const repository = join(__dirname, '..', '..');
const previousVersion = '0.0.9';
const nodeCount = 4;

/** Does one step of a release, and prints what it was and how long it took. */
export async function step<T>(what: string, work: () => Promise<T>): Promise<T> {
	const startedAt = Date.now();
	const result = await work();
	console.log(`✓ ${what} (${Math.round((Date.now() - startedAt) / 1000)} s)`);
	return result;
}

/** What this process and the one inside the other network hand on to each other. */
interface Stage {
	base: string;
	registry: Registry;
	/** The checksums that the registry knows, by version. */
	checksums: Record<string, string>;
}

// ---------------------------------------------------------------------------------------------- the registry

/** What makes Node.js and npm trust the registry; npm's setting counts over one of this machine. */
const trust = () => ({
	NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? '',
	npm_config_cafile: process.env.NODE_EXTRA_CA_CERTS ?? '',
});

/** What npm gets on a machine without its own settings. */
const npmEnvironment = (registry: Registry, home: string) => ({
	...trust(),
	PATH: process.env.PATH,
	HOME: home,
	npm_config_userconfig: registry.npmrc,
});

const runNpm = (registry: Registry, home: string, args: string[], cwd: string) =>
	runProgram('npm', args, { cwd, env: npmEnvironment(registry, home) });

/** The tarball with another version, as the release before this one. */
async function packPrevious(tarball: string, folder: string): Promise<Tarball> {
	await unpack(tarball, folder);
	const path = join(folder, 'package.json');
	const manifest = JSON.parse(await readFile(path, 'utf8')) as object;
	await writeFile(path, JSON.stringify({ ...manifest, version: previousVersion }, null, '\t'));
	return await packPackage(folder, join(folder, '..'));
}

/** Without provenance, which only the pipeline has; npm refuses that first, which is looked at as well. */
async function publish(registry: Registry, base: string, tarball: string): Promise<void> {
	const refusal = await runNpm(registry, base, ['publish', tarball], base).then(
		() => 'it was published',
		(error: Error) => error.message,
	);
	match(refusal, /provenance/i, 'A release from a machine like this one must be refused.');
	await runNpm(registry, base, ['publish', tarball, '--provenance=false'], base);
}

async function readChecksum(registry: Registry, base: string, wanted: string): Promise<string> {
	const { stdout } = await runNpm(
		registry,
		base,
		['view', `${name}@${wanted}`, 'dist.integrity'],
		base,
	);
	return stdout.trim();
}

// ------------------------------------------------------------------------------------------------------- n8n

/** Runs n8n with no package put in by the test, and stops it whatever happens. */
async function withN8n<T>(
	options: StartOptions & { userFolder: string },
	work: (client: N8nClient, n8n: RunningN8n) => Promise<T>,
): Promise<T> {
	await mkdir(join(options.userFolder, '.n8n', 'nodes'), { recursive: true });
	const n8n = await startN8n({
		packageDir: null,
		...options,
		env: { ...trust(), ...options.env },
	});
	try {
		return await work(await N8nClient.connect(n8n), n8n);
	} finally {
		await n8n.stop();
	}
}

/** The types of this package that n8n offers in its editor. */
async function listNodes(client: N8nClient): Promise<string[]> {
	const { data } = await client.editorFile<Array<{ name: string }>>('/types/nodes.json');
	const names = data.map((type) => type.name).filter((type) => type.startsWith(`${name}.`));
	return [...new Set(names)].sort();
}

/** What the panel lists, with versions. */
async function listInstalled(client: N8nClient): Promise<string[]> {
	const packages =
		await client.get<Array<{ packageName: string; installedVersion: string }>>(
			'/community-packages',
		);
	return packages.map((one) => `${one.packageName}@${one.installedVersion}`);
}

/** Sells one thing with the workflows in n8n, and waits until the trigger has settled the order. */
async function sell(client: N8nClient, workflows: ExampleWorkflows, order: string): Promise<void> {
	await buy(workflows.getSellUrl(order), 'buyer@example.com');
	const execution = await client.waitForExecution(workflows.settle.id, (one) =>
		one.items('Mark order as paid').some((item) => item.orderId === order),
	);
	strictEqual(execution.status, 'success', `Order ${order}`);
}

/** The nodes of the workflows with their parameters, as n8n has them stored. */
async function readNodes(client: N8nClient, { sell, settle }: ExampleWorkflows): Promise<unknown> {
	const stored = [sell.id, settle.id].map((id) => client.get<StoredWorkflow>(`/workflows/${id}`));
	return (await Promise.all(stored)).map(({ nodes }) => nodes);
}

// ----------------------------------------------------------------------------------------- the ways to install

/** The panel in a browser: install, list, update, remove. In between the package sells. */
async function installByPanel({ base }: Stage): Promise<void> {
	const sandbox = await startSandbox();
	const account = { apiKey: sandbox.testKey, baseUrl: sandbox.url };
	const userFolder = join(base, 'panel');
	const browser = await openBrowser();
	let workflows: ExampleWorkflows | undefined;
	try {
		await withN8n({ userFolder }, async (client, n8n) => {
			const panel = await CommunityPanel.open(browser, client, n8n.url);
			await step(`panel: install ${previousVersion}`, async () => {
				strictEqual(await panel.offersInstall(), true);
				await panel.install(`${name}@${previousVersion}`);
				deepStrictEqual(await panel.list(), [`${name}@${previousVersion}`]);
				strictEqual((await listNodes(client)).length, nodeCount);
			});
			const imported = (workflows = await importExamples(client, account));
			await step('panel: sell with it', () => sell(client, imported, 'A-1'));
			const before = await readNodes(client, imported);
			await step(`panel: update to ${version}`, async () => {
				await panel.update();
				deepStrictEqual(await panel.list(), [`${name}@${version}`]);
				deepStrictEqual(await listInstalled(client), [`${name}@${version}`]);
			});
			await panel.close();
			deepStrictEqual(await readNodes(client, imported), before, 'The update changed workflows.');
			await step('panel: sell with the same workflows', () => sell(client, imported, 'A-2'));
			await n8n.restart();
			const again = await N8nClient.connect(n8n);
			await step('panel: sell after a restart', () => sell(again, imported, 'A-3'));
		});
		await reinstallMissing(userFolder, browser);
		await withN8n({ userFolder }, async (client, n8n) => {
			await step('panel: remove', async () => {
				if (workflows)
					for (const { id } of [workflows.sell, workflows.settle]) await client.deactivate(id);
				const panel = await CommunityPanel.open(browser, client, n8n.url);
				await panel.remove();
				deepStrictEqual(await panel.list(), []);
				await panel.close();
				deepStrictEqual(await listInstalled(client), []);
				deepStrictEqual(await listNodes(client), []);
			});
		});
	} finally {
		await browser.close();
		await sandbox.close();
	}
}

/** The folder of the package is lost, as in a container without a volume: n8n reinstalls it if it may. */
async function reinstallMissing(userFolder: string, browser: Browser): Promise<void> {
	const folder = join(userFolder, '.n8n', 'nodes', 'node_modules', name);
	await rm(folder, { recursive: true });
	const env = { N8N_REINSTALL_MISSING_PACKAGES: 'true', N8N_UNVERIFIED_PACKAGES_ENABLED: 'false' };
	await step(
		'reinstall: refused while unverified packages are disabled, and no install offered',
		() =>
			withN8n({ userFolder, env }, async (client, n8n) => {
				deepStrictEqual(await listNodes(client), []);
				const panel = await CommunityPanel.open(browser, client, n8n.url);
				strictEqual(await panel.offersInstall(), false);
				await panel.close();
				match(await readFile(n8n.logFile, 'utf8'), /unverified community packages is forbidden/);
			}),
	);
	await step('reinstall: done once they are enabled', () =>
		withN8n(
			{ userFolder, env: { ...env, N8N_UNVERIFIED_PACKAGES_ENABLED: 'true' } },
			async (client) => {
				await until(
					'n8n to know the nodes again',
					async () => (await listNodes(client)).length === nodeCount,
				);
			},
		),
	);
}

async function readServices(
	file: string,
): Promise<Record<string, { environment?: Record<string, string> }>> {
	const text = await readFile(join(repository, 'docker', file), 'utf8');
	return (
		load(text) as {
			services: Record<string, { environment?: Record<string, string> }>;
		}
	).services;
}

/** The environment that a service of a compose file gives n8n, with the values of an `.env` filled in. */
async function readEnvironment(
	file: string,
	values: Record<string, string>,
): Promise<Record<string, string>> {
	const { n8n } = await readServices(file);
	const fill = (text: string) =>
		text.replace(/\$\{(\w+)\}/g, (_, variable: string) => values[variable] ?? '');
	return Object.fromEntries(
		Object.entries(n8n.environment ?? {}).map(([variable, text]) => [variable, fill(text)]),
	);
}

/** What compose.yaml sets, as it stands: a right checksum, another version, a wrong checksum. */
async function installByEnvironment({ base, checksums }: Stage): Promise<void> {
	const userFolder = join(base, 'environment');
	const start = async (
		wanted: string,
		checksum: string,
		work: (client: N8nClient, log: string) => Promise<void>,
	) => {
		const environment = await readEnvironment('compose.yaml', {
			N8N_DOMAIN: 'n8n.example.com',
			N8N_ENCRYPTION_KEY: 'e'.repeat(32),
			TIMEZONE: 'Europe/Berlin',
			POCKETSFLOW_VERSION: wanted,
			POCKETSFLOW_CHECKSUM: checksum,
		});
		// A checksum is enough, even if unverified packages are disabled.
		const env = { ...environment, N8N_UNVERIFIED_PACKAGES_ENABLED: 'false' };
		await withN8n({ userFolder, env }, async (client, n8n) =>
			work(client, await readFile(n8n.logFile, 'utf8')),
		);
	};
	await step('compose.yaml: a wrong checksum installs nothing and says so', () =>
		start(previousVersion, 'sha512-wrong', async (client, log) => {
			deepStrictEqual(await listInstalled(client), []);
			match(log, /Failed to install community package .*checksum/i);
		}),
	);
	await step(`compose.yaml: installs ${previousVersion}`, () =>
		start(previousVersion, checksums[previousVersion], async (client) => {
			deepStrictEqual(await listInstalled(client), [`${name}@${previousVersion}`]);
			strictEqual((await listNodes(client)).length, nodeCount);
		}),
	);
	await step(`compose.yaml: updates to ${version}`, () =>
		start(version, checksums[version], async (client) => {
			deepStrictEqual(await listInstalled(client), [`${name}@${version}`]);
			strictEqual((await listNodes(client)).length, nodeCount);
		}),
	);
}

/** The command of the Dockerfile that downloads the package, as a shell runs it. */
async function readDownloadCommand(): Promise<string> {
	const dockerfile = await readFile(join(repository, 'docker', 'Dockerfile'), 'utf8');
	const command = /^RUN ((?:.*\\\n)*.*)$/m.exec(dockerfile)?.[1];
	if (command === undefined) throw new Error('docker/Dockerfile has no RUN.');
	return command.replaceAll('\\\n', ' ');
}

/** What the image does: download at build time, link at start. Node types keep their names. */
async function installByImage({ base, registry, checksums }: Stage): Promise<void> {
	const home = join(base, 'image');
	const userFolder = join(base, 'image-user');
	await mkdir(home, { recursive: true });
	await mkdir(userFolder, { recursive: true });
	const download = (checksum: string) =>
		readDownloadCommand().then((command) =>
			runProgram('sh', ['-c', command], {
				cwd: home,
				env: {
					...npmEnvironment(registry, home),
					POCKETSFLOW_VERSION: version,
					POCKETSFLOW_CHECKSUM: checksum,
				},
			}),
		);
	await step('Dockerfile: refuses a wrong checksum', async () => {
		const refusal = await download('sha512-wrong').then(
			() => undefined,
			(error: Error) => error.message,
		);
		match(refusal ?? 'it was downloaded', /ended with 1/);
	});
	await step('Dockerfile: downloads the package', () => download(checksums[version]));
	const link = async () => {
		await runProgram('sh', [join(repository, 'docker', 'link-package.sh')], {
			env: {
				PATH: process.env.PATH,
				N8N_USER_FOLDER: userFolder,
				POCKETSFLOW_HOME: home,
				N8N_ENTRYPOINT: '/bin/true',
			},
		});
	};
	// Twice: the second start of a container finds the link of the first.
	await link();
	await link();
	await step('Dockerfile: n8n knows the nodes by their own names, and lists no package', () =>
		withN8n({ userFolder, env: { N8N_UNVERIFIED_PACKAGES_ENABLED: 'false' } }, async (client) => {
			strictEqual((await listNodes(client)).length, nodeCount);
			deepStrictEqual(await listInstalled(client), []);
		}),
	);
}

/** The first commands that a page gives for a shell, as one script. */
async function readCommands(page: string): Promise<string> {
	const text = await readFile(join(repository, page), 'utf8');
	const commands = /^```sh\n(.*?)^```/ms.exec(text)?.[1];
	if (!commands) throw new Error(`${page} has no commands.`);
	return commands;
}

/** README's commands as they stand. A package put in by hand is neither listed nor reinstalled. */
async function installByHand({ base, registry }: Stage): Promise<void> {
	const userFolder = join(base, 'hand');
	const folder = join(userFolder, '.n8n', 'nodes');
	await mkdir(userFolder, { recursive: true });
	const commands = await readCommands('README.md');
	strictEqual(await readCommands('docs/install.md'), commands, 'Two ways to install by npm');
	const env = { N8N_REINSTALL_MISSING_PACKAGES: 'true' };
	const verifyNodes = (count: number) =>
		withN8n({ userFolder, env }, async (client) => {
			strictEqual((await listNodes(client)).length, count);
			deepStrictEqual(await listInstalled(client), []);
		});
	await step('npm: the commands of the README install it', async () => {
		await runProgram('sh', ['-ec', commands], {
			cwd: base,
			env: npmEnvironment(registry, userFolder),
		});
	});
	await step('npm: n8n knows the nodes, and lists no package', () => verifyNodes(nodeCount));
	await rm(join(folder, 'node_modules', name), { recursive: true });
	await step('npm: n8n does not reinstall it', () => verifyNodes(0));
	await step(`npm: updates from ${previousVersion}, and uninstalls`, async () => {
		const run = (command: string, what: string) =>
			runNpm(registry, userFolder, [command, '--legacy-peer-deps', what], folder);
		const readVersion = async () => {
			const manifest = join(folder, 'node_modules', name, 'package.json');
			return (JSON.parse(await readFile(manifest, 'utf8')) as { version: string }).version;
		};
		await run('install', `${name}@${previousVersion}`);
		strictEqual(await readVersion(), previousVersion);
		await run('install', `${name}@latest`);
		strictEqual(await readVersion(), version);
		await run('uninstall', name);
		// npm's own list of what is there may stay.
		const left = await readdir(join(folder, 'node_modules')).catch(() => []);
		deepStrictEqual(
			left.filter((entry) => !entry.startsWith('.')),
			[],
		);
	});
}

/**
 * Queue mode as docs/install.md has it: the package is installed on the main, and a worker that starts later
 * reinstalls it if it may.
 */
async function installInQueueMode({ base }: Stage): Promise<void> {
	const sandbox = await startSandbox();
	const postgres = await startPostgres();
	const redis = await startRedis();
	const env = {
		...trust(),
		...buildDatabaseSettings(postgres),
		EXECUTIONS_MODE: 'queue',
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
	};
	const withWorker = async (own: Record<string, string>, work: () => Promise<void>) => {
		const userFolder = join(base, 'worker');
		await mkdir(join(userFolder, '.n8n', 'nodes'), { recursive: true });
		const worker = await startN8n({
			...{ role: 'worker', userFolder, packageDir: null },
			env: { ...env, ...own },
		});
		try {
			await work();
		} finally {
			await worker.stop();
		}
	};
	try {
		await withN8n({ userFolder: join(base, 'main'), env }, async (client) => {
			await client.post('/community-packages', { name, version });
			const account = { apiKey: sandbox.testKey, baseUrl: sandbox.url, webhookSigningSecret: '' };
			const credential = await client.createCredential('pocketsflowApi', 'Sandbox', account);
			const nodes = [startNode, buildAction('Read', { resource: 'account', operation: 'get' })];
			const { id } = await client.importWorkflow(buildChain('On a worker', nodes), [credential]);
			const run = async () => {
				const started = await client.runManually(id, startNode.name);
				const { status, error } = await client.waitForExecution(
					id,
					(one) => 'executionId' in started && one.id === started.executionId,
				);
				return { status, message: error?.message };
			};
			await step('queue mode: a worker without the package fails as docs/install.md says', () =>
				withWorker({}, async () => match((await run()).message ?? '', /Unrecognized node type/)),
			);
			await step('queue mode: a worker reinstalls the package at its start', () =>
				withWorker({ N8N_REINSTALL_MISSING_PACKAGES: 'true' }, async () =>
					deepStrictEqual(await run(), { status: 'success', message: undefined }),
				),
			);
		});
	} finally {
		await redis.stop();
		await postgres.stop();
		await sandbox.close();
	}
}

/** The variables that this n8n reads, by its own code. */
async function listVariables(n8nFolder: string): Promise<Set<string>> {
	const reading = /Env\)\('(\w+)'|process\.env\.([A-Z]\w+)|process\.env\[?'(\w+)'/g;
	const variables = new Set<string>();
	for (const folder of [join('n8n', 'dist'), join('@n8n', 'config', 'dist')]) {
		const root = join(n8nFolder, 'node_modules', folder);
		for (const entry of await readdir(root, { recursive: true }))
			if (entry.endsWith('.js'))
				for (const [, ...names] of (await readFile(join(root, entry), 'utf8')).matchAll(reading))
					variables.add(names.find(Boolean) ?? '');
	}
	return variables;
}

/** Variables of other programs, by the service of a compose file. */
const foreignServices = new Set(['caddy', 'postgres', 'redis']);

/** n8n ignores a variable that it does not know without a word. */
async function checkVariables(): Promise<void> {
	const { dir } = await ensureN8n();
	const known = await listVariables(dir);
	for (const file of ['compose.yaml', 'compose.queue.yaml']) {
		const services = await readServices(file);
		const names = Object.entries(services)
			.filter(([service]) => !foreignServices.has(service))
			.flatMap(([, { environment = {} }]) => Object.keys(environment));
		deepStrictEqual(
			names.filter((variable) => !known.has(variable)),
			[],
			file,
		);
	}
	strictEqual(known.has('N8N_WEBHOOK_URLS'), false, 'The check must be able to fail.');
}

// ------------------------------------------------------------------------------------------------------ start

async function runInside(base: string): Promise<void> {
	const tarball = await packPackage(repository, join(base, 'packed'));
	const registry = await startRegistry(join(base, 'registry'), locateCertificate(base));
	try {
		await step(`publish ${previousVersion}, then ${version}`, async () => {
			const previous = await packPrevious(tarball.path, join(base, 'previous', 'package'));
			await publish(registry, base, previous.path);
			await publish(registry, base, tarball.path);
		});
		const checksums = {
			[previousVersion]: await readChecksum(registry, base, previousVersion),
			[version]: await readChecksum(registry, base, version),
		};
		const stage = { base, registry, checksums };
		await installByPanel(stage);
		await installByEnvironment(stage);
		await installByImage(stage);
		await installByHand(stage);
		await installInQueueMode(stage);
	} finally {
		await registry.stop();
	}
}

/** Tries every way to install the package, in a separate network. */
export async function tryInstalls(): Promise<void> {
	// What needs the real network is done before.
	await ensureBuilt();
	await ensureN8n();
	await ensureVerdaccio();
	await ensureChromium();
	await ensurePostgres();
	await ensureProgram('redis-server', 'Redis');
	await step('every variable in docker/ is one that n8n reads', checkVariables);
	const base = await mkdtemp(join(tmpdir(), 'installs-'));
	try {
		const script = [join(repository, 'test', 'harness', 'setup', 'run.mjs'), __filename];
		const env = { ...process.env, INSTALLS_FOLDER: base };
		const { exitCode } = await runWithPublicRegistry(base, script, env);
		if (exitCode !== 0) throw new Error('A way to install the package failed; see above.');
	} finally {
		await rm(base, { recursive: true, force: true, maxRetries: 3 });
	}
}

if (process.argv[1] === __filename) {
	const { INSTALLS_FOLDER: base } = process.env;
	runMain(() => (base === undefined ? tryInstalls() : runInside(base)));
}
