import {
	describeSwitches,
	everyPair,
	everySwitchAlone,
	randomMixture,
	type MembershipHandle,
	type OrderHandle,
	type Switches,
} from '../../model/pocketsflow';
import { mix } from '../../model/switches';
import { ModelLife, minuteMs, type Fate } from './modelLife';
import { readMessage } from '../../harness/runMain';

afterEach(() => jest.restoreAllMocks());

/** A short form for every run of the tests; `npm run check -- histories` asks for 10,000. */
const runs = Number(process.env.HISTORIES ?? 24);
const firstSeed = Number(process.env.SEED ?? 20261130);

const eventOf: Partial<Record<string, string>> = {
	order: 'order.completed',
	customer: 'customer.created',
	review: 'review.created',
	refund: 'order.refunded',
	membership: 'customer.subscription.created',
};
const allEvents = [
	...Object.values(eventOf),
	'customer.subscription.updated',
	'customer.subscription.deleted',
].map(String);

/**
 * Whether a list is paged, not counted, and mixed again for each request, if only the records of one moment:
 * no client can know that it has seen all of it, as docs/reconciliation.md says.
 */
function isHopeless(kind: string, switches: Switches): boolean {
	const { order, ties, equalDates, customerSort, totalCount, envelope } = switches;
	const isObject = kind === 'order' || kind === 'membership';
	const isPaged = isObject || kind === 'customer' || envelope === 'swappedPaged';
	// A bare array has no room for a count.
	const isCounted =
		totalCount === 'exact' && (envelope === 'data' || isObject === (envelope === 'documented'));
	const isSorted = kind === 'customer' && customerSort === 'honoured';
	const isMixed =
		(order === 'reshuffled' && !isSorted) || (ties === 'unstable' && equalDates === 'minute');
	return isPaged && !isCounted && isMixed;
}

/** Answers that hide records at the start, which then look new. */
const mayInvent = ({ emptySpells, replica, vanishing, ties, order, customerDates }: Switches) =>
	emptySpells !== 'never' ||
	replica !== 'fresh' ||
	vanishing !== 'never' ||
	ties !== 'stable' ||
	order === 'reshuffled' ||
	customerDates === 'absent';

/** Faults that a poll or a payload may meet at any time. */
const isFaulty = ({ faults }: Switches) => faults !== 'none';

interface Result {
	emitted: number;
	failedLoudly: boolean;
}

/** Lives one random life. @throws Error that says what was lost or invented */
async function live(switches: Switches, seed: number): Promise<Result> {
	let turn = 0;
	const chance = (below: number) => mix(seed, ++turn) % below;
	const isDurable = chance(2) === 0;
	const life = new ModelLife({
		switches,
		seed,
		isDurable,
		apiPageSize: [5, 20, 100][chance(3)],
		events: allEvents,
		options: { batch: [3, 20, 500][chance(3)] },
	});
	const clock = jest.spyOn(Date, 'now').mockImplementation(life.clock);
	const { model } = life;
	const orders: OrderHandle[] = [];
	const memberships: MembershipHandle[] = [];
	const happen = () => {
		const kind = chance(8);
		const one = memberships.length > 0 ? memberships[chance(memberships.length)] : undefined;
		if (kind < 3) for (let count = chance(3); count >= 0; count--) orders.push(model.sell());
		else if (kind === 3) model.review();
		else if (kind === 4 && orders.length > 0) model.refund(orders[chance(orders.length)], 1);
		else if (kind === 5) memberships.push(model.subscribe({ incomplete: chance(3) === 0 }));
		else if (one) change(one, chance(4));
		life.nowMs += 1_000 + chance(5_000);
	};
	for (let number = chance(30); number > 0; number--) {
		happen();
		life.nowMs += chance(60) * minuteMs;
	}
	// What shows late was there before.
	life.nowMs += 24 * 60 * minuteMs;
	for (let tries = 0; life.activatedAtMs === Infinity && tries < 30; tries++) await life.poll();
	const startedAtMs = life.activatedAtMs;
	life.nowMs += 1_000;
	let isInterrupted = false;
	const fates: Fate[] = ['crashNothing', 'crashSaved', 'crashExecuted'];
	for (let step = 6 + chance(10); step > 0; step--) {
		for (let count = chance(4); count > 0; count--) happen();
		const fate =
			chance(6) === 0 ? fates[chance(3)] : isDurable && chance(8) === 0 ? 'abandoned' : 'kept';
		isInterrupted ||= fate !== 'kept';
		// What hides for longer than the overlap from polls that are further apart than it may be missed.
		await life.poll(fate, chance(6) === 0 && switches.vanishing === 'never' ? 30 : 1);
	}
	for (let polls = 0; polls < 12; polls++) await life.poll();
	model.calmDown();
	life.failures.length = 0;
	await life.comeToRest(25);
	clock.mockRestore();
	const failedLoudly = life.failures.length > 0;
	const text = check(life, switches, startedAtMs, isInterrupted, failedLoudly);
	if (text !== undefined) throw new Error(text);
	if (Math.max(...life.requestCounts) > 250) throw new Error('too many requests in one poll');
	if (life.maxStateBytes > 200_000) throw new Error('the state grew too large');
	return { emitted: life.emitted.length, failedLoudly };
}

