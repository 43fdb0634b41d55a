import { createHmac, timingSafeEqual } from 'node:crypto';

export type SignatureCheck =
	| { valid: true }
	| {
			valid: false;
			reason: 'no secret' | 'no body' | 'no signature' | 'malformed signature' | 'wrong signature';
	  };

const hexDigest = /^[0-9a-f]{64}$/;

/**
 * Signs a body as Pocketsflow does: lower-case hex HMAC-SHA256 of the raw bytes, keyed with the secret as
 * given, `whsec_` included (contract C3). The timestamp is no part of it.
 */
export function sign(rawBody: Uint8Array, secret: string): string {
	return createHmac('sha256', secret).update(rawBody).digest('hex');
}

/**
 * Checks the X-Pocketsflow-Signature header over the raw bytes in constant time. Upper case and a leading
 * `sha256=` are accepted, nothing else (contract C3). Without a secret nothing is ever valid.
 */
export function checkSignature(
	rawBody: Uint8Array | undefined,
	header: unknown,
	secret: string | undefined,
): SignatureCheck {
	if (!secret) return { valid: false, reason: 'no secret' };
	if (!rawBody || rawBody.length === 0) return { valid: false, reason: 'no body' };
	if (typeof header !== 'string' || header === '') return { valid: false, reason: 'no signature' };
	const given = header
		.trim()
		.toLowerCase()
		.replace(/^sha256=/, '');
	if (!hexDigest.test(given)) return { valid: false, reason: 'malformed signature' };
	const isRight = timingSafeEqual(Buffer.from(given), Buffer.from(sign(rawBody, secret)));
	return isRight ? { valid: true } : { valid: false, reason: 'wrong signature' };
}
