import { runChaos } from '../chaos/chaos';

test(
	'500 purchases, two kills, lost deliveries and an outage: every order is settled, once',
	async () => {
		const report = await runChaos(
			{
				seed: 500,
				purchases: 500,
				duration: 70_000,
				kills: 2,
				outages: 1,
				outage: 10_000,
				dropped: 0.05,
				doubled: 0.02,
				malformed: 0.01,
				repeatAfter: 1,
				patience: 5 * 60_000,
			},
			() => undefined,
		);
		expect(report).toMatchObject({
			purchases: 500,
			settled: 500,
			lost: 0,
			invented: 0,
			workedTwiceWithoutKill: 0,
			kills: 2,
		});
	},
	15 * 60_000,
);
