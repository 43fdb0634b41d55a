import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import type { Mode } from '../transport/credential';
import { BoundedMap } from '../transport/boundedMap';
import { RecentDeliveries } from './duplicates';
import { RefusalLog } from './refusals';
import { isListening, type TriggerSettings } from './settings';

/** A signing secret, and the mode of the API key in the same credential. */
export interface SigningSecret {
	secret: string;
	mode: Mode;
}

/** The signing secret of an endpoint that we registered, and the URL of that endpoint. */
export interface EndpointSecret extends SigningSecret {
	url: string;
}

/**
 * The latest reading of a credential's signing secret, and the result of the latest that succeeded.
 */
interface CredentialReading {
	startedAtMs: number;
	/** Rejects when the credential cannot be read. */
	result: Promise<SigningSecret | undefined>;
	lastSecret: SigningSecret | undefined;
	/** When the reading that gave `lastSecret` began; -Infinity before the first. */
	lastSecretAtMs: number;
}

/** An attempt to read a secret back from Pocketsflow. */
export interface Recovery {
	startedAtMs: number;
	/** Undefined where nothing was found. Never rejects. */
	result: Promise<EndpointSecret | undefined>;
}

/**
 * What the webhook trigger keeps in memory. It lives as long as the process and no longer, so
 * everything here works when it is empty (docs/n8n-engine.md#process-memory-and-queue-mode).
 */
export interface TriggerMemory {
	/** By node (see `getNodeKey`): the secret of its own endpoint. */
	secretByNode: BoundedMap<EndpointSecret>;
	/** By sealed text: the secret in it, so that each text is opened once. */
	secretBySealedText: BoundedMap<EndpointSecret>;
	/** By node and credential, for endpoints that were made by hand. */
	credentialReadings: BoundedMap<CredentialReading>;
	/** By node: its latest recovery. */
	recoveryByNode: BoundedMap<Recovery>;
	recentDeliveries: RecentDeliveries;
	refusals: RefusalLog;
	/** By node: its settings when they could last be read. */
	settingsByNode: BoundedMap<TriggerSettings>;
	/** By node: the user whose events it gets. */
	accountByNode: BoundedMap<string>;
}

const capacity = 1000;

export const newTriggerMemory = (): TriggerMemory => ({
	secretByNode: new BoundedMap(capacity),
	secretBySealedText: new BoundedMap(capacity),
	credentialReadings: new BoundedMap(capacity),
	recoveryByNode: new BoundedMap(capacity),
	recentDeliveries: new RecentDeliveries(),
	refusals: new RefusalLog(),
	settingsByNode: new BoundedMap(capacity),
	accountByNode: new BoundedMap(capacity),
});

/** The memory that all webhook triggers of this process share. */
export const processMemory = newTriggerMemory();

/**
 * The key of a node in memory: its webhookId, because n8n may give a renamed node another node's
 * static data (docs/n8n-engine.md#static-data). A node that listens for a test event has a second
 * endpoint meanwhile, and so a second key.
 */
export function getNodeKey(context: IHookFunctions | IWebhookFunctions): string {
	const { webhookId, id } = context.getNode();
	return `${isListening(context) ? 'test' : 'production'}:${webhookId ?? id}`;
}
