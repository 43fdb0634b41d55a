import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const version = 1;
const ivBytes = 12;
const tagBytes = 16;

const keyFrom = (apiKey: string) =>
	Buffer.from(hkdfSync('sha256', apiKey, 'n8n-nodes-pocketsflow', 'webhook signing secret', 32));

/**
 * Encrypts a signing secret with a key derived from the API key (AES-256-GCM), so that neither n8n's
 * database nor the endpoint's description holds it in clear. The endpoint's URL is bound in: a sealed
 * secret that is copied to another endpoint does not open.
 */
export function seal(secret: string, apiKey: string, endpointUrl: string): string {
	const iv = randomBytes(ivBytes);
	const cipher = createCipheriv('aes-256-gcm', keyFrom(apiKey), iv);
	cipher.setAAD(Buffer.from(endpointUrl));
	const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
	return Buffer.concat([Buffer.from([version]), iv, cipher.getAuthTag(), sealed]).toString(
		'base64url',
	);
}

/** Opens what `seal` made; undefined for anything else, another API key or another endpoint. */
export function unseal(sealed: unknown, apiKey: string, endpointUrl: string): string | undefined {
	if (typeof sealed !== 'string') return undefined;
	const bytes = Buffer.from(sealed, 'base64url');
	if (bytes[0] !== version || bytes.length <= 1 + ivBytes + tagBytes) return undefined;
	const tagAt = 1 + ivBytes;
	const decipher = createDecipheriv('aes-256-gcm', keyFrom(apiKey), bytes.subarray(1, tagAt));
	decipher.setAAD(Buffer.from(endpointUrl));
	decipher.setAuthTag(bytes.subarray(tagAt, tagAt + tagBytes));
	try {
		return Buffer.concat([
			decipher.update(bytes.subarray(tagAt + tagBytes)),
			decipher.final(),
		]).toString('utf8');
	} catch {
		return undefined;
	}
}

const mark = 'n8n-nodes-pocketsflow';

/** The description of an endpoint that we registered: our mark and the sealed secret. */
export function describeEndpoint(sealed?: string): string {
	return `Registered by n8n, do not edit (${[mark, sealed].filter(Boolean).join(':')})`;
}

/** Whether an endpoint's description says that we registered it, and the sealed secret in it. */
export function readDescription(description: unknown): { ours: boolean; sealed?: string } {
	if (typeof description !== 'string') return { ours: false };
	const found = /\(n8n-nodes-pocketsflow(?::([\w-]+))?\)/.exec(description);
	return found ? { ours: true, sealed: found[1] } : { ours: false };
}
