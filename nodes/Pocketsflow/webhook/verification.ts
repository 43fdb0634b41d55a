import type { IWebhookFunctions } from 'n8n-workflow';

import type { Mode } from '../transport/credential';
import { findCredentialSecret, findKnownCredentialSecret } from './credentialSecret';
import type { EndpointSecret, SecretCandidate, TriggerMemory } from './memory';
import { findRecoveredSecrets, recoverSecrets } from './recovery';
import {
	findRememberedSecret,
	findStoredSecret,
	rememberSecret,
	type SecretSource,
} from './secrets';
import { usesExistingEndpoint } from './settings';
import { checkSignature, parseSignature, type SignatureCheck } from '../events/signature';

/** A valid delivery with the mode of the credential's API key, or the reason to refuse it. */
export type Verification = { valid: true; mode: Mode } | Extract<SignatureCheck, { valid: false }>;

// The nearest place first: static data can be missing or out of date, then Pocketsflow has a copy.
const ownEndpointSources: Array<SecretSource<EndpointSecret & Partial<SecretCandidate>>> = [
	findRememberedSecret,
	findStoredSecret,
	findRecoveredSecrets,
	recoverSecrets,
];

const existingEndpointSources: SecretSource[] = [findKnownCredentialSecret, findCredentialSecret];

/**
 * Checks a delivery against every secret that may be right, until one is. No secret is looked up
 * for a request without a body or with a header that cannot be a signature.
 * @param rawBody the bytes as received
 * @param header the X-Pocketsflow-Signature header
 * @throws when the credential cannot be read
 */
export async function verifyDelivery(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	rawBody: Uint8Array | undefined,
	header: unknown,
): Promise<Verification> {
	if (!rawBody || rawBody.length === 0) return { valid: false, reason: 'no body' };
	const { fault } = parseSignature(header);
	if (fault) return { valid: false, reason: fault };
	const fits = (secret: string) => checkSignature(rawBody, header, secret).valid;
	return usesExistingEndpoint(context)
		? await verifyForExistingEndpoint(context, memory, fits)
		: await verifyForOwnEndpoint(context, memory, fits);
}

async function verifyForExistingEndpoint(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	fits: (secret: string) => boolean,
): Promise<Verification> {
	let isSecretKnown = false;
	for (const findSecrets of existingEndpointSources)
		for (const { secret, mode } of await findSecrets(context, memory)) {
			if (fits(secret)) return { valid: true, mode };
			isSecretKnown = true;
		}
	return { valid: false, reason: isSecretKnown ? 'wrong signature' : 'no secret' };
}

async function verifyForOwnEndpoint(
	context: IWebhookFunctions,
	memory: TriggerMemory,
	fits: (secret: string) => boolean,
): Promise<Verification> {
	const startedAtMs = Date.now();
	const remembered = await findRememberedSecret(context, memory);
	let isSecretKnown = false;
	for (const findSecrets of ownEndpointSources)
		for (const known of await findSecrets(context, memory)) {
			if (fits(known.secret)) {
				if (!remembered.some(({ secret }) => secret === known.secret))
					rememberSecret(context, memory, known, known.readAtMs ?? startedAtMs);
				return { valid: true, mode: known.mode };
			}
			isSecretKnown ||= known.isComplete !== false;
		}
	return { valid: false, reason: isSecretKnown ? 'wrong signature' : 'no secret' };
}
