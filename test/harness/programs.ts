import { spawn } from 'node:child_process';

export interface ProgramOptions {
	cwd?: string;
	env?: NodeJS.ProcessEnv;
	uid?: number;
	gid?: number;
	input?: string;
	/** Where its output goes instead of into the outcome: to the terminal, or to an open file. */
	output?: 'inherit' | number;
}

export interface Outcome {
	/** `null` if a signal ended the program, or if it did not start. */
	exitCode: number | null;
	stdout: string;
	/** Both streams, in the order in which they came. */
	all: string;
}

/** Runs a program to its end, whatever it ends with. One that cannot be started has no exit code. */
export function tryProgram(
	command: string,
	args: readonly string[],
	{ input, output, ...options }: ProgramOptions = {},
): Promise<Outcome> {
	return new Promise((resolve) => {
		const child = spawn(command, args, {
			...options,
			stdio: [input === undefined ? 'ignore' : 'pipe', output ?? 'pipe', output ?? 'pipe'],
		});
		const [stdout, all]: Buffer[][] = [[], []];
		child.stdout?.on('data', (chunk: Buffer) => {
			stdout.push(chunk);
			all.push(chunk);
		});
		child.stderr?.on('data', (chunk: Buffer) => all.push(chunk));
		const settle = (exitCode: number | null, problem = '') =>
			resolve({ exitCode, stdout: readText(stdout), all: `${readText(all)}${problem}` });
		child.on('error', ({ message }) => settle(null, message));
		child.on('close', (exitCode) => settle(exitCode));
		// A program may end without having read everything.
		child.stdin?.on('error', () => undefined);
		child.stdin?.end(input);
	});
}

/** @throws with what the program said, unless it ends with 0 */
export async function runProgram(
	command: string,
	args: readonly string[],
	options: ProgramOptions = {},
): Promise<Outcome> {
	const outcome = await tryProgram(command, args, options);
	if (outcome.exitCode === 0) return outcome;
	const ending =
		outcome.exitCode === null ? 'did not run to its end' : `ended with ${outcome.exitCode}`;
	throw new Error(`${[command, ...args].join(' ')} ${ending}:\n${outcome.all}`);
}

const readText = (chunks: Buffer[]) => Buffer.concat(chunks).toString('utf8').trimEnd();
