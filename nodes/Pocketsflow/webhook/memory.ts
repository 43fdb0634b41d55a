import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { BoundedMap } from '../transport/boundedMap';
import type { Endpoint } from './endpoints';
import { Keyring } from './keyring';
import { isListening, type TriggerSettings } from './settings';

/**
 * Recent deliveries of this process, so that a redelivery does not start a second execution. Limited in
 * number and age, and empty after a restart, when a redelivery may start one. Permanent deduplication
 * belongs in the workflow, on `eventId`, because n8n loses static data that is written while it handles a
 * delivery (docs/n8n-engine.md#static-data).
 */
export class RecentDeliveries {
	private readonly receivedAtMs: BoundedMap<number>;

	/** @param ageMs how long to remember a delivery; a repetition does not extend it */
	constructor(
		capacity = 10_000,
		private readonly ageMs = 10 * 60_000,
	) {
		this.receivedAtMs = new BoundedMap(capacity);
	}

	/**
	 * Records a delivery. Synchronous, so that exactly one of several concurrent copies is new.
	 * @param key what a repetition shares with the delivery that it repeats
	 * @returns whether it is a repetition
	 */
	record(key: string, nowMs: number): boolean {
		for (const [old, receivedAtMs] of this.receivedAtMs) {
			if (nowMs - receivedAtMs <= this.ageMs) break;
			this.receivedAtMs.delete(old);
		}
		if (this.receivedAtMs.get(key) !== undefined) return true;
		this.receivedAtMs.set(key, nowMs);
		return false;
	}
}

/** The time between two log lines about refused deliveries of one node. */
const lineIntervalMs = 60_000;

/** Counts the refused deliveries of a node, so that a flood of forged ones does not flood the log. */
export class RefusalLog {
	private loggedAtMs = -Infinity;
	/** How many were refused since the last line, by reason. */
	private counts = new Map<string, number>();

	/**
	 * Records a refused delivery.
	 * @returns what to log: all deliveries refused since the last line. Undefined within a minute after it.
	 */
	record(reason: string, nowMs: number): string | undefined {
		this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
		if (Math.abs(nowMs - this.loggedAtMs) < lineIntervalMs) return undefined;
		const total = [...this.counts.values()].reduce((sum, count) => sum + count, 0);
		const reasons = [...this.counts].map(([name, count]) => `${name} (${count})`).join(', ');
		this.loggedAtMs = nowMs;
		this.counts = new Map();
		return `refused ${total} ${total === 1 ? 'delivery' : 'deliveries'}: ${reasons}`;
	}
}

/** What this process remembers of one node. */
export class NodeMemory {
	readonly keyring = new Keyring();
	readonly refusals = new RefusalLog();
	/** The settings when they were last readable. */
	settings?: TriggerSettings;
	/** The user that the node's events belong to. */
	account?: string;
	/** The endpoints that `checkExists` listed, for the `create` that follows. */
	listed?: { endpoints: Endpoint[]; atMs: number };
	/** The current work on the endpoint that follows a delivery. Never rejects. */
	upkeep?: Promise<void>;
	/** When the next work may begin. */
	upkeepNotBeforeMs = -Infinity;
	/** The address at which the node was last deactivated, and when. */
	closed?: { url: string; atMs: number };
	/** Whether the latest upkeep found no endpoint in Pocketsflow. */
	isMissing = false;
	/** How often upkeeps replaced the endpoint recently, and when they last did. */
	replaced = { times: 0, atMs: -Infinity };
	/** Whether Pocketsflow does not store a description as it was sent. */
	losesCopy = false;
	/** What was changed on the endpoint and was not confirmed yet, by whether that was logged. */
	changed = new Map<string, boolean>();
}

/**
 * What the webhook triggers of a process remember. It lasts only as long as the process, so everything also
 * works without it (docs/n8n-engine.md#process-memory-and-queue-mode).
 */
export class TriggerMemory {
	readonly recentDeliveries = new RecentDeliveries();
	/** By workflow and address: when the last setup failed, in ms. */
	readonly failedSetUps = new BoundedMap<number>(1000);
	private readonly nodes = new BoundedMap<NodeMemory>(1000);

	getNode(context: IHookFunctions | IWebhookFunctions): NodeMemory {
		const key = getNodeKey(context);
		const node = this.nodes.get(key) ?? new NodeMemory();
		this.nodes.set(key, node);
		return node;
	}

	/** Resolves when all work that followed deliveries has ended. */
	async whenIdle(): Promise<void> {
		for (const [, { upkeep }] of this.nodes) await upkeep;
	}
}

/** The memory that all webhook triggers of this process share. */
export const processMemory = new TriggerMemory();

/**
 * The key of a node in memory. It includes the webhookId, because n8n may give a renamed node another
 * node's static data (docs/n8n-engine.md#static-data), and the workflow, because a copied workflow may keep
 * its nodes' IDs. A node that listens for a test event also has a second endpoint, and so a second key.
 */
export function getNodeKey(context: IHookFunctions | IWebhookFunctions): string {
	const { webhookId, id } = context.getNode();
	const mode = isListening(context) ? 'test' : 'production';
	return `${mode}:${context.getWorkflow().id ?? ''}:${webhookId ?? id}`;
}
