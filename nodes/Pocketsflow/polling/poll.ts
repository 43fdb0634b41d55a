import { randomBytes } from 'node:crypto';

import { NodeOperationError, type IDataObject, type IPollFunctions } from 'n8n-workflow';

import { eventIdOf } from '../events/identity';
import { isAboutProducts } from '../events/productFilter';
import { rawOutput, simplifiedOutput, type EventHead } from '../events/output';
import { idOf } from '../api/responses';
import { accountOf, forgetAccount } from '../transport/send';
import {
	changesIn,
	handOverChanges,
	settleChanges,
	watchFrom,
	watchLimit,
	type Change,
	type Member,
	type WatchState,
} from './changes';
import {
	aheadLimit,
	dueIn,
	handOver,
	readFrom,
	settle,
	startingAfter,
	startingAt,
	type CursorState,
	type Dated,
	type Reading,
	type Situation,
} from './cursor';
import { dated, UnreadableList } from './reading';
import { settingsOf, type Settings } from './settings';
import { allMemberships, changeEvents, membershipPayload, sources, type Source } from './sources';
import { hasState, keepState, loadState, type PollState } from './state';

/** What lasts as long as the n8n process. */
export interface Memory {
	/** Names the process: what another one handed over before it ended is not sure to have been stored. */
	run: string;
	/** Polls under way, by node: n8n starts the next one although the last has not ended (probes 2). */
	underWay: Map<string, Promise<unknown>>;
	/** When records that wait for their head start to pass were first found, ms, by node, list and id. */
	firstFound: Map<string, ReadonlyMap<string, number>>;
	/** The nodes that have polled. */
	started: Set<string>;
	/**
	 * The last state of each node and mode: n8n forgets static data when a node is renamed, and brings an
	 * older copy back when another node of the workflow was edited (n8n-core, static data by node name).
	 */
	states: Map<string, PollState>;
}

/** The memory of a process that begins. */
export const newMemory = (): Memory => ({
	run: randomBytes(6).toString('hex'),
	underWay: new Map(),
	firstFound: new Map(),
	started: new Set(),
	states: new Map(),
});

const ownMemory = newMemory();

/** More than one poll hands over, so that a list is not read anew for every batch. */
const readAhead = 400;

interface Candidate extends Dated {
	record: IDataObject;
	payload: IDataObject;
}

/** One list in one poll: what is kept of it, what was read, what is due. */
interface Followed {
	source: Source;
	state: CursorState;
	reading: Reading<Candidate>;
	due: Candidate[];
	/** How many of these may be handed over now, from the beginning. */
	ripe: number;
	/** Whether the state must be stored even when no item is found. */
	save: boolean;
}

interface Watched {
	state: WatchState;
	members: Member[];
	due: Change[];
	save: boolean;
}

/**
 * Looks for new events.
 * @returns the items of one execution; none, `[]`, where only the state must be stored, which n8n does
 * with an execution only (probes 2); undefined where there is nothing to do
 */
export async function poll(
	context: IPollFunctions,
	memory: Memory = ownMemory,
): Promise<IDataObject[] | undefined> {
	if (context.getMode() === 'manual') return await sample(context);
	const key = nodeKey(context);
	const { underWay } = memory;
	for (let earlier = underWay.get(key); earlier; earlier = underWay.get(key)) {
		if (hasState(context)) return undefined;
		// Without a state this poll sets the start: it must not leave that to the next one, a minute later.
		await earlier.catch(() => undefined);
	}
	const current = found(context, memory);
	underWay.set(key, current);
	// n8n polls once when it starts, and a failure then would keep the whole workflow off, webhooks too.
	const isStart = context.getActivationMode() === 'init' && !memory.started.has(key);
	memory.started.add(key);
	try {
		return await current;
	} catch (error) {
		if (!isStart) throw asNodeError(context, error);
		context.logger.warn(
			`Pocketsflow Polling Trigger could not poll at the start of n8n: ${textOf(error)}`,
		);
		return undefined;
	} finally {
		if (underWay.get(key) === current) underWay.delete(key);
	}
}

const nodeKey = (context: IPollFunctions) =>
	`${context.getWorkflow().id ?? ''} ${context.getNode().id}`;

/** An unreadable list as a failure of the node, in a sentence; the state stays as it was. */
const asNodeError = (context: IPollFunctions, error: unknown) =>
	error instanceof UnreadableList
		? new NodeOperationError(context.getNode(), error.message)
		: error;

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

