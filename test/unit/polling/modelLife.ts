import type { IDataObject } from 'n8n-workflow';

import { parseJson } from '../../../nodes/Pocketsflow/api/json';
import type { PocketsflowRequest } from '../../../nodes/Pocketsflow/api/request';
import { isErrorBody } from '../../../nodes/Pocketsflow/api/responses';
import {
	createModel,
	type Model,
	type ModelResponse,
	type Switches,
} from '../../model/pocketsflow';
import { SimulatedNode } from './simulatedNode';
import { readMessage } from '../../harness/runMain';

export const minuteMs = 60_000;

/** The end of a poll: n8n drops what it returned, or ends with these of its writes done. */
export type Fate = 'kept' | 'abandoned' | 'crashNothing' | 'crashSaved' | 'crashExecuted';

export interface LifeOptions {
	switches?: Partial<Switches>;
	seed?: number;
	apiPageSize?: number;
	events?: string[];
	parameters?: IDataObject;
	/** Options of the node. */
	options?: IDataObject;
	startMs?: number;
	/** Whether n8n reads the stored state for each poll, as its scheduler does. */
	isDurable?: boolean;
}

export interface EmittedItem {
	event: string;
	eventId: string;
	/** The ID of the record. */
	id: string;
	pollIndex: number;
	item: IDataObject;
}

/** One n8n with one polling trigger, at a shop of the independent model. */
export class ModelLife {
	readonly model: Model;
	readonly emitted: EmittedItem[] = [];
	/** Requests of each poll. */
	readonly requestCounts: number[] = [];
	/** When the first poll was over. */
	activatedAtMs = Infinity;
	nowMs: number;
	maxStateBytes = 0;
	private polls = 0;

	constructor(private readonly options: LifeOptions) {
		this.nowMs = options.startMs ?? Date.UTC(2026, 10, 30, 12, 7);
		this.model = createModel({
			switches: options.switches,
			seed: options.seed ?? 1,
			now: () => this.nowMs,
			apiPageSize: options.apiPageSize,
		});
	}

	private readonly node = new SimulatedNode({
		readParameters: () => ({
			events: this.options.events ?? ['order.completed'],
			simplify: false,
			start: 'now',
			options: this.options.options ?? {},
			...this.options.parameters,
		}),
		answer: (request) => this.answer(request),
	});

	/** Polls that failed, and parts of polls. */
	get failures(): string[] {
		return this.node.failures;
	}

	/** As `send`: what may help is tried again. */
	private answer({ method, path, query = {}, body }: PocketsflowRequest): unknown {
		const texts = Object.entries(query).filter(([, value]) => value !== undefined);
		let response: ModelResponse | undefined;
		for (let attempt = 0; attempt < 4; attempt++) {
			response = this.model.respond({
				method,
				path,
				query: Object.fromEntries(texts.map(([key, value]) => [key, String(value)])),
				body,
			});
			const parsed = parseJson(response.body);
			if (response.status < 300 && parsed !== undefined && !isErrorBody(parsed)) return parsed;
			if (response.status >= 400 && response.status < 500 && response.status !== 429) break;
		}
		throw Object.assign(new Error(`answered ${response?.status}`), {
			httpCode: String(response?.status),
		});
	}

	/** For `Date.now`. */
	readonly clock = (): number => this.nowMs;

	/** A poll, some minutes later. @returns the items that came to be an execution */
	async poll(fate: Fate = 'kept', minutes = 1): Promise<IDataObject[]> {
		this.nowMs += minutes * minuteMs;
		if (this.options.isDurable) this.node.load();
		const requestsBefore = this.model.requests.length;
		let items: IDataObject[] | undefined;
		try {
			items = await this.node.poll();
		} catch (error) {
			this.failures.push(readMessage(error));
		}
		this.requestCounts.push(this.model.requests.length - requestsBefore);
		this.polls++;
		if (this.activatedAtMs === Infinity && Object.keys(this.node.staticData).length > 0)
			this.activatedAtMs = this.nowMs;
		const isSaved = fate === 'kept' || fate === 'crashSaved';
		const isExecuted = fate === 'kept' || fate === 'crashExecuted';
		if (items && isSaved) {
			this.node.save();
			this.maxStateBytes = Math.max(this.maxStateBytes, this.node.saved.length);
		}
		if (items && isExecuted) this.execute(items);
		if (fate !== 'kept' && fate !== 'abandoned') this.node.restart();
		return isExecuted ? (items ?? []) : [];
	}

	private execute(items: IDataObject[]): void {
		for (const item of items) {
			const record = item.record as IDataObject;
			this.emitted.push({
				event: String(item.event),
				eventId: String(item.eventId),
				id: String(record._id ?? record.id),
				pollIndex: this.polls,
				item,
			});
		}
	}

	/** Polls until nothing comes for so many polls. */
	async comeToRest(quietPolls: number, limit = 400): Promise<void> {
		for (let quiet = 0, polls = 0; quiet < quietPolls && polls < limit; polls++)
			quiet = (await this.poll()).length > 0 ? 0 : quiet + 1;
	}

	/** The IDs of records that were emitted for an event, as often as they were. */
	idsOf(event: string): string[] {
		return this.emitted.filter((one) => one.event === event).map(({ id }) => id);
	}

	/** The requests of the last poll. */
	get lastRequests(): number {
		return this.requestCounts[this.requestCounts.length - 1];
	}
}
