// npm test: everything that needs no n8n. Two steps at a time, each shown with its output if it fails.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { mapConcurrently } from '../concurrently';
import { tryProgram } from '../programs';
import programs from './programs.json';

const repository = join(__dirname, '..', '..', '..');
const output = join(repository, 'test', 'output');
const concurrency = 2;

interface Step {
	name: string;
	/** A program of programs.json, or a file of this repository; and its arguments. */
	run: [string, ...string[]];
	env?: Record<string, string>;
	/** Shows the output as it comes. */
	live?: boolean;
}

interface Result {
	name: string;
	passed: boolean;
	seconds: number;
}

const checks: Step[] = [
	// The build is also the type check of the nodes, with the options they ship with.
	{ name: 'build', run: ['gulp', 'build'] },
	{ name: 'types of the tests', run: ['tsc', '-p', 'test/tsconfig.json', '--noEmit'] },
	{ name: 'format', run: ['prettier', '--check', '--log-level', 'warn', '.'] },
	{
		name: 'lint',
		run: ['n8n-node', 'lint'],
		// Lets test/eslint.config.mjs and its like count for their folders; ESLint 10 does so by itself.
		env: { ESLINT_FLAGS: 'unstable_config_lookup_from_file' },
	},
];

// They load what the build made. The tests use every core.
const tests: Step[] = [
	{ name: "n8n's scanner", run: ['test/harness/setup/run.mjs', 'test/package/scan.ts'] },
	{
		name: 'unit, contract and engine tests',
		run: ['jest', '--json', '--outputFile', join(output, 'npm-test.json')],
		live: true,
	},
];

async function runStep({ name, run: [program, ...args], env, live }: Step): Promise<Result> {
	const startedAt = Date.now();
	console.log(`▶ ${name} …`);
	const script = isProgram(program)
		? join(repository, 'node_modules', programs[program])
		: join(repository, program);
	// Jest shows its results on the error stream; its JSON goes to the file.
	const { exitCode, all } = await tryProgram(process.execPath, [script, ...args], {
		cwd: repository,
		env: { ...process.env, ...env },
		...(live && { output: 'inherit' as const }),
	});
	const seconds = Math.round((Date.now() - startedAt) / 1000);
	const passed = exitCode === 0;
	console.log(`${passed ? '✓' : '✗'} ${name} (${seconds} s)`);
	if (!passed && all) console.log(`${all}\n`);
	return { name, passed, seconds };
}

const isProgram = (name: string): name is keyof typeof programs => Object.hasOwn(programs, name);

async function main(): Promise<void> {
	await rm(output, { recursive: true, force: true });
	await mkdir(output, { recursive: true });
	const results = await mapConcurrently(concurrency, checks, runStep);
	results.push(...(await mapConcurrently(concurrency, tests, runStep)));
	await writeFile(join(output, 'steps.json'), JSON.stringify(results, null, '\t'));

	console.log('\nnpm test');
	for (const { name, passed, seconds } of results)
		console.log(`  ${passed ? '✓ passed' : '✗ FAILED'}  ${name} (${seconds} s)`);
	process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
