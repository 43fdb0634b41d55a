import type { IDataObject } from 'n8n-workflow';

import { confirmAfterMs } from '../../../nodes/Pocketsflow/polling/batches';
import type { ProcessMemory } from '../../../nodes/Pocketsflow/polling/pollContext';
import type { PollState } from '../../../nodes/Pocketsflow/polling/state';
import { SimulatedNode } from './simulatedNode';
import {
	kinds,
	SimulatedShop,
	toId,
	type Kind,
	type ShopBehavior,
	type SimulatedRecord,
} from './simulatedShop';
import { readMessage } from '../../harness/runMain';

export type ShopEvent =
	| {
			kind: 'sale';
			of: Kind;
			count: number;
			sameMoment: boolean;
			lateBy: number;
			wanted: boolean;
			/** Whether a refund is under way, and a membership is not paid yet. */
			open: boolean;
	  }
	| { kind: 'deletion'; of: Kind; index: number }
	/** The status of a refund or membership changes: an open one completes, or comes to nothing. */
	| { kind: 'status'; of: 'refund' | 'membership'; index: number; fails: boolean };

/** What happens to n8n around one poll. */
export interface PollFate {
	/** The request that fails, from 0; none if there are fewer. */
	failsAt?: number;
	/** What happens at the shop before a request of this poll. */
	meanwhile: Array<{ before: number; event: ShopEvent }>;
	/** Where n8n is killed, if it is: while reading, or with these of the two writes done. */
	crash?: 'reading' | 'nothing' | 'saved' | 'executed' | 'both';
}

export type Step =
	| { kind: 'shop'; event: ShopEvent }
	| { kind: 'poll'; fate: PollFate }
	| { kind: 'down'; minutes: number }
	| { kind: 'restart' }
	| { kind: 'rename' }
	| { kind: 'filter' }
	/** The other main process takes over, while this one lives on. */
	| { kind: 'takeover' };

export interface Setting {
	behavior: ShopBehavior;
	events: readonly string[];
	batch: number;
	overlapMinutes: number;
	repeatAfterMinutes: number;
	headStartSeconds: number;
	/** How far Pocketsflow's clock is ahead of n8n's. */
	skewMs: number;
	/** Records of each kind before the workflow was activated. */
	before: number;
	/** Start from a date, this long before the activation. */
	startDaysAgo?: number;
	/** Orders since that date. */
	backfill?: number;
}

interface Execution {
	keys: string[];
	memory: ProcessMemory;
	startedAtMs: number;
	isKilled: boolean;
	/** Whether a later poll was given a state that contains it. */
	isGivenBack: boolean;
	/** Whether the node was renamed before that, so that nothing says whether n8n kept it. */
	isInDoubt: boolean;
	changes: Array<{ id: string; status: string }>;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const eventOf: Record<Kind, string> = {
	order: 'order.completed',
	refund: 'order.refunded',
	customer: 'customer.created',
	membership: 'customer.subscription.created',
	review: 'review.created',
};
const updated = 'customer.subscription.updated';
const deleted = 'customer.subscription.deleted';

/** Every event that can be polled. */
export const allEvents: readonly string[] = [...Object.values(eventOf), updated, deleted];

const openStatuses: Partial<Record<Kind, string>> = { refund: 'pending', membership: 'incomplete' };
const settledStatuses: Partial<Record<Kind, string>> = {
	refund: 'completed',
	membership: 'active',
};
const nextStatuses: Record<string, { goesOn: string; fails: string }> = {
	pending: { goesOn: 'completed', fails: 'failed' },
	incomplete: { goesOn: 'active', fails: 'incomplete_expired' },
	active: { goesOn: 'paused', fails: 'canceled' },
	paused: { goesOn: 'active', fails: 'canceled' },
};
const isEmitted = ({ status }: SimulatedRecord) =>
	!['pending', 'incomplete', 'failed', 'incomplete_expired'].includes(status ?? '');

/** A contradiction to what the polling trigger promises. */
export class Broken extends Error {}

/**
 * One simulated life of n8n and Pocketsflow: real poll code, simulated lists, simulated writes of n8n. It
 * keeps in memory what n8n keeps in memory, and loses it when n8n is killed. Two main processes may take
 * turns on one database.
 */
export class History {
	readonly shop: SimulatedShop;
	/** n8n's clock. */
	private nowMs = Date.UTC(2026, 9, 24, 12);
	/** That of the other main process. */
	private otherMemory = SimulatedNode.createMemory();
	private readonly executions: Execution[] = [];
	private readonly executionsOf = new Map<string, Execution[]>();
	/** Those that are not stored as done. */
	private unstored: Execution[] = [];
	/** What must be emitted, by event and record, and what must not. */
	private readonly expected = new Set<string>();
	private readonly old = new Set<string>();
	private readonly confirmed = new Set<string>();
	private readonly eventIds = new Map<string, string>();
	/** The status of memberships when they were first stored; undefined if it is not certain. */
	private readonly firstStatuses = new Map<string, string | undefined>();
	private fate: PollFate = { meanwhile: [] };
	private requests = 0;
	private crashes = 0;
	private renames = 0;
	private takeovers = 0;
	private savedNews = 0;
	private maxStateBytes = 0;
	private maxRequests = 0;
	private totalRequests = 0;
	private polls = 0;
	/** Whether the user chose other products than those that are expected. */
	private isFiltered = false;
	private wasFiltered = false;

