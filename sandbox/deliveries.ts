import { createHmac } from 'node:crypto';

import axios from 'axios';

import { objectId } from './ids';
import { envelope } from './payloads';
import type { Mode, ModeState, Webhook } from './state';
import { type DeliveryFault, deliveryFaultNames, type Switches } from './switches';
import type { Shown } from './views';

/** What is known of one delivery. */
export interface Delivery {
	readonly id: string;
	readonly event: string;
	readonly mode: Mode;
	readonly webhookId: string;
	readonly url: string;
	body: string;
	headers: Record<string, string>;
	readonly queuedAt: string;
	sentAt?: string;
	/** HTTP status of the endpoint's answer; absent when there was none. */
	status?: number;
	ms?: number;
	error?: string;
	attempts: number;
	outcome: 'pending' | 'delivered' | 'failed' | 'dropped';
	fault?: DeliveryFault;
}

/** How a hand-made delivery is signed. */
export type Signing = 'valid' | 'forged' | 'missing';

/** Things that a hand-made delivery can have otherwise than a real one. */
export interface Handmade {
	signing?: Signing;
	/** Sent as it is, in place of the body made of the data. */
	body?: string;
	/** Set over the usual headers; an empty value takes a header away. */
	headers?: Record<string, string>;
}

const KEPT = 20_000;
const REORDER_WAIT_MS = 1_000;

/**
 * Signature of a delivery: hex HMAC-SHA256 of the raw body under the secret as given, prefix and
 * all; the timestamp is not covered (contract C3).
 */
export function sign(secret: string, body: string): string {
	return createHmac('sha256', secret).update(body, 'utf8').digest('hex');
}

/** Whether an endpoint subscribed to an event; a pause has two names (contract H5). */
function takes(webhook: Webhook, event: string): boolean {
	const names = /^customer\.subscription\.paused?$/.test(event)
		? ['customer.subscription.pause', 'customer.subscription.paused']
		: [event];
	return names.some((name) => webhook.events.includes(name));
}

/** A small seeded generator: the same seed draws the same faults. */
function generator(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
	};
}

interface Lane {
	waiting: Array<() => Promise<void>>;
	running: number;
	held?: { release: () => void };
}

/** Sends events to the registered endpoints and remembers what became of each delivery. */
export class Deliveries {
	private readonly rows: Delivery[] = [];

	private readonly lanes = new Map<string, Lane>();

	private readonly timers = new Map<NodeJS.Timeout, () => void>();

	private readonly stop = new AbortController();

	private readonly open = new Set<Promise<void>>();

	private draw = generator(1);

	private seed = 1;

	constructor(
		private readonly switches: Switches,
		private readonly modes: Record<Mode, ModeState>,
	) {}

	/** All deliveries so far, oldest first; a long run keeps the newest. */
	get list(): readonly Delivery[] {
		return this.rows;
	}

	/** Tells every active endpoint of the mode that subscribed to the event. */
	emit(mode: Mode, event: string, data: Shown): Delivery[] {
		const states = this.switches.deliverAcrossModes
			? Object.values(this.modes)
			: [this.modes[mode]];
		const made: Delivery[] = [];
		for (const state of states) {
			if (state.webhooks.size === 0) continue;
			for (const webhook of state.webhooks.read().rows) {
				if (!webhook.active || !takes(webhook, event)) continue;
				made.push(this.send(webhook, mode, event, data));
			}
		}
		return made;
	}

	/** Sends to one endpoint, whether or not it subscribed. */
	send(
		webhook: Pick<Webhook, '_id' | 'url' | 'secret'>,
		mode: Mode,
		event: string,
		data: Shown,
		handmade: Handmade = {},
	): Delivery {
		const { switches } = this;
		const webhookId = switches.webhookIdMeans === 'endpoint' ? webhook._id : objectId();
		const delivery: Delivery = {
			id: objectId(),
			event,
			mode,
			webhookId: webhook._id,
			url: webhook.url,
			body: handmade.body ?? JSON.stringify(envelope(switches, event, data, webhookId)),
			headers: {},
			queuedAt: new Date().toISOString(),
			attempts: 0,
			outcome: 'pending',
		};
		const fault = this.nextFault();
		if (fault) delivery.fault = fault;
		this.remember(delivery);
		this.track(this.run(delivery, webhook.secret, fault, handmade));
		return delivery;
	}

	/** Resolves once no delivery is under way, late and held ones included. */
	async settled(): Promise<void> {
		while (this.open.size > 0) await Promise.all(this.open);
	}

	/** Forgets the deliveries so far. */
	clear(): void {
		this.rows.length = 0;
		this.seed = NaN;
	}

	/** Ends everything under way. */
	async close(): Promise<void> {
		this.stop.abort();
		for (const [timer, wake] of this.timers) {
			clearTimeout(timer);
			wake();
		}
		this.timers.clear();
		await this.settled();
	}

	private nextFault(): DeliveryFault | undefined {
		const { switches } = this;
		if (switches.deliverySeed !== this.seed) {
			this.seed = switches.deliverySeed;
			this.draw = generator(this.seed);
		}
		const planned = switches.nextDeliveryFaults.shift();
		if (planned) return planned;
		return deliveryFaultNames.find((name) => {
			const rate = switches[`${name}Rate`];
			return rate > 0 && this.draw() < rate;
		});
	}

