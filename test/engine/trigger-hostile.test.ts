import fc from 'fast-check';

import { invoice, membership, orderCompleted } from '../harness/payloads';
import { deliver, newTrigger, secret, signDelivery } from './deliver';
import { hostileDeliveries, isSigned } from '../harness/hostileDeliveries';

/** `npm run check -- hostile` sets the full number. */
const runs = Number(process.env.HOSTILE_RUNS ?? 4000);

const originals = [
	signDelivery('order.completed', orderCompleted),
	signDelivery('customer.subscription.updated', membership),
	signDelivery('invoice.payment_succeeded', invoice),
];

const timestampHeader = 'x-pocketsflow-timestamp';
const originalTimestamp = originals[0].headers[timestampHeader];

it(`the trigger accepts none of ${runs} hostile deliveries, repeats nothing, and memory stays flat`, async () => {
	const setup = newTrigger();
	const eventIds = new Set<unknown>();
	for (const original of originals) {
		const { items } = await deliver(setup, original);
		expect(items).toHaveLength(1);
		eventIds.add(items[0].eventId);
	}

	const counts = { refused: 0, acknowledged: 0 };
	const heaps: number[] = [];
	await fc.assert(
		fc.asyncProperty(hostileDeliveries(originals, secret), async (request) => {
			const { status, items } = await deliver(setup, request);
			expect(status).toBe(isSigned(request, secret) ? 200 : 401);
			for (const { event, eventId } of items) {
				// The timestamp is not signed: a repeat with another one looks like a second event.
				expect(event).not.toBe('order.completed');
				expect(request.headers?.[timestampHeader]).not.toBe(originalTimestamp);
				expect(eventIds).not.toContain(eventId);
				eventIds.add(eventId);
			}
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
	// Later deliveries must not need more than early ones; without --expose-gc garbage blurs this.
	if (global.gc && heaps.length >= 4) {
		const half = heaps.length / 2;
		const least = (values: number[]) => Math.min(...values);
		expect(least(heaps.slice(half))).toBeLessThan(least(heaps.slice(0, half)) * 1.3);
	}
	process.stdout.write(
		`hostile deliveries: ${counts.refused} refused, ${counts.acknowledged} replays acknowledged, ${eventIds.size - originals.length} of them with another time emitted\n`,
	);
}, 1_200_000);
