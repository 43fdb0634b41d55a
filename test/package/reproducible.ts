// npm run check -- reproducible: two clones, under other circumstances, give the same tarball, byte for byte.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { mapConcurrently } from '../harness/concurrently';
import { runProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';

const repository = join(__dirname, '..', '..');
const tool = (...path: string[]) => join(repository, 'node_modules', ...path);

interface Circumstances {
	name: string;
	/** Below the temporary folder. */
	folder: string;
	env: Record<string, string>;
	umask: string;
	/** When every file was changed last. */
	changed?: Date;
	/** What packs: npm itself, or a version of it that npx fetches. */
	npm: string[];
}

const circumstances: [Circumstances, Circumstances] = [
	{
		name: 'west, English, now',
		folder: 'a',
		env: { TZ: 'America/Los_Angeles', LC_ALL: 'en_US.UTF-8' },
		umask: '022',
		npm: ['npm'],
	},
	{
		name: 'east, Turkish, 2001, closed to others, npm 10',
		folder: join('another', 'place', 'for it'),
		env: { TZ: 'Pacific/Kiritimati', LC_ALL: 'tr_TR.UTF-8', LANG: 'tr_TR.UTF-8' },
		umask: '077',
		changed: new Date('2001-02-03T04:05:06Z'),
		npm: ['npx', '--yes', 'npm@10.9.2'],
	},
];

async function setTimes(folder: string, time: Date): Promise<void> {
	for (const entry of await readdir(folder, { withFileTypes: true })) {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) await setTimes(path, time);
		else if (!entry.isSymbolicLink()) await utimes(path, time, time);
	}
}

/** Clones what is committed, builds it there and packs it; returns the hash of the tarball. */
async function buildTarball(
	base: string,
	{ name, folder, env, umask, changed, npm }: Circumstances,
): Promise<string> {
	const clone = join(base, folder);
	const options = { cwd: clone, env: { ...process.env, ...env } };
	const run = (...words: string[]) =>
		runProgram('sh', ['-c', 'umask "$0" && exec "$@"', umask, ...words], options);
	await runProgram('git', ['clone', '--quiet', '--no-hardlinks', repository, clone]);
	// Installing them twice is npm's work, not the build's.
	await symlink(tool(), join(clone, 'node_modules'));
	if (changed) await setTimes(clone, changed);
	await run(process.execPath, tool('gulp', 'bin', 'gulp.js'), 'build');
	if (changed) await setTimes(join(clone, 'dist'), changed);
	const { stdout } = await run(...npm, 'pack', '--json', '--ignore-scripts');
	const [{ filename, size }] = JSON.parse(stdout) as [{ filename: string; size: number }];
	const hash = createHash('sha512')
		.update(await readFile(join(clone, filename)))
		.digest('hex');
	console.log(`${hash.slice(0, 32)}…  ${size} bytes  ${name}`);
	return hash;
}

async function main(): Promise<void> {
	const { stdout } = await runProgram('git', ['status', '--porcelain'], { cwd: repository });
	if (stdout) console.log('What is not committed is not looked at.');
	const base = await mkdtemp(join(tmpdir(), 'reproducible-'));
	try {
		const [first, second] = await mapConcurrently(2, circumstances, (one) =>
			buildTarball(base, one),
		);
		console.log(first === second ? 'The same tarball.' : 'The tarballs differ.');
		if (first !== second) process.exitCode = 1;
	} finally {
		await rm(base, { recursive: true, force: true });
	}
}

runMain(main);
