import {
	NodeOperationError,
	type IExecuteFunctions,
	type IHookFunctions,
	type ILoadOptionsFunctions,
	type IPollFunctions,
	type IWebhookFunctions,
} from 'n8n-workflow';
import { createHash } from 'node:crypto';

/** The n8n name of the credential type. */
export const credentialType = 'pocketsflowApi';

/** Whether a key works on test data or on real sales; its prefix alone decides. */
export type Mode = 'test' | 'live';

/** Every n8n context from which a request to Pocketsflow can be sent. */
export type PocketsflowContext =
	| IExecuteFunctions
	| IHookFunctions
	| ILoadOptionsFunctions
	| IPollFunctions
	| IWebhookFunctions;

/** What the credential says about where and as whom requests are sent. Holds the key: never output it. */
export interface PocketsflowCredential {
	baseUrl: string;
	apiKey: string;
	mode: Mode;
	/** What the user called it. */
	name: string;
	ignoreSslIssues: boolean;
}

const defaultBaseUrl = 'https://api.pocketsflow.com';
const keyPattern = /^pk_(live|test)_[\x21-\x7e]+$/;

// A node that sends thousands of requests would otherwise make n8n read and decrypt the credential for each.
const cache = new WeakMap<PocketsflowContext, PocketsflowCredential>();

/**
 * Reads the credential of the node that `context` runs, once for each context.
 * @throws NodeOperationError, never with the key in its text, when the key cannot be a Pocketsflow key, the
 * Base URL is no web address, or n8n's "Allowed HTTP Request Domains" rule it out
 */
export async function loadCredential(context: PocketsflowContext): Promise<PocketsflowCredential> {
	const credential = cache.get(context) ?? (await readCredential(context));
	cache.set(context, credential);
	return credential;
}

/**
 * Lets the next request read the credential anew. n8n uses one context for all polls from activation on,
 * while the credential may be edited (docs/n8n-engine.md#polling).
 */
export function forgetCredential(context: PocketsflowContext): void {
	cache.delete(context);
}

async function readCredential(context: PocketsflowContext): Promise<PocketsflowCredential> {
	const fields = await context.getCredentials(credentialType);
	const node = context.getNode();
	const name = node.credentials?.[credentialType]?.name ?? 'Pocketsflow API';
	const refuse = (message: string, description: string) =>
		new NodeOperationError(node, message, { description });

	const apiKey = String(fields.apiKey ?? '').trim();
	const mode = keyPattern.exec(apiKey)?.[1] as Mode | undefined;
	if (!mode)
		throw refuse(
			`The API key in the credential "${name}" is not a Pocketsflow key: it must begin with pk_live_ or pk_test_`,
			'Nothing was sent. Copy the key again from Developers → API keys at Pocketsflow.',
		);

	const baseUrl = String(fields.baseUrl || defaultBaseUrl)
		.trim()
		.replace(/\/+$/, '');
	const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
	if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
		throw refuse(
			`The Base URL in the credential "${name}" is not a web address`,
			`Nothing was sent. It is usually ${defaultBaseUrl}.`,
		);
	if (!isAllowed(url, fields.allowedHttpRequestDomains, fields.allowedDomains))
		throw refuse(
			`The credential "${name}" does not allow requests to ${url.hostname}`,
			'Nothing was sent. Add this host to Allowed Domains in the credential, or correct its Base URL.',
		);

	return {
		baseUrl,
		apiKey,
		mode,
		name,
		ignoreSslIssues: fields.ignoreSslIssues === true,
	};
}

/**
 * n8n adds "Allowed HTTP Request Domains" to every credential but enforces them only in its own HTTP
 * Request node (docs/n8n-engine.md#credentials). As there, "None" does not concern a node made for the
 * credential, and the service's own address is always allowed.
 */
function isAllowed({ origin, hostname }: URL, restriction: unknown, domains: unknown): boolean {
	if (restriction !== 'domains' || origin === defaultBaseUrl) return true;
	return String(domains ?? '')
		.split(',')
		.map((domain) => domain.trim().toLowerCase())
		.some((domain) =>
			domain.startsWith('*.') ? hostname.endsWith(domain.slice(1)) : hostname === domain,
		);
}

/** Hashes a credential, so that those with the same key and address share one rate limit and no key is kept. */
export function hashCredential({ baseUrl, apiKey }: PocketsflowCredential): string {
	return createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('base64');
}

/** Replaces every Pocketsflow key in a text, such as that of a page that echoes the headers it was sent. */
export function redactKeys(text: string, { apiKey }: PocketsflowCredential): string {
	return text.replaceAll(apiKey, '[API key]').replace(/\bpk_(live|test)_\w+/g, '[API key]');
}