	constructor(private readonly setting: Setting) {
		this.shop = new SimulatedShop(setting.behavior);
		for (const kind of kinds)
			for (let number = 0; number < setting.before; number++)
				this.addOld(kind, this.shopNowMs - (setting.before - number) * 7 * minuteMs, number);
		this.addBackfill(setting.backfill ?? 0);
	}

	private addBackfill(count: number): void {
		const spacingMs = Math.floor(((this.setting.startDaysAgo ?? 0) * dayMs) / (count + 1));
		for (let number = count; number > 0; number--)
			this.expect(this.shop.add('order', this.shopNowMs - number * spacingMs));
	}

	private addOld(kind: Kind, timeMs: number, number: number): void {
		const status = number % 3 === 0 ? openStatuses[kind] : settledStatuses[kind];
		const more = kind === 'refund' ? { orderNumber: 1 } : {};
		const record = this.shop.add(kind, timeMs, { status, ...more });
		this.old.add(toKey(record));
	}

	private get shopNowMs(): number {
		return this.nowMs + this.setting.skewMs;
	}

	/** n8n's clock, for `Date.now`. */
	readonly clock = (): number => this.nowMs;

	private readParameters(): IDataObject {
		const { batch, overlapMinutes, repeatAfterMinutes } = this.setting;
		const { headStartSeconds, startDaysAgo } = this.setting;
		const startDate = new Date(Date.UTC(2026, 9, 24, 12) - (startDaysAgo ?? 0) * dayMs);
		return {
			events: [...this.setting.events],
			start: startDaysAgo === undefined ? 'now' : 'date',
			startDate: startDate.toISOString(),
			simplify: false,
			options: {
				batch,
				overlap: overlapMinutes,
				repeatAfter: repeatAfterMinutes,
				headStart: headStartSeconds,
				productIds: this.isFiltered ? 'other' : 'wanted',
			},
		};
	}

	private readonly node = new SimulatedNode({
		readParameters: () => this.readParameters(),
		answer: (request) => {
			const number = this.requests++;
			for (const { before, event } of this.fate.meanwhile)
				if (before === number) this.happen(event);
			if (this.fate.failsAt === number) throw new Error('This request failed');
			if (this.fate.crash === 'reading' && number > 0) throw new Error('n8n was killed');
			return this.shop.answer(request);
		},
	});

	private happen(event: ShopEvent): void {
		if (event.kind === 'deletion') return this.remove(event.of, event.index);
		if (event.kind === 'status') return this.changeStatus(event);
		const { of: kind, count, sameMoment, open } = event;
		// Pocketsflow makes customers and memberships as they appear.
		const mayBeLate = kind === 'order' || kind === 'refund' || kind === 'review';
		const lateBy = mayBeLate ? Math.min(event.lateBy, this.setting.overlapMinutes) * minuteMs : 0;
		const overlapMs = this.setting.overlapMinutes * minuteMs;
		for (let index = 0; index < count; index++) {
			const timeMs = this.shopNowMs - lateBy + (sameMoment ? 0 : index * 137 - count * 137);
			const productId = event.wanted ? 'wanted' : 'other';
			const record = this.shop.add(kind, Math.max(timeMs, this.shopNowMs - overlapMs), {
				productId,
				status: (open ? openStatuses : settledStatuses)[kind],
				...(kind === 'refund' && { orderNumber: this.addRefundedOrder(productId) }),
			});
			this.expect(record);
		}
	}

