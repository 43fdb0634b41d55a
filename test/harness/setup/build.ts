import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { runProgram } from '../programs';
import { withLock } from './lock';
import { withProgress } from './progress';

const repository = join(__dirname, '..', '..', '..');
const sources = ['nodes', 'credentials', 'gulpfile.js', 'tsconfig.json', 'package.json'];
// The build writes it last.
const lastFile = join('dist', 'nodes', 'Pocketsflow', 'run.js');

/** Builds the package, without checking types, unless all of `dist` is newer than its sources. */
export const ensureBuilt = (): Promise<void> => withBuilt(() => Promise.resolve());

/** Builds if need be, then does the work with `dist`. No other run builds meanwhile. */
export const withBuilt = <T>(work: () => Promise<T>): Promise<T> =>
	withLock(join(repository, '.cache', 'build.lock'), 'builds the nodes', async () => {
		if (!(await isFresh())) await build();
		return await work();
	});

async function build(): Promise<void> {
	await withProgress('Building the nodes', async () => {
		const gulp = join(repository, 'node_modules', 'gulp', 'bin', 'gulp.js');
		await runProgram(process.execPath, [gulp, 'assemble'], { cwd: repository });
	});
}

async function isFresh(): Promise<boolean> {
	const built = await stat(join(repository, lastFile)).catch(() => undefined);
	if (!built) return false;
	for (const source of sources)
		if ((await findNewestChange(join(repository, source))) > built.mtimeMs) return false;
	return true;
}

/** The latest change in a file or folder. The time of a folder changes when files are removed. */
async function findNewestChange(path: string): Promise<number> {
	const { mtimeMs } = await stat(path);
	const children = await readdir(path).catch(() => []);
	const inside = await Promise.all(children.map((child) => findNewestChange(join(path, child))));
	return Math.max(mtimeMs, ...inside);
}
