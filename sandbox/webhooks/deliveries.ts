import type { Database } from '../database/database';
import type { Mode, Webhook } from '../database/entities';
import { createObjectId } from '../database/ids';
import type { JsonObject } from '../json';
import { RecentList } from '../recent-list';
import type { Switches } from '../switches';
import type { Delivery, DeliveryOverrides } from './delivery';
import { DeliveryFaults } from './delivery-faults';
import { EndpointQueue } from './endpoint-queue';
import { buildBody } from './payloads';
import { type DeliveryOptions, postDelivery } from './post-delivery';
import { Timers } from './timers';

const MAX_RECORDED_DELIVERIES = 20_000;

/** Whether an endpoint subscribed to an event; a pause has two names. */
function isSubscribed(webhook: Webhook, event: string): boolean {
	const names = /^customer\.subscription\.paused?$/.test(event)
		? ['customer.subscription.pause', 'customer.subscription.paused']
		: [event];
	return names.some((name) => webhook.events.includes(name));
}

/** An event, and its deliveries: one for each endpoint that subscribed to it. */
export interface Emission {
	readonly event: string;
	readonly deliveries: readonly Delivery[];
}

export class Deliveries {
	private readonly log = new RecentList<Delivery>(MAX_RECORDED_DELIVERIES);

	private readonly queues = new Map<string, EndpointQueue>();

	private readonly timers = new Timers();

	private readonly abort = new AbortController();

	private readonly inFlight = new Set<Promise<void>>();

	private readonly faults: DeliveryFaults;

	private watched: Emission[] | undefined;

	constructor(
		private readonly switches: Switches,
		private readonly databases: Record<Mode, Database>,
	) {
		this.faults = new DeliveryFaults(switches);
	}

	get list(): readonly Delivery[] {
		return this.log.list;
	}

	/** Sends an event to every active endpoint of the mode that subscribed to it. */
	emit(mode: Mode, event: string, data: JsonObject): Delivery[] {
		const databases = this.switches.deliverAcrossModes
			? Object.values(this.databases)
			: [this.databases[mode]];
		const deliveries = databases
			.flatMap(({ webhooks }) => webhooks.query({ where: ({ active }) => active }).rows)
			.filter((webhook) => isSubscribed(webhook, event))
			.map((webhook) => this.send(webhook, mode, event, data));
		this.watched?.push({ event, deliveries });
		return deliveries;
	}

	/** Returns the events that `act` emits, also those that no endpoint subscribed to. */
	watch<T>(act: () => T): { result: T; emissions: Emission[] } {
		const emissions: Emission[] = [];
		this.watched = emissions;
		try {
			return { result: act(), emissions };
		} finally {
			this.watched = undefined;
		}
	}

	/** Sends to one endpoint, whether or not it subscribed. */
	send(
		webhook: Pick<Webhook, '_id' | 'url' | 'secret'>,
		mode: Mode,
		event: string,
		data: JsonObject,
		{ body, headers = {}, signing = 'valid' }: DeliveryOverrides = {},
	): Delivery {
		const { switches } = this;
		const webhookId = switches.webhookIdMeans === 'endpoint' ? webhook._id : createObjectId();
		const fault = this.faults.take();
		const delivery = this.log.add({
			id: createObjectId(),
			event,
			mode,
			webhookId: webhook._id,
			url: webhook.url,
			body: body ?? JSON.stringify(buildBody(switches, event, data, webhookId)),
			headers: {},
			queuedAt: new Date().toISOString(),
			attempts: 0,
			outcome: 'pending',
			...(fault && { fault }),
		});
		const options = { secret: webhook.secret, headers, signing };
		this.track(
			this.deliver(delivery, fault === 'forge' ? { ...options, signing: 'forged' } : options),
		);
		return delivery;
	}

	/** Resolves once nothing is in flight, late and held deliveries included. */
	async waitForAll(): Promise<void> {
		while (this.inFlight.size > 0) await Promise.all(this.inFlight);
	}

	clear(): void {
		this.log.clear();
		this.faults.reset();
	}

	async close(): Promise<void> {
		this.abort.abort();
		this.timers.close();
		await this.waitForAll();
	}

	private async deliver(delivery: Delivery, options: DeliveryOptions): Promise<void> {
		const { fault } = delivery;
		if (fault === 'drop') {
			delivery.outcome = 'dropped';
			return;
		}
		if (fault === 'malform') delivery.body = delivery.body.slice(0, -2);
		if (fault === 'delay') await this.timers.sleep(this.switches.delayMs);
		const queue = this.queueOf(delivery.url);
		if (fault === 'reorder' && !queue.held) await queue.hold();
		const { held: predecessor } = queue;
		await queue.run(() => this.attempt(delivery, options));
		if (fault === 'duplicate') await this.repeat(queue, delivery, options);
		queue.release(predecessor);
	}

	private async repeat(
		queue: EndpointQueue,
		delivery: Delivery,
		options: DeliveryOptions,
	): Promise<void> {
		const copy: Delivery = { ...delivery, id: createObjectId(), attempts: 0, outcome: 'pending' };
		this.log.add(copy);
		await queue.run(() => this.attempt(copy, options));
	}

	/** Posts until a delivery succeeds or no attempt is left. */
	private async attempt(delivery: Delivery, options: DeliveryOptions): Promise<void> {
		const { signal } = this.abort;
		const maxAttempts = 1 + this.switches.deliveryRetries;
		for (let index = 0; index < maxAttempts && !signal.aborted; index += 1) {
			if (index > 0) await this.timers.sleep(this.switches.deliveryRetryDelayMs);
			await postDelivery(delivery, options, this.switches, signal);
			if (delivery.outcome === 'delivered') return;
		}
		if (delivery.outcome === 'pending') delivery.outcome = 'failed';
	}

	private queueOf(url: string): EndpointQueue {
		const queue = this.queues.get(url) ?? new EndpointQueue(this.switches, this.timers);
		this.queues.set(url, queue);
		return queue;
	}

	private track(work: Promise<void>): void {
		const tracked = work.finally(() => this.inFlight.delete(tracked));
		this.inFlight.add(tracked);
	}
}
