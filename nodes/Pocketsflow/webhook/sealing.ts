import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

import { normalizeUrl } from './addresses';

/**
 * Marks the descriptions of our endpoints, and is part of the encryption key. If it changed, every stored
 * secret would be lost.
 */
const mark = 'n8n-nodes-pocketsflow';

const ivBytes = 12;
const tagBytes = 16;

const deriveKey = (apiKey: string) =>
	Buffer.from(hkdfSync('sha256', apiKey, mark, 'webhook signing secret', 32));

/**
 * Encrypts a signing secret (AES-256-GCM, key derived from the API key), so that neither n8n's database nor
 * the endpoint's description contains it in plain text. Opens for this URL only, in any spelling.
 */
export function seal(secret: string, apiKey: string, endpointUrl: string): string {
	const iv = randomBytes(ivBytes);
	const cipher = createCipheriv('aes-256-gcm', deriveKey(apiKey), iv);
	cipher.setAAD(Buffer.from(normalizeUrl(endpointUrl)));
	const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
	return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Decrypts a result of `seal`; undefined for anything else, another API key, or another endpoint. */
export function unseal(sealed: unknown, apiKey: string, endpointUrl: string): string | undefined {
	if (typeof sealed !== 'string') return undefined;
	const bytes = Buffer.from(sealed, 'base64url');
	const [iv, rest] = [bytes.subarray(0, ivBytes), bytes.subarray(ivBytes)];
	// Shorter authentication tags are valid, too, and could be guessed.
	if (rest.length <= tagBytes) return undefined;
	const decipher = createDecipheriv('aes-256-gcm', deriveKey(apiKey), iv);
	decipher.setAAD(Buffer.from(normalizeUrl(endpointUrl)));
	decipher.setAuthTag(rest.subarray(0, tagBytes));
	try {
		return decipher.update(rest.subarray(tagBytes), undefined, 'utf8') + decipher.final('utf8');
	} catch {
		return undefined;
	}
}

const markedPart = new RegExp(`\\(${mark}(?::([\\w-]+))?\\)`);

/** Read separately from the mark, so that it is found even if Pocketsflow cuts or escapes the rest. */
const workflowPart = /^Registered by n8n, workflow ([\w-]+), /;

/** The description of our endpoints. @param workflowId undefined if the workflow is not saved yet */
export function describeEndpoint(workflowId: string | undefined, sealed?: string): string {
	const workflow = workflowId ? `, workflow ${workflowId}` : '';
	return `Registered by n8n${workflow}, do not edit (${[mark, sealed].filter(Boolean).join(':')})`;
}

/** What the description of an endpoint says: our mark, the workflow, and the encrypted secret. */
export interface Mark {
	isMarked: boolean;
	workflowId?: string;
	sealed?: string;
}

export function readDescription(description: unknown): Mark {
	if (typeof description !== 'string') return { isMarked: false };
	const match = markedPart.exec(description);
	const workflowId = workflowPart.exec(description)?.[1];
	return { isMarked: match !== null, workflowId, sealed: match?.[1] };
}
