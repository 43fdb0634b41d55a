// npm run check -- scan: what n8n's verification looks at, with its own scanner. The scanner's command takes
// a published package; here the same rules run on this source and on the tarball that would be published.
// `--control` runs them again with violations put in, which must be found.
import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { ESLint, type Linter } from 'eslint';

import { n8n as shipped } from '../../package.json';
import { runMain } from '../harness/runMain';
import { ensureBuilt } from '../harness/setup/build';
import { packPackage, unpack } from './pack';
import { writeOut } from './writtenOut';

const { values: options } = parseArgs({
	options: { control: { type: 'boolean', default: false } },
});

const repository = join(__dirname, '..', '..');
/** What the scanner looks at in a tarball. */
const tarballPatterns = ['**/*.js', 'package.json'];

type Scan = (folder: string, patterns: string[]) => Promise<ESLint.LintResult[]>;

const createScan =
	(config: Linter.Config[]): Scan =>
	(folder, patterns) =>
		new ESLint({
			cwd: folder,
			// Comments that disable a rule do not count.
			allowInlineConfig: false,
			overrideConfigFile: true,
			overrideConfig: config,
			errorOnUnmatchedPattern: true,
		}).lintFiles(patterns);

const copySource = async (folder: string) => {
	for (const part of ['package.json', 'nodes', 'credentials'])
		await cp(join(repository, part), join(folder, part), { recursive: true });
};

/** The source with every description as the literal that the rules about descriptions can read. */
async function copyWrittenOut(folder: string): Promise<void> {
	await copySource(folder);
	for (const [files, property] of [
		[shipped.nodes, 'description'],
		[shipped.credentials, 'properties'],
	] as const)
		for (const file of files) {
			const source = file.replace(/^dist\//, '').replace(/\.js$/, '.ts');
			await writeOut(join(folder, source), join(repository, file), property);
		}
}

async function unpackTarball(folder: string): Promise<void> {
	const packed = await mkdtemp(join(tmpdir(), 'packed-'));
	const { path } = await packPackage(repository, packed);
	await unpack(path, folder);
	await rm(packed, { recursive: true });
}

/** One leg of the scan: a folder made for it, and rules that must be reported once it is spoiled. */
interface Leg {
	name: string;
	make(folder: string): Promise<void>;
	patterns(source: string[]): string[];
	violations: Violation[];
}

interface Violation {
	rule: string;
	file: string;
	/** The text that it replaces; without it, it stands at the end of the file. */
	instead?: string;
	code: string;
}

const node = 'nodes/Pocketsflow/Pocketsflow.node.ts';
const disabled = '/* eslint-disable */';

const legs: Leg[] = [
	{
		name: 'source',
		make: copySource,
		patterns: (source) => source,
		violations: [
			{ rule: 'no-console', file: node, code: `${disabled}\nconsole.log(1);` },
			{
				rule: '@n8n/community-nodes/no-restricted-globals',
				file: 'nodes/Pocketsflow/transport/send.ts',
				code: `${disabled}\nsetTimeout(() => undefined, 1);`,
			},
			{
				rule: '@n8n/community-nodes/no-restricted-imports',
				file: 'nodes/Pocketsflow/api/dates.ts',
				code: "import 'node:fs';",
			},
			{
				rule: '@n8n/community-nodes/no-runtime-dependencies',
				file: 'package.json',
				instead: '"peerDependencies"',
				code: '"dependencies": { "axios": "1.0.0" }, "peerDependencies"',
			},
			{
				rule: '@n8n/community-nodes/node-usable-as-tool',
				file: node,
				instead: 'usableAsTool: true,',
				code: '',
			},
			{
				rule: '@n8n/community-nodes/credential-password-field',
				file: 'credentials/PocketsflowApi.credentials.ts',
				instead: 'typeOptions: { password: true },',
				code: '',
			},
		],
	},
	{
		name: 'tarball',
		make: unpackTarball,
		patterns: () => tarballPatterns,
		violations: [
			{
				rule: '@n8n/community-nodes/no-dangerous-functions',
				file: 'dist/nodes/Pocketsflow/Pocketsflow.node.js',
				code: `${disabled}\neval('1');`,
			},
			{
				rule: '@n8n/community-nodes/package-name-convention',
				file: 'package.json',
				instead: '"name": "n8n-nodes-pocketsflow"',
				code: '"name": "pocketsflow"',
			},
		],
	},
	{
		name: 'descriptions written out',
		make: copyWrittenOut,
		patterns: (source) => source,
		violations: [
			{
				rule: 'n8n-nodes-base/node-param-operation-option-action-miscased',
				file: node,
				instead: "action: 'Get ",
				code: "action: 'get ",
			},
			{
				rule: 'n8n-nodes-base/node-param-description-boolean-without-whether',
				file: node,
				instead: "'Whether ",
				code: "'If ",
			},
		],
	},
];

/** Puts all violations into a folder, those that replace a text at its first place. */
async function spoil(folder: string, violations: Violation[]): Promise<void> {
	for (const { file, instead, code } of violations) {
		const path = join(folder, file);
		if (instead === undefined) {
			await appendFile(path, `\n${code}\n`);
			continue;
		}
		const source = await readFile(path, 'utf8');
		if (!source.includes(instead)) throw new Error(`${file} has no ${instead} to replace.`);
		await writeFile(path, source.replace(instead, code));
	}
}

const countMessages = (results: ESLint.LintResult[]) =>
	results.reduce((sum, { errorCount, warningCount }) => sum + errorCount + warningCount, 0);

/** Whether the leg is clean and, with `--control`, each violation is found that is put in. */
async function runLeg(scan: Scan, leg: Leg, patterns: string[]): Promise<boolean> {
	const folder = await mkdtemp(join(tmpdir(), 'scan-'));
	try {
		await leg.make(folder);
		const results = await scan(folder, patterns);
		const found = countMessages(results);
		console.log(`${leg.name}: ${results.length} files, ${found} errors and warnings`);
		if (found > 0) console.log(await (await new ESLint().loadFormatter('stylish')).format(results));
		if (!options.control) return found === 0;

		await spoil(folder, leg.violations);
		const reported = new Set(
			(await scan(folder, patterns)).flatMap(({ messages }) =>
				messages.map(({ ruleId }) => ruleId),
			),
		);
		const missed = leg.violations.filter(({ rule }) => !reported.has(rule));
		const total = leg.violations.length;
		console.log(`  control: ${total - missed.length} of ${total} violations put in are found`);
		for (const { rule, file } of missed) console.log(`  not found: ${rule} in ${file}`);
		return found === 0 && missed.length === 0;
	} finally {
		await rm(folder, { recursive: true });
	}
}

async function main(): Promise<void> {
	await ensureBuilt();
	const { buildScanConfig, SOURCE_FILE_PATTERNS } = await import(
		'@n8n/scan-community-package/scanner/scanner.mjs'
	);
	const scan = createScan(await buildScanConfig());
	for (const leg of legs)
		if (!(await runLeg(scan, leg, leg.patterns(SOURCE_FILE_PATTERNS)))) process.exitCode = 1;
}

runMain(main);
