import { parseArgs } from 'node:util';

import { runChaos } from './chaos';

const { values } = parseArgs({
	options: {
		seed: { type: 'string', default: '20261123' },
		purchases: { type: 'string', default: '10000' },
		minutes: { type: 'string', default: '18' },
		kills: { type: 'string', default: '10' },
		outages: { type: 'string', default: '10' },
	},
});

const startedAt = Date.now();
const log = (line: string) => {
	const seconds = Math.round((Date.now() - startedAt) / 1000);
	process.stdout.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};

async function main(): Promise<void> {
	const report = await runChaos(
		{
			seed: Number(values.seed),
			purchases: Number(values.purchases),
			durationMs: Number(values.minutes) * 60_000,
			kills: Number(values.kills),
			outages: Number(values.outages),
			outageMs: 10_000,
			dropRate: 0.05,
			duplicateRate: 0.02,
			malformRate: 0.01,
			repeatAfterMinutes: 2,
			settleTimeoutMs: 6 * 60_000,
		},
		log,
	);
	process.stdout.write(`${JSON.stringify(report, null, '\t')}\n`);
	const { lost, invented, settledTwiceUnexplained } = report;
	if (lost + invented + settledTwiceUnexplained > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
	process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
	process.exitCode = 1;
});
