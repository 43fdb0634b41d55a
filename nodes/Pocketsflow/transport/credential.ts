import { NodeOperationError } from 'n8n-workflow';
import { createHash } from 'node:crypto';

import { credentialType, type Mode, type PocketsflowContext } from '../api/request';

/** What the credential says about where and as whom requests are sent. Holds the key: never output it. */
export interface Account {
	baseUrl: string;
	apiKey: string;
	mode: Mode;
	/** The operator's name for the credential. */
	credentialName: string;
	ignoreSslIssues: boolean;
}

const ownAddress = 'https://api.pocketsflow.com';
const keyForm = /^pk_(live|test)_[\x21-\x7e]+$/;

// A node that sends thousands of requests would otherwise make n8n read and decrypt the credential for each.
const accounts = new WeakMap<PocketsflowContext, Account>();

/**
 * Reads the credential of the node that `context` runs, once for each context.
 * @throws NodeOperationError when its key cannot be a Pocketsflow key, its Base URL is no web address or
 * n8n's "Allowed HTTP Request Domains" rule it out; the text never holds the key
 */
export async function accountOf(context: PocketsflowContext): Promise<Account> {
	const account = accounts.get(context) ?? (await readAccount(context));
	accounts.set(context, account);
	return account;
}

/**
 * Lets the next request read the credential anew: n8n uses one context for all polls from activation on,
 * while the credential may be edited.
 */
export function forgetAccount(context: PocketsflowContext): void {
	accounts.delete(context);
}

async function readAccount(context: PocketsflowContext): Promise<Account> {
	const credential = await context.getCredentials(credentialType);
	const node = context.getNode();
	const credentialName = node.credentials?.[credentialType]?.name ?? 'Pocketsflow API';
	const refuse = (message: string, description: string) =>
		new NodeOperationError(node, message, { description });

	const apiKey = String(credential.apiKey ?? '').trim();
	const mode = keyForm.exec(apiKey)?.[1] as Mode | undefined;
	if (!mode)
		throw refuse(
			`The API key in the credential "${credentialName}" is not a Pocketsflow key: it must begin with pk_live_ or pk_test_`,
			'Nothing was sent. Copy the key again from Developers → API keys at Pocketsflow.',
		);

	const baseUrl = String(credential.baseUrl || ownAddress)
		.trim()
		.replace(/\/+$/, '');
	const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
	if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.hash)
		throw refuse(
			`The Base URL in the credential "${credentialName}" is not a web address`,
			`Nothing was sent. It is usually ${ownAddress}.`,
		);
	if (!isAllowed(url, credential.allowedHttpRequestDomains, credential.allowedDomains))
		throw refuse(
			`The credential "${credentialName}" does not allow requests to ${url.hostname}`,
			'Nothing was sent. Add this host to Allowed Domains in the credential, or correct its Base URL.',
		);

	return {
		baseUrl,
		apiKey,
		mode,
		credentialName,
		ignoreSslIssues: credential.ignoreSslIssues === true,
	};
}

/**
 * n8n adds "Allowed HTTP Request Domains" to every credential but enforces them only in its own nodes
 * (n8n-workflow, credential-domain-restrictions). As there, "None" is about n8n's own nodes, and the
 * address that this package is made for is always allowed; one that was typed into the credential is not.
 */
function isAllowed({ origin, hostname }: URL, restriction: unknown, domains: unknown): boolean {
	if (restriction !== 'domains' || origin === ownAddress) return true;
	return String(domains ?? '')
		.split(',')
		.map((domain) => domain.trim().toLowerCase())
		.some((domain) =>
			domain.startsWith('*.') ? hostname.endsWith(domain.slice(1)) : hostname === domain,
		);
}

/** Tells credentials apart without keeping them: requests to one account share one rate limit. */
export function accountKey({ baseUrl, apiKey }: Account): string {
	return createHash('sha256').update(`${baseUrl}\n${apiKey}`).digest('base64');
}

/** Takes every Pocketsflow key out of a text that came from outside, such as a page that echoes headers. */
export function withoutKey(text: string, { apiKey }: Account): string {
	return text.replaceAll(apiKey, '[API key]').replace(/\bpk_(live|test)_\w+/g, '[API key]');
}
