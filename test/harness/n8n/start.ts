import { fork, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import axios from 'axios';

import { findFreePort } from '../ports';
import { runProgram } from '../programs';
import { until } from '../until';
import { currentVersion, ensureN8n, type N8nInstallation } from './install';

export interface StartOptions {
	version?: string;
	/** Settings beside and over the harness's own; n8n sees no other variables of this process. */
	env?: Record<string, string>;
	/** Where n8n keeps its data. A folder that is given is kept, one made here is removed by `stop`. */
	userFolder?: string;
	port?: number;
	/** The public address, when it is not this machine's own. */
	webhookUrl?: string;
	/** The built package to install; `null` for none. Default: this repository. */
	packageDir?: string | null;
}

export interface Exit {
	code: number | null;
	signal: NodeJS.Signals | null;
}

export interface RunningN8n {
	readonly url: string;
	readonly installation: N8nInstallation;
	readonly userFolder: string;
	readonly logFile: string;
	/** The id of n8n's process now, which is also the id of its process group. */
	readonly pid: number | undefined;
	/** Sends a signal to n8n and all that it started, and waits for the end. */
	kill(signal?: NodeJS.Signals): Promise<Exit>;
	/** Starts n8n again on the same data and port; stops it first if it runs. */
	restart(): Promise<void>;
	/** Ends n8n and removes the user folder, unless the caller gave it or wants to keep it. */
	stop(options?: { keepsData?: boolean }): Promise<void>;
}

const repository = join(__dirname, '..', '..', '..');
const readyTimeoutMs = 180_000;
const stopTimeoutMs = 15_000;

/** Starts a real n8n with the package installed, and returns when its REST interface answers. */
export async function startN8n(options: StartOptions = {}): Promise<RunningN8n> {
	const installation = await ensureN8n(options.version ?? currentVersion);
	const userFolder = options.userFolder ?? (await mkdtemp(join(tmpdir(), 'n8n-pocketsflow-')));
	const port = options.port ?? (await findFreePort());
	const url = `http://127.0.0.1:${port}`;
	const logFile = join(userFolder, 'n8n.log');
	if (options.packageDir !== null)
		await installPackage(options.packageDir ?? repository, userFolder);

	const env = {
		...buildEnvironment(userFolder),
		N8N_PORT: String(port),
		N8N_RUNNERS_BROKER_PORT: String(await findFreePort()),
		WEBHOOK_URL: `${options.webhookUrl ?? url}/`,
		...options.env,
	};
	const removeAtEnd = options.userFolder === undefined ? userFolder : undefined;
	let process: N8nProcess | undefined;

	const start = async () => {
		process = await N8nProcess.start({
			command: installation.nodeBinary,
			args: [installation.n8nBin, 'start'],
			cwd: userFolder,
			env,
			logFile,
			removeAtEnd,
		});
		try {
			await waitUntilReady(url, process);
		} catch (error) {
			await process.end('SIGKILL');
			throw new Error(`${(error as Error).message}\n${await readTail(logFile)}`, { cause: error });
		}
	};
	const end = async (signal: NodeJS.Signals): Promise<Exit> => {
		const exit = await process?.end(signal);
		process = undefined;
		return exit ?? { code: null, signal: null };
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
		kill: (signal = 'SIGKILL') => end(signal),
		async restart() {
			await end('SIGTERM');
			await start();
		},
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

interface Command {
	command: string;
	args: string[];
	cwd: string;
	env: Record<string, string>;
	logFile: string;
	removeAtEnd?: string;
}

type KeeperMessage = { pid: number } | { failed: string } | { exited: Exit };

/** One run of n8n, under its keeper. */
class N8nProcess {
	readonly exited: Promise<Exit>;

	exit: Exit | undefined;

	private constructor(
		private readonly keeper: ChildProcess,
		readonly pid: number,
	) {
		this.exited = new Promise((resolve) => {
			const settle = (exit: Exit) => {
				this.exit ??= exit;
				resolve(this.exit);
			};
			keeper.on('message', (message: KeeperMessage) => {
				if ('exited' in message) settle(message.exited);
			});
			keeper.on('exit', (code, signal) => settle({ code, signal }));
		});
	}

	static start(command: Command): Promise<N8nProcess> {
		const keeper = fork(join(__dirname, 'keeper.cjs'), [JSON.stringify(command)], {
			detached: true,
			execArgv: [],
			stdio: 'ignore',
		});
		return new Promise((resolve, reject) => {
			keeper.once('error', reject);
			keeper.once('message', (message: KeeperMessage) => {
				if ('pid' in message) resolve(new N8nProcess(keeper, message.pid));
				else reject(new Error(`n8n did not start: ${JSON.stringify(message)}`));
			});
		});
	}

	async end(signal: NodeJS.Signals): Promise<Exit> {
		const keeperExit = waitForExit(this.keeper);
		if (!this.exit) {
			this.send(signal);
			const timer = setTimeout(() => this.send('SIGKILL'), stopTimeoutMs);
			await this.exited.finally(() => clearTimeout(timer));
		}
		await keeperExit;
		return this.exited;
	}

	private send(signal: NodeJS.Signals) {
		if (this.keeper.connected) this.keeper.send({ signal });
	}
}

const waitForExit = (keeper: ChildProcess) =>
	keeper.exitCode !== null || keeper.signalCode !== null
		? Promise.resolve()
		: new Promise<void>((resolve) => keeper.once('exit', () => resolve()));

/** n8n says "ok" early and shows a waiting page on every path, so its real answers are what counts. */
async function waitUntilReady(url: string, process: N8nProcess): Promise<void> {
	const http = axios.create({
		baseURL: url,
		timeout: 5000,
		validateStatus: () => true,
		proxy: false,
	});
	const isReady = async () => {
		const [readiness, settings] = await Promise.all([
			http.get<unknown>('/healthz/readiness'),
			http.get<{ data?: { userManagement?: unknown } } | string>('/rest/settings'),
		]);
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
