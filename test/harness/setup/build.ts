import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import execa from 'execa';

import { withProgress } from './progress';

const repository = join(__dirname, '..', '..', '..');
const sources = ['nodes', 'credentials', 'gulpfile.js', 'tsconfig.json', 'package.json'];
// The build writes it last.
const lastFile = join('dist', 'known', 'nodes.json');

/** Builds the package unless everything in `dist` is newer than its sources. */
export async function ensureBuilt(): Promise<void> {
	if (await isFresh()) return;
	await withProgress('Building the nodes', async () => {
		const gulp = join(repository, 'node_modules', 'gulp', 'bin', 'gulp.js');
		const { exitCode, all } = await execa.node(gulp, ['build'], {
			cwd: repository,
			all: true,
			reject: false,
			nodeOptions: [],
		});
		if (exitCode !== 0) throw new Error(`The build failed:\n${all}`);
	});
}

async function isFresh(): Promise<boolean> {
	const built = await stat(join(repository, lastFile)).catch(() => undefined);
	if (!built) return false;
	for (const source of sources)
		if ((await findNewestChange(join(repository, source))) > built.mtimeMs) return false;
	return true;
}

/** The latest change in a file or folder; a folder's own time tells of files that were removed. */
async function findNewestChange(path: string): Promise<number> {
	const { mtimeMs } = await stat(path);
	const children = await readdir(path).catch(() => []);
	const inside = await Promise.all(children.map((child) => findNewestChange(join(path, child))));
	return Math.max(mtimeMs, ...inside);
}
