import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import axios from 'axios';

import { findFreePort } from '../ports';
import { KeptProcess, type Exit } from '../process/keptProcess';
import { runProgram } from '../programs';
import { readMessage } from '../runMain';
import { withBuilt } from '../setup/build';
import { until } from '../until';
import { buildDefaults } from './defaults';
import { currentVersion, ensureN8n, type N8nInstallation } from './install';

/** In n8n's queue mode, a `webhook` only takes deliveries, and a `worker` only executes. */
export type Role = 'main' | 'webhook' | 'worker';

export interface StartOptions {
	version?: string;
	role?: Role;
	/** Override the harness's own. n8n sees no other variables of this process. */
	env?: Record<string, string>;
	/** Where n8n keeps its data. A folder that is given is kept, one made here is removed by `stop`. */
	userFolder?: string;
	port?: number;
	webhookUrl?: string;
	/** The built package to install; `null` for none. Default: this repository. */
	packageDir?: string | null;
}

export interface RunningN8n {
	/** Where the process answers; of a worker its check of health only. */
	readonly url: string;
	readonly installation: N8nInstallation;
	readonly userFolder: string;
	readonly logFile: string;
	/** The id of n8n's process now, which is also the id of its process group. */
	readonly pid: number | undefined;
	/** Whether it ended without being killed or stopped. */
	readonly hasEnded: boolean;
	/** Sends a signal to n8n and all that it started, and waits for the end. */
	kill(signal?: NodeJS.Signals): Promise<Exit>;
	/** Starts n8n again on the same data and port; stops it first if it runs. */
	restart(): Promise<void>;
	/** Runs a command of n8n's command line on its data, whether it runs or not. */
	runCommand(...args: string[]): Promise<void>;
	/** Lets this process end before n8n does, which ends then. */
	release(): void;
	/** Ends n8n and removes the user folder, unless the caller gave it or wants to keep it. */
	stop(options?: { keepsData?: boolean }): Promise<void>;
}

const repository = join(__dirname, '..', '..', '..');
const readyTimeoutMs = 180_000;

const commands: Record<Role, string> = { main: 'start', webhook: 'webhook', worker: 'worker' };

export async function startN8n(options: StartOptions = {}): Promise<RunningN8n> {
	const { role = 'main' } = options;
	const installation = await ensureN8n(options.version ?? currentVersion);
	const userFolder = options.userFolder ?? (await mkdtemp(join(tmpdir(), 'n8n-pocketsflow-')));
	const port = options.port ?? (await findFreePort());
	const url = `http://127.0.0.1:${port}`;
	const logFile = join(userFolder, 'n8n.log');
	if (options.packageDir === undefined)
		await withBuilt(() => installPackage(repository, userFolder));
	else if (options.packageDir !== null) await installPackage(options.packageDir, userFolder);

	const env = {
		...buildEnvironment(userFolder),
		N8N_PORT: String(port),
		...(role === 'worker' && {
			QUEUE_HEALTH_CHECK_ACTIVE: 'true',
			QUEUE_HEALTH_CHECK_PORT: String(port),
			N8N_WORKER_SERVER_ADDRESS: '127.0.0.1',
		}),
		N8N_RUNNERS_BROKER_PORT: String(await findFreePort()),
		...buildDefaults(`${options.webhookUrl ?? url}/`),
		...options.env,
	};
	const removeAtEnd = options.userFolder === undefined ? userFolder : undefined;
	let process: KeptProcess | undefined;

	const end = async (signal: NodeJS.Signals): Promise<Exit> => {
		const ending = process;
		process = undefined;
		return (await ending?.end(signal)) ?? { code: null, signal: null };
	};
	const start = async () => {
		process = await KeptProcess.start({
			command: installation.nodeBinary,
			args: [installation.n8nBin, commands[role]],
			cwd: userFolder,
			env,
			logFile,
			removeAtEnd,
		});
		try {
			await waitUntilReady(url, role, process);
		} catch (error) {
			await end('SIGKILL');
			throw new Error(`${readMessage(error)}\n${await readTail(logFile)}`, { cause: error });
		}
	};
	const stop = async ({ keepsData = false } = {}) => {
		await end('SIGTERM');
		if (removeAtEnd && !keepsData)
			await rm(removeAtEnd, { recursive: true, force: true, maxRetries: 3 });
	};

	try {
		await start();
	} catch (error) {
		await stop();
		throw error;
	}
	return {
		url,
		installation,
		userFolder,
		logFile,
		get pid() {
			return process?.pid;
		},
		get hasEnded() {
			return process?.exit !== undefined;
		},
		kill: (signal = 'SIGKILL') => end(signal),
		async restart() {
			await end('SIGTERM');
			await start();
		},
		async runCommand(...args) {
			const { nodeBinary, n8nBin } = installation;
			await runProgram(nodeBinary, [n8nBin, ...args], { cwd: userFolder, env });
		},
		release: () => process?.release(),
		stop,
	};
}

