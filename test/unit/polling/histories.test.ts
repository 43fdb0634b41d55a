import fc from 'fast-check';

import {
	allEvents,
	History,
	type PollFate,
	type Setting,
	type ShopEvent,
	type Step,
} from './history';
import { kinds, type ShopBehavior } from './simulatedShop';

const shopEvent: fc.Arbitrary<ShopEvent> = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.record({
			kind: fc.constant('sale'),
			of: fc.oneof(fc.constant('order'), fc.constantFrom(...kinds)),
			open: fc.boolean(),
			count: fc.oneof(
				{ weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }) },
				fc.integer({ min: 5, max: 30 }),
			),
			sameMoment: fc.boolean(),
			lateBy: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 20 })),
			wanted: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)),
		}),
	},
	fc.record({
		kind: fc.constant('deletion'),
		of: fc.constantFrom(...kinds),
		index: fc.nat({ max: 50 }),
	}),
	{
		weight: 2,
		arbitrary: fc.record({
			kind: fc.constant('status'),
			of: fc.constantFrom('refund', 'membership'),
			index: fc.nat({ max: 50 }),
			fails: fc.boolean(),
		}),
	},
);

const fate: fc.Arbitrary<PollFate> = fc.record(
	{
		failsAt: fc.nat({ max: 12 }),
		meanwhile: fc.array(fc.record({ before: fc.integer({ min: 1, max: 10 }), event: shopEvent }), {
			maxLength: 3,
		}),
		crash: fc.constantFrom('reading', 'nothing', 'saved', 'executed', 'both'),
	},
	{ requiredKeys: ['meanwhile'] },
);
const calm: PollFate = { meanwhile: [] };

const step: fc.Arbitrary<Step> = fc.oneof(
	{ weight: 5, arbitrary: fc.record({ kind: fc.constant('shop'), event: shopEvent }) },
	{
		weight: 5,
		arbitrary: fc.record({
			kind: fc.constant('poll'),
			fate: fc.oneof(fc.constant(calm), fate),
		}),
	},
	fc.record({
		kind: fc.constant('down'),
		minutes: fc.oneof(fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 2000 })),
	}),
	fc.record({
		kind: fc.constantFrom('restart', 'rename', 'filter', 'takeover'),
	}),
);

const behavior: fc.Arbitrary<ShopBehavior> = fc.record({
	pageSize: fc.integer({ min: 2, max: 12 }),
	totals: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
	hasMore: fc.boolean(),
	endDate: fc.constantFrom('exact', 'exact', 'seconds', 'ignored'),
	order: fc.oneof({ weight: 9, arbitrary: fc.constant('newestFirst') }, fc.constant('oldestFirst')),
});

const setting: fc.Arbitrary<Setting> = fc.record({
	behavior,
	events: fc.oneof(
		fc.constant<readonly string[]>(['order.completed']),
		fc.constant(allEvents),
		fc.subarray([...allEvents], { minLength: 1 }),
	),
	batch: fc.integer({ min: 1, max: 20 }),
	overlapMinutes: fc.constantFrom(0, 1, 15, 15, 60),
	repeatAfterMinutes: fc.constantFrom(0, 0, 3, 10),
	headStartSeconds: fc.constantFrom(0, 0, 30),
	skewMs: fc.constantFrom(0, -3_600_000, 3_600_000, -90_000, 90_000),
	before: fc.nat({ max: 15 }),
});

/** A short form for every run of the tests; `npm run check -- histories` asks for 10,000. */
const runs = Number(process.env.HISTORIES ?? 150);

test(`no order is lost in ${runs} random histories`, async () => {
	const totals = { executions: 0, items: 0, empty: 0, crashes: 0, takeovers: 0, expected: 0 };
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
	process.stdout.write(`${runs} histories: ${JSON.stringify(totals)}\n`);
}, 3_600_000);

const sale = (count: number, wanted = true): Step => ({
	kind: 'shop',
	event: { kind: 'sale', of: 'order', count, sameMoment: false, lateBy: 0, wanted, open: false },
});
const calmPoll: Step = { kind: 'poll', fate: calm };
const failedPoll: Step = { kind: 'poll', fate: { ...calm, failsAt: 0 } };
const deletion: Step = { kind: 'shop', event: { kind: 'deletion', of: 'order', index: 0 } };

