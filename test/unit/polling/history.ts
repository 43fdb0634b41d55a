import type { IDataObject, INode, IPollFunctions } from 'n8n-workflow';

import { confirmAfter } from '../../../nodes/Pocketsflow/polling/cursor';
import { newMemory, poll, type Memory } from '../../../nodes/Pocketsflow/polling/poll';
import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';
import { eventIdOf, Shop, type Manner, type ModelOrder } from './shop';

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
	manner: Manner;
	batch: number;
	/** minutes */
	overlap: number;
	/** minutes */
	repeatAfter: number;
	/** seconds */
	headStart: number;
	/** How far Pocketsflow's clock is ahead of n8n's, ms. */
	skew: number;
	/** Sales before the workflow was activated. */
	before: number;
}

interface Execution {
	ids: string[];
	memory: Memory;
	at: number;
	isKilled: boolean;
}

class Killed extends Error {}
class RequestFailed extends Error {}

const minute = 60_000;
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
	private readonly shop: Shop;
	/** n8n's clock, ms. */
	private now = Date.UTC(2026, 9, 24, 12);
	private memory = newMemory();
	private staticData: IDataObject = {};
	/** What n8n's database holds. */
	private saved = '{}';
	private isRestarted = false;
	private readonly executions: Execution[] = [];
	private readonly expected = new Map<string, ModelOrder>();
	private readonly confirmed = new Set<string>();
	private fate: PollFate = { meanwhile: [] };
	private requests = 0;
	private crashes = 0;
	private renames = 0;
	/** Whether the operator chose other products than those that are expected. */
	private isFiltered = false;

	constructor(private readonly setting: Setting) {
		this.shop = new Shop(setting.manner);
		for (let number = 0; number < setting.before; number++)
			this.shop.add(this.shopNow - (setting.before - number) * 7 * minute);
	}

	private get shopNow(): number {
		return this.now + this.setting.skew;
	}

	/** n8n's clock, for `Date.now`. */
	readonly clock = (): number => this.now;

	private readonly context = {
		getMode: () => 'trigger',
		getActivationMode: () => (this.isRestarted ? 'init' : 'activate'),
		getWorkflow: () => ({ id: 'workflow' }),
		getNode: () => node,
		logger: { warn: () => undefined },
		getTimezone: () => 'Europe/Berlin',
		getNodeParameter: (name: string, fallback: unknown) => {
			const { batch, overlap, repeatAfter, headStart } = this.setting;
			const parameters: IDataObject = {
				events: ['order.completed'],
				start: 'now',
				simplify: true,
				options: {
					batch,
					overlap,
					repeatAfter,
					headStart,
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
			if (gone) this.expected.delete(eventIdOf(gone));
			return;
		}
		const lateBy = Math.min(event.lateBy, this.setting.overlap) * minute;
		for (let index = 0; index < event.count; index++) {
			const time = this.shopNow - lateBy + (event.sameMoment ? 0 : index * 137 - event.count * 137);
			const isEarly = time < this.shopNow - this.setting.overlap * minute;
			const order = this.shop.add(
				isEarly ? this.shopNow - this.setting.overlap * minute : time,
				event.wanted ? 'wanted' : 'other',
			);
			if (event.wanted && !this.isFiltered) this.expected.set(eventIdOf(order), order);
		}
	}

	private kill(): void {
		this.crashes++;
		// An execution takes up to a minute.
		for (const execution of this.executions)
			if (execution.memory === this.memory && this.now - execution.at < minute)
				execution.isKilled = true;
		this.restart();
	}

	private restart(): void {
		this.memory = newMemory();
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

	/** Once a later poll has nothing more to store, no hand-over of this process may be left unstored. */
	private checkStored(): void {
		if (this.setting.repeatAfter > 0) return;
		for (const { ids, memory, at } of this.executions)
			if (
				memory === this.memory &&
				this.now - at >= confirmAfter &&
				ids.some((id) => !this.confirmed.has(id))
			)
				throw new Broken(`${ids.join(', ')} would be repeated after a restart`);
	}

	private save(): void {
		this.saved = JSON.stringify(this.staticData);
		for (const { ids, memory, at } of this.executions)
			if (memory === this.memory && this.now - at >= confirmAfter)
				for (const id of ids) this.confirmed.add(id);
	}

	private execute(ids: string[]): void {
		if (ids.length > this.setting.batch) throw new Broken(`${ids.length} items in one execution`);
		if (new Set(ids).size < ids.length) throw new Broken('an item twice in one execution');
		for (const id of ids) this.checkRepeat(id);
		this.executions.push({ ids, memory: this.memory, at: this.now, isKilled: false });
	}

	private checkRepeat(id: string): void {
		const earlier = this.executions.filter(({ ids }) => ids.includes(id));
		const last = earlier[earlier.length - 1];
		if (!last) return;
		const isAcrossProcesses = last.memory !== this.memory;
		if (this.setting.repeatAfter === 0) {
			if (!isAcrossProcesses) throw new Broken(`${id} twice in one life of n8n`);
			if (this.confirmed.has(id)) throw new Broken(`${id} again although its hand-over was stored`);
		} else if (!isAcrossProcesses && this.now - last.at < this.setting.repeatAfter * minute)
			throw new Broken(`${id} again too early`);
	}

	async live(steps: readonly Step[]): Promise<void> {
		await this.poll({ meanwhile: [] });
		for (const step of steps) {
			this.now += 1_300;
			if (step.kind === 'shop') this.happen(step.event);
			else if (step.kind === 'down') {
				this.kill();
				this.now += step.minutes * minute;
				await this.poll({ meanwhile: [] });
			} else if (step.kind === 'restart') {
				this.now += minute;
				// Before the next poll it is as good as a crash: n8n tells a node of neither.
				const isUnconfirmed = ({ ids, memory }: Execution) =>
					memory === this.memory && ids.some((id) => !this.confirmed.has(id));
				const isOpen = this.setting.repeatAfter > 0 || this.executions.some(isUnconfirmed);
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
				this.now += minute;
				await this.poll(step.fate);
			}
		}
		await this.calmDown();
		this.check();
	}

	/** Nothing happens any more: everything that waits must come out. */
	private async calmDown(): Promise<void> {
		const { batch, repeatAfter } = this.setting;
		this.isFiltered = false;
		const polls = 6 + repeatAfter + Math.ceil((3 * this.expected.size) / batch);
		for (let index = 0; index < polls; index++) {
			this.now += minute;
			await this.poll({ meanwhile: [] });
		}
		this.now += 2 * minute;
	}

	private check(): void {
		const { repeatAfter } = this.setting;
		const handed = new Map<string, number>();
		for (const { ids, isKilled } of this.executions)
			for (const id of ids) {
				// With the option to repeat, only a whole execution counts.
				if (!isKilled || repeatAfter === 0) handed.set(id, (handed.get(id) ?? 0) + 1);
			}
		for (const id of this.expected.keys()) if (!handed.has(id)) throw new Broken(`${id} was lost`);
		const old = new Set(
			Array.from(
				{ length: this.setting.before },
				(_, index) => `order.completed:order-${index + 1}`,
			),
		);
		for (const id of handed.keys())
			if (old.has(id)) throw new Broken(`${id} is older than the activation`);
		if (this.crashes === 0)
			for (const [id, count] of handed)
				if (count > (repeatAfter > 0 ? 2 : 1))
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
