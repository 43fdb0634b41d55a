// npm run test:n8n -- compat: the suites of what the package does, on each line of n8n, one after the other.
// Prints a table; with `--short` of the essentials only. Leaves the sum of all tests in output/compat.json.
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { runCounted, sumCounts, writeCounts, type Counts } from '../harness/counts';
import { ensureN8n } from '../harness/n8n/install';
import { runProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import programs from '../harness/setup/programs.json';

const repository = join(__dirname, '..', '..');
const output = join(__dirname, 'output');
const summary = join(output, 'compat.json');

interface Line {
	/** As the table shows it. */
	name: string;
	version: string;
	/** Settings that it runs with, if not its own: a name of test/harness/n8n/defaults.ts. */
	defaults?: '3.0' | '3.0-database';
	/** Whether only the suites run that read or write files. */
	isAboutFiles?: boolean;
}

/** From the oldest to the newest: each version has a manifest and a lockfile in test/harness/n8n. */
const allLines: Line[] = [
	{ name: '1.123.81', version: '1.123.81' },
	{ name: '2.8.4', version: '2.8.4' },
	{ name: '2.41.1', version: '2.41.1' },
	{ name: '2.41.1, defaults of 3.0', version: '2.41.1', defaults: '3.0' },
	{
		name: '2.41.1, defaults of 3.0, files in the database',
		version: '2.41.1',
		defaults: '3.0-database',
		isAboutFiles: true,
	},
];

interface Suite {
	/** What it shows, as a heading of the table. */
	name: string;
	/** The folder with its Jest configuration. */
	folder: 'e2e' | 'lifecycle';
	/** The names of its test files. */
	files: string[];
	/** Those of them that `--short` runs. */
	essentials?: string[];
	/** Whether nodes read or write files in it. */
	usesFiles?: boolean;
	/** The version of n8n that it needs: it drives the editor, or what older ones lack. */
	version?: string;
}

const suites: Suite[] = [
	{ name: 'Credential', folder: 'e2e', files: ['credential'], essentials: ['credential'] },
	{
		name: 'Operations, list search',
		folder: 'e2e',
		files: ['action'],
		essentials: ['action'],
		usesFiles: true,
	},
	{ name: 'Values, files', folder: 'e2e', files: ['values'], usesFiles: true, version: '2.41.1' },
	{ name: 'Retry, continue on fail', folder: 'e2e', files: ['retry-on-fail'] },
	{ name: 'Triggers', folder: 'e2e', files: ['triggers'], essentials: ['triggers'] },
	{ name: 'Life of a trigger', folder: 'lifecycle', files: ['lifecycle', 'ordinary-life'] },
	{
		name: 'Examples',
		folder: 'e2e',
		files: ['examples-unconnected', 'examples-platform', 'examples-import', 'examples-report'],
		essentials: ['examples-unconnected'],
	},
	{ name: 'Tool of an agent', folder: 'e2e', files: ['agent'] },
];

/** Whether the suite says something of the line. */
const fits = (line: Line, suite: Suite) =>
	(!line.isAboutFiles || suite.usesFiles === true) &&
	(suite.version === undefined || suite.version === line.version);

function runSuite(line: Line, { name, folder, files }: Suite): Promise<Counts> {
	const { version, defaults = '' } = line;
	const report = join(output, `${version}${defaults}-${folder}-${files[0]}.json`);
	console.log(`\n▶ ${name}, n8n ${line.name}`);
	return runCounted(
		process.execPath,
		[
			join(repository, 'node_modules', programs.jest),
			...['--config', join('test', folder, 'jest.config.js'), '--runInBand', '--forceExit'],
			...['--json', '--outputFile', report],
			...files.map((file) => `${folder}/${file}\\.test`),
		],
		{
			cwd: repository,
			env: {
				...process.env,
				N8N_VERSION: version,
				N8N_VERSIONS: version,
				N8N_DEFAULTS: defaults,
			},
			report,
		},
	);
}

const selectEssentials = (): Suite[] =>
	suites.flatMap((suite) => (suite.essentials ? { ...suite, files: suite.essentials } : []));

function formatCell(counts: Counts | undefined): string {
	if (!counts) return '–';
	const { passed, failed } = counts;
	return failed === 0 ? `${passed} of ${passed}` : `**${passed} of ${passed + failed}**`;
}

async function main(): Promise<void> {
	const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } });
	const versions = process.env.N8N_VERSIONS?.split(' ');
	const lines = allLines.filter(({ version }) => versions?.includes(version) ?? true);
	await mkdir(output, { recursive: true });
	await rm(summary, { force: true });
	const chosen = values.short ? selectEssentials() : suites;
	const rows: string[] = [];
	const all: Counts[] = [];
	for (const line of lines) {
		const { nodeBinary } = await ensureN8n(line.version);
		const { stdout: nodeVersion } = await runProgram(nodeBinary, ['--version']);
		const results: Array<Counts | undefined> = [];
		for (const suite of chosen)
			results.push(fits(line, suite) ? await runSuite(line, suite) : undefined);
		all.push(...results.flatMap((counts) => counts ?? []));
		const cells = [line.name, nodeVersion.trim().replace('v', ''), ...results.map(formatCell)];
		rows.push(`| ${cells.join(' | ')} |`);
	}
	const headings = ['n8n', 'Node.js', ...chosen.map(({ name }) => name)];
	console.log(`\n| ${headings.join(' | ')} |`);
	console.log(`|${headings.map(() => ' --- |').join('')}`);
	console.log(rows.join('\n'));
	const sum = sumCounts(all);
	await writeCounts(summary, sum);
	if (sum.failed > 0) process.exitCode = 1;
}

runMain(main);
