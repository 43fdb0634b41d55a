import {
	NodeOperationError,
	type IExecuteFunctions,
	type IHookFunctions,
	type ILoadOptionsFunctions,
	type IPollFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';
import { createHash } from 'node:crypto';

import { readCredentialFields, type CredentialFields } from './credentialFields';

/** The n8n name of the credential type. */
export const credentialType = 'pocketsflowApi';

/** Every n8n context from which a request to Pocketsflow can be sent. */
export type PocketsflowContext =
	| IExecuteFunctions
	| IHookFunctions
	| ILoadOptionsFunctions
	| IPollFunctions
	| IWebhookFunctions;

/** A usable credential. Holds the key: never output it. */
export interface PocketsflowCredential extends CredentialFields {
	/** What the user called it. */
	name: string;
}

// By context and item. Every request of a list would otherwise make n8n read and decrypt the credential.
const cache = new WeakMap<PocketsflowContext, Map<number, PocketsflowCredential>>();

/**
 * Reads the credential of the node that `context` runs, once for each item: its fields may hold expressions
 * that give each item another key.
 * @throws NodeOperationError, never with the key in its text, when the credential cannot be used
 */
export async function loadCredential(
	context: PocketsflowContext,
	itemIndex?: number,
): Promise<PocketsflowCredential> {
	const credentials = cache.get(context) ?? new Map<number, PocketsflowCredential>();
	cache.set(context, credentials);
	const credential = credentials.get(itemIndex ?? 0) ?? (await readCredential(context, itemIndex));
	credentials.set(itemIndex ?? 0, credential);
	return credential;
}

/**
 * Lets the next request read the credential again. n8n uses one context for all polls from activation on,
 * while the credential may be edited (docs/n8n-engine.md#polling).
 */
export function forgetCredential(context: PocketsflowContext): void {
	cache.delete(context);
}

async function readCredential(
	context: PocketsflowContext,
	itemIndex: number | undefined,
): Promise<PocketsflowCredential> {
	const fields = await context.getCredentials(credentialType, itemIndex);
	const node = context.getNode();
	const name = node.credentials?.[credentialType]?.name ?? 'Pocketsflow API';
	const credential = readCredentialFields(fields, `the credential "${name}"`);
	if ('message' in credential)
		throw new NodeOperationError(node, credential.message, {
			description: credential.description,
			itemIndex,
		});
	return { ...credential, name };
}

/** Hashes a credential, so that those with the same key and address share one rate limit and no key is kept. */
export function hashCredential({ baseUrl, apiKey }: PocketsflowCredential): string {
	return createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('base64');
}
