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
	const assets = ['credentials', 'nodes']
		.flatMap(listFiles)
		.filter((file) => !file.endsWith('.ts'));
	const { credentials, nodes } = manifest.n8n;
	const code = ['common', 'run'].map((name) => `dist/nodes/Pocketsflow/${name}.js`);
	const built = [...assets.map((file) => `dist/${file}`), ...credentials, ...nodes, ...code];
	const texts = ['LICENSE.md', 'README.md', 'index.js', 'package.json'];
	expect(tarball.files.map(({ path }) => path).sort()).toEqual([...built, ...texts].sort());
	expect(assets.filter((file) => !/\.(json|svg)$/.test(file))).toEqual([]);
});

it('stays light', () => {
	const sizeOf = (pattern: RegExp) =>
		tarball.files.filter(({ path }) => pattern.test(path)).reduce((sum, { size }) => sum + size, 0);
	expect(tarball.size).toBeLessThan(90_000);
	expect(tarball.unpackedSize).toBeLessThan(300_000);
	expect(sizeOf(/\.svg$/)).toBeLessThan(1_000);
	expect(sizeOf(/__schema__/)).toBeLessThan(13_000);
});

it('has no comments, source maps or declarations in its code', () => {
	const compiled = tarball.files.filter(({ path }) => path.endsWith('.js'));
	for (const { path } of compiled) {
		expect(path).not.toMatch(/\.map$|\.d\.ts$/);
		if (path.startsWith('dist/'))
			expect(readFileSync(join(root, path), 'utf8')).not.toMatch(/^\s*(\/\/|\/\*)/m);
	}
});

it('keeps the names of the source, and its lines apart, so that an error can be read', async () => {
	const [file] = manifest.n8n.nodes;
	const { Pocketsflow } = jest.requireActual<Classes>(join(root, file));
	const context = {
		getNodeParameter() {
			throw new Error('unreadable');
		},
	};
	const error: unknown = await new Pocketsflow().execute?.call(context).catch((thrown) => thrown);
	expect(error).toHaveProperty(
		'stack',
		expect.stringMatching(
			/at findOperation .*\/run\.js:\d{2,}:\d+\)\n.*execute .*\/common\.js:\d{2,}:/,
		),
	);
});

it("gives every node a codex of the node's newest version", () => {
	for (const file of manifest.n8n.nodes) {
		const name = file.split('/').pop()?.split('.')[0] ?? '';
		const classes = jest.requireActual<Classes>(join(root, file));
		const { version } = new classes[name]().description;
		const codex = JSON.parse(readFileSync(join(root, `${file}on`), 'utf8')) as Codex;
		expect(codex.node).toBe(manifest.name);
		expect(Number(codex.nodeVersion)).toBe(Math.max(...[version].flat()));
	}
});

type Classes = Record<string, new () => Node>;

interface Node {
	description: { version: number | number[] };
	execute?(this: object): Promise<unknown>;
}

interface Codex {
	node: string;
	nodeVersion: string;
}
