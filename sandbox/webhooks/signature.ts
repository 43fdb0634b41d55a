import { createHmac } from 'node:crypto';

/**
 * Signature of a delivery: hex HMAC-SHA256 of the raw body. The whole secret is the key, `whsec_`
 * included; the timestamp is not covered (docs/pocketsflow-api.md#signature).
 */
export function sign(secret: string, body: string): string {
	return createHmac('sha256', secret).update(body, 'utf8').digest('hex');
}