const steadyShop: ShopBehavior = {
	pageSize: 100,
	totals: true,
	hasMore: true,
	endDate: 'exact',
	order: 'newestFirst',
};
const plainSetting: Setting = {
	behavior: steadyShop,
	events: ['order.completed'],
	batch: 200,
	overlapMinutes: 1,
	repeatAfterMinutes: 2,
	headStartSeconds: 0,
	skewMs: 0,
	before: 0,
};

afterEach(() => jest.restoreAllMocks());

async function liveThrough(setting: Setting, steps: readonly Step[]): Promise<History> {
	const history = new History(setting);
	jest.spyOn(Date, 'now').mockImplementation(history.clock);
	await history.live(steps);
	return history;
}

test.each<[string, Step[]]>([
	['was deleted', [sale(1), calmPoll, deletion]],
	['is not asked for any more', [{ kind: 'filter' }, sale(1, false), calmPoll, { kind: 'filter' }]],
])(
	'a record to be repeated that %s hides nothing that lies far behind it',
	async (_what, steps) => {
		const rush = Array.from({ length: 30 }, () => [sale(60), calmPoll]).flat();
		const history = await liveThrough(plainSetting, [...steps, ...rush]);
		expect(history.figures.expected).toBe(1800);
	},
	60_000,
);

test('a sale that waits for its turn is not passed over among many that are not wanted', async () => {
	const { behavior } = plainSetting;
	const setting = {
		...plainSetting,
		behavior: { ...behavior, pageSize: 2, hasMore: false },
		events: allEvents,
		batch: 1,
		overlapMinutes: 0,
		repeatAfterMinutes: 0,
	};
	const history = await liveThrough(setting, [sale(5), sale(14, false)]);
	expect(history.figures.items).toBe(5);
});

test('a customer that waits is not passed over when the list of customers was read to its end', async () => {
	const behavior = { ...steadyShop, pageSize: 2, hasMore: false };
	const setting = {
		...plainSetting,
		behavior,
		events: allEvents,
		batch: 1,
		repeatAfterMinutes: 0,
	};
	const customers = { kind: 'sale', of: 'customer', count: 13, sameMoment: false } as const;
	const event: ShopEvent = { ...customers, lateBy: 0, wanted: true, open: false };
	const fate: PollFate = { meanwhile: [{ before: 1, event }] };
	const history = await liveThrough({ ...setting, overlapMinutes: 0 }, [{ kind: 'poll', fate }]);
	expect(history.figures.expected).toBe(13);
});

test.each<[string, Step[], number]>([
	['right after it was emitted comes once more', [], 2],
	['after n8n gave it back to a poll that failed does not come again', [failedPoll], 1],
])('a sale whose node is renamed %s', async (_what, between, times) => {
	const setting = { ...plainSetting, repeatAfterMinutes: 0 };
	const steps: Step[] = [sale(1), calmPoll, ...between, { kind: 'rename' }];
	const history = await liveThrough(setting, steps);
	expect(history.figures.items).toBe(times);
});

const longBackfills = [
	{ records: 20_000, pageSize: 20, batch: 500 },
	{ records: 70_000, pageSize: 100, batch: 2_000 },
	{ records: 50_000, pageSize: 100, batch: 500 },
	{ records: 50_000, pageSize: 100, batch: 100_000 },
];

test.each([{ records: 2_000, pageSize: 2, batch: 50 }, ...(runs < 10_000 ? [] : longBackfills)])(
	'a backfill of $records orders, $pageSize to the page and $batch to the poll, is emitted twice to its end',
	async ({ records, pageSize, batch }) => {
		const history = await liveThrough(
			{
				...plainSetting,
				behavior: { ...steadyShop, pageSize },
				batch,
				overlapMinutes: 15,
				repeatAfterMinutes: 30,
				backfill: records,
				startDaysAgo: 400,
			},
			// New sales follow the old ones.
			[calmPoll, sale(20), calmPoll],
		);
		expect(history.figures).toMatchObject({ items: 2 * (records + 20), expected: records + 20 });
		process.stdout.write(`${records} orders: ${JSON.stringify(history.extremes)}\n`);
		expect(history.extremes.maxStateBytes).toBeLessThan(1_000_000);
		// One poll reads what it may emit, what it repeats, and what it needs to find its place.
		const itemLimit = Math.min(batch, 5_000);
		expect(history.extremes.maxRequests).toBeLessThan(
			60 + ((2 * (itemLimit + 400)) / pageSize) * 1.2,
		);
	},
	300_000,
);
