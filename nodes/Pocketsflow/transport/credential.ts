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

export const credentialType = 'pocketsflowApi';

export type PocketsflowContext =
	| IExecuteFunctions
	| IHookFunctions
	| ILoadOptionsFunctions
	| IPollFunctions
	| IWebhookFunctions;

/** A usable credential. Contains the key: never output it. */
export interface PocketsflowCredential extends CredentialFields {
	name: string;
}

// By context and item. Otherwise, n8n would decrypt the credential for every request of a list.
const cache = new WeakMap<PocketsflowContext, Map<number, PocketsflowCredential>>();

/**
 * Reads the credential of the node that `context` runs, once per item: its fields may hold
 * expressions that give each item another key.
 * @throws NodeOperationError, never with the key in its text, if the credential can't be used
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

/** Makes the next request read it again: all polls share a context (docs/n8n-engine.md#polling). */
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

/** Hashes key and URL, so that credentials can share a rate limit and no key is stored. */
export const hashCredential = ({ baseUrl, apiKey }: PocketsflowCredential): string =>
	createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('base64');
