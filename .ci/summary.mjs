// Counts what the runs recorded. A run that failed without a failed test counts as one failure.
import { readFile } from 'node:fs/promises';

const read = (path) => readFile(path, 'utf8').then(JSON.parse, () => undefined);

const runs = [
	{
		name: 'npm test',
		code: process.argv[2],
		tests: 'test/output/npm-test.json',
		steps: 'test/output/steps.json',
	},
	{ name: 'npm run test:e2e', code: process.argv[3], tests: 'test/e2e/output/e2e.json' },
	{ name: 'npm run test:short', code: process.argv[4], tests: 'test/output/short.json' },
];

let passed = 0;
let failed = 0;
for (const { name, code, tests, steps } of runs) {
	const report = await read(tests);
	// The tests are counted one by one, so their step is not.
	const others = ((steps && (await read(steps))) ?? []).slice(0, -1);
	const good = (report?.numPassedTests ?? 0) + others.filter((step) => step.passed).length;
	let bad = (report?.numFailedTests ?? 0) + others.filter((step) => !step.passed).length;
	// A suite that did not even load has no tests to count.
	bad += report?.numRuntimeErrorTestSuites ?? 0;
	if ((code !== '0' || !report) && bad === 0) bad = 1;
	console.log(`${name}: ${good} passed, ${bad} failed${report ? '' : ' (no report of the tests)'}`);
	passed += good;
	failed += bad;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
