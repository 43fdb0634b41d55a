// npm test: everything that needs no n8n. Two steps at a time, each shown with its output if it fails.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import execa from 'execa';
import pLimit from 'p-limit';

const repository = join(__dirname, '..', '..', '..');
const output = join(repository, 'test', 'output');
const atOnce = 2;

interface Step {
	name: string;
	/** A package's program and its arguments. */
	run: [string, ...string[]];
	/** Shows the output as it comes. */
	live?: boolean;
}

interface Result {
	name: string;
	passed: boolean;
	seconds: number;
}

const before: Step[] = [
	// The build is also the type check of the nodes, with the options they ship with.
	{ name: 'build', run: ['gulp', 'build'] },
	{ name: 'types of the tests', run: ['typescript', '-p', 'test/tsconfig.json', '--noEmit'] },
	{ name: 'lint of the package', run: ['eslint', 'nodes', 'credentials', 'package.json'] },
	{
		name: 'lint of the tests',
		run: ['eslint', '-c', 'test/eslint.config.mjs', 'test', 'sandbox', 'demo'],
	},
];

const tests: Step = {
	name: 'unit, contract and engine tests',
	run: [
		'jest',
		...['test/unit', 'test/contract', 'test/engine'],
		...['--json', '--outputFile', join(output, 'npm-test.json')],
	],
	live: true,
};

const programs: Record<string, string> = {
	eslint: 'eslint/bin/eslint.js',
	gulp: 'gulp/bin/gulp.js',
	jest: 'jest/bin/jest.js',
	typescript: 'typescript/bin/tsc',
};

async function run({ name, run: [program, ...args], live }: Step): Promise<Result> {
	const started = Date.now();
	console.log(`▶ ${name} …`);
	const script = join(repository, 'node_modules', programs[program]);
	// Jest shows its results on the error stream; its JSON goes to the file.
	const { exitCode, all } = await execa.node(script, args, {
		cwd: repository,
		reject: false,
		nodeOptions: [],
		...(live ? { stdio: 'inherit' } : { all: true, stdin: 'ignore' }),
	});
	const seconds = Math.round((Date.now() - started) / 1000);
	const passed = exitCode === 0;
	console.log(`${passed ? '✓' : '✗'} ${name} (${seconds} s)`);
	if (!passed && all) console.log(`${all}\n`);
	return { name, passed, seconds };
}

async function main(): Promise<void> {
	await rm(output, { recursive: true, force: true });
	await mkdir(output, { recursive: true });
	const limit = pLimit(atOnce);
	const results = await Promise.all(before.map((step) => limit(() => run(step))));
	// Afterwards: the engine tests load what the build made, and use every core.
	results.push(await run(tests));
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
