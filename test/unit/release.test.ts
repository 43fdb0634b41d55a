import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { version, publishConfig, scripts } from '../../package.json';
import { runProgram } from '../harness/programs';

const root = join(__dirname, '..', '..');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');
/** The newest version of a changelog. */
const readNewest = (changelog: string) => /^## \[?([^\s\]]*\d[^\s\]]*)/m.exec(changelog)?.[1];
/** The versions of a changelog that have a date, and so are released or about to be. */
const listReleased = (changelog: string) =>
	[...changelog.matchAll(/^## \[?(\d+\.\d+\.\d+)\]?.* - \d{4}-/gm)].map(([, released]) => released);
const workflows = readdirSync(join(root, '.github', 'workflows')).map((file) => ({
	file,
	text: read('.github', 'workflows', file),
}));

describe('the version', () => {
	it('the version is the same in package.json, its lock and the changelog', () => {
		const { version: locked } = JSON.parse(read('package-lock.json')) as { version: string };
		expect([locked, readNewest(read('CHANGELOG.md'))]).toEqual([version, version]);
	});

	it('one command gives the version to the lock, the changelog and the tag', async () => {
		const clone = await mkdtemp(join(tmpdir(), 'version-'));
		const identity = { NAME: 'a maintainer', EMAIL: 'maintainer@example.com' };
		const env = { ...process.env };
		for (const [key, value] of Object.entries(identity))
			for (const role of ['AUTHOR', 'COMMITTER']) env[`GIT_${role}_${key}`] = value;
		const run = async (program: string, ...args: string[]) =>
			(await runProgram(program, args, { cwd: clone, env })).stdout.trim();
		try {
			for (const file of ['package.json', 'package-lock.json', '.npmrc', '.prettierrc.js'])
				await copyFile(join(root, file), join(clone, file));
			await symlink(join(root, 'node_modules'), join(clone, 'node_modules'));
			const changes = '## Unreleased\n\n### Added\n\n- What users notice.\n';
			const former = `## ${version} - 2026-11-29\n\nFirst version.\n`;
			await writeFile(join(clone, 'CHANGELOG.md'), `# Changelog\n\n${changes}\n${former}`);
			await writeFile(join(clone, '.gitignore'), 'node_modules\n');
			await run('git', 'init', '--quiet');
			await run('git', 'remote', 'add', 'origin', 'https://github.com/pocketsflow/example.git');
			await run('git', 'add', '.');
			await run('git', 'commit', '--quiet', '--no-gpg-sign', '--message', 'Add a feature');

			await run('npm', 'run', 'release:version', '--', '7.8.9', '--no-sign-git-tag');

			const show = (path: string) => run('git', 'show', `v7.8.9:${path}`);
			for (const file of ['package.json', 'package-lock.json'])
				expect(JSON.parse(await show(file))).toMatchObject({ version: '7.8.9' });
			const changelog = await show('CHANGELOG.md');
			expect(readNewest(changelog)).toBe('7.8.9');
			expect(listReleased(changelog)).toEqual(['7.8.9', version]);
			expect(changelog).not.toContain('Unreleased');
			expect(changelog).toMatch(/^- What users notice\.$/m);
			expect(await run('git', 'status', '--porcelain')).toBe('');
			await run('npx', '--no-install', 'prettier', '--check', 'CHANGELOG.md');
		} finally {
			await rm(clone, { recursive: true });
		}
	}, 60_000);

	it('each released version has saved workflows, which later ones must open', () => {
		const isSaved = (released: string) =>
			existsSync(join(root, 'test', 'e2e', 'workflows', released, 'receive.json'));
		expect(listReleased(read('CHANGELOG.md')).filter((one) => !isSaved(one))).toEqual([]);
	});

	it('the package is published with provenance only, so never from a machine by mistake', () => {
		expect(publishConfig).toEqual({ access: 'public', provenance: true });
		expect(scripts.prepublishOnly).toBe('n8n-node prerelease');
	});
});

describe.each(workflows)('the workflow $file', ({ text }) => {
	it('runs other actions by their commit only', () => {
		const uses = [...text.matchAll(/uses: (\S+)(.*)/g)].filter(
			([, what]) => !what.startsWith('./'),
		);
		expect(uses.length).toBeGreaterThan(0);
		for (const [line] of uses) expect(line).toMatch(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
	});

	it('leaves no credential in a checkout', () => {
		const checkouts = text.split('actions/checkout@').slice(1);
		for (const checkout of checkouts)
			expect(checkout).toMatch(/^\S+ # \S+\n +with:\n +persist-credentials: false\n/);
	});

	it('may read only, but for the one job that publishes', () => {
		expect(text).toMatch(/^permissions:\n {2}contents: read$/m);
		const writes = [...text.matchAll(/^.*: write.*$/gm)].map(([line]) => line.trim());
		const isPublisher = text.includes('npm publish');
		expect(writes).toEqual(isPublisher ? ['id-token: write'] : []);
	});
});

it('only a job that runs nothing but npm has the right to publish', () => {
	const { text } = workflows.find(({ file }) => file === 'publish.yml') ?? { text: '' };
	const [, job] = text.split(/^ {2}publish:\n/m);
	expect(job).toContain('id-token: write');
	expect(job).not.toMatch(/checkout|npm (ci|install|run|test)/);
	expect(text).not.toMatch(/secrets\.|_authToken/);
	expect(text).toMatch(/^concurrency:\n {2}group: publish\n {2}cancel-in-progress: false$/m);
});
