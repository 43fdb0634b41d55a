// npm test: everything that needs no n8n. Each step is shown with its output if it fails.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { writeCounts, runCounted, sumCounts, type Counts } from './harness/counts';
import { tryProgram } from './harness/programs';
import { runMain } from './harness/runMain';
import programs from './harness/setup/programs.json';

const repository = join(__dirname, '..');
const output = join(__dirname, 'output');

interface Step {
	name: string;
	run: string[];
	env?: Record<string, string>;
}

interface Result extends Counts {
	name: string;
	seconds: number;
}

// What is unchanged since the last run is taken from .cache, which the pipeline begins without.
const build: Step = {
	// The build is also the type check of the nodes, with the options they ship with.
	name: 'build',
	run: ['gulp', 'build'],
};
const types: Step = { name: 'types of the tests', run: ['tsc', '-p', 'test/tsconfig.json'] };
const format: Step = {
	name: 'format',
	run: [
		...['prettier', '--check', '--log-level', 'warn', '.'],
		...['--cache', '--cache-strategy', 'content', '--cache-location', '.cache/prettier'],
	],
};
const lint: Step = {
	// What `n8n-node lint` runs, but that it has no cache.
	name: 'lint',
	run: [
		...['eslint', '.', '--cache'],
		...['--cache-strategy', 'content', '--cache-location', '.cache/eslint'],
	],
	// Lets test/eslint.config.mjs and its like count for their folders; ESLint 10 needs no flag.
	env: { ESLINT_FLAGS: 'unstable_config_lookup_from_file' },
};
const scanner: Step = {
	name: "n8n's scanner",
	run: ['test/harness/setup/run.mjs', 'test/package/scan.ts'],
};

const isProgram = (name: string): name is keyof typeof programs => Object.hasOwn(programs, name);

const toArgs = ([program, ...args]: string[]) => [
	join(repository, isProgram(program) ? join('node_modules', programs[program]) : program),
	...args,
];

async function time(name: string, work: () => Promise<Counts>): Promise<Result> {
	const startedAt = Date.now();
	console.log(`▶ ${name} …`);
	const counts = await work();
	const seconds = Math.round((Date.now() - startedAt) / 1000);
	console.log(`${counts.failed === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
	return { name, ...counts, seconds };
}

const runStep = ({ name, run, env }: Step) =>
	time(name, async () => {
		const { exitCode, all } = await tryProgram(process.execPath, toArgs(run), {
			cwd: repository,
			env: { ...process.env, ...env },
		});
		if (exitCode !== 0) console.log(`✗ ${name}:\n${all}\n`);
		return exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
	});

async function runInTurn(...steps: Step[]): Promise<Result[]> {
	const results: Result[] = [];
	for (const step of steps) results.push(await runStep(step));
	return results;
}

const runJest = () =>
	time('unit, contract and engine tests', () => {
		const report = join(output, 'jest.json');
		const args = toArgs(['jest', '--json', '--outputFile', report]);
		return runCounted(process.execPath, args, { cwd: repository, report });
	});

runMain(async () => {
	await rm(output, { recursive: true, force: true });
	await mkdir(output, { recursive: true });
	// A test and the scanner load what the build makes.
	const first = await Promise.all([runStep(build), runStep(types)]);
	// The tests wait occasionally; the checks use those moments.
	const [tests, others] = await Promise.all([runJest(), runInTurn(lint, format, scanner)]);
	const results = [...first, ...others, tests];

	console.log('\nnpm test');
	for (const { name, passed, failed, seconds } of results)
		console.log(
			`  ${failed === 0 ? '✓' : '✗'} ${name}: ${passed} passed, ${failed} failed (${seconds} s)`,
		);
	const sum = sumCounts(results);
	await writeCounts(join(output, 'npm-test.json'), sum);
	if (sum.failed > 0) process.exitCode = 1;
});