	private addRefundedOrder(productId: string): number {
		const order = this.shop.add('order', this.shopNowMs, { productId });
		this.expect(order);
		return order.number;
	}

	private expect(record: SimulatedRecord): void {
		const isWanted = record.productId === 'wanted' && !this.isFiltered;
		if (this.setting.events.includes(eventOf[record.kind]) && isEmitted(record))
			if (isWanted || record.kind === 'customer') this.expected.add(toKey(record));
	}

	private remove(kind: Kind, index: number): void {
		const gone = this.shop.remove(kind, index);
		if (!gone) return;
		this.expected.delete(toKey(gone));
		this.expected.delete(`${deleted}:${toId(gone)}`);
	}

	private changeStatus({ of: kind, index, fails }: ShopEvent & { kind: 'status' }): void {
		const list = this.shop.list(kind);
		const record = list[index % list.length] as SimulatedRecord | undefined;
		const next = nextStatuses[record?.status ?? ''];
		if (!record || !next) return;
		const wasEmitted = isEmitted(record);
		record.status = fails ? next.fails : next.goesOn;
		if (wasEmitted) this.expectEnd(record);
		else {
			this.old.delete(toKey(record));
			this.expect(record);
		}
	}

	private expectEnd(record: SimulatedRecord): void {
		const isWanted = record.productId === 'wanted' && !this.isFiltered;
		if (record.status === 'canceled' && isWanted && this.setting.events.includes(deleted))
			this.expected.add(`${deleted}:${toId(record)}`);
	}

	private kill(): void {
		this.crashes++;
		// An execution takes up to a minute.
		for (const execution of this.executions)
			if (execution.memory === this.node.memory && this.nowMs - execution.startedAtMs < minuteMs)
				execution.isKilled = true;
		this.node.restart();
	}

	/** @returns whether anything was emitted */
	private async poll(fate: PollFate): Promise<boolean> {
		this.fate = fate;
		this.requests = 0;
		if (this.node.staticData.pollingLive !== undefined)
			for (const execution of this.unstored) execution.isGivenBack = true;
		let items: IDataObject[] | undefined;
		try {
			items = await this.node.poll();
		} catch (error) {
			if (fate.crash !== undefined) this.kill();
			// A failed execution; the next poll tries again.
			const isExpected = /kept changing|This request failed|n8n was killed/.test(
				readMessage(error),
			);
			if (isExpected) return true;
			throw error;
		}
		// A list that could not be read does not end the poll, but the end of n8n does.
		if (fate.crash === 'reading') items = undefined;
		this.maxRequests = Math.max(this.maxRequests, this.requests);
		this.totalRequests += this.requests;
		this.polls++;
		if (items !== undefined) {
			const { crash } = fate;
			if (crash === undefined || crash === 'saved' || crash === 'both') this.save();
			if (crash === undefined || crash === 'executed' || crash === 'both') this.execute(items);
		} else if (fate.crash === undefined) this.checkStored();
		if (fate.crash !== undefined) this.kill();
		return (items?.length ?? 0) > 0;
	}

	/** Once a later poll has nothing more to store, no emission of this process may be left unstored. */
	private checkStored(): void {
		if (this.setting.repeatAfterMinutes > 0) return;
		for (const { keys, memory, startedAtMs } of this.unstored)
			if (
				memory === this.node.memory &&
				this.nowMs - startedAtMs >= confirmAfterMs &&
				keys.some((key) => !this.confirmed.has(key))
			)
				throw new Broken(`${keys.join(', ')} would be repeated after a restart`);
	}

	private save(): void {
		const text = String(this.node.staticData.pollingLive);
		this.maxStateBytes = Math.max(this.maxStateBytes, text.length);
		this.node.save();
		const isStored = ({ memory, startedAtMs }: Execution) =>
			memory === this.node.memory && this.nowMs - startedAtMs >= confirmAfterMs;
		for (const { keys } of this.unstored.filter(isStored))
			for (const key of keys) this.confirmed.add(key);
		this.unstored = this.unstored.filter((execution) => !isStored(execution));
		const isWatching = [updated, deleted].some((event) => this.setting.events.includes(event));
		if (isWatching) this.noteStatuses(text);
	}

