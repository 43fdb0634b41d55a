import fc from 'fast-check';

import { History, type PollFate, type Setting, type ShopEvent, type Step } from './history';
import type { ShopBehaviour } from './simulatedShop';

jest.mock('../../../nodes/Pocketsflow/transport/send', () => ({
	send: async (context: { answer(request: unknown): Promise<unknown> }, request: unknown) =>
		await context.answer(request),
}));
jest.mock('../../../nodes/Pocketsflow/transport/credential', () => ({
	loadCredential: async () => ({ mode: 'live' }),
	forgetCredential: () => undefined,
}));

const shopEvent: fc.Arbitrary<ShopEvent> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant('sale' as const),
			count: fc.oneof(
				{ weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }) },
				fc.integer({ min: 5, max: 30 }),
			),
			sameMoment: fc.boolean(),
			lateBy: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })),
			wanted: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
		}),
	},
	fc.record({ kind: fc.constant('deletion' as const), index: fc.nat({ max: 50 }) }),
);

const fate: fc.Arbitrary<PollFate> = fc.record(
	{
		failsAt: fc.nat({ max: 6 }),
		meanwhile: fc.array(fc.record({ before: fc.integer({ min: 1, max: 6 }), event: shopEvent }), {
			maxLength: 3,
		}),
		crash: fc.constantFrom(
			'reading' as const,
			'nothing' as const,
			'saved' as const,
			'executed' as const,
			'both' as const,
		),
	},
	{ requiredKeys: ['meanwhile'] },
);
const calm: PollFate = { meanwhile: [] };

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ kind: fc.constant('shop' as const), event: shopEvent }) },
	{
		weight: 5,
		arbitrary: fc.record({
			kind: fc.constant('poll' as const),
			fate: fc.oneof(fc.constant(calm), fate),
		}),
	},
	fc.record({
		kind: fc.constant('down' as const),
		minutes: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2000 })),
	}),
	fc.record({ kind: fc.constantFrom('restart' as const, 'rename' as const, 'filter' as const) }),
);

const behaviour: fc.Arbitrary<ShopBehaviour> = fc.record({
	pageSize: fc.integer({ min: 2, max: 12 }),
	totals: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
	hasMore: fc.boolean(),
	endDate: fc.constantFrom(
		'exact' as const,
		'exact' as const,
		'seconds' as const,
		'ignored' as const,
	),
	order: fc.oneof(
		{ weight: 9, arbitrary: fc.constant('newestFirst' as const) },
		fc.constant('oldestFirst' as const),
	),
});

const setting: fc.Arbitrary<Setting> = fc.record({
	behaviour,
	batch: fc.integer({ min: 1, max: 20 }),
	overlapMinutes: fc.constantFrom(0, 1, 15, 15, 60),
	repeatAfterMinutes: fc.constantFrom(0, 0, 3, 10),
	headStartSeconds: fc.constantFrom(0, 0, 30),
	skewMs: fc.constantFrom(0, -3_600_000, 3_600_000, -90_000, 90_000),
	before: fc.nat({ max: 15 }),
});

const runs = Number(process.env.HISTORIES ?? 1_000);

test(`no order is lost in ${runs} random histories`, async () => {
	const totals = { executions: 0, items: 0, empty: 0, crashes: 0, sales: 0 };
	const clock = jest.spyOn(Date, 'now');
	await fc.assert(
		fc.asyncProperty(setting, fc.array(step, { maxLength: 25 }), async (given, steps) => {
			const history = new History(given);
			clock.mockImplementation(history.clock);
			await history.live(steps);
			const { figures } = history;
			for (const key of Object.keys(totals) as Array<keyof typeof totals>)
				totals[key] += figures[key];
		}),
		{ numRuns: runs, seed: Number(process.env.SEED ?? 20261123) },
	);
	clock.mockRestore();
	process.stdout.write(`${runs} histories: ${JSON.stringify(totals)}\n`);
}, 1_200_000);

const sale = (count: number, wanted = true): Step => ({
	kind: 'shop',
	event: { kind: 'sale', count, sameMoment: false, lateBy: 0, wanted },
});
const calmPoll: Step = { kind: 'poll', fate: calm };

test.each<[string, Step[]]>([
	['was deleted', [sale(1), calmPoll, { kind: 'shop', event: { kind: 'deletion', index: 0 } }]],
	['is not asked for any more', [{ kind: 'filter' }, sale(1, false), calmPoll, { kind: 'filter' }]],
])(
	'a record to be repeated that %s hides nothing that lies far behind it',
	async (_what, steps) => {
		const rush = Array.from({ length: 30 }, () => [sale(60), calmPoll]).flat();
		const history = new History({
			behaviour: {
				pageSize: 100,
				totals: true,
				hasMore: true,
				endDate: 'exact',
				order: 'newestFirst',
			},
			batch: 200,
			overlapMinutes: 1,
			repeatAfterMinutes: 2,
			headStartSeconds: 0,
			skewMs: 0,
			before: 0,
		});
		const clock = jest.spyOn(Date, 'now').mockImplementation(history.clock);
		await history.live([...steps, ...rush]);
		clock.mockRestore();
		expect(history.figures.sales).toBe(1800);
	},
	60_000,
);