function change(membership: MembershipHandle, kind: number): void {
	const status = membership.status();
	if (status === 'incomplete') return kind === 0 ? membership.expire() : membership.complete();
	if (status === 'incomplete_expired') return;
	if (status === 'canceled') return membership.reactivate();
	if (status === 'paused') return membership.resume();
	[membership.pause, membership.end, membership.cancel, membership.pastDue][kind]();
}

/** A customer without a date has that of its ID, which can be older than its first payment. */
const isDatedByOldId = (
	kind: string,
	id: string,
	visibleFromMs: number,
	{ customerDates, idForm }: Switches,
) =>
	kind === 'customer' &&
	customerDates === 'absent' &&
	idForm === 'hex' &&
	parseInt(id.slice(0, 8), 16) * 1_000 < visibleFromMs - 5 * minuteMs;

/** What was lost, invented, or came twice; undefined if nothing was. */
function check(
	life: ModelLife,
	switches: Switches,
	startedAtMs: number,
	isInterrupted: boolean,
	failedLoudly: boolean,
): string | undefined {
	const idsOf = new Map(allEvents.map((event) => [event, life.idsOf(event)]));
	for (const { kind, id, visibleFromMs, detail } of life.model.truth()) {
		const event = eventOf[kind];
		if (event === undefined || id === '' || visibleFromMs === Infinity) continue;
		if (kind === 'membership' && detail.status !== 'active') continue;
		if (isDatedByOldId(kind, id, visibleFromMs, switches)) continue;
		const count = idsOf.get(event)?.filter((one) => one === id).length ?? 0;
		const isNew = visibleFromMs > startedAtMs;
		if (isNew && count === 0 && !failedLoudly && !isHopeless(kind, switches))
			return `${event} ${id} was lost`;
		if (!isNew && count > 0 && !mayInvent(switches) && !isFaulty(switches))
			return `${event} ${id} is older than the start`;
		if (count > 1 && !isInterrupted) return `${event} ${id} came ${count} times`;
	}
	const eventIds = new Map<string, string>();
	for (const { event, eventId, id } of life.emitted) {
		if (event === 'customer.subscription.updated' || event === 'customer.subscription.deleted')
			continue;
		const known = eventIds.get(`${event} ${id}`) ?? eventId;
		if (known !== eventId) return `${event} ${id} has two event IDs`;
		eventIds.set(`${event} ${id}`, eventId);
	}
	return undefined;
}

async function liveAll(mixtures: readonly Switches[]): Promise<void> {
	const totals = { histories: 0, emitted: 0, failedLoudly: 0 };
	for (const [index, switches] of mixtures.entries()) {
		const seed = firstSeed + index;
		try {
			const { emitted, failedLoudly } = await live(switches, seed);
			totals.histories++;
			totals.emitted += emitted;
			totals.failedLoudly += Number(failedLoudly);
		} catch (error) {
			throw new Error(
				`${readMessage(error)}\nseed ${seed}, switches ${describeSwitches(switches)}`,
			);
		}
	}
	process.stdout.write(`${JSON.stringify(totals)}\n`);
	expect(totals.emitted).toBeGreaterThan(totals.histories * 5);
	expect(totals.failedLoudly).toBeLessThan(totals.histories * 0.05 + 1);
}

const pairs = everyPair(firstSeed);
const pairCount = Math.min(pairs.length, Math.ceil(runs / 3));
const mixtureCount = Math.max(0, runs - pairCount);

test('nothing is lost or invented with each switch of the model alone', async () => {
	const alone = everySwitchAlone();
	await liveAll(runs < alone.length ? alone.filter((_, index) => index % 3 === 0) : alone);
}, 3_600_000);

test(`nothing is lost or invented with ${pairCount} pairs of switches`, async () => {
	await liveAll(pairs.slice(0, pairCount));
}, 3_600_000);

test(`nothing is lost or invented in ${mixtureCount} random mixtures`, async () => {
	const seeds = Array.from({ length: mixtureCount }, (_, index) => firstSeed + index);
	await liveAll(seeds.map((seed) => randomMixture(seed)));
}, 3_600_000);
