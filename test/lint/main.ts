// npm run lint: n8n's linter over the code; spelling, terms and links over everything that people read.
// npm run check -- texts: the last three over texts with a mistake, which each must find (--control).
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { tryProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import programs from '../harness/setup/programs.json';

const repository = join(__dirname, '..', '..');

interface Check {
	name: string;
	/** The arguments of Node.js, for some files or for all. */
	run(files?: string[]): string[];
	env?: Record<string, string>;
	/** A text with a mistake for each kind of file, and what must be said of it. */
	mistakes: Array<[file: string, text: string, found: string]>;
}

const program = (name: keyof typeof programs) => join(repository, 'node_modules', programs[name]);
const setting = (file: string) => join(repository, 'test', 'lint', file);
const runner = join(repository, 'test', 'harness', 'setup', 'run.mjs');

const pages = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', 'docs', 'examples'];

const code: Check = {
	name: 'code',
	run: () => [program('n8n-node'), 'lint', ...process.argv.slice(2)],
	// Lets test/eslint.config.mjs and its like count for their folders; ESLint 10 does so without it.
	env: { ESLINT_FLAGS: 'unstable_config_lookup_from_file' },
	mistakes: [],
};

const texts: Check[] = [
	{
		name: 'spelling',
		run: (files = ['.']) => [
			...[program('cspell'), '--config', setting('cspell.json'), '--dot'],
			...['--no-progress', '--no-summary', '--show-suggestions'],
			// As URLs they may be outside the repository.
			...files.map((file) => (isAbsolute(file) ? pathToFileURL(file).href : file)),
		],
		mistakes: [
			['page.md', 'You recieve a delivery.', 'recieve'],
			['code.ts', '/** The behaviour of a delivery. */', 'behaviour'],
		],
	},
	{
		name: 'terms',
		run: (files = []) => [runner, setting('terms.ts'), ...files],
		mistakes: [
			['page.md', 'The node registers the webhook anew.', 'anew'],
			['page.md', 'Write an e-mail in **Java Script**.', 'e-mail'],
			['code.ts', '// Both are sent at once, beside the rest.', 'at once'],
			['code.ts', 'throw new Error(`${name} gives it back by itself`);', 'by itself'],
			['workflow.json', '{ "content": "## Title\\nNobody is told of it." }', 'is told'],
		],
	},
	{
		name: 'links',
		run: (files = [...pages, 'sandbox', 'test/mutation']) => [
			...[program('remark'), '--frail', '--quiet', '--no-stdout', '--no-config'],
			...['--rc-path', setting('remark.mjs'), ...files],
		],
		mistakes: [
			['page.md', '[A page](other.md)', 'other.md'],
			['page.md', '# Title\n\n[A heading](#titel)', 'titel'],
		],
	},
];

/** Runs a check and shows what it says. @returns whether all is well */
async function runCheck({ name, run, env }: Check): Promise<boolean> {
	const { exitCode, all } = await tryProgram(process.execPath, run(), {
		cwd: repository,
		env: { ...process.env, ...env },
	});
	console.log(exitCode === 0 ? `✓ ${name}` : `✗ ${name}\n${all}\n`);
	return exitCode === 0;
}

/** Runs a check over each of its mistakes. @returns whether it found them all */
async function control({ name, run, mistakes }: Check, folder: string): Promise<boolean> {
	const missed: string[] = [];
	for (const [index, [file, text, found]] of mistakes.entries()) {
		const path = join(folder, `${name}-${index}`, file);
		await mkdir(join(path, '..'), { recursive: true });
		await writeFile(path, `${text}\n`);
		const { exitCode, all } = await tryProgram(process.execPath, run([path]), { cwd: repository });
		if (exitCode === 0 || !all.includes(found)) missed.push(`${text}\n${all}`);
	}
	console.log(`${missed.length === 0 ? '✓' : '✗'} ${name}: finds ${mistakes.length} mistakes`);
	for (const one of missed) console.log(`  not found: ${one}`);
	return missed.length === 0;
}

async function runControls(): Promise<boolean[]> {
	const folder = await mkdtemp(join(tmpdir(), 'texts-'));
	const results: boolean[] = [];
	for (const check of texts) results.push(await control(check, folder));
	await rm(folder, { recursive: true });
	return results;
}

runMain(async () => {
	const isControl = process.argv.includes('--control');
	// Next to each other: n8n's linter takes as long as all the others.
	const inTurn = async () => {
		const results: boolean[] = [];
		for (const check of texts) results.push(await runCheck(check));
		return results;
	};
	const results = isControl
		? await runControls()
		: (await Promise.all([runCheck(code), inTurn()])).flat();
	if (results.includes(false)) process.exitCode = 1;
});
