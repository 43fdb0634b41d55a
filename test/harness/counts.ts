import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { tryProgram, type ProgramOptions } from './programs';

export interface Counts {
	passed: number;
	failed: number;
}

/**
 * Runs a program that shows its output and leaves the counts of its tests in `report`, under the names that
 * Jest gives them. A program without a report is one test. A program that fails without a failed test, or that
 * ran no test, counts as one failure.
 */
export async function runCounted(
	command: string,
	args: readonly string[],
	{ report, ...options }: Omit<ProgramOptions, 'output'> & { report?: string },
): Promise<Counts> {
	if (report) {
		await rm(report, { force: true });
		// Jest does not create the folder of its report.
		await mkdir(dirname(report), { recursive: true });
	}
	const { exitCode } = await tryProgram(command, args, { ...options, output: 'inherit' });
	const counts = report
		? await readCounts(report)
		: { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1 };
	const isGood = exitCode === 0 && counts.passed > 0;
	return isGood || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

async function readCounts(report: string): Promise<Counts> {
	const text = await readFile(report, 'utf8').catch(() => '{}');
	const {
		numPassedTests = 0,
		numFailedTests = 0,
		numRuntimeErrorTestSuites = 0,
	} = JSON.parse(text) as {
		numPassedTests?: number;
		numFailedTests?: number;
		/** Suites that did not load have no tests to count. */
		numRuntimeErrorTestSuites?: number;
	};
	return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
}

/** Leaves counts where `readCounts` and `.ci/summary.mjs` find them. */
export async function writeCounts(report: string, { passed, failed }: Counts): Promise<void> {
	await mkdir(dirname(report), { recursive: true });
	await writeFile(report, JSON.stringify({ numPassedTests: passed, numFailedTests: failed }));
}

export function sumCounts(all: Counts[]): Counts {
	const sum = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0);
	return { passed: sum('passed'), failed: sum('failed') };
}
