import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import manifest from '../../package.json';
import { ensureBuilt } from '../harness/setup/build';
import { packPackage, type Tarball } from '../package/pack';

const root = join(__dirname, '..', '..');

const listFiles = (folder: string) =>
	readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));

let tarball: Tarball;

beforeAll(async () => {
	await ensureBuilt();
	const folder = await mkdtemp(join(tmpdir(), 'packed-'));
	tarball = await packPackage(root, folder);
	await rm(folder, { recursive: true });
}, 120_000);

it('ships what n8n loads, what a reader needs, and nothing else', () => {
	const built = ['credentials', 'nodes']
		.flatMap(listFiles)
		.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`);
	// n8n's own lists: it loads a node's file only when the node is used.
	const lists = [
		...['dist/known/credentials.json', 'dist/known/nodes.json'],
		...['dist/types/credentials.json', 'dist/types/nodes.json'],
		...['dist/methods/defined.json', 'dist/methods/referenced.json'],
	];
	const texts = ['LICENSE.md', 'README.md', 'index.js', 'package.json'];
	expect(tarball.files.map(({ path }) => path).sort()).toEqual(
		[...built, ...lists, ...texts].sort(),
	);
	expect(built.filter((file) => !/\.(js|json|svg)$/.test(file))).toEqual([]);
});

it('stays light', () => {
	const sizeOf = (pattern: RegExp) =>
		tarball.files.filter(({ path }) => pattern.test(path)).reduce((sum, { size }) => sum + size, 0);
	expect(tarball.size).toBeLessThan(130_000);
	expect(tarball.unpackedSize).toBeLessThan(570_000);
	expect(sizeOf(/\.svg$/)).toBeLessThan(1_000);
	expect(sizeOf(/__schema__/)).toBeLessThan(20_000);
});

it('has no comments, source maps or declarations in its code', () => {
	const compiled = tarball.files.filter(({ path }) => path.endsWith('.js'));
	for (const { path } of compiled) {
		expect(path).not.toMatch(/\.map$|\.d\.ts$/);
		if (path.startsWith('dist/'))
			expect(readFileSync(join(root, path), 'utf8')).not.toMatch(/^\s*(\/\/|\/\*)/m);
	}
});

it("gives every node a codex of the node's newest version", () => {
	for (const file of manifest.n8n.nodes) {
		const name = file.split('/').pop()?.split('.')[0] ?? '';
		const classes = jest.requireActual<Record<string, new () => Node>>(join(root, file));
		const { version } = new classes[name]().description;
		const codex = JSON.parse(readFileSync(join(root, `${file}on`), 'utf8')) as Codex;
		expect(codex.node).toBe(`${manifest.name}.${name[0].toLowerCase()}${name.slice(1)}`);
		expect(Number(codex.nodeVersion)).toBe(Math.max(...[version].flat()));
	}
});

interface Node {
	description: { version: number | number[] };
}

interface Codex {
	node: string;
	nodeVersion: string;
}