async function found(context: IPollFunctions, memory: Memory): Promise<IDataObject[] | undefined> {
	const settings = settingsOf(context);
	forgetAccount(context);
	const { mode } = await accountOf(context);
	const stateKey = `${nodeKey(context)} ${mode}`;
	const inMemory = memory.states.get(stateKey);
	const stored = loadState(context, mode);
	const latest = (inMemory?.count ?? 0) > (stored?.count ?? 0) ? inMemory : stored;
	const isSameStart = settings.from === undefined || latest?.from === settings.fromText;
	const kept = isSameStart ? latest : undefined;
	// Its duration is bounded by the requests' own; one moment for the whole poll keeps it consistent.
	const situation: Situation = {
		now: Date.now(),
		run: memory.run,
		overlap: settings.overlap,
		repeatAfter: settings.repeatAfter,
	};

	const lists: Followed[] = [];
	for (const source of sources.filter(({ event }) => settings.events.includes(event)))
		lists.push(
			await follow(context, source, kept?.lists[source.event], settings, situation, memory),
		);
	const watched = Object.values(changeEvents).some((event) => settings.events.includes(event))
		? await watch(context, kept?.changes, settings, situation)
		: undefined;

	// Oldest first over all lists. The sort is stable, so that each list keeps its own order.
	const due = lists
		.flatMap((list) => list.due.slice(0, list.ripe).map((candidate) => ({ list, candidate })))
		.sort((a, b) => a.candidate.time - b.candidate.time);
	const changes = (watched?.due ?? []).slice(
		0,
		Math.max(settings.batch - due.length, Math.ceil(settings.batch / 2)),
	);
	const taken = due.slice(0, settings.batch - changes.length);

	const head = headOf(mode === 'test', situation.now);
	const items = [
		...taken.map(({ list, candidate }) =>
			itemOf(
				settings,
				head,
				list.source.event,
				candidate.payload,
				candidate.record,
				candidate.time,
			),
		),
		...changes.map(({ kind, member, mark }) =>
			itemOf(
				settings,
				head,
				changeEvents[kind],
				membershipPayload(member.record),
				member.record,
				mark,
			),
		),
	];

	const next: PollState = {
		version: 1,
		count: (latest?.count ?? 0) + 1,
		from: settings.fromText ?? kept?.from,
		lists: {},
	};
	for (const list of lists) {
		const count = taken.filter((one) => one.list === list).length;
		next.lists[list.source.event] = handOver(list.state, list.reading, list.due, count, situation);
	}
	if (watched)
		next.changes = handOverChanges(
			watched.state,
			watched.members,
			watched.due,
			new Set(changes),
			situation,
		);
	// Last of all, and with no wait before the items are returned: what fails above leaves the state alone.
	keepState(context, mode, next);
	memory.states.set(stateKey, next);
	const mustSave = !stored || watched?.save || lists.some(({ save }) => save);
	return items.length > 0 || mustSave ? items : undefined;
}

async function follow(
	context: IPollFunctions,
	source: Source,
	kept: CursorState | undefined,
	settings: Settings,
	situation: Situation,
	memory: Memory,
): Promise<Followed> {
	const { state, save } = kept
		? settle(kept, situation)
		: { state: await begin(context, source, settings, situation), save: true };
	const remembered = state.known.length + state.open.length + state.held.length;
	const least = remembered + settings.batch;
	const readingFrom = async (from: number): Promise<Reading<Candidate>> => {
		const read = await source.read(context, from, { least, most: least + readAhead });
		const records = read.records.map((one): Candidate => {
			const payload = source.related ? {} : source.payload(one.record, {});
			return { ...one, payload, stage: stageOf(source, one.record, payload, settings) };
		});
		return { records, through: read.through };
	};
	let reading = await readingFrom(readFrom(state));
	let all = dueIn(state, reading, situation);
	if (all.length === 0 && reading.through < Infinity) {
		// One old record that is not done with must not hide what lies far behind it.
		const { records } = await readingFrom(state.floor);
		const ids = new Set(records.map(({ id }) => id));
		reading = {
			records: [...reading.records.filter(({ id }) => !ids.has(id)), ...records],
			through: reading.through,
		};
		all = dueIn(state, reading, situation);
	}
	const { ripe, unripe } = byRipeness(context, source, state, all, settings, situation, memory);
	// What lies beyond one batch waits for its turn and needs not be looked at.
	const next = ripe.slice(0, settings.batch);
	if (source.related) {
		for (const one of next) {
			one.payload = source.payload(one.record, await source.related(context, one.record));
			one.stage = stageOf(source, one.record, one.payload, settings);
		}
	}
	const wanted = next.filter(({ stage }) => stage === 'ready');
	const due = [...wanted, ...ripe.slice(settings.batch), ...unripe];
	return { source, state, reading, due, ripe: wanted.length, save };
}

/** Sets apart the records that were found too short a time ago. */
function byRipeness(
	context: IPollFunctions,
	{ event }: Source,
	state: CursorState,
	due: readonly Candidate[],
	{ headStart }: Settings,
	{ now }: Situation,
	{ firstFound }: Memory,
): { ripe: Candidate[]; unripe: Candidate[] } {
	const key = `${nodeKey(context)} ${event}`;
	const before = firstFound.get(key);
	const open = new Set(state.open.map(({ id }) => id));
	// Empty after a restart, which only means that they wait once more.
	const found = new Map(
		headStart > 0 ? due.map(({ id }): [string, number] => [id, before?.get(id) ?? now]) : [],
	);
	firstFound.set(key, found);
	const isRipe = ({ id }: Candidate) =>
		open.has(id) || now - (found.get(id) ?? -Infinity) >= headStart;
	return { ripe: due.filter(isRipe), unripe: due.filter((one) => !isRipe(one)) };
}

