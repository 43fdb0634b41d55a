import type { IWebhookFunctions } from 'n8n-workflow';

import { isSignedBy, parseSignature, type SignatureCheck } from '../events/signature';
import type { Keyring, Secret } from './keyring';

/** A valid delivery with the secret that it was signed with, or the reason to refuse it. */
export type Verification =
	| { valid: true; secret: Secret }
	| Extract<SignatureCheck, { valid: false }>;

/**
 * Checks a delivery against every secret that may be right, until one is: those that are known, then
 * static data, then Pocketsflow. No secret is looked up for a request without a body or with a header
 * that cannot be a signature.
 * @param rawBody the bytes as received
 * @param header the X-Pocketsflow-Signature header
 * @throws when the credential cannot be read
 */
export async function verifyDelivery(
	context: IWebhookFunctions,
	keyring: Keyring,
	rawBody: Uint8Array | undefined,
	header: unknown,
): Promise<Verification> {
	if (!rawBody || rawBody.length === 0) return { valid: false, reason: 'no body' };
	const { digest, fault } = parseSignature(header);
	if (digest === undefined) return { valid: false, reason: fault };
	const find = () => keyring.secrets.find(({ secret }) => isSignedBy(rawBody, digest, secret));
	let found = find();
	if (!found && (await keyring.openStored(context))) found = find();
	// An answer may be of a moment before another process replaced the endpoint: then it is asked for again.
	const arrivedAtMs = Date.now();
	for (let tries = 0; tries < 2 && !found && keyring.canLearnFrom(rawBody, arrivedAtMs); tries++) {
		await keyring.lookUp(context);
		found = find();
		if (!keyring.getReading()) break;
	}
	if (!found)
		return {
			valid: false,
			reason: keyring.secrets.length > 0 ? 'wrong signature' : 'no secret',
		};
	keyring.prefer(found);
	return { valid: true, secret: found };
}