	private noteStatuses(text: string): void {
		const isCalm = this.fate.meanwhile.length === 0;
		const statuses = new Map(this.shop.list('membership').map((one) => [toId(one), one.status]));
		const known = Object.keys((JSON.parse(text) as PollState).memberships?.known ?? {});
		for (const id of known.filter((one) => !this.firstStatuses.has(one))) {
			this.savedNews++;
			this.firstStatuses.set(id, isCalm ? statuses.get(id) : undefined);
		}
	}

	private execute(items: IDataObject[]): void {
		if (items.length > this.setting.batch) throw new Broken(`${items.length} items at once`);
		const keys = items.map(readKey);
		if (new Set(keys).size < keys.length) throw new Broken('an item twice in one execution');
		for (const [index, { eventId }] of items.entries()) {
			const before = this.eventIds.get(keys[index]) ?? eventId;
			if (before !== eventId) throw new Broken(`${keys[index]} with two event IDs`);
			this.eventIds.set(keys[index], String(eventId));
		}
		for (const key of keys) this.checkRepeat(key);
		const changes = items
			.filter(({ event }) => event === updated || event === deleted)
			.map(({ record }) => record as IDataObject)
			.map(({ _id, status }) => ({ id: String(_id), status: String(status) }));
		const execution: Execution = {
			keys,
			changes,
			memory: this.node.memory,
			startedAtMs: this.nowMs,
			isKilled: false,
			isGivenBack: false,
			isInDoubt: false,
		};
		this.executions.push(execution);
		this.unstored.push(execution);
		for (const key of keys)
			this.executionsOf.set(key, [...(this.executionsOf.get(key) ?? []), execution]);
	}

	private checkRepeat(key: string): void {
		const earlier = this.executionsOf.get(key) ?? [];
		const last = earlier[earlier.length - 1] as Execution | undefined;
		if (!last) return;
		const own = earlier.filter(
			({ memory, isInDoubt }) => memory === this.node.memory && !isInDoubt,
		);
		const { repeatAfterMinutes } = this.setting;
		if (own.length > (repeatAfterMinutes > 0 ? 1 : 0)) throw new Broken(`${key} too often`);
		if (repeatAfterMinutes === 0) {
			if (this.confirmed.has(key)) throw new Broken(`${key} again although it was stored`);
		} else if (own.includes(last) && this.nowMs - last.startedAtMs < repeatAfterMinutes * minuteMs)
			throw new Broken(`${key} again too early`);
	}

	async live(steps: readonly Step[]): Promise<void> {
		await this.poll({ meanwhile: [] });
		for (const step of steps) {
			this.nowMs += 1_300;
			await this.take(step);
		}
		await this.calmDown();
		this.check();
	}

	private async take(step: Step): Promise<void> {
		switch (step.kind) {
			case 'shop':
				return this.happen(step.event);
			case 'poll':
				this.nowMs += minuteMs;
				await this.poll(step.fate);
				return;
			case 'down':
				this.kill();
				this.nowMs += step.minutes * minuteMs;
				await this.poll({ meanwhile: [] });
				return;
			case 'restart':
				return this.restartCleanly();
			case 'rename':
				return await this.rename();
			case 'filter':
				return this.filter();
			case 'takeover':
				return await this.takeOver();
		}
	}

	private restartCleanly(): void {
		this.nowMs += minuteMs;
		// Before the next poll it is as good as a crash: n8n tells a node of neither.
		if (this.hasUnconfirmed()) this.crashes++;
		this.node.restart();
	}

	private hasUnconfirmed(): boolean {
		const isUnconfirmed = ({ keys, memory }: Execution) =>
			memory === this.node.memory && keys.some((key) => !this.confirmed.has(key));
		return this.setting.repeatAfterMinutes > 0 || this.executions.some(isUnconfirmed);
	}

	/** n8n keeps static data by name, and polls immediately when the change is published. */
	private async rename(): Promise<void> {
		this.renames++;
		if (this.hasUnconfirmed()) this.crashes++;
		// n8n polls when it starts, so before anybody can rename.
		if (this.node.memory.states.size === 0) await this.poll({ meanwhile: [] });
		// n8n does not say whether it kept what was emitted last, so that it comes again, at its turn.
		for (const execution of this.unstored) execution.isInDoubt = !execution.isGivenBack;
		this.unstored = this.unstored.filter(({ isInDoubt }) => !isInDoubt);
		this.node.staticData = {};
		this.node.save();
		this.node.activation = 'activate';
		await this.poll({ meanwhile: [] });
	}

