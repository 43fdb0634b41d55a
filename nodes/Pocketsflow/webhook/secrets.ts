import type { IHookFunctions, IWebhookFunctions } from 'n8n-workflow';

import { loadCredential, type PocketsflowCredential } from '../transport/credential';
import type { Endpoint } from './endpoints';
import { getNodeKey, type EndpointSecret, type SigningSecret, type TriggerMemory } from './memory';
import { readDescription, seal, unseal } from './sealing';
import { getWebhookUrl, isRequestedUrl } from './webhookUrl';

/**
 * What the trigger keeps in static data. Written in hooks only (docs/n8n-engine.md#static-data).
 */
interface TriggerStaticData {
	/** Our endpoint at Pocketsflow. */
	endpointId?: string;
	/** Its signing secret, sealed. */
	sealedSecret?: string;
	/**
	 * Its URL. After a restart with another WEBHOOK_URL this is no longer the address of this n8n.
	 */
	url?: string;
	/** The user whose events it sends (`userId` of the API). */
	account?: string;
}

/** One place where a delivery's secret may be found. @returns undefined where it is not there */
export type SecretSource = (
	context: IWebhookFunctions,
	memory: TriggerMemory,
) => Promise<SigningSecret | undefined>;

export const readStaticData = (context: IHookFunctions | IWebhookFunctions): TriggerStaticData =>
	context.getWorkflowStaticData('node') as TriggerStaticData;

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
	memory.secretByNode.set(getNodeKey(context), { secret, mode, url });
}

/** Forgets the endpoint at this URL and its secret, in static data and in memory. */
export function forgetSecret(context: IHookFunctions, memory: TriggerMemory, url: string): void {
	const stored = readStaticData(context);
	delete stored.endpointId;
	delete stored.sealedSecret;
	delete stored.url;
	for (const secrets of [memory.secretByNode, memory.secretBySealedText])
		for (const [key, known] of secrets) if (known.url === url) secrets.delete(key);
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

export const findRememberedSecret: SecretSource = async (context, memory) =>
	memory.secretByNode.get(getNodeKey(context));

/** The sealed secret in static data, which may be missing or out of date. */
export const findStoredSecret: SecretSource = async (context, memory) => {
	const { sealedSecret, url } = readStaticData(context);
	if (sealedSecret === undefined) return undefined;
	const known =
		memory.secretBySealedText.get(sealedSecret) ??
		(await openStoredSecret(context, sealedSecret, url));
	if (known) memory.secretBySealedText.set(sealedSecret, known);
	return known;
};

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
