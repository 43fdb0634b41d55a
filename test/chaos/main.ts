// npm run test:n8n -- chaos: sells while n8n is killed and deliveries are lost, and counts the outcome.
import { parseArgs } from 'node:util';

import { runMain } from '../harness/runMain';
import { runChaos, type Plan } from './chaos';
import { startQueueScene } from './queueScene';

const { values } = parseArgs({
	options: {
		mode: { type: 'string', default: 'regular' },
		purchases: { type: 'string' },
		minutes: { type: 'string' },
		kills: { type: 'string' },
		outages: { type: 'string' },
		seed: { type: 'string' },
		/** Every ten seconds instead of every minute, and a shorter safety window. */
		often: { type: 'boolean', default: false },
	},
});

const isQueue = values.mode === 'queue';

/** An option of the command line, or what is usual in this mode. */
const choose = (name: 'purchases' | 'minutes' | 'kills' | 'outages' | 'seed', usual: number) =>
	Number(values[name] ?? usual);

const plan: Plan = {
	seed: choose('seed', isQueue ? 302 : 20261123),
	purchases: choose('purchases', isQueue ? 300 : 10_000),
	durationMs: choose('minutes', isQueue ? 2.5 : 18) * 60_000,
	kills: choose('kills', isQueue ? 5 : 10),
	outages: choose('outages', isQueue ? 0 : 10),
	outageMs: 10_000,
	dropRate: 0.05,
	duplicateRate: 0.02,
	malformRate: isQueue ? 0 : 0.01,
	repeatAfterMinutes: isQueue || values.often ? 1 : 2,
	pollEverySeconds: values.often ? 10 : 60,
	settleTimeoutMs: 6 * 60_000,
};

const startedAt = Date.now();
const log = (line: string) => {
	const seconds = Math.round((Date.now() - startedAt) / 1000);
	process.stdout.write(`${String(seconds).padStart(5)} s  ${line}\n`);
};

runMain(async () => {
	const report = await runChaos(plan, log, ...(isQueue ? [startQueueScene] : []));
	process.stdout.write(`${JSON.stringify(report, null, '\t')}\n`);
	const { settled, lost, invented, settledTwiceUnexplained, withSeveralEventIds = 0 } = report;
	const isGood =
		settled === plan.purchases &&
		lost + invented + settledTwiceUnexplained + withSeveralEventIds === 0;
	if (!isGood) throw new Error('Sales were lost, invented or settled twice: see the report above.');
});
