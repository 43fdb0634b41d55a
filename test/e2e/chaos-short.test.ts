import { runChaos } from '../chaos/chaos';

test(
	'every one of 500 orders is settled once, in spite of two kills of n8n, lost deliveries and an outage',
	async () => {
		const report = await runChaos(
			{
				seed: 500,
				purchases: 500,
				durationMs: 70_000,
				kills: 2,
				outages: 1,
				outageMs: 10_000,
				dropRate: 0.05,
				duplicateRate: 0.02,
				malformRate: 0.01,
				repeatAfterMinutes: 1,
				settleTimeoutMs: 5 * 60_000,
			},
			() => undefined,
		);
		expect(report).toMatchObject({
			purchases: 500,
			settled: 500,
			lost: 0,
			invented: 0,
			settledTwiceUnexplained: 0,
			kills: 2,
		});
	},
	15 * 60_000,
);
