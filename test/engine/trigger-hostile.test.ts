import fc from 'fast-check';

import { invoice, membership, orderCompleted } from '../harness/payloads';
import { deliver, secret, signed, trigger } from './deliver';
import { hostileDeliveries, isSigned } from './hostile';

/** `npm run test:hostile` sets the full number. */
const runs = Number(process.env.HOSTILE_RUNS ?? 4000);

const originals = [
	signed('order.completed', orderCompleted),
	signed('customer.subscription.updated', membership),
	signed('invoice.payment_succeeded', invoice),
];

it(`none of ${runs} hostile deliveries is accepted, and memory stays flat`, async () => {
	const setup = trigger();
	for (const sent of originals) expect((await deliver(setup, sent)).items).toHaveLength(1);

	const counts = { refused: 0, acknowledged: 0 };
	const heaps: number[] = [];
	await fc.assert(
		fc.asyncProperty(hostileDeliveries(originals, secret), async (sent) => {
			const { status, items } = await deliver(setup, sent);
			expect(items).toEqual([]);
			expect(status).toBe(isSigned(sent, secret) ? 200 : 401);
			counts[status === 200 ? 'acknowledged' : 'refused']++;
			if ((counts.refused + counts.acknowledged) % 1000 === 0) {
				global.gc?.();
				heaps.push(process.memoryUsage().heapUsed);
			}
		}),
		{ numRuns: runs, endOnFailure: true },
	);
	expect(counts.refused + counts.acknowledged).toBe(runs);
	expect(counts.refused).toBeGreaterThan(runs / 3);
	expect(counts.acknowledged).toBeGreaterThan(runs / 20);
	// Later deliveries must not need more than early ones; without --expose-gc garbage blurs the figure.
	if (global.gc && heaps.length >= 4) {
		const half = heaps.length / 2;
		const least = (values: number[]) => Math.min(...values);
		expect(least(heaps.slice(half))).toBeLessThan(least(heaps.slice(0, half)) * 1.3);
	}
	process.stdout.write(
		`hostile deliveries: ${counts.refused} refused, ${counts.acknowledged} replays acknowledged, 0 emitted\n`,
	);
}, 1_200_000);
