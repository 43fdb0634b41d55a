// npm run check -- mutation: changes the code that no sale may be lost by in every small way, and asks of the
// tests that they notice. `npm run check -- mutation signature retry` runs these groups only, `--short` the
// quick ones. Prints a table, and leaves in output/mutation.json how many groups reach `leastScore`.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { writeCounts } from '../harness/counts';
import { tryProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import programs from '../harness/setup/programs.json';
import { groups, type Group } from './groups';

const repository = join(__dirname, '..', '..');
const output = join(__dirname, 'output');
const summary = join(output, 'mutation.json');
const sandboxes = 'test/mutation/output/sandbox';

/** Per cent of the mutants of a group. */
const leastScore = 95;

interface Mutant {
	status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'RuntimeError' | 'CompileError';
}

interface Result {
	name: string;
	mutants: number;
	killed: number;
	score: number;
	seconds: number;
}

/** Stryker's settings; paths are from the root. */
const buildSettings = (name: string, { sources, tests }: Group) => ({
	mutate: sources.map((file) => `nodes/Pocketsflow/${file}.ts`),
	testRunner: 'jest',
	plugins: ['@stryker-mutator/jest-runner'],
	jest: {
		configFile: 'jest.config.js',
		config: {
			testMatch: tests.map((file) => `**/test/${file}.test.ts`),
			// Stryker resolves it itself, and does not know <rootDir>.
			testEnvironment: join(repository, 'test', 'harness', 'jest', 'environment.cjs'),
		},
		// The table of groups says which tests run.
		enableFindRelatedTests: false,
	},
	// For each mutant only the tests that run its line.
	coverageAnalysis: 'perTest',
	concurrency: 2,
	// A time-out counts as noticed, so a busy machine must not cause one.
	timeoutMS: 60_000,
	tempDirName: sandboxes,
	ignorePatterns: ['dist', 'docs', 'test/**/output'],
	reporters: ['clear-text', 'json', 'progress-append-only'],
	jsonReporter: { fileName: join(output, name, 'report.json') },
	clearTextReporter: { reportTests: false, reportScoreTable: false, allowColor: false },
	allowConsoleColors: false,
});

async function runGroup(name: string): Promise<Result> {
	const startedAtMs = Date.now();
	console.log(`\n▶ ${name}`);
	const folder = join(output, name);
	const settings = join(folder, 'settings.json');
	await rm(folder, { recursive: true, force: true });
	await mkdir(folder, { recursive: true });
	await writeFile(settings, JSON.stringify(buildSettings(name, groups[name]), null, '\t'));
	const { exitCode } = await tryProgram(
		process.execPath,
		[join(repository, 'node_modules', programs.stryker), 'run', settings],
		{ cwd: repository, output: 'inherit' },
	);
	if (exitCode !== 0) throw new Error(`Stryker ended with ${exitCode}.`);
	const counts = count(await readMutants(join(folder, 'report.json')));
	return { name, ...counts, seconds: Math.round((Date.now() - startedAtMs) / 1000) };
}

async function readMutants(report: string): Promise<Mutant[]> {
	const { files } = JSON.parse(await readFile(report, 'utf8')) as {
		files: Record<string, { mutants: Mutant[] }>;
	};
	return Object.values(files).flatMap(({ mutants }) => mutants);
}

/** Every mutant counts, whether or not a test runs its line. */
function count(mutants: Mutant[]): Pick<Result, 'mutants' | 'killed' | 'score'> {
	const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
	return { mutants: mutants.length, killed, score: (100 * killed) / mutants.length };
}

const isGood = ({ score }: Result) => score >= leastScore;

function showTable(results: Result[]): void {
	console.log('\n| Group | Mutants | Killed | Survived | Score | Seconds |');
	console.log('| --- | --- | --- | --- | --- | --- |');
	for (const { name, mutants, killed, score, seconds } of results) {
		const cells = [name, mutants, killed, mutants - killed, `${score.toFixed(1)} %`, seconds];
		console.log(`| ${cells.join(' | ')} |`);
	}
}

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		options: { short: { type: 'boolean', default: false } },
		allowPositionals: true,
	});
	const all = Object.keys(groups);
	const unknown = positionals.filter((name) => !all.includes(name));
	if (unknown.length > 0) throw new Error(`No group ${unknown.join(', ')} in groups.ts.`);
	const asked = values.short ? all.filter((name) => groups[name].isShort) : positionals;
	// Behind whatever else runs on this machine; Stryker's processes inherit it.
	setPriority(10);
	await mkdir(output, { recursive: true });
	await rm(summary, { force: true });
	// A run that was killed leaves its own behind.
	await rm(join(repository, sandboxes), { recursive: true, force: true });
	const results: Result[] = [];
	for (const name of asked.length > 0 ? asked : all) results.push(await runGroup(name));
	showTable(results);
	const passed = results.filter(isGood).length;
	const failed = results.length - passed;
	await writeCounts(summary, { passed, failed });
	if (failed > 0) process.exitCode = 1;
}

runMain(main);
