import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { loadCredential, type PocketsflowCredential } from '../transport/credential';
import type { Endpoint } from './endpoints';
import { getNodeKey, type EndpointSecret, type SigningSecret, type TriggerMemory } from './memory';
import { describeEndpoint, readDescription, seal, unseal } from './sealing';
import { readStaticData, type TriggerStaticData } from './staticData';
import { getWebhookUrl, isRequestedUrl, isSameUrl } from './webhookUrl';

/** One place where a delivery's secret may be found. @returns none where it is not there */
export type SecretSource<Secret extends SigningSecret = SigningSecret> = (
	context: IWebhookFunctions,
	memory: TriggerMemory,
) => Promise<Secret[]>;

/** For how long a sealed text that does not open is not tried again. */
const closedTextAgeMs = 10_000;

/** Keeps an endpoint's secret: sealed in static data, open in memory. */
export function storeSecret(
	context: IHookFunctions,
	memory: TriggerMemory,
	{ apiKey, mode }: PocketsflowCredential,
	{ id, url }: Endpoint,
	secret: string,
): void {
	const stored = readStaticData(context);
	if (unseal(stored.sealedSecret, apiKey, url) !== secret)
		stored.sealedSecret = seal(secret, apiKey, url);
	stored.endpointId = id;
	stored.url = url;
	memory.recoveryByNode.delete(getNodeKey(context));
	rememberSecret(context, memory, { secret, mode, url });
}

/** The description of an endpoint of this workflow at that URL, with its secret sealed in it. */
export const describeSealed = (
	context: IHookFunctions | IWebhookFunctions,
	{ apiKey }: PocketsflowCredential,
	url: string,
	secret: string,
): string => describeEndpoint(context.getWorkflow().id, seal(secret, apiKey, url));

/**
 * Keeps a secret in memory.
 * @param knownSinceMs when it was known to be right: one that was registered later is kept
 */
export function rememberSecret(
	context: IHookFunctions | IWebhookFunctions,
	{ secretByNode }: TriggerMemory,
	{ secret, mode, url }: EndpointSecret,
	knownSinceMs = Date.now(),
): void {
	const key = getNodeKey(context);
	const confirmedAtMs = secretByNode.get(key)?.confirmedAtMs ?? -Infinity;
	if (confirmedAtMs <= knownSinceMs)
		secretByNode.set(key, { secret, mode, url, confirmedAtMs: knownSinceMs });
}

/** Forgets this node's endpoint, and whatever stands at its URL, in static data and in memory. */
export function forgetSecret(context: IHookFunctions, memory: TriggerMemory, url: string): void {
	const stored = readStaticData(context);
	delete stored.endpointId;
	delete stored.sealedSecret;
	delete stored.url;
	const nodeKey = getNodeKey(context);
	memory.secretByNode.delete(nodeKey);
	memory.recoveryByNode.delete(nodeKey);
	memory.upkeepByNode.delete(nodeKey);
	for (const [key, known] of memory.secretByNode)
		if (isSameUrl(known.url, url)) memory.secretByNode.delete(key);
	for (const [key, { known }] of memory.storedSecrets)
		if (known && isSameUrl(known.url, url)) memory.storedSecrets.delete(key);
}

/**
 * No longer accepts the secret in static data, where Pocketsflow says that our endpoint has another
 * one: another process registered it anew.
 */
export function rejectStoredSecret(
	context: IWebhookFunctions,
	{ storedSecrets }: TriggerMemory,
	validSecrets: EndpointSecret[],
): void {
	const key = getStoredKey(context);
	const stored = storedSecrets.get(key);
	if (validSecrets.length === 0 || !stored?.known) return;
	const { secret } = stored.known;
	if (validSecrets.some((valid) => valid.secret === secret)) return;
	storedSecrets.set(key, { known: undefined, validUntilMs: Infinity });
}

/** Opens an endpoint's secret: the copy in its description, else the one in static data. */
export function openEndpointSecret(
	{ id, url, description }: Endpoint,
	{ apiKey }: PocketsflowCredential,
	stored: TriggerStaticData = {},
): string | undefined {
	const secret = unseal(readDescription(description).sealed, apiKey, url);
	if (secret !== undefined || id !== stored.endpointId) return secret;
	return unseal(stored.sealedSecret, apiKey, url);
}

export const findRememberedSecret: SecretSource<EndpointSecret> = async (context, memory) => {
	const known = memory.secretByNode.get(getNodeKey(context));
	return known ? [known] : [];
};

/** The sealed secret in static data, which may be missing or out of date. */
export const findStoredSecret: SecretSource<EndpointSecret> = async (
	context,
	{ storedSecrets },
) => {
	const { sealedSecret, url } = readStaticData(context);
	if (sealedSecret === undefined) return [];
	const key = getStoredKey(context);
	let stored = storedSecrets.get(key);
	if (!stored || stored.validUntilMs <= Date.now()) {
		const known = await openStoredSecret(context, sealedSecret, url);
		const validUntilMs = known ? Infinity : Date.now() + closedTextAgeMs;
		stored = { known, validUntilMs };
		storedSecrets.set(key, stored);
	}
	return stored.known ? [stored.known] : [];
};

const getStoredKey = (context: IWebhookFunctions) =>
	`${getNodeKey(context)} ${readStaticData(context).sealedSecret ?? ''}`;

/**
 * Opens with the URL that was registered where this request came to it, else with the present one.
 */
async function openStoredSecret(
	context: IWebhookFunctions,
	sealedSecret: string,
	storedUrl: string | undefined,
): Promise<EndpointSecret | undefined> {
	const { apiKey, mode } = await loadCredential(context);
	const url =
		storedUrl !== undefined && isRequestedUrl(context, storedUrl)
			? storedUrl
			: getWebhookUrl(context);
	const secret = unseal(sealedSecret, apiKey, url);
	return secret === undefined ? undefined : { secret, mode, url };
}
