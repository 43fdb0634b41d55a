import { createHmac, timingSafeEqual } from 'node:crypto';

type ParsedSignature =
	| { digest: string; fault?: undefined }
	| { digest?: undefined; fault: 'no signature' | 'malformed signature' };

export type SignatureCheck =
	| { valid: true }
	| {
			valid: false;
			reason: 'no secret' | 'no body' | 'no signature' | 'malformed signature' | 'wrong signature';
	  };

const hexDigest = /^[0-9a-f]{64}$/;

/**
 * Signs a body as Pocketsflow does: HMAC-SHA256 of the raw bytes in lower-case hex. The key is the whole
 * secret, including `whsec_`. The timestamp header is not signed (docs/pocketsflow-api.md#signature).
 */
export function sign(rawBody: Uint8Array, secret: string): string {
	return createHmac('sha256', secret).update(rawBody).digest('hex');
}

/** Whether only a part of a secret is shown. The rest is easy to guess, so it must sign nothing. */
export const isMasked = (secret: string): boolean => /[*•…]|\.\.\.|x{4}/i.test(secret);

/** Reads a signature header. Accepts upper case and a leading `sha256=`, nothing else. */
export function parseSignature(header: unknown): ParsedSignature {
	if (typeof header !== 'string' || header === '') return { fault: 'no signature' };
	const digest = header
		.trim()
		.toLowerCase()
		.replace(/^sha256=/, '');
	return hexDigest.test(digest) ? { digest } : { fault: 'malformed signature' };
}

/** Checks a signature header against the bytes as received, in constant time. */
export function checkSignature(
	rawBody: Uint8Array | undefined,
	header: unknown,
	secret: string | undefined,
): SignatureCheck {
	if (!secret) return { valid: false, reason: 'no secret' };
	if (!rawBody || rawBody.length === 0) return { valid: false, reason: 'no body' };
	const { digest, fault } = parseSignature(header);
	if (digest === undefined) return { valid: false, reason: fault };
	return isSignedBy(rawBody, digest, secret)
		? { valid: true }
		: { valid: false, reason: 'wrong signature' };
}

/** Whether a digest of `parseSignature` signs these bytes with this secret; in constant time. */
export const isSignedBy = (rawBody: Uint8Array, digest: string, secret: string): boolean =>
	timingSafeEqual(Buffer.from(digest), Buffer.from(sign(rawBody, secret)));
