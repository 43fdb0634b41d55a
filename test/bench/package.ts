// npm run bench -- package: what this package weighs, compared with others, all measured in one run.
import { mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { name as ownName } from '../../package.json';
import { runProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import { ensureBuilt } from '../harness/setup/build';
import { median } from './measure';

const repository = join(__dirname, '..', '..');
const { values: options } = parseArgs({
	options: {
		rounds: { type: 'string', default: '9' },
		alone: { type: 'boolean', default: false },
	},
});
const rounds = Number(options.rounds);
const peers = [
	'n8n-nodes-lemonsqueezy@2.0.0',
	'@formbricks/n8n-nodes-formbricks@1.0.2',
	'@devlikeapro/n8n-nodes-chatwoot@1.0.2',
	'@mendable/n8n-nodes-firecrawl@2.1.2',
];

interface Package {
	name: string;
	folder: string;
	tarballBytes: number;
	files: number;
	bytes: number;
	/** With what the package depends on. */
	installedFiles: number;
	installedBytes: number;
}

/** Packs a package, and installs it as n8n does: without scripts, development and peer dependencies. */
async function install(base: string, source: string): Promise<Package> {
	const home = await mkdtemp(join(base, 'n8n-'));
	const { stdout } = await runProgram('npm', ['pack', source, '--json', '--ignore-scripts'], {
		cwd: home,
	});
	const [packed] = JSON.parse(stdout) as [
		{ name: string; filename: string; size: number; unpackedSize: number; entryCount: number },
	];
	await runProgram(
		'npm',
		[
			...['install', join(home, packed.filename), '--prefix', home],
			...['--ignore-scripts', '--omit=dev', '--omit=peer', '--install-strategy=shallow'],
		],
		{ cwd: home },
	);
	const modules = join(home, 'node_modules');
	const installed = await measureFolder(modules);
	// n8n itself gives these to a package.
	for (const given of ['n8n-workflow', 'n8n-core', 'reflect-metadata']) {
		await mkdir(dirname(join(modules, given)), { recursive: true });
		await symlink(join(repository, 'node_modules', given), join(modules, given));
	}
	return {
		name: packed.name,
		folder: join(modules, packed.name),
		tarballBytes: packed.size,
		files: packed.entryCount,
		bytes: packed.unpackedSize,
		installedFiles: installed.files,
		installedBytes: installed.bytes,
	};
}

async function measureFolder(folder: string): Promise<{ files: number; bytes: number }> {
	const entries = await readdir(folder, { recursive: true, withFileTypes: true });
	const files = entries.filter((entry) => entry.isFile() && entry.name !== '.package-lock.json');
	const sizes = await Promise.all(
		files.map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size),
	);
	return { files: files.length, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

interface Load {
	ms: number;
	heap: number;
	modules: number;
}

async function load({ folder }: Package, what: 'nodes' | 'start'): Promise<Load> {
	const script = join(__dirname, 'loadPackage.cjs');
	const { stdout } = await runProgram(process.execPath, ['--expose-gc', script, folder, what]);
	return JSON.parse(stdout) as Load;
}

const toKb = (bytes: number) => `${Math.round(bytes / 1000)} kB`;
const toMs = (ms: number) => `${ms.toFixed(1)} ms`;
const medianOf = (loads: Load[], key: keyof Load) => median(loads.map((one) => one[key]));

async function main(): Promise<void> {
	await ensureBuilt();
	const base = await mkdtemp(join(tmpdir(), 'bench-package-'));
	try {
		const packages: Package[] = [];
		for (const source of options.alone ? [repository] : [repository, ...peers])
			packages.push(await install(base, source));

		const loads = new Map(
			packages.map((one) => [one, { nodes: [] as Load[], start: [] as Load[] }]),
		);
		// In turns, so that what else the machine does meets all of them.
		for (let round = 0; round < rounds; round++)
			for (const [one, { nodes, start }] of loads) {
				nodes.push(await load(one, 'nodes'));
				start.push(await load(one, 'start'));
			}

		console.table(
			packages.map((one) => {
				const { nodes, start } = loads.get(one) ?? { nodes: [], start: [] };
				return {
					package: one.name === ownName ? 'this package' : one.name,
					tarball: toKb(one.tarballBytes),
					files: one.files,
					unpacked: toKb(one.bytes),
					'with dependencies': `${one.installedFiles} files, ${toKb(one.installedBytes)}`,
					'load all nodes': toMs(medianOf(nodes, 'ms')),
					modules: medianOf(nodes, 'modules'),
					heap: toKb(medianOf(nodes, 'heap')),
					"n8n's start": toMs(medianOf(start, 'ms')),
					'its heap': toKb(medianOf(start, 'heap')),
				};
			}),
		);
		console.log(`Medians of ${rounds}, Node.js ${process.version}.`);
	} finally {
		await rm(base, { recursive: true, force: true });
	}
}

runMain(main);
