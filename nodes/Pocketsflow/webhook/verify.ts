import type { IWebhookFunctions } from 'n8n-workflow';

import { isSignedBy, parseSignature, type SignatureCheck } from '../events/signature';
import type { Keyring, Secret } from './keyring';

/** A valid delivery with the secret that it was signed with, or the reason to refuse it. */
export type Verification =
	| { valid: true; secret: Secret }
	| {
			valid: false;
			reason: Extract<SignatureCheck, { valid: false }>['reason'] | 'the credential cannot be read';
	  };

/**
 * Checks a delivery against every secret that may be right until one matches: known secrets, then static
 * data, then Pocketsflow. Looks up none for what can't be signed. Never throws: n8n would store a failed
 * execution for anyone who knows the URL.
 * @param header the X-Pocketsflow-Signature header
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
	const arrivedAtMs = Date.now();
	const find = () => keyring.secrets.find(({ secret }) => isSignedBy(rawBody, digest, secret));
	try {
		let found = find();
		if (!found) {
			await keyring.openStored(context);
			// Always: a copy that arrived at the same moment may have learned it meanwhile.
			found = find();
		}
		while (!found && (await keyring.lookUp(context, rawBody, arrivedAtMs))) found = find();
		if (found) {
			keyring.prefer(found);
			return { valid: true, secret: found };
		}
	} catch {
		return { valid: false, reason: 'the credential cannot be read' };
	}
	return { valid: false, reason: keyring.secrets.length > 0 ? 'wrong signature' : 'no secret' };
}
