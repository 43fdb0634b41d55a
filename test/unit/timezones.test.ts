import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '..', '..');
const jestCommand = join(root, 'node_modules', 'jest', 'bin', 'jest.js');
const suites = [
	'unit/fields/dates',
	'unit/polling/records',
	'unit/polling/startDate',
	'unit/polling/zone',
];

// A process has one time zone for its whole life.
test.each(['America/New_York', 'Asia/Tokyo'])(
	'the suites of dates pass in a process whose time zone is %s',
	async (zone) => {
		const command = [jestCommand, '-i', ...suites.map((suite) => `test/${suite}`)];
		const offset = ['-e', 'process.stdout.write(String(new Date(0).getTimezoneOffset() !== 0))'];
		const options = { cwd: root, env: { ...process.env, TZ: zone } };
		const run = async (given: string[]) =>
			await promisify(execFile)(process.execPath, given, options);
		expect((await run(offset)).stdout).toBe('true');
		expect((await run(command)).stderr).toMatch(/Test Suites: 4 passed, 4 total/);
	},
	120_000,
);