const inheritedNames =
	/^(PATH|LANG|LC_ALL|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|HTTPS?_PROXY|NODE_EXTRA_CA_CERTS)$/i;

function buildEnvironment(userFolder: string): Record<string, string> {
	const inherited = Object.entries(process.env).flatMap(([name, value]) =>
		value !== undefined && inheritedNames.test(name) ? [[name, value]] : [],
	);
	return {
		...(Object.fromEntries(inherited) as Record<string, string>),
		NO_PROXY: '127.0.0.1,localhost',
		// n8n's caches go where its data goes, not into the user's own home.
		HOME: userFolder,
		N8N_USER_FOLDER: userFolder,
		N8N_LISTEN_ADDRESS: '127.0.0.1',
		N8N_RUNNERS_BROKER_LISTEN_ADDRESS: '127.0.0.1',
		N8N_SECURE_COOKIE: 'false',
		N8N_ENFORCE_SETTINGS_FILE_PERMISSIONS: 'true',
		N8N_LOG_LEVEL: 'info',
		// Nothing that calls home: the suite also runs without a network.
		N8N_DIAGNOSTICS_ENABLED: 'false',
		N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
		N8N_DYNAMIC_BANNERS_ENABLED: 'false',
		N8N_TEMPLATES_ENABLED: 'false',
		N8N_PERSONALIZATION_ENABLED: 'false',
		N8N_HIRING_BANNER_ENABLED: 'false',
		N8N_ONBOARDING_FLOW_DISABLED: 'true',
		N8N_VERIFIED_PACKAGES_ENABLED: 'false',
		N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
		EXECUTIONS_DATA_SAVE_ON_SUCCESS: 'all',
		EXECUTIONS_DATA_SAVE_ON_ERROR: 'all',
		EXECUTIONS_DATA_SAVE_MANUAL_EXECUTIONS: 'true',
	};
}

/** Copies the files that `npm pack` would ship, which is what n8n's own installation leaves. */
async function installPackage(packageDir: string, userFolder: string): Promise<void> {
	const { stdout } = await runProgram('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
		cwd: packageDir,
	});
	const [{ name, files }] = JSON.parse(stdout) as Array<{
		name: string;
		files: Array<{ path: string }>;
	}>;
	if (!files.some(({ path }) => path.endsWith('.node.js')))
		throw new Error('The package is not built: run `npm run build` first.');
	const target = join(userFolder, '.n8n', 'nodes', 'node_modules', name);
	await rm(target, { recursive: true, force: true });
	for (const { path } of files) {
		await mkdir(dirname(join(target, path)), { recursive: true });
		await cp(join(packageDir, path), join(target, path));
	}
}

/** n8n says "ok" early and shows a waiting page on every path, so its real answers are what counts. */
async function waitUntilReady(url: string, role: Role, process: KeptProcess): Promise<void> {
	const http = axios.create({
		baseURL: url,
		timeout: 5000,
		validateStatus: () => true,
		proxy: false,
	});
	const isReady = async () => {
		const readiness = await http.get<unknown>('/healthz/readiness');
		if (role !== 'main') return readiness.status === 200;
		const settings = await http.get<object | string>('/rest/settings');
		const isJson = typeof settings.data === 'object';
		return readiness.status === 200 && settings.status === 200 && isJson;
	};
	await until('n8n to start', () => process.exit !== undefined || isReady(), {
		withinMs: readyTimeoutMs,
	});
	if (process.exit)
		throw new Error(`n8n ended while starting (${process.exit.code ?? process.exit.signal}).`);
}

const readTail = async (file: string) =>
	(await readFile(file, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-30).join('\n');
