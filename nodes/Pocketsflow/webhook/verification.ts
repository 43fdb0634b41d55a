import type { IWebhookFunctions } from 'n8n-workflow';

import type { Mode } from '../transport/credential';
import { findCredentialSecret, findKnownCredentialSecret } from './credentialSecret';
import type { TriggerMemory } from './memory';
import { recoverSecret } from './recovery';
import { findRememberedSecret, findStoredSecret, type SecretSource } from './secrets';
import { usesExistingEndpoint } from './settings';
import { checkSignature, parseSignature, type SignatureCheck } from './signature';

/** A valid delivery with the mode of the credential's API key, or the reason to refuse it. */
export type Verification = { valid: true; mode: Mode } | Extract<SignatureCheck, { valid: false }>;

// The nearest place first: static data can be missing or out of date, then Pocketsflow has a copy.
const ownEndpointSources: SecretSource[] = [findRememberedSecret, findStoredSecret, recoverSecret];

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

	let isSecretKnown = false;
	for (const findSecret of usesExistingEndpoint(context)
		? existingEndpointSources
		: ownEndpointSources) {
		const known = await findSecret(context, memory);
		if (known && checkSignature(rawBody, header, known.secret).valid)
			return { valid: true, mode: known.mode };
		isSecretKnown ||= known !== undefined;
	}
	return { valid: false, reason: isSecretKnown ? 'wrong signature' : 'no secret' };
}
