import type { IDataObject, INode, IPollFunctions } from 'n8n-workflow';

import { confirmAfterMs } from '../../../nodes/Pocketsflow/polling/cursor';
import { createMemory, type ProcessMemory } from '../../../nodes/Pocketsflow/polling/memory';
import { poll } from '../../../nodes/Pocketsflow/polling/poll';
import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';
import { SimulatedShop, toEventId, type ShopBehaviour, type SimulatedOrder } from './simulatedShop';

export type ShopEvent =
	| { kind: 'sale'; count: number; sameMoment: boolean; lateBy: number; wanted: boolean }
	| { kind: 'deletion'; index: number };

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
	| { kind: 'filter' };

export interface Setting {
	behaviour: ShopBehaviour;
	batch: number;
	overlapMinutes: number;
	repeatAfterMinutes: number;
	headStartSeconds: number;
	/** How far Pocketsflow's clock is ahead of n8n's. */
	skewMs: number;
	/** Sales before the workflow was activated. */
	before: number;
}

interface Execution {
	ids: string[];
	memory: ProcessMemory;
	startedAtMs: number;
	isKilled: boolean;
}

class Killed extends Error {}
class RequestFailed extends Error {}

const minuteMs = 60_000;
const node: INode = {
	id: 'node',
	name: 'Polling',
	type: 'polling',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

/** A contradiction to what the polling trigger promises. */
export class Broken extends Error {}

/**
 * One simulated life of n8n and Pocketsflow: real poll code, simulated list, simulated writes of n8n. It
 * keeps in memory what n8n keeps in memory, and loses it when n8n is killed.
 */
export class History {
	private readonly shop: SimulatedShop;
	/** n8n's clock. */
	private nowMs = Date.UTC(2026, 9, 24, 12);
	private memory = createMemory();
	private staticData: IDataObject = {};
	/** What n8n's database holds. */
	private saved = '{}';
	private isRestarted = false;
	private readonly executions: Execution[] = [];
	private readonly expected = new Map<string, SimulatedOrder>();
	private readonly confirmed = new Set<string>();
	private fate: PollFate = { meanwhile: [] };
	private requests = 0;
	private crashes = 0;
	private renames = 0;
	/** Whether the user chose other products than those that are expected. */
	private isFiltered = false;

	constructor(private readonly setting: Setting) {
		this.shop = new SimulatedShop(setting.behaviour);
		for (let number = 0; number < setting.before; number++)
			this.shop.add(this.shopNowMs - (setting.before - number) * 7 * minuteMs);
	}

	private get shopNowMs(): number {
		return this.nowMs + this.setting.skewMs;
	}

	/** n8n's clock, for `Date.now`. */
	readonly clock = (): number => this.nowMs;

	private readonly context = {
		getMode: () => 'trigger',
		getActivationMode: () => (this.isRestarted ? 'init' : 'activate'),
		getWorkflow: () => ({ id: 'workflow' }),
		getNode: () => node,
		logger: { warn: () => undefined },
		getTimezone: () => 'Europe/Berlin',
		getNodeParameter: (name: string, fallback: unknown) => {
			const { batch, overlapMinutes, repeatAfterMinutes, headStartSeconds } = this.setting;
			const parameters: IDataObject = {
				events: ['order.completed'],
				start: 'now',
				simplify: true,
				options: {
					batch,
					overlap: overlapMinutes,
					repeatAfter: repeatAfterMinutes,
					headStart: headStartSeconds,
					productIds: this.isFiltered ? 'other' : 'wanted',
				},
			};
			return parameters[name] ?? fallback;
		},
		getWorkflowStaticData: () => this.staticData,
		answer: async (request: PocketsflowRequest) => {
			const number = this.requests++;
			for (const { before, event } of this.fate.meanwhile)
				if (before === number) this.happen(event);
			if (this.fate.failsAt === number) throw new RequestFailed();
			if (this.fate.crash === 'reading' && number > 0) throw new Killed();
			return this.shop.answer(request);
		},
	} as unknown as IPollFunctions;

	private happen(event: ShopEvent): void {
		if (event.kind === 'deletion') {
			const gone = this.shop.remove(event.index);
			if (gone) this.expected.delete(toEventId(gone));
			return;
		}
		const lateBy = Math.min(event.lateBy, this.setting.overlapMinutes) * minuteMs;
		for (let index = 0; index < event.count; index++) {
			const timeMs =
				this.shopNowMs - lateBy + (event.sameMoment ? 0 : index * 137 - event.count * 137);
			const isEarly = timeMs < this.shopNowMs - this.setting.overlapMinutes * minuteMs;
			const order = this.shop.add(
				isEarly ? this.shopNowMs - this.setting.overlapMinutes * minuteMs : timeMs,
				event.wanted ? 'wanted' : 'other',
			);
			if (event.wanted && !this.isFiltered) this.expected.set(toEventId(order), order);
		}
	}

	private kill(): void {
		this.crashes++;
		// An execution takes up to a minute.
		for (const execution of this.executions)
			if (execution.memory === this.memory && this.nowMs - execution.startedAtMs < minuteMs)
				execution.isKilled = true;
		this.restart();
	}

	private restart(): void {
		this.memory = createMemory();
		this.staticData = JSON.parse(this.saved) as IDataObject;
		this.isRestarted = true;
	}

	private async poll(fate: PollFate): Promise<void> {
		this.fate = fate;
		this.requests = 0;
		let items: IDataObject[] | undefined;
		try {
			items = await poll(this.context, this.memory);
		} catch (error) {
			if (error instanceof Killed) return this.kill();
			if (error instanceof RequestFailed) return;
			// A list that will not stand still is a failed execution; the next poll tries again.
			if (error instanceof Error && /kept changing/.test(error.message)) return;
			throw error;
		}
		if (items !== undefined) {
			const { crash } = fate;
			if (crash === undefined || crash === 'saved' || crash === 'both') this.save();
			if (crash === undefined || crash === 'executed' || crash === 'both')
				this.execute(items.map(({ eventId }) => String(eventId)));
		}
		if (items === undefined) this.checkStored();
		if (fate.crash !== undefined) this.kill();
	}

	/** Once a later poll has nothing more to store, no emission of this process may be left unstored. */
	private checkStored(): void {
		if (this.setting.repeatAfterMinutes > 0) return;
		for (const { ids, memory, startedAtMs } of this.executions)
			if (
				memory === this.memory &&
				this.nowMs - startedAtMs >= confirmAfterMs &&
				ids.some((id) => !this.confirmed.has(id))
			)
				throw new Broken(`${ids.join(', ')} would be repeated after a restart`);
	}

	private save(): void {
		this.saved = JSON.stringify(this.staticData);
		for (const { ids, memory, startedAtMs } of this.executions)
			if (memory === this.memory && this.nowMs - startedAtMs >= confirmAfterMs)
				for (const id of ids) this.confirmed.add(id);
	}

	private execute(ids: string[]): void {
		if (ids.length > this.setting.batch) throw new Broken(`${ids.length} items in one execution`);
		if (new Set(ids).size < ids.length) throw new Broken('an item twice in one execution');
		for (const id of ids) this.checkRepeat(id);
		this.executions.push({ ids, memory: this.memory, startedAtMs: this.nowMs, isKilled: false });
	}

	private checkRepeat(id: string): void {
		const earlier = this.executions.filter(({ ids }) => ids.includes(id));
		const last = earlier[earlier.length - 1];
		if (!last) return;
		const isAcrossProcesses = last.memory !== this.memory;
		if (this.setting.repeatAfterMinutes === 0) {
			if (!isAcrossProcesses) throw new Broken(`${id} twice in one life of n8n`);
			if (this.confirmed.has(id)) throw new Broken(`${id} again although its emission was stored`);
		} else if (
			!isAcrossProcesses &&
			this.nowMs - last.startedAtMs < this.setting.repeatAfterMinutes * minuteMs
		)
			throw new Broken(`${id} again too early`);
	}

	async live(steps: readonly Step[]): Promise<void> {
		await this.poll({ meanwhile: [] });
		for (const step of steps) {
			this.nowMs += 1_300;
			if (step.kind === 'shop') this.happen(step.event);
			else if (step.kind === 'down') {
				this.kill();
				this.nowMs += step.minutes * minuteMs;
				await this.poll({ meanwhile: [] });
			} else if (step.kind === 'restart') {
				this.nowMs += minuteMs;
				// Before the next poll it is as good as a crash: n8n tells a node of neither.
				const isUnconfirmed = ({ ids, memory }: Execution) =>
					memory === this.memory && ids.some((id) => !this.confirmed.has(id));
				const isOpen = this.setting.repeatAfterMinutes > 0 || this.executions.some(isUnconfirmed);
				if (isOpen) this.crashes++;
				this.restart();
			} else if (step.kind === 'rename') {
				// n8n keeps static data by name, and polls at once when the change is published.
				this.renames++;
				// n8n polls when it starts, so before anybody can rename.
				if (this.memory.states.size === 0) await this.poll({ meanwhile: [] });
				this.staticData = {};
				this.saved = '{}';
				this.isRestarted = false;
				await this.poll({ meanwhile: [] });
			} else if (step.kind === 'filter') {
				this.isFiltered = !this.isFiltered;
				// What waits, or would come again, is not asked for any more.
				if (this.isFiltered) this.expected.clear();
			} else {
				this.nowMs += minuteMs;
				await this.poll(step.fate);
			}
		}
		await this.calmDown();
		this.check();
	}

	/** Nothing happens any more: everything that waits must come out. */
	private async calmDown(): Promise<void> {
		const { batch, repeatAfterMinutes } = this.setting;
		this.isFiltered = false;
		const polls = 6 + repeatAfterMinutes + Math.ceil((3 * this.expected.size) / batch);
		for (let index = 0; index < polls; index++) {
			this.nowMs += minuteMs;
			await this.poll({ meanwhile: [] });
		}
		this.nowMs += 2 * minuteMs;
	}

	private check(): void {
		const { repeatAfterMinutes } = this.setting;
		const emitted = new Map<string, number>();
		for (const { ids, isKilled } of this.executions)
			for (const id of ids) {
				// With the option to repeat, only a whole execution counts.
				if (!isKilled || repeatAfterMinutes === 0) emitted.set(id, (emitted.get(id) ?? 0) + 1);
			}
		for (const id of this.expected.keys()) if (!emitted.has(id)) throw new Broken(`${id} was lost`);
		const old = new Set(
			Array.from(
				{ length: this.setting.before },
				(_, index) => `order.completed:order-${index + 1}`,
			),
		);
		for (const id of emitted.keys())
			if (old.has(id)) throw new Broken(`${id} is older than the activation`);
		if (this.crashes === 0)
			for (const [id, count] of emitted)
				if (count > (repeatAfterMinutes > 0 ? 2 : 1))
					throw new Broken(`${id} ${count} times without a crash`);
		const idle = this.executions.filter(({ ids }) => ids.length === 0).length;
		if (idle > this.executions.length - idle + 1 + this.crashes + this.renames)
			throw new Broken(`${idle} empty executions of ${this.executions.length}`);
	}

	/** For a look at what a run of histories covered. */
	get figures(): {
		executions: number;
		items: number;
		empty: number;
		crashes: number;
		sales: number;
	} {
		return {
			executions: this.executions.length,
			items: this.executions.reduce((sum, { ids }) => sum + ids.length, 0),
			empty: this.executions.filter(({ ids }) => ids.length === 0).length,
			crashes: this.crashes,
			sales: this.expected.size,
		};
	}
}