/** The state of a list that was not followed before. */
async function begin(
	context: IPollFunctions,
	source: Source,
	{ from, overlap }: Settings,
	{ now }: Situation,
): Promise<CursorState> {
	if (from !== undefined) return startingAt(from);
	// A restarted n8n without a stored state was stopped before it could store one: look back a little.
	if (context.getActivationMode() === 'init') return startingAt(now - overlap);
	const newest = dated(await source.newest(context), now).reduce(
		(latest, { time }) => (time <= now + aheadLimit ? Math.max(latest, time) : latest),
		0,
	);
	const everything = { least: Infinity, most: Infinity };
	const { records } = await source.read(context, Math.max(0, newest - overlap), everything);
	return startingAfter(
		records.map((one) => ({ ...one, stage: source.stage?.(one.record) ?? 'ready' })),
		{ now, overlap },
	);
}

async function watch(
	context: IPollFunctions,
	kept: WatchState | undefined,
	settings: Settings,
	situation: Situation,
): Promise<Watched> {
	const all = dated(await allMemberships(context), situation.now).map(
		({ id, time, record }): Member => ({ id, time, record }),
	);
	const { state, save } = kept
		? settleChanges(kept, situation)
		: { state: watchFrom(all, situation.now), save: true };
	if (Object.keys(state.members).length > watchLimit)
		throw new NodeOperationError(
			context.getNode(),
			`Polling can follow changes of ${watchLimit} subscriptions at most, and there are more. Use the Pocketsflow Trigger for Subscription Updated and Subscription Deleted.`,
		);
	const isWanted = ({ kind, member }: Change) =>
		settings.events.includes(changeEvents[kind]) &&
		isAboutProducts(membershipPayload(member.record), settings.productIds);
	const due = changesIn(state, all, situation);
	// A change that nobody asked for is known without being handed over, lest it come when more is asked for.
	const asked = due.filter(isWanted);
	const unasked = due.filter((one) => !asked.includes(one));
	return { state: withKnown(state, unasked), members: all, due: asked, save };
}

function withKnown(state: WatchState, changes: readonly Change[]): WatchState {
	const entries = changes.map(({ member, kind, mark, state: now }) => [
		member.id,
		{ state: now, mark, ...(kind === 'deleted' && { ended: true }) },
	]);
	return { ...state, members: { ...state.members, ...Object.fromEntries(entries) } };
}

function stageOf(
	source: Source,
	record: IDataObject,
	payload: IDataObject,
	{ productIds }: Settings,
): Dated['stage'] {
	return isAboutProducts(payload, productIds) ? (source.stage?.(record) ?? 'ready') : 'never';
}

type Head = Omit<EventHead, 'event' | 'eventId'>;

const headOf = (testMode: boolean, now: number): Head => ({
	testMode,
	deliveredAt: new Date(now).toISOString(),
	source: 'poll',
});

function itemOf(
	{ simplify }: Settings,
	head: Head,
	event: string,
	payload: IDataObject,
	record: IDataObject,
	moment: number | string,
): IDataObject {
	// The mark of a change is a digest itself.
	const digest = typeof moment === 'number' ? idOf(record) : undefined;
	const testMode = head.testMode === true;
	const eventId = eventIdOf({ event, payload, testMode, moment, digest });
	const full: EventHead = { event, eventId, ...head } as EventHead;
	return simplify ? simplifiedOutput(full, payload) : { ...rawOutput(full, payload), record };
}

/** The newest real record of each event, for a manual run. No state is read or kept. */
async function sample(context: IPollFunctions): Promise<IDataObject[]> {
	const settings = settingsOf(context);
	const { mode } = await accountOf(context);
	const head = headOf(mode === 'test', Date.now());
	const items: IDataObject[] = [];
	for (const event of settings.events) {
		const item = await newestItem(context, event, settings, head);
		if (item) items.push(item);
	}
	if (items.length > 0) return items;
	throw new NodeOperationError(
		context.getNode(),
		`Pocketsflow has nothing in ${mode} mode that these events and filters match yet`,
		{ description: 'Make a test purchase, or activate the workflow and wait for the first sale.' },
	);
}

async function newestItem(
	context: IPollFunctions,
	event: string,
	settings: Settings,
	head: Head,
): Promise<IDataObject | undefined> {
	const isDeleted = event === changeEvents.deleted;
	const isChange = isDeleted || event === changeEvents.updated;
	const source = sources.find(
		(one) => one.event === (isChange ? 'customer.subscription.created' : event),
	);
	if (!source) return undefined;
	const newest = dated(await source.newest(context), 0).sort((a, b) => b.time - a.time);
	for (const { record, time } of newest) {
		const related = (await source.related?.(context, record)) ?? {};
		const payload = source.payload(record, related);
		const isFitting = !isChange || (payload.status === 'canceled') === isDeleted;
		if (isFitting && stageOf(source, record, payload, settings) === 'ready')
			return itemOf(settings, head, event, payload, record, time);
	}
	return undefined;
}