	private filter(): void {
		this.isFiltered = !this.isFiltered;
		this.wasFiltered = true;
		// What waits, or would come again, is not asked for any more. Customers have no product.
		if (this.isFiltered)
			for (const key of this.expected)
				if (!key.startsWith(`${eventOf.customer}:`)) this.expected.delete(key);
	}

	private async takeOver(): Promise<void> {
		this.takeovers++;
		[this.node.memory, this.otherMemory] = [this.otherMemory, this.node.memory];
		this.node.load();
		this.node.activation = 'leadershipChange';
		this.nowMs += minuteMs;
		await this.poll({ meanwhile: [] });
	}

	/** Nothing happens any more: everything that waits must come out. */
	private async calmDown(): Promise<void> {
		this.isFiltered = false;
		// With every event, one poll reads four pages of a list that bring nothing new.
		const mostRecords = Math.max(...kinds.map((kind) => this.shop.list(kind).length));
		const polls = Math.ceil(mostRecords / this.setting.behavior.pageSize / 4);
		const quietPolls = 6 + polls + this.setting.repeatAfterMinutes;
		for (let quiet = 0, count = 0; quiet < quietPolls; count++) {
			if (count > 10_000) throw new Broken('it never comes to rest');
			this.nowMs += minuteMs;
			quiet = (await this.poll({ meanwhile: [] })) ? 0 : quiet + 1;
		}
		this.nowMs += 2 * minuteMs;
	}

	private check(): void {
		const { repeatAfterMinutes, startDaysAgo } = this.setting;
		const emitted = new Map<string, number>();
		// With the option to repeat, only a whole execution counts.
		const counting = this.executions.filter(
			({ isKilled }) => !isKilled || repeatAfterMinutes === 0,
		);
		for (const { keys } of counting)
			for (const key of keys) emitted.set(key, (emitted.get(key) ?? 0) + 1);
		for (const key of this.expected) if (!emitted.has(key)) throw new Broken(`${key} was lost`);
		for (const key of emitted.keys())
			if (startDaysAgo === undefined && this.old.has(key))
				throw new Broken(`${key} is older than the activation`);
		this.checkStatuses(counting);
		if (this.crashes + this.takeovers === 0)
			for (const [key, count] of emitted)
				if (count > (repeatAfterMinutes > 0 ? 2 : 1))
					throw new Broken(`${key} ${count} times without a crash`);
		const idle = this.executions.filter(({ keys }) => keys.length === 0).length;
		const allowed = this.crashes + this.renames + this.takeovers + this.savedNews;
		if (idle > this.executions.length - idle + 1 + allowed)
			throw new Broken(`${idle} empty executions of ${this.executions.length}`);
	}

	/** What was emitted last of a membership is what it is now, unless it is as it was found. */
	private checkStatuses(executions: readonly Execution[]): void {
		if (this.wasFiltered || !this.setting.events.includes(updated)) return;
		const latest = new Map<string, string>();
		for (const { changes } of executions)
			for (const { id, status } of changes) latest.set(id, status);
		for (const record of this.shop.list('membership')) {
			const id = toId(record);
			const isEnd = record.status === 'canceled';
			if (record.productId !== 'wanted' || (isEnd && !this.setting.events.includes(deleted)))
				continue;
			const last = latest.get(id) ?? this.firstStatuses.get(id);
			if (last !== undefined && last !== record.status)
				throw new Broken(`${id} became ${record.status}, and ${last} was emitted last`);
		}
	}

	/** For a look at what a run of histories covered. */
	get figures() {
		return {
			executions: this.executions.length,
			items: this.executions.reduce((sum, { keys }) => sum + keys.length, 0),
			empty: this.executions.filter(({ keys }) => keys.length === 0).length,
			crashes: this.crashes,
			takeovers: this.takeovers,
			expected: this.expected.size,
		};
	}

	get extremes() {
		const { maxStateBytes, maxRequests, totalRequests, polls } = this;
		return { maxStateBytes, maxRequests, totalRequests, polls };
	}
}

const toKey = (record: SimulatedRecord) => `${eventOf[record.kind]}:${toId(record)}`;

/** The record of an item, or the change: each of them must come once. */
const readKey = ({ event, eventId, record }: IDataObject) =>
	event === updated ? String(eventId) : `${String(event)}:${String((record as IDataObject)._id)}`;
