// summary.mjs REPORT EXIT_CODE …: adds up what the steps have left in test/output. A step without a report is
// one test, and one that failed without a failed test is one failure.
import { readFile } from 'node:fs/promises';

const steps = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (let index = 0; index < steps.length; index += 2) {
	const [name, code] = steps.slice(index, index + 2);
	const report = await readFile(`test/output/${name}.json`, 'utf8').then(JSON.parse, () => ({
		numPassedTests: code === '0' ? 1 : 0,
		numFailedTests: 0,
	}));
	const bad = code === '0' ? report.numFailedTests : Math.max(1, report.numFailedTests);
	console.log(`${name}: ${report.numPassedTests} passed, ${bad} failed`);
	passed += report.numPassedTests;
	failed += bad;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
