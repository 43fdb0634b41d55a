import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { BoundedMap } from '../transport/boundedMap';
import type { Endpoint } from './endpoints';
import { Keyring, Throttle } from './keyring';
import { isListening, type TriggerSettings } from './settings';

/** What this process remembers of one node. */
export class NodeMemory {
	readonly keyring = new Keyring();
	/** How many deliveries were refused since the last line, by reason. */
	readonly refusals = new Map<string, number>();
	readonly refusalLines = new Throttle(60_000);
	/** The same for a genuine one that is sent again with other event headers, which are not signed. */
	readonly unknownEventLines = new Throttle(60_000);
	/** The settings when they were last readable. */
	settings?: TriggerSettings;
	account?: string;
	/** The endpoints that `checkExists` listed, for the `create` that follows. */
	listed?: { endpoints: Endpoint[]; atMs: number };
	/** Work on the endpoint that follows a delivery. Never rejects. */
	upkeep?: Promise<void>;
	upkeepNotBeforeMs = -Infinity;
	/** The address at which the node was last deactivated. What was read until then no longer counts. */
	closed?: { url: string; untilMs: number };
	/** Whether the latest upkeep found no endpoint in Pocketsflow. */
	isMissing = false;
	/** How often upkeeps replaced the endpoint recently, and when they last did. */
	replaced = { times: 0, atMs: -Infinity };
	/** Parts of the endpoint that were changed and may not have lasted, by whether that was logged. */
	unsaved = new Map<string, boolean>();
}

/** How long a delivery is remembered; a repetition does not extend it. */
const repetitionMs = 10 * 60_000;

/**
 * What the webhook triggers of a process remember. Everything also works without it
 * (docs/n8n-engine.md#process-memory-and-queue-mode).
 */
export class TriggerMemory {
	/** When recent deliveries arrived. Permanent deduplication belongs in the workflow, on `eventId`. */
	private readonly deliveries = new BoundedMap<number>(10_000);
	/** By workflow and address: when the last setup failed, in ms. */
	readonly failedSetUps = new BoundedMap<number>(1000);
	private readonly nodes = new BoundedMap<NodeMemory>(1000);

	getNode(context: IHookFunctions | IWebhookFunctions): NodeMemory {
		const key = getNodeKey(context);
		const node = this.nodes.get(key) ?? new NodeMemory();
		this.nodes.set(key, node);
		return node;
	}

	/** Records a delivery by its repetition key. @returns whether it is a repetition */
	recordDelivery(key: string, nowMs: number): boolean {
		if (nowMs - (this.deliveries.get(key) ?? -Infinity) <= repetitionMs) return true;
		this.deliveries.set(key, nowMs);
		return false;
	}

	/** Resolves when all work that followed deliveries has ended. */
	async whenIdle(): Promise<void> {
		for (const [, { upkeep }] of this.nodes) await upkeep;
	}
}

export const processMemory = new TriggerMemory();

/**
 * The key of a node in memory. A renamed node may have another node's static data
 * (docs/n8n-engine.md#static-data), a copied workflow the same nodes' IDs. A node that listens for a test
 * event has a second endpoint, and so a second key.
 */
export function getNodeKey(context: IHookFunctions | IWebhookFunctions): string {
	const { webhookId, id } = context.getNode();
	const mode = isListening(context) ? 'test' : 'production';
	return `${mode}:${context.getWorkflow().id ?? ''}:${webhookId ?? id}`;
}
