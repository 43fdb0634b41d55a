import { createHmac } from 'node:crypto';

/** Hex HMAC-SHA256 of the raw body (docs/pocketsflow-api.md#signature). */
export function sign(secret: string, body: string): string {
	return createHmac('sha256', secret).update(body, 'utf8').digest('hex');
}
