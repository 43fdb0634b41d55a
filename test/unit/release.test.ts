import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { version, publishConfig, scripts } from '../../package.json';

const root = join(__dirname, '..', '..');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');
const workflows = readdirSync(join(root, '.github', 'workflows')).map((file) => ({
	file,
	text: read('.github', 'workflows', file),
}));

describe('the version', () => {
	it('is the same in package.json, its lock and the newest heading of the changelog', () => {
		const { version: locked } = JSON.parse(read('package-lock.json')) as { version: string };
		const [, newest] = /^## (\S+)/m.exec(read('CHANGELOG.md')) ?? [];
		expect([locked, newest]).toEqual([version, version]);
	});

	it('is published with provenance only, so never from a machine by mistake', () => {
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

it('gives the right to publish to a job that runs npm alone', () => {
	const { text } = workflows.find(({ file }) => file === 'publish.yml') ?? { text: '' };
	const [, job] = text.split(/^ {2}publish:\n/m);
	expect(job).toContain('id-token: write');
	expect(job).not.toMatch(/checkout|npm (ci|install|run|test)/);
	expect(text.match(/secrets\./g)).toHaveLength(1);
	expect(job).toContain('secrets.NPM_TOKEN');
	expect(text).toMatch(/^concurrency:\n {2}group: publish\n {2}cancel-in-progress: false$/m);
});