	private async run(
		delivery: Delivery,
		secret: string,
		fault: DeliveryFault | undefined,
		handmade: Handmade,
	): Promise<void> {
		if (fault === 'drop') {
			delivery.outcome = 'dropped';
			return;
		}
		const signing: Signing = fault === 'forge' ? 'forged' : (handmade.signing ?? 'valid');
		if (fault === 'malform') delivery.body = delivery.body.slice(0, -2);
		if (fault === 'delay') await this.sleep(this.switches.delayMs);
		const lane = this.lane(delivery.url);
		if (fault === 'reorder' && !lane.held) await this.hold(lane);
		const { held } = lane;
		const attempt = () => this.attempt(delivery, secret, signing, handmade);
		await this.inLane(lane, attempt);
		if (fault === 'duplicate') {
			const copy: Delivery = { ...delivery, id: objectId(), attempts: 0, outcome: 'pending' };
			this.remember(copy);
			await this.inLane(lane, () => this.attempt(copy, secret, signing, handmade));
		}
		if (held && lane.held === held) held.release();
	}

	private async attempt(
		delivery: Delivery,
		secret: string,
		signing: Signing,
		handmade: Handmade,
	): Promise<void> {
		const tries = 1 + this.switches.deliveryRetries;
		for (let index = 0; index < tries && !this.stop.signal.aborted; index += 1) {
			if (index > 0) await this.sleep(this.switches.deliveryRetryDelayMs);
			await this.post(delivery, secret, signing, handmade);
			if (delivery.outcome === 'delivered') return;
		}
		if (delivery.outcome === 'pending') delivery.outcome = 'failed';
	}

	private async post(
		delivery: Delivery,
		secret: string,
		signing: Signing,
		handmade: Handmade,
	): Promise<void> {
		const { switches } = this;
		const now = Date.now();
		const timestamp = String(switches.timestamp === 'ms' ? now : Math.floor(now / 1000));
		const signedText = switches.signed === 'body' ? delivery.body : `${timestamp}.${delivery.body}`;
		const headers: Record<string, string> = { 'Content-Type': 'application/json' };
		if (switches.eventIn !== 'body') headers['X-Pocketsflow-Event'] = delivery.event;
		if (signing !== 'missing') {
			const key = signing === 'forged' ? `${secret}-not` : secret;
			headers['X-Pocketsflow-Signature'] = sign(key, signedText);
		}
		headers['X-Pocketsflow-Timestamp'] = timestamp;
		for (const [name, value] of Object.entries(handmade.headers ?? {})) {
			for (const known of Object.keys(headers)) {
				if (known.toLowerCase() === name.toLowerCase()) delete headers[known];
			}
			if (value !== '') headers[name] = value;
		}
		delivery.headers = headers;
		delivery.sentAt = new Date(now).toISOString();
		delivery.attempts += 1;
		const timeout = switches.deliveryTimeoutMs;
		try {
			const response = await axios.post(delivery.url, Buffer.from(delivery.body, 'utf8'), {
				headers,
				// The bytes on the wire must be the bytes that were signed.
				transformRequest: [(data: unknown) => data],
				timeout,
				signal: AbortSignal.any([this.stop.signal, AbortSignal.timeout(timeout)]),
				maxRedirects: 0,
				responseType: 'text',
				validateStatus: () => true,
				proxy: false,
			});
			delivery.status = response.status;
			delivery.outcome = response.status >= 200 && response.status < 300 ? 'delivered' : 'failed';
			if (delivery.outcome === 'failed') delivery.error = `HTTP ${response.status}`;
		} catch (error) {
			delivery.outcome = 'failed';
			delivery.error =
				Date.now() - now >= timeout
					? `timeout after ${timeout} ms`
					: error instanceof Error
						? error.message
						: String(error);
		}
		delivery.ms = Date.now() - now;
	}

	private lane(url: string): Lane {
		const lane = this.lanes.get(url) ?? { waiting: [], running: 0 };
		this.lanes.set(url, lane);
		return lane;
	}

	/** Runs in order of arrival, with a bounded number of deliveries under way per endpoint. */
	private async inLane(lane: Lane, job: () => Promise<void>): Promise<void> {
		return await new Promise<void>((resolve, reject) => {
			lane.waiting.push(async () => await job().then(resolve, reject));
			this.pump(lane);
		});
	}

	private pump(lane: Lane): void {
		while (lane.running < Math.max(1, this.switches.deliveryConcurrency)) {
			const job = lane.waiting.shift();
			if (!job) return;
			lane.running += 1;
			void job().finally(() => {
				lane.running -= 1;
				this.pump(lane);
			});
		}
	}

	/** Waits until the next delivery of the lane was sent, or for a while when there is none. */
	private async hold(lane: Lane): Promise<void> {
		await new Promise<void>((resolve) => {
			const release = () => {
				lane.held = undefined;
				clearTimeout(timer);
				this.timers.delete(timer);
				resolve();
			};
			const timer = setTimeout(release, REORDER_WAIT_MS);
			this.timers.set(timer, release);
			lane.held = { release };
		});
	}

	private async sleep(ms: number): Promise<void> {
		if (this.stop.signal.aborted) return;
		await new Promise<void>((resolve) => {
			const timer = setTimeout(() => {
				this.timers.delete(timer);
				resolve();
			}, ms);
			this.timers.set(timer, resolve);
		});
	}

	private remember(delivery: Delivery): void {
		this.rows.push(delivery);
		if (this.rows.length > KEPT * 1.1) this.rows.splice(0, this.rows.length - KEPT);
	}

	private track(work: Promise<void>): void {
		const tracked = work.finally(() => this.open.delete(tracked));
		this.open.add(tracked);
	}
}
