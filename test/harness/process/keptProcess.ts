import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export interface Command {
	command: string;
	args: string[];
	cwd: string;
	env: Record<string, string>;
	logFile: string;
	/** A folder that goes too when this process ends before the program. */
	removeAtEnd?: string;
	/** The user that it runs as; by default, that of this process. */
	uid?: number;
	gid?: number;
}

export interface Exit {
	code: number | null;
	signal: NodeJS.Signals | null;
}

const stopTimeoutMs = 15_000;

type KeeperMessage = { pid: number } | { failed: string } | { exited: Exit };

/** One run of a program, under its keeper: it does not outlive this process. */
export class KeptProcess {
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

	static start(command: Command): Promise<KeptProcess> {
		const keeper = fork(join(__dirname, 'keeper.cjs'), [JSON.stringify(command)], {
			detached: true,
			execArgv: [],
			stdio: 'ignore',
		});
		return new Promise((resolve, reject) => {
			keeper.once('error', reject);
			keeper.once('message', (message: KeeperMessage) => {
				if ('pid' in message) resolve(new KeptProcess(keeper, message.pid));
				else reject(new Error(`${command.command} did not start: ${JSON.stringify(message)}`));
			});
		});
	}

	/** Lets this process end before the program does, which the keeper ends then. */
	release(): void {
		this.keeper.unref();
		this.keeper.channel?.unref();
	}

	/** Sends a signal to it and all that it started, and waits for the end; after 15 s it is killed. */
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
