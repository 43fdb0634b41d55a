// npm run test:n8n -- release: a release, from the build to every way to install it, without the public registry.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { tryProgram } from '../harness/programs';
import { runMain } from '../harness/runMain';
import { step, tryInstalls } from './installs';
import { packPackage } from './pack';

const repository = join(__dirname, '..', '..');
const script = join(repository, 'test', 'harness', 'setup', 'run.mjs');

async function main(): Promise<void> {
	const base = await mkdtemp(join(tmpdir(), 'release-'));
	const runOwn = async (...words: string[]) => {
		const { exitCode, all } = await tryProgram(process.execPath, [script, ...words], {
			cwd: repository,
		});
		if (exitCode !== 0) throw new Error(all);
	};
	try {
		await step('build', () => runOwn('gulp', 'build'));
		await step("n8n's scanner", () => runOwn('test/package/scan.ts'));
		await step('the same tarball elsewhere', () => runOwn('test/package/reproducible.ts'));
		const tarball = await step('pack', () => packPackage(repository, join(base, 'packed')));
		console.log(`  ${tarball.files.length} files, ${tarball.size} bytes`);
	} finally {
		await rm(base, { recursive: true, force: true, maxRetries: 3 });
	}
	await tryInstalls();
	console.log('\nThe dry release passed.');
}

runMain(main);
