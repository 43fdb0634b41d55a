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

/** A secret that one of our endpoints may have; only the signature of a delivery proves it. */
export interface SecretCandidate extends EndpointSecret {
	/** Whether it was sealed by us or shown in full, so that it is known even if it does not fit. */
	isComplete: boolean;
	/** When the reading of Pocketsflow's endpoints that gave it began. */
	readAtMs: number;
}

/** What Pocketsflow answered about the secrets that a delivery may be signed with. */
export interface RecoveryAnswer {
	startedAtMs: number;
	candidates: SecretCandidate[];
}

/** The recoveries of one node. Answers are remembered, failures are not. */
export interface RecoveryState {
	latest?: RecoveryAnswer;
	/** Undefined where no try succeeded. Never rejects. */
	running?: Promise<RecoveryAnswer | undefined>;
	/** How many tries may begin, and since when that is counted. */
	tries: number;
	countedAtMs: number;
}

/** The checks of a node's endpoint that follow deliveries. */
export interface Upkeep {
	isRunning: boolean;
	/** When the next one may begin. */
	notBeforeMs: number;
	/** Whether the latest found no endpoint at Pocketsflow. */
	isMissing: boolean;
	/** Whether Pocketsflow does not keep a description as it was sent. */
	losesDescription: boolean;
}

/** A secret that a delivery was signed with, or that was registered here. */
interface RememberedSecret extends EndpointSecret {
	/** When it was registered, opened, or last seen at Pocketsflow. */
	confirmedAtMs: number;
}

/** What is known of one sealed text in static data. */
interface StoredSecret {
	/** Undefined where it does not open, or holds the secret of an endpoint that is gone. */
	known: EndpointSecret | undefined;
	/** When the text is to be opened anew. */
	validUntilMs: number;
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

/**
 * What the webhook trigger keeps in memory. It lives as long as the process and no longer, so
 * everything here works when it is empty (docs/n8n-engine.md#process-memory-and-queue-mode).
 */
export interface TriggerMemory {
	/** By node (see `getNodeKey`): the secret of its own endpoint. */
	secretByNode: BoundedMap<RememberedSecret>;
	/** By node and sealed text, so that each text is opened once. */
	storedSecrets: BoundedMap<StoredSecret>;
	/** By node and credential, for endpoints that were made by hand. */
	credentialReadings: BoundedMap<CredentialReading>;
	/** By node: what Pocketsflow last answered about its endpoints. */
	recoveryByNode: BoundedMap<RecoveryState>;
	/** By node: the latest check of its endpoint. */
	upkeepByNode: BoundedMap<Upkeep>;
	recentDeliveries: RecentDeliveries;
	refusals: RefusalLog;
	/** By node: its settings when they could last be read. */
	settingsByNode: BoundedMap<TriggerSettings>;
	/** By node: the user whose events it gets. */
	accountByNode: BoundedMap<string>;
	/** By workflow and address: when the latest set-up failed, in ms. */
	failedSetUps: BoundedMap<number>;
}

const capacity = 1000;

export const newTriggerMemory = (): TriggerMemory => ({
	secretByNode: new BoundedMap(capacity),
	storedSecrets: new BoundedMap(capacity),
	credentialReadings: new BoundedMap(capacity),
	recoveryByNode: new BoundedMap(capacity),
	upkeepByNode: new BoundedMap(capacity),
	recentDeliveries: new RecentDeliveries(),
	refusals: new RefusalLog(),
	settingsByNode: new BoundedMap(capacity),
	accountByNode: new BoundedMap(capacity),
	failedSetUps: new BoundedMap(capacity),
});

/** The memory that all webhook triggers of this process share. */
export const processMemory = newTriggerMemory();

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
