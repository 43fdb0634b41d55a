// npm run lint: n8n's linter over the code; spelling, terms and links over everything that people read.
// npm run check -- texts: the last three over texts with a mistake, which each must find (--control).
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { tryProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import programs from '../harness/setup/programs.json';
import { findMistakes, replacements } from './replacements';

const repository = join(__dirname, '..', '..');

/** A file with a mistake, and what must be said of it. */
type Mistake = [file: string, text: string, found: string];

interface Check {
	name: string;
	/** The arguments of Node.js, for some files or for all. */
	run(files?: string[]): string[];
	env?: Record<string, string>;
	mistakes: Mistake[];
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
			['page.tsx', 'export const page = <p>The colour</p>;', 'colour'],
			['test/a.test.ts', "it('has a colour', () => {});", 'colour'],
			['openapi.yaml', 'description: Its behaviour', 'behaviour'],
			['plugin.php', '<?php // Its behaviour', 'behaviour'],
		],
	},
	{
		name: 'terms',
		run: (files = []) => [runner, setting('terms.ts'), ...files],
		mistakes: [
			['page.md', 'Write an e-mail in **Java Script**.', 'e-mail'],
			['page.md', '![Sent at once](a.png)', 'at once'],
			['page.md', '<img src="a.png" alt="Sent at once">', 'at once'],
			['code.ts', '// Both are sent at once, beside the rest.', 'at once'],
			['code.ts', '/**\n * Both are sent at\n * once.\n */', 'at once'],
			['code.ts', 'throw new Error(`${name} gives it back by itself`);', 'by itself'],
			['page.tsx', 'export const page = <p>The order is on its way.</p>;', 'on its way'],
			['page.tsx', '/** What came of it. */\nexport const page = <br />;', 'What came of'],
			['test/a.test.ts', "it.each([1])('sends it anew: %i', async () => {});", 'anew'],
			['test/a.test.ts', '/** Sends it anew. */', 'anew'],
			['workflow.json', '{ "content": "## Title\\nNobody is told of it." }', 'told'],
			['workflow.json', '{ "jsCode": "// Sent at once.\\nreturn [];" }', 'at once'],
			['style.css', '/* Sent at once. */', 'at once'],
			['openapi.yaml', 'info:\n  description: |\n    It is sent\n    at once.', 'at once'],
			['ci.yml', 'jobs: {} # Runs at once.', 'at once'],
			['plugin.php', '<?php\n/** Both are sent\n * at once. */', 'at once'],
			['plugin.php', "<?php echo __( 'Sent by itself', 'plugin' );", 'by itself'],
			['run.sh', 'true # Runs at once.', 'at once'],
			...replacements.map((row): Mistake => {
				const [mistake] = findMistakes(row.example, row);
				return [`${row.find.replace(/\W+/g, '-')}.md`, row.example, mistake?.message ?? row.find];
			}),
		],
	},
	{
		name: 'links',
		run: (files = [...pages, 'sandbox', 'test/mutation', 'test/harness/woocommerce']) => [
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

/** Runs a check over files with its mistakes. @returns whether it found each */
async function control({ name, run, mistakes }: Check, folder: string): Promise<boolean> {
	const markOf = (index: number) => `/${name}-${index}/`;
	const paths = mistakes.map(([file], index) => join(folder, markOf(index), file));
	for (const [index, path] of paths.entries()) {
		await mkdir(dirname(path), { recursive: true });
		await writeFile(path, `${mistakes[index][1]}\n`);
	}
	const { exitCode, all } = await tryProgram(process.execPath, run(paths), { cwd: repository });
	const missed = mistakes.filter(([, , found], index) => {
		const [, ...parts] = all.split(markOf(index));
		return !parts.some((part) => part.split(`/${name}-`)[0].includes(found));
	});
	const isRight = exitCode !== 0 && missed.length === 0;
	console.log(`${isRight ? '✓' : '✗'} ${name}: finds ${mistakes.length - missed.length} mistakes`);
	for (const [file, text, found] of missed) console.log(`  ${file}: ${text} (${found})`);
	if (!isRight) console.log(all);
	return isRight;
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
