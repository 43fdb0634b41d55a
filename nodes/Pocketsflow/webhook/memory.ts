import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { BoundedMap } from '../transport/boundedMap';
import type { Endpoint } from './endpoints';
import { Keyring } from './keyring';
import { isListening, type TriggerSettings } from './settings';

/**
 * Recent deliveries of this process, so that a redelivery starts no second execution. Bounded in
 * number and age, and empty after a restart, when a redelivery may start one: lasting
 * de-duplication belongs to the workflow, on `eventId`, because n8n loses static data that is
 * written while it handles a delivery (docs/n8n-engine.md#static-data).
 */
export class RecentDeliveries {
	private readonly receivedAtMs: BoundedMap<number>;

	/** @param ageMs how long a delivery is remembered; a repetition does not lengthen it */
	constructor(
		capacity = 10_000,
		private readonly ageMs = 10 * 60_000,
	) {
		this.receivedAtMs = new BoundedMap(capacity);
	}

	/**
	 * Records a delivery. Synchronous, so that of concurrent copies exactly one is new.
	 * @param key what a repetition has in common with the delivery that it repeats
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

/** Between two lines about refused deliveries of one node. */
const lineIntervalMs = 60_000;

/** Counts the refused deliveries of a node, so that a flood of forged ones does not flood the log. */
export class RefusalLog {
	private loggedAtMs = -Infinity;
	/** How many were refused since the last line, by reason. */
	private counts = new Map<string, number>();

	/**
	 * Records a refused delivery.
	 * @returns what to log: all that were refused since the last line. Undefined within a minute after it
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
	/** The settings when they could last be read. */
	settings?: TriggerSettings;
	/** The user whose events the node gets. */
	account?: string;
	/** The endpoints that `checkExists` listed, for the `create` that follows. */
	listed?: { endpoints: Endpoint[]; atMs: number };
	/** The work on the endpoint that follows a delivery now. Never rejects. */
	upkeep?: Promise<void>;
	/** When the next one may begin. */
	upkeepNotBeforeMs = -Infinity;
	/** The address at which the node was last deactivated, and when that ended. */
	closed?: { url: string; atMs: number };
	/** Whether the latest upkeep found no endpoint in Pocketsflow. */
	isMissing = false;
	/** How often an upkeep replaced the endpoint lately, and when it was last. */
	replaced = { times: 0, atMs: -Infinity };
	/** Whether Pocketsflow does not keep a description as it was sent. */
	losesCopy = false;
	/** What was changed about the endpoint and has not been seen changed yet, by whether that was logged. */
	changed = new Map<string, boolean>();
}

/**
 * What the webhook triggers of a process remember, and no longer than it lives, so everything works when
 * it is empty (docs/n8n-engine.md#process-memory-and-queue-mode).
 */
export class TriggerMemory {
	readonly recentDeliveries = new RecentDeliveries();
	/** By workflow and address: when the latest set-up failed, in ms. */
	readonly failedSetUps = new BoundedMap<number>(1000);
	private readonly nodes = new BoundedMap<NodeMemory>(1000);

	getNode(context: IHookFunctions | IWebhookFunctions): NodeMemory {
		const key = getNodeKey(context);
		const node = this.nodes.get(key) ?? new NodeMemory();
		this.nodes.set(key, node);
		return node;
	}

	/** Ends when all work that followed deliveries has. */
	async whenIdle(): Promise<void> {
		for (const [, { upkeep }] of this.nodes) await upkeep;
	}
}

/** The memory that all webhook triggers of this process share. */
export const processMemory = new TriggerMemory();

/**
 * The key of a node in memory. With its webhookId, because n8n may give a renamed node another
 * node's static data (docs/n8n-engine.md#static-data); with its workflow, because a copied workflow
 * may keep the IDs of its nodes. A node that listens for a test event has a second endpoint
 * meanwhile, and so a second key.
 */
export function getNodeKey(context: IHookFunctions | IWebhookFunctions): string {
	const { webhookId, id } = context.getNode();
	const mode = isListening(context) ? 'test' : 'production';
	return `${mode}:${context.getWorkflow().id ?? ''}:${webhookId ?? id}`;
}
