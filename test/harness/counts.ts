import { readFile, rm } from 'node:fs/promises';

import { tryProgram, type ProgramOptions } from './programs';

export interface Counts {
	passed: number;
	failed: number;
}

/**
 * Runs a program that shows its output and leaves the counts of its tests in `report`, under the names that
 * Jest gives them. One without a report is a test itself. What ends badly without a failed test, or has run
 * none, counts as one failure.
 */
export async function runCounted(
	command: string,
	args: readonly string[],
	{ report, ...options }: Omit<ProgramOptions, 'output'> & { report?: string },
): Promise<Counts> {
	if (report) await rm(report, { force: true });
	const { exitCode } = await tryProgram(command, args, { ...options, output: 'inherit' });
	const counts = report ? await readCounts(report) : { passed: 1, failed: 0 };
	const isGood = exitCode === 0 && counts.passed > 0;
	return isGood || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

async function readCounts(report: string): Promise<Counts> {
	const text = await readFile(report, 'utf8').catch(() => '{}');
	const { numPassedTests = 0, numFailedTests = 0 } = JSON.parse(text) as {
		numPassedTests?: number;
		numFailedTests?: number;
	};
	return { passed: numPassedTests, failed: numFailedTests };
}

/** What `readCounts` reads, and `.ci/summary.mjs`. */
export const formatCounts = ({ passed, failed }: Counts) =>
	JSON.stringify({ numPassedTests: passed, numFailedTests: failed });

export function sumCounts(all: Counts[]): Counts {
	const sum = (key: keyof Counts) => all.reduce((total, counts) => total + counts[key], 0);
	return { passed: sum('passed'), failed: sum('failed') };
}
