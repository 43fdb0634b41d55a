import type { IWebhookFunctions } from 'n8n-workflow';

import { credentialType, loadCredential } from '../transport/credential';
import { getNodeKey, type SigningSecret, type TriggerMemory } from './memory';
import type { SecretSource } from './secrets';

/** From this age on a known secret is read anew, beside the check of the delivery. */
const refreshAfterMs = 10_000;

/** From this age on it is no longer used: a secret that was replaced must not stay valid. */
const maxSecretAgeMs = 60_000;

/** Between two readings that a delivery waits for. */
const minReadIntervalMs = 1_000;

/**
 * The secret that was last read from the credential. n8n reads credentials from its database, which
 * in a burst takes longer than Pocketsflow waits for an answer; so a known secret is used at once.
 */
export const findKnownCredentialSecret: SecretSource = async (context, memory) => {
	const reading = memory.credentialReadings.get(getReadingKey(context));
	if (!reading || Date.now() - reading.lastSecretAtMs >= maxSecretAgeMs) return [];
	if (Date.now() - reading.startedAtMs >= refreshAfterMs)
		// When this fails the last secret stays valid until its age ends.
		readCredential(context, memory).catch(() => undefined);
	return toList(reading.lastSecret);
};

/** The secret in the credential now, or of the reading that began less than a second ago. */
export const findCredentialSecret: SecretSource = async (context, memory) => {
	const reading = memory.credentialReadings.get(getReadingKey(context));
	const isFresh = reading !== undefined && Date.now() - reading.startedAtMs < minReadIntervalMs;
	return toList(await (isFresh ? reading.result : readCredential(context, memory)));
};

const toList = (known: SigningSecret | undefined) => (known ? [known] : []);

const getReadingKey = (context: IWebhookFunctions) =>
	`${getNodeKey(context)} ${context.getNode().credentials?.[credentialType]?.id ?? ''}`;

async function readCredential(
	context: IWebhookFunctions,
	{ credentialReadings }: TriggerMemory,
): Promise<SigningSecret | undefined> {
	const key = getReadingKey(context);
	const result = readSecret(context);
	const { lastSecret, lastSecretAtMs = -Infinity } = credentialReadings.get(key) ?? {};
	const reading = { startedAtMs: Date.now(), result, lastSecret, lastSecretAtMs };
	credentialReadings.set(key, reading);
	reading.lastSecret = await result;
	reading.lastSecretAtMs = reading.startedAtMs;
	return reading.lastSecret;
}

async function readSecret(context: IWebhookFunctions): Promise<SigningSecret | undefined> {
	const credential = await context.getCredentials(credentialType);
	const secret = String(credential.webhookSigningSecret ?? '').trim();
	return secret === '' ? undefined : { secret, mode: (await loadCredential(context)).mode };
}
