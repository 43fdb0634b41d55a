import type { IDataObject } from 'n8n-workflow';

import { isPrivateHost } from './hosts';

/** Whether a key uses test data or real sales. Only its prefix decides. */
export type Mode = 'test' | 'live';

export interface CredentialFields {
	/** Without a trailing slash. */
	baseUrl: string;
	apiKey: string;
	mode: Mode;
	ignoreSslIssues: boolean;
}

/** Why a credential can't be used, and what to do about it; without the key. */
export interface CredentialRefusal {
	message: string;
	description: string;
}

export const defaultBaseUrl = 'https://api.pocketsflow.com';

const adviseOnOtherKey =
	'A key begins with pk_live_ or pk_test_. Copy it again from Developers → API keys in Pocketsflow.';

const adviseOnNoKey =
	'The field or the result of its expression is empty. An expression that reads an item works only when the node runs. Lists in the editor, triggers, and the credential test run without an item. In the node, enter IDs instead of choosing from lists.';

const keyPattern = /^pk_(live|test)_[\x21-\x7e]+$/;

/**
 * Reads the fields of a credential, for requests of a node and for n8n's credential test.
 * @param credential how a refusal names it, as in `the credential "Shop"`
 * @returns a refusal if the key can't be a Pocketsflow key, or must not be sent to the base URL
 */
export function readCredentialFields(
	fields: IDataObject,
	credential: string,
): CredentialFields | CredentialRefusal {
	const apiKey = String(fields.apiKey ?? '').trim();
	const mode = keyPattern.exec(apiKey)?.[1] as Mode | undefined;
	if (!mode)
		return {
			message: `The 'API Key' in ${credential} is not a Pocketsflow key`,
			description: `Nothing was sent. ${apiKey === '' ? adviseOnNoKey : adviseOnOtherKey}`,
		};
	const address = String(fields.baseUrl ?? '').trim() || defaultBaseUrl;
	if (!isPlainAddress(address))
		return {
			message: `The 'Base URL' in ${credential} is not a valid web address`,
			description: `Nothing was sent. Use an address that begins with https:// and has no user name, '?', or '#'. The default is ${defaultBaseUrl}.`,
		};
	const url = new URL(address);
	if (url.protocol === 'http:' && !isPrivateHost(url.hostname))
		return {
			message: `The 'Base URL' in ${credential} would send the API key unencrypted`,
			description:
				'Nothing was sent. Use https://. Plain http is allowed only for a test server on this machine or in a private network.',
		};
	if (!isAllowedHost(url, fields))
		return {
			message: `The 'Allowed Domains' in ${credential} do not include ${url.hostname}`,
			description: "Nothing was sent. Add this host there, or fix the 'Base URL'.",
		};
	return {
		baseUrl: url.href.replace(/\/+$/, ''),
		apiKey,
		mode,
		ignoreSslIssues: fields.ignoreSslIssues === true,
	};
}

/**
 * Whether an address, which may be relative to `base`, has the origin of the credential. The key
 * must not go anywhere else: an address can come from an expression, so no one may have typed it.
 */
export const isOwnAddress = (
	{ baseUrl }: CredentialFields,
	address: string,
	base?: string,
): boolean =>
	URL.canParse(address, base) && new URL(address, base).origin === new URL(baseUrl).origin;

/** Also refuses an empty query, fragment, or user name, which was not intended. */
const isPlainAddress = (text: string) =>
	/^https?:\/\/[^/?#@\\\s]+(\/[^?#\\\s]*)?$/i.test(text) && URL.canParse(text);

/**
 * n8n enforces "Allowed HTTP Request Domains" only in its own nodes (docs/n8n-engine.md#http-helper). As
 * there, "None" does not affect a node of the credential, and the service's own address is always allowed.
 */
function isAllowedHost(
	{ origin, hostname }: URL,
	{ allowedHttpRequestDomains: restriction, allowedDomains: domains }: IDataObject,
): boolean {
	if (restriction !== 'domains' || origin === defaultBaseUrl) return true;
	return String(domains ?? '')
		.split(',')
		.map((domain) => domain.trim().toLowerCase())
		.some((domain) =>
			domain.startsWith('*.') ? hostname.endsWith(domain.slice(1)) : hostname === domain,
		);
}
