// npm run test:short: a short form of every suite and benchmark that is too long for the pipeline, one after
// the other. `-- --minutes 20` begins only what fits into them, and names the rest. Leaves the sum of all tests
// in output/short.json.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { formatCounts, runCounted, sumCounts, type Counts } from './harness/counts';

const repository = join(__dirname, '..');
const output = join(__dirname, 'output');

interface ShortForm {
	/** A script of package.json. */
	script: string;
	/** What makes it short. */
	args: string[];
	env?: Record<string, string>;
	/** What it takes on two cores with nothing cached. */
	minutes: number;
	/** Where it leaves the counts of its tests; without one it is a test itself. */
	report?: string;
}

/** A suite that Jest runs leaves its counts where it is told to. */
function buildQueueForm(file: string, ...args: string[]) {
	const report = join(output, `${file}.json`);
	const reporting = [`${file}.test`, '--json', '--outputFile', report];
	return { script: 'test:queue', args: [...reporting, ...args], report };
}

/** The tests that wait until n8n sees that a leader is dead, or that a key has changed. */
const slowQueueTests = ['survives a new API key', 'when the main process is killed'];

const shortForms: ShortForm[] = [
	{
		script: 'test:mutation',
		args: ['--short'],
		minutes: 2,
		report: join(__dirname, 'mutation', 'output', 'mutation.json'),
	},
	{
		...buildQueueForm('queue', '--testNamePattern', `^(?!${slowQueueTests.join('|')})`),
		minutes: 4,
	},
	{
		script: 'test:soak',
		args: ['--minutes', '2'],
		minutes: 4,
		report: join(__dirname, 'soak', 'output', 'soak.json'),
	},
	{
		script: 'bench:n8n',
		args: [
			...['--modes', 'regular', '--settings', 'lazy', '--bursts', '100'],
			...['--seconds', '3', '--sales', '50'],
		],
		minutes: 6,
	},
	{
		script: 'test:compat',
		args: ['--short', '1.123.81'],
		minutes: 9,
		report: join(__dirname, 'compat', 'output', 'compat.json'),
	},
	{
		...buildQueueForm('kills'),
		env: { QUEUE_SALES: '60', QUEUE_MINUTES: '0.5', QUEUE_KILLS: '5' },
		minutes: 8,
	},
];

async function main(): Promise<void> {
	const { values } = parseArgs({ options: { minutes: { type: 'string', default: 'Infinity' } } });
	const endMs = Date.now() + Number(values.minutes) * 60_000;
	await mkdir(output, { recursive: true });
	const all: Counts[] = [];
	const rows: string[] = [];
	for (const { script, args, env, minutes, report } of shortForms) {
		const startedAt = Date.now();
		const words = ['run', script, '--', ...args];
		if (startedAt + minutes * 60_000 > endMs) {
			rows.push(`  NOT RUN, it takes ${minutes} minutes  npm ${words.join(' ')}`);
			continue;
		}
		console.log(`\n=== npm ${words.join(' ')}`);
		const counts = await runCounted('npm', words, {
			cwd: repository,
			env: { ...process.env, ...env },
			report,
		});
		const seconds = Math.round((Date.now() - startedAt) / 1000);
		all.push(counts);
		rows.push(`  ${counts.passed} passed, ${counts.failed} failed  ${script} (${seconds} s)`);
	}
	const sum = sumCounts(all);
	await writeFile(join(output, 'short.json'), formatCounts(sum));
	console.log(`\nnpm run test:short\n${rows.join('\n')}`);
	if (sum.failed > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
	console.error(error);
	process.exitCode = 1;
});
